/**
 * How the store runs SQL: every failure becomes a DatabaseFailed that says what to do, and every transaction
 * that writes takes the write lock at its start.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import { shortageIn, shortageOf } from "./diskSpace.ts"
import { DatabaseFailed } from "../errors.ts"

/** How long a statement waits for another process's write to end before it gives up. */
export const LOCK_TIMEOUT_MS = 5000

/**
 * What to do about a failure, by SQLite's primary result code (https://www.sqlite.org/rescode.html). The
 * texts of SQLite's own messages are used for constraints only: those name columns and never hold values.
 */
const remedies: Readonly<Record<number, string>> = {
  3: "access was denied; check who owns the data folder and its files",
  5: `another process kept the database locked for more than ${LOCK_TIMEOUT_MS / 1000} s; wait for a running import to end, or stop the other process, and try again`,
  6: "the table is in use by this process; try again",
  7: "out of memory",
  8: "the file is read-only; make the data folder and its files writable for this user",
  10: "the disk reported an error while reading or writing; check the disk",
  11: "the file is damaged; restore it from a backup, or move it away to start with an empty one",
  14: "the file could not be opened; check that the data folder exists and that this user may write to it",
  26: "the file is not a database; move it away, or choose another data folder"
}

interface SqliteFailure {
  readonly errcode: number
  readonly errstr: string
  readonly message: string
}

const isSqliteFailure = (u: unknown): u is SqliteFailure =>
  typeof u === "object" && u !== null && "errcode" in u && typeof u.errcode === "number" && "errstr" in u

/** The driver's error inside an SqlError, a nested cause, or as it is. */
const sqliteFailure = (u: unknown): SqliteFailure | undefined => {
  let at = u
  for (let depth = 0; depth < 4 && at !== undefined; depth++) {
    if (isSqliteFailure(at)) return at
    if (SqlError.isSqlError(at)) at = at.reason.cause
    else if (at instanceof Error) at = at.cause
    else return undefined
  }
  return undefined
}

/** SQLite's primary result code of a failure; undefined when it is not SQLite's. */
export const resultCode = (u: unknown): number | undefined => {
  const failure = sqliteFailure(u)
  return failure === undefined ? undefined : failure.errcode & 0xff
}

/** The folders of the databases that this process has open: a failure does not say which one it is of. */
const folders = new Map<string, number>()

/** While the scope is open, a failure checks this folder's disk for free space. */
export const watchDiskOf = (folder: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => void folders.set(folder, (folders.get(folder) ?? 0) + 1)),
    () =>
      Effect.sync(() => {
        const left = folders.get(folder)! - 1
        if (left === 0) folders.delete(folder)
        else folders.set(folder, left)
      })
  )

const shortage = (): string | undefined => {
  for (const folder of folders.keys()) {
    const found = shortageOf(folder)
    if (found !== undefined) return found
  }
  return undefined
}

const FULL = 13
const DAMAGED: ReadonlySet<number> = new Set([11, 26])
/** What a full disk may be called: an I/O error, a file that cannot be opened, a damaged one, and no database. */
const MAY_BE_FULL: ReadonlySet<number> = new Set([10, 14, ...DAMAGED])
/** I/O errors of making a file longer or shorter (extended codes): WRITE, TRUNCATE, SHMSIZE. */
const OF_SIZE: ReadonlySet<number> = new Set([778, 1546, 4874])

const IS_WHOLE = "What was stored before is whole: no backup is needed"

/** Of a full disk in words, with what to do; undefined for any other failure. */
const describeFullDisk = ({ errcode }: SqliteFailure): string | undefined => {
  const code = errcode & 0xff
  if (code !== FULL && !MAY_BE_FULL.has(code)) return undefined
  const found = shortage()
  if (found === undefined) {
    // There is room again, or a bound of the database's own was reached.
    if (code === FULL) return "the disk is full; free some space and try again"
    return OF_SIZE.has(errcode)
      ? `the disk is full, or fails when it is written to (SQLite code ${errcode}); free some space and try again, and check the disk if that does not help. ${IS_WHOLE}`
      : undefined
  }
  return DAMAGED.has(code)
    ? `${found}, and the file looks damaged, as half of a write does; free some space and try again. Restore a backup only if it is damaged still`
    : `${found}; free some space and try again. ${IS_WHOLE}`
}

/** A failure as an error that says what to do, without SQL values. */
export const databaseFailed = (operation: string, cause: unknown): DatabaseFailed => {
  const failure = sqliteFailure(cause)
  if (failure === undefined) {
    const told = SqlError.isSqlError(cause) ? cause.reason.cause : undefined
    return told instanceof DatabaseFailed
      ? new DatabaseFailed({ operation, detail: told.detail })
      : fileFailed(operation, cause)
  }
  const full = describeFullDisk(failure)
  if (full !== undefined) return new DatabaseFailed({ operation, detail: full, diskFull: true })
  const code = failure.errcode & 0xff
  const detail =
    code === 19 ? failure.message : (remedies[code] ?? `${failure.errstr} (SQLite code ${failure.errcode})`)
  return new DatabaseFailed({ operation, detail })
}

/** @param detail what to say where it is not that the disk is full */
export const fileFailed = (operation: string, cause: unknown, detail?: string): DatabaseFailed => {
  const found = shortageIn(cause)
  if (found !== undefined) {
    return new DatabaseFailed({
      operation,
      detail: `${found}; free some space and try again. ${IS_WHOLE}`,
      diskFull: true
    })
  }
  return new DatabaseFailed({
    operation,
    detail: detail ?? (cause instanceof Error ? cause.name : "unknown error")
  })
}

/**
 * Names the operation of an effect that runs SQL. The driver throws from some of its calls, and a rollback that
 * fails (SQLite rolls back on its own when the disk is full) arrives as a defect: both become DatabaseFailed too,
 * and of several failures the first one is told.
 */
export const attempt =
  (operation: string) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, Exclude<E, SqlError.SqlError> | DatabaseFailed, R> =>
    Effect.catchCause(
      effect,
      (cause): Effect.Effect<never, Exclude<E, SqlError.SqlError> | DatabaseFailed> => {
        for (const reason of cause.reasons) {
          if (Cause.isFailReason(reason) && SqlError.isSqlError(reason.error)) {
            return Effect.fail(databaseFailed(operation, reason.error))
          }
          // A failure that is in words already becomes a defect when the rollback behind it fails too.
          if (Cause.isDieReason(reason) && reason.defect instanceof DatabaseFailed) {
            return Effect.fail(reason.defect)
          }
          if (Cause.isDieReason(reason) && sqliteFailure(reason.defect) !== undefined) {
            return Effect.fail(databaseFailed(operation, reason.defect))
          }
        }
        return Effect.failCause(cause as Cause.Cause<Exclude<E, SqlError.SqlError>>)
      }
    )

/**
 * A transaction that writes. BEGIN IMMEDIATE takes the write lock at once and waits for it; a transaction that
 * starts with a read and upgrades later is refused without waiting when another process wrote in between.
 */
export const writeTransaction =
  (sql: SqlClient.SqlClient, operation: string) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, Exclude<E, SqlError.SqlError> | DatabaseFailed, R> =>
    sql
      .withTransaction(effect)
      .pipe(
        Effect.provideService(SqlClient.BeginTransaction, "BEGIN IMMEDIATE"),
        attempt(operation)
      ) as Effect.Effect<A, Exclude<E, SqlError.SqlError> | DatabaseFailed, R>
