/**
 * The SQLite database that the feed, the gateway and the commands share: one file, one connection per process.
 *
 * The driver is synchronous: a statement runs on this thread. All statements of the store are short, but an
 * import of instruments takes a second or two; run it in a process that serves no ticks.
 */
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqliteMigrator from "@effect/sql-sqlite-node/SqliteMigrator"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import { chmodSync, closeSync, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseFailed } from "../errors.ts"
import { makeFolder } from "./folder.ts"
import { loader } from "./migrations.ts"
import { DatabaseState, openWatched } from "./watchedFile.ts"
import { LOCK_TIMEOUT_MS, attempt, databaseFailed, fileFailed, resultCode, watchDiskOf } from "./sql.ts"

const OPEN = "open"
const BUSY = 5
/** SQLite's code of a statement that names what is not there. */
const NO_SUCH_TABLE = 1

/** How long another process may take to bring the database up to date. */
const MIGRATION_PATIENCE = Duration.minutes(5)
const MIGRATION_LOCK_TIMEOUT_MS = 1000
const newestStepStatement = "SELECT max(migration_id) AS id FROM effect_sql_migrations"

const fileRemedy = (code: string, file: string): string => {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return `no permission for "${file}"; make the data folder writable for this user`
    case "EROFS":
      return `"${file}" is on a read-only disk; choose another data folder`
    case "ENOENT":
      return `the folder of "${file}" could not be made; choose another data folder`
    case "ENOTDIR":
    case "EEXIST":
      return `"${dirname(file)}" is not a folder; choose another data folder`
    case "EISDIR":
      return `"${file}" is a folder; choose another file`
    default:
      return `"${file}" could not be prepared (${code})`
  }
}

/**
 * Makes the folder (0700) and the file (0600), and takes the permissions of group and others from an existing
 * file. SQLite gives its -wal and -shm files the permissions of the database itself.
 */
const prepareFile = (file: string) =>
  Effect.try({
    try: () => {
      makeFolder(dirname(file))
      closeSync(openSync(file, "a", 0o600))
      if (process.platform === "win32") return
      for (const part of [file, `${file}-wal`, `${file}-shm`]) {
        const stat = statSync(part, { throwIfNoEntry: false })
        if (stat !== undefined && (stat.mode & 0o077) !== 0) chmodSync(part, 0o600)
      }
    },
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
      return fileFailed(OPEN, cause, fileRemedy(code, file))
    }
  })

/** Switching to WAL needs the file alone for a moment and may be refused without the busy timeout's wait. */
const whileBusy = {
  while: (error: unknown) => resultCode(error) === BUSY,
  schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ duration: Duration.millis(LOCK_TIMEOUT_MS) }))
}

const configure = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, wal: boolean) {
  // First of all: processes that start together wait for each other instead of failing.
  yield* sql.unsafe(`PRAGMA busy_timeout = ${LOCK_TIMEOUT_MS}`)
  if (wal) yield* Effect.retry(sql.unsafe("PRAGMA journal_mode = WAL"), whileBusy)
  // A commit reaches the disk before it is reported. Writes are rare, and a power cut must not undo a stored login.
  yield* sql.unsafe("PRAGMA synchronous = FULL")
  yield* sql.unsafe("PRAGMA foreign_keys = ON")
})

/** The last step that the database has; undefined: it has none, not even the table of them. */
const newestStep = (sql: SqlClient.SqlClient) =>
  sql.unsafe<{ readonly id: number | null }>(newestStepStatement).pipe(
    Effect.map((rows) => rows[0]?.id ?? undefined),
    Effect.catch((error) => (resultCode(error) === NO_SUCH_TABLE ? Effect.undefined : Effect.fail(error)))
  )

/**
 * Tries again while another process has the database locked: bringing a large one up to date takes many seconds, and all
 * processes are started together after an upgrade.
 */
