/**
 * The quarantine on disk: `quarantine/00000001.jsonl`, each file named by the first id in it. The newest file is
 * appended to until it is full. The oldest ones are removed, so that all together stay within a bound.
 */
import { appendFile, mkdir, readFile, readdir, stat, unlink } from "node:fs/promises"
import { join } from "node:path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { QuarantineRecord } from "./record.ts"

export interface FilesOptions {
  /** A file that is larger is followed by another. */
  readonly maxFileBytes: number
  readonly maxFiles: number
}

const FOLDER = "quarantine"
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(QuarantineRecord))

/** Empty if there is no folder yet. */
const filesIn = async (folder: string): Promise<ReadonlyArray<string>> => {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return []
    throw cause
  })
  return names.filter((name) => /^\d+\.jsonl$/.test(name)).sort()
}

const readRecords = async (file: string): Promise<ReadonlyArray<QuarantineRecord>> => {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    // Removed meanwhile by the process that writes it.
    if (cause.code === "ENOENT") return ""
    throw cause
  })
  // A line that was cut off by a crash is no record.
  return text.split("\n").flatMap((line) => {
    const record = decode(line)
    return Result.isSuccess(record) ? [record.success] : []
  })
}

/** All that is kept, the newest last. */
export const readQuarantine = async (dataDir: string): Promise<ReadonlyArray<QuarantineRecord>> => {
  const folder = join(dataDir, FOLDER)
  const all: Array<QuarantineRecord> = []
  for (const name of await filesIn(folder)) all.push(...(await readRecords(join(folder, name))))
  return all
}

export interface QuarantineFiles {
  /** Appends records, giving each its id. */
  readonly write: (records: ReadonlyArray<Omit<QuarantineRecord, "id">>) => Promise<void>
}

export const makeFiles = (dataDir: string, options: FilesOptions): QuarantineFiles => {
  const folder = join(dataDir, FOLDER)
  let current: { readonly path: string; size: number } | undefined
  let nextId = 0

  /** Goes on where the process before this one ended. */
  const begin = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const newest = (await filesIn(folder)).at(-1)
    nextId = 1
    if (newest === undefined) return
    const path = join(folder, newest)
    const last = (await readRecords(path)).at(-1)
    nextId = last === undefined ? Number.parseInt(newest, 10) : last.id + 1
    current = { path, size: (await stat(path)).size }
    // What a crash cut off must not run into the next line.
    await appendFile(path, "\n")
  }

  const rotate = async (): Promise<{ readonly path: string; size: number }> => {
    const old = await filesIn(folder)
    for (const name of old.slice(0, Math.max(0, old.length - options.maxFiles + 1)))
      await unlink(join(folder, name))
    return { path: join(folder, `${String(nextId).padStart(8, "0")}.jsonl`), size: 0 }
  }

  return {
    write: async (records) => {
      try {
        if (nextId === 0) await begin()
        for (const record of records) {
          const line = Buffer.from(`${JSON.stringify({ id: nextId, ...record })}\n`)
          if (current === undefined || current.size + line.length > options.maxFileBytes)
            current = await rotate()
          await appendFile(current.path, line, { mode: 0o600 })
          current.size += line.length
          nextId++
        }
      } catch (cause) {
        // A full disk may have taken a part of the line, as a crash would.
        nextId = 0
        current = undefined
        throw cause
      }
    }
  }
}
