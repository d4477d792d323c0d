/** A secret in a file of its own: made once, readable by its owner only, the same for processes that race. */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync
} from "node:fs"
import { dirname } from "node:path"
import { shortageIn, writeWhole } from "../database/diskSpace.ts"
import { SecretFailed } from "../errors.ts"
import { makeFolder } from "../database/folder.ts"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"

/** The file's text; undefined when there is no such file. Throws SecretFailed, or what the file system throws. */
export const readKeyFile = (file: string): string | undefined => {
  let handle: number
  try {
    handle = openSync(file, "r")
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile())
      throw new SecretFailed({ detail: `"${file}" is not a file; a key file is expected there.` })
    if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(3, "0")
      throw new SecretFailed({
        detail: `The key file "${file}" can be read by other users (mode ${mode}). Run: chmod 600 "${file}"`
      })
    }
    return readFileSync(handle, "utf8")
  } finally {
    closeSync(handle)
  }
}

/** Makes the names in a folder as durable as what they name. Some file systems know no such thing. */
const syncFolder = (folder: string): void => {
  if (process.platform === "win32") return
  let handle: number | undefined
  try {
    handle = openSync(folder, "r")
    fsyncSync(handle)
  } catch {
    // Then it is as durable as they make it.
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** Writes the text into a file of its own beside the file, down to the disk, and gives its name. */
const writeDraft = (file: string, text: string): string => {
  makeFolder(dirname(file))
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
  const handle = openSync(draft, "wx", 0o600)
  try {
    writeWhole(handle, Buffer.from(text))
    fsyncSync(handle)
  } catch (cause) {
    unlinkSync(draft)
    throw cause
  } finally {
    closeSync(handle)
  }
  return draft
}

/** Puts the text in the place of what the file held: readers see the one or the other. */
export const replaceKeyFile = (file: string, text: string): void => {
  renameSync(writeDraft(file, text), file)
  syncFolder(dirname(file))
}

/**
 * Writes the text beside the file and links it into place: the file appears whole, or is somebody else's. The
 * link fails where a file exists already, which is how processes that start together agree on one secret.
 */
const make = (file: string, text: string): void => {
  const draft = writeDraft(file, text)
  try {
    try {
      linkSync(draft, file)
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cause
    }
    // Credentials that outlive a power cut are worth nothing without their key.
    syncFolder(dirname(file))
    syncFolder(dirname(dirname(file)))
  } finally {
    unlinkSync(draft)
  }
}

/** Of a file system's failure in words, with what to do. */
export const keyFileFailed =
  (file: string, otherwise = "") =>
  (cause: unknown): SecretFailed => {
    if (cause instanceof SecretFailed) return cause
    const shortage = shortageIn(cause)
    if (shortage !== undefined) {
      return new SecretFailed({
        detail: `The key file "${file}" could not be made: ${shortage}; free some space and try again.`,
        diskFull: true
      })
    }
    return new SecretFailed({
      detail: `The key file "${file}" could not be read or made (${codeOf(cause)}). Make its folder writable for this user${otherwise}.`
    })
  }

export const hasKeyFile = (file: string): Effect.Effect<boolean, SecretFailed> =>
  Effect.try({ try: () => readKeyFile(file) !== undefined, catch: keyFileFailed(file) })

/**
 * The text of the file, which is made with `fresh` when there is none.
 *
 * @param otherwise what else to do about a failure
 */
export const readOrMakeKeyFile = (
  file: string,
  fresh: () => string,
  otherwise?: string
): Effect.Effect<string, SecretFailed> =>
  Effect.try({
    try: () => {
      const there = readKeyFile(file)
      if (there !== undefined) return there
      make(file, fresh())
      const made = readKeyFile(file)
      if (made === undefined)
        throw new SecretFailed({ detail: `The key file "${file}" was removed while it was made.` })
      return made
    },
    catch: keyFileFailed(file, otherwise)
  })