export const whileOthersMigrate = Effect.fnUntraced(function* <A, E, R>(
  migration: Effect.Effect<A, E, R>
): Effect.fn.Return<A, E | DatabaseFailed, R> {
  let told = false
  return yield* migration.pipe(
    Effect.tapError((error) => {
      if (told || resultCode(error) !== BUSY) return Effect.void
      told = true
      return Effect.logInfo("another process brings the database up to date; waiting")
    }),
    Effect.retry({
      while: (error) => resultCode(error) === BUSY,
      schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo({ duration: MIGRATION_PATIENCE }))
    }),
    Effect.mapError((error) =>
      resultCode(error) === BUSY
        ? new DatabaseFailed({
            operation: "migrate",
            detail: `the database has to be brought up to date, and another process has kept it locked for more than ${Duration.toMinutes(MIGRATION_PATIENCE)} minutes; wait for that process, or stop it, and start again`
          })
        : error
    )
  )
})

/**
 * One process migrates, the others wait for the lock and then find nothing to do. A database that is up to date is not
 * locked for that: it opens while an import runs.
 */
const migrate = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const steps = yield* Effect.orDie(loader)
  const newest = yield* newestStep(sql).pipe(attempt("migrate"))
  const known = Math.max(...steps.map(([id]) => id))
  if (newest !== undefined && newest > known) {
    return yield* new DatabaseFailed({
      operation: OPEN,
      detail: `a newer release of AlgoWays has brought this database up to date (step ${newest}, and this release knows ${known}). Run that release or a later one, or restore the data folder from a backup made before the upgrade`,
      newerRelease: true
    })
  }
  if (newest === known) return
  // Shorter than usual: a statement that waits keeps this thread from everything else, and it is tried again.
  yield* sql.unsafe(`PRAGMA busy_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}`).pipe(attempt("migrate"))
  yield* whileOthersMigrate(
    SqliteMigrator.run({ loader }).pipe(
      Effect.provideService(SqlClient.SqlClient, sql),
      Effect.provideService(SqlClient.BeginTransaction, "BEGIN IMMEDIATE")
    )
  ).pipe(
    Effect.catchTag("MigrationError", (error) =>
      Effect.fail(
        error.cause === undefined
          ? new DatabaseFailed({ operation: "migrate", detail: error.message })
          : error.cause instanceof DatabaseFailed
            ? error.cause
            : databaseFailed(`migrate (${error.message})`, error.cause)
      )
    ),
    attempt("migrate")
  )
  yield* sql.unsafe(`PRAGMA busy_timeout = ${LOCK_TIMEOUT_MS}`).pipe(attempt("migrate"))
})

const make = Effect.fnUntraced(function* (filename: string, wal: boolean) {
  const client = yield* SqliteClient.make({ filename, disableWAL: true }).pipe(
    // The driver throws when the file cannot be opened.
    Effect.catchDefect((defect) => Effect.fail(databaseFailed(OPEN, defect)))
  )
  yield* configure(client, wal).pipe(attempt(OPEN))
  yield* migrate(client)
  return client
})

/** The database in a file, opened, configured and migrated. The folder is created when it is not there. */
export const layer = (options: { readonly file: string }): Layer.Layer<SqlClient.SqlClient, DatabaseFailed> =>
  Layer.effectContext(
    Effect.gen(function* () {
      yield* watchDiskOf(dirname(options.file))
      const open = Effect.andThen(prepareFile(options.file), make(options.file, true))
      const { client, state } = yield* openWatched(options.file, open)
      return Context.make(SqlClient.SqlClient, client).pipe(Context.add(DatabaseState, state))
    })
  ).pipe(Layer.provide(Reactivity.layer))

/** A database in memory that ends with the layer's scope. */
export const layerMemory: Layer.Layer<SqlClient.SqlClient, DatabaseFailed> = Layer.effectContext(
  Effect.map(make(":memory:", false), (client) =>
    Context.make(SqlClient.SqlClient, client as SqlClient.SqlClient)
  )
).pipe(Layer.provide(Reactivity.layer))
