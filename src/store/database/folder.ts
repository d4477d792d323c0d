/** Creates folders that only this user may open. */
import { existsSync, mkdirSync } from "node:fs"
import { dirname, resolve } from "node:path"

const alreadyThere = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "EEXIST"

/**
 * Makes the folder and those above it, one after the other. Node's own `recursive` spins for ever where a parent is there and takes no
 * entry, as in `/proc`.
 *
 * @throws what the file system says
 */
export const makeFolder = (path: string): void => {
  const missing: Array<string> = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at)
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder, { mode: 0o700 })
    } catch (cause) {
      // Another process was faster.
      if (!alreadyThere(cause)) throw cause
    }
  }
}
