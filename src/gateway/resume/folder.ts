/**
 * Kept sets on the disk, so that they outlive this process however it ends. Each process has a folder of its own with a file
 * per set, and a file whose time says until when it lived. Not in the database: its driver would hold up the ticks for
 * each write, and what a power cut takes back of this is worth nothing.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { rename, rm, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { KeptSet } from "./keptSet.ts"
import { isEmpty, readSet } from "./keptSet.ts"

/** A process that has not said for so long that it lives does not. */
const DEAD_AFTER_MS = 10_000
/** What is read at the start, at most. */
export const MOST_BYTES = 32 * 1024 * 1024

const ALIVE = "alive"
const EXTENSION = ".json"

/** A set of a process that is gone, and when its connection ended, as far as is known. */
export interface Found {
  readonly set: KeptSet
  readonly ended: number
}

/** `<pid>-<name>`. */
const pidOf = (folder: string): number => Number.parseInt(folder, 10)

/** Folders of gateways in this process. */
const ours = new Set<string>()

/**
 * On Linux, when a process began: a number may be given to another process. Infinity for one that has ended and whose parent
 * has not asked for its exit code yet (after `kill -9`, in a container without an init for good): signals still find it.
 * Undefined where that cannot be told.
 */
const startOf = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")
    if (fields?.[0] === "Z") return Number.POSITIVE_INFINITY
    const ticks = fields?.[19]
    const boot = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]
    // A hundred ticks a second, wherever there is such a file.
    return ticks === undefined || boot === undefined ? undefined : 1000 * Number(boot) + 10 * Number(ticks)
  } catch {
    return undefined
  }
}

/** @param lived when the process last said that it lives */
const isRunning = (pid: number, lived: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process is there, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  return (startOf(pid) ?? 0) <= lived + 1000
}

const timeOf = (file: string): number => Math.trunc(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)

export class ResumeFolder {
  readonly #root: string
  readonly #own: string
  #files = 0

  /** @param name differs from that of every other gateway */
  constructor(root: string, name: string) {
    this.#root = root
    this.#own = join(root, `${process.pid}-${name}`)
  }

  /** Makes this process's folder, and takes what others have left behind. */
  open(
    now: number,
    keepMs: number
  ): { readonly found: ReadonlyArray<Found>; readonly folders: ReadonlyArray<string> } {
    mkdirSync(this.#own, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.#own, ALIVE), "", { mode: 0o600 })
    ours.add(this.#own)
    const found: Array<Found> = []
    const folders: Array<string> = []
    let bytes = 0
    for (const name of readdirSync(this.#root)) {
      const folder = join(this.#root, name)
      const lived = timeOf(join(folder, ALIVE))
      const pid = pidOf(name)
      if (ours.has(folder) || !Number.isInteger(pid)) continue
      if (pid !== process.pid && now - lived < DEAD_AFTER_MS && isRunning(pid, lived)) continue
      for (const file of readdirSync(folder)) {
        if (!file.endsWith(EXTENSION)) continue
        const text = readFileSync(join(folder, file), "utf8")
        const set = readSet(text)
        const ended = set?.ended ?? lived
        bytes += text.length
        if (set !== undefined && !isEmpty(set) && now - ended < keepMs && bytes <= MOST_BYTES)
          found.push({ set, ended })
      }
      folders.push(folder)
    }
    return { found, folders }
  }

  newFile(): string {
    return join(this.#own, `${++this.#files}${EXTENSION}`)
  }

  /** Whole or not at all. */
  async write(file: string, text: string): Promise<void> {
    await writeFile(`${file}.new`, text, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }

  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true })
  }

  /** The gateway ends: nothing else is to be held up any more. */
  close(texts: Iterable<{ readonly file: string; readonly text: string }>, gone: Iterable<string>): void {
    for (const { file, text } of texts) writeFileSync(file, text, { mode: 0o600 })
    for (const path of gone) rmSync(path, { recursive: true, force: true })
    rmSync(join(this.#own, ALIVE), { force: true })
    ours.delete(this.#own)
  }

  /** This process lives. */
  async touch(now: number): Promise<void> {
    await utimes(join(this.#own, ALIVE), now / 1000, now / 1000)
  }
}
