/** The folder of recordings: written whole or not at all, private to the service's user, bounded in number and size. */
import { createWriteStream } from "node:fs"
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGzip } from "node:zlib"
import { breathed } from "../../kit/breathe.ts"
import type { ConnectionName } from "../ticks/tap.ts"

export interface Retention {
  /** How many of the newest recordings to keep. */
  readonly keepFiles: number
  readonly keepBytes: number
}

export const EXTENSION = ".jsonl.gz"
const PART = ".part"

/** Replaces what a file's name may not contain everywhere. */
const plain = (text: string): string => text.replace(/[^\w.-]+/g, "_").slice(0, 64)

/** `20261125T101503123Z-asha-zerodha-1.jsonl.gz`: sorts by time. */
export const fileNameOf = ({ connection, stream, user }: ConnectionName, at: number): string =>
  `${new Date(at).toISOString().replace(/[-:.]/g, "")}-${plain(user)}-${plain(stream)}-${connection}${EXTENSION}`

/** Yields to other work after each piece. */
async function* unhurried(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece
    await breathed()
  }
}

/** @returns the path */
export const writeRecording = async (
  directory: string,
  name: string,
  pieces: Iterable<string>
): Promise<string> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, name)
  const part = `${path}${PART}`
  try {
    await pipeline(
      Readable.from(unhurried(pieces)),
      createGzip({ level: 5 }),
      createWriteStream(part, { mode: 0o600 })
    )
    await rename(part, path)
  } catch (cause) {
    await rm(part, { force: true })
    throw cause
  }
  return path
}

/**
 * Deletes the oldest recordings beyond the bounds, and what a crashed process left half written.
 *
 * @param fresh have just been written: they stay, although a clock that was set back may make their names look old
 */
export const sweep = async (
  directory: string,
  { keepBytes, keepFiles }: Retention,
  fresh: ReadonlyArray<string> = []
): Promise<ReadonlyArray<string>> => {
  const names = (await readdir(directory).catch(() => [])).sort().reverse()
  const gone: Array<string> = []
  const stays = new Set(fresh)
  let files = 0
  let bytes = 0
  for (const name of names) {
    const path = join(directory, name)
    if (!name.endsWith(EXTENSION)) {
      if (name.endsWith(`${EXTENSION}${PART}`) && (await ageOf(path)) > STALE_MS) gone.push(path)
      continue
    }
    files++
    bytes += (await stat(path).catch(() => undefined))?.size ?? 0
    // The newest one stays, however large.
    if (files > 1 && !stays.has(path) && (files > keepFiles || bytes > keepBytes)) gone.push(path)
  }
  for (const path of gone) await rm(path, { force: true })
  return gone
}

/** Nothing takes this long to write. */
const STALE_MS = 600_000

const ageOf = async (path: string): Promise<number> =>
  Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
