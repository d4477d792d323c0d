/**
 * Detects a full disk. SQLite reports one as an I/O error, as a file that cannot be opened, or even as a damaged file,
 * depending on which of its files had no space. Restoring a backup then makes it worse. So a failure that a full disk may
 * have caused is reported as a full disk only after the disk has been checked.
 */
import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs"
import { randomBytes } from "node:crypto"
import { join } from "node:path"

/** More than SQLite takes at a time for its shared memory (32 KiB) and its log. */
const PROBE_BYTES = 128 * 1024

const shortages: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full for this user, whose quota is used up",
  EFBIG: "the disk is full for this process, whose files may grow no further (ulimit -f)"
}

/** In words, where a file system's error says that there is no room; undefined for any other. */
export const shortageIn = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause ? shortages[String(cause.code)] : undefined

/** Of a file that could not be written, for a log. @param question asked where there is room */
export const writeFailureText = (cause: unknown, question: string): string => {
  const found = shortageIn(cause)
  return found === undefined ? `${String(cause)}. ${question}` : `${found}; free some space`
}

/** In words, where a folder's disk takes no more; undefined where it does, or fails for another reason. Tries by writing. */
export const shortageOf = (folder: string): string | undefined => {
  const file = join(folder, `.room-${process.pid}-${randomBytes(4).toString("hex")}`)
  let handle: number | undefined
  try {
    handle = openSync(file, "wx", 0o600)
    writeWhole(handle, Buffer.alloc(PROBE_BYTES))
    // Some file systems find out only then.
    fsyncSync(handle)
    return undefined
  } catch (cause) {
    return shortageIn(cause)
  } finally {
    if (handle !== undefined) remove(handle, file)
  }
}

const remove = (handle: number, file: string): void => {
  try {
    closeSync(handle)
  } catch {
    // Where a network's disk says it only now, the file is of no more use either.
  }
  try {
    unlinkSync(file)
  } catch {
    // The disk fails altogether; the failed write has been reported already.
  }
}

/** All of it: a disk that has room for a part takes that part without an error. @throws as the file system does */
export const writeWhole = (handle: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
}
