/**
 * A SQL client over a database file that may be replaced while it is open, by a backup that is restored, say. An open file
 * is followed by its inode, not by its name: without this a process would go on with the old one for as long as it lives.
 *
 * The file's name is looked at every second. When another file has it, the old one is closed and the new one opened, between
 * two transactions. When there is none, the old one stays in use, and that is said.
 */
import type { SqliteClient } from "@effect/sql-sqlite-node/SqliteClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import { statSync, unlinkSync } from "node:fs"
import { DatabaseFailed } from "../errors.ts"

export interface DatabaseState {
  /** What is wrong; undefined: nothing that is known. For clients: it names no file. */
  readonly problem: () => string | undefined
  /** Changes when another file has taken the place of the one that was open. */
  readonly generation: () => number
}

/** Of the database of this process. */
export const DatabaseState = Context.Reference<DatabaseState>("algoways/store/DatabaseState", {
  defaultValue: () => ({ problem: () => undefined, generation: () => 0 })
})

export const reopened = Metric.counter("algoways_store_database_reopened_total", {
  description: "Times that the database file was replaced, and the new one opened",
  incremental: true
})
const sound = Metric.gauge("algoways_store_database_sound", {
  description:
    "1 while the open database is the file in the data folder; 0 while that is missing or cannot be opened"
})

const LOOK_EVERY = Duration.seconds(1)

/** Identifies the file that has this name now. Undefined: there is none, or the system does not say. */
const identityOf = (file: string): string | undefined => {
  try {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
  } catch {
    return undefined
  }
}

interface Life {
  readonly identity: string | undefined
  readonly connection: Connection
  readonly scope: Scope.Closeable
}

const UNOPENED = "the database file was replaced, and the new one cannot be opened"
const CLOSED = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({
    message: UNOPENED,
    operation: "open",
    cause: new DatabaseFailed({ operation: "open", detail: `${UNOPENED}; the log of the service says why` })
  })
})

/** @param open opens the file, configured and up to date */
export const openWatched = Effect.fnUntraced(function* (
  file: string,
  open: Effect.Effect<SqliteClient, DatabaseFailed, Scope.Scope | Reactivity.Reactivity>
): Effect.fn.Return<
  { readonly client: SqlClient.SqlClient; readonly state: DatabaseState },
  DatabaseFailed,
  Scope.Scope | Reactivity.Reactivity
> {
  const outer = yield* Effect.scope
  const turn = yield* Semaphore.make(1)
  const sidecars = [`${file}-wal`, `${file}-shm`]

  const begin = Effect.gen(function* () {
    const scope = yield* Scope.fork(outer)
    const before = identityOf(file)
    const client = yield* open.pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    // Held for the life of the client: its own turns are not needed below ours.
    const connection = yield* Effect.orDie(Scope.provide(client.reserve, scope))
    // Where there was none, it has been made now.
    return { identity: before ?? identityOf(file), connection, scope } satisfies Life
  })

  let life: Life | undefined = yield* begin
  /** Of what SQLite keeps beside the file that is open. */
  let beside = sidecars.map(identityOf)
  let problem: string | undefined
  let generation = 0
  yield* Metric.update(sound, 1)

  const say = (found: string, log: Effect.Effect<void>): Effect.Effect<void> => {
    if (problem === found) return Effect.void
    problem = found
    return Effect.andThen(Metric.update(sound, 0), log)
  }

  /** What the old file had beside it must not be taken for the new one's: SQLite would write its pages into that. */
  const clear = Effect.sync(() => {
    for (const [i, name] of sidecars.entries()) {
      if (beside[i] === undefined || identityOf(name) !== beside[i]) continue
      try {
        unlinkSync(name)
      } catch {
        // Gone already, or it stays: then opening says so.
      }
    }
  })

  const replace = Effect.gen(function* () {
    if (life !== undefined) {
      yield* Scope.close(life.scope, Exit.void)
      life = undefined
      yield* clear
    }
    life = yield* begin
    beside = sidecars.map(identityOf)
    generation++
    problem = undefined
    yield* Metric.update(sound, 1)
    yield* Metric.update(reopened, 1)
    yield* Effect.logWarning(
      `the database file ${file} was replaced by another one, which is used from now on: its users, keys and logins hold`
    )
  }).pipe(
    turn.withPermits(1),
    Effect.catch((error) =>
      say(
        UNOPENED,
        Effect.logError(
          `the database file ${file} was replaced by another one, which cannot be opened: ${error.message}. It is tried again every second`
        )
      )
    )
  )

  const look = Effect.suspend(() => {
    const identity = identityOf(file)
    if (life !== undefined && identity === life.identity) {
      beside = sidecars.map(identityOf)
      if (problem === undefined) return Effect.void
      problem = undefined
      return Effect.andThen(Metric.update(sound, 1), Effect.logInfo(`the database file ${file} is back`))
    }
    if (identity !== undefined) return replace
    return life === undefined
      ? Effect.void
      : say(
          "the database file is missing",
          Effect.logError(
            `the database file ${file} is missing. This process goes on with what it has open, and what is stored now is lost with it. Put the file back, or restore it from a backup`
          )
        )
  })
  yield* Effect.sleep(LOOK_EVERY).pipe(
    Effect.andThen(look),
    Effect.catchDefect((defect) =>
      Effect.logError(`the database file ${file} could not be looked at`, defect)
    ),
    Effect.forever,
    Effect.forkScoped
  )

  const connection = Effect.suspend(() =>
    life === undefined ? Effect.fail(CLOSED) : Effect.succeed(life.connection)
  )
  const client = yield* SqlClient.make({
    acquirer: turn.withPermits(1)(connection),
    transactionAcquirer: Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        Effect.acquireRelease(restore(turn.take(1)), () => turn.release(1)),
        connection
      )
    ),
    compiler: Statement.makeCompilerSqlite(),
    driver: "sqlite",
    spanAttributes: [["db.system.name", "sqlite"]]
  })
  return { client, state: { problem: () => problem, generation: () => generation } }
})
