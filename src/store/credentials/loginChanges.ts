/**
 * The log by which every process learns that a user's login or active broker changed: one row per (user, broker),
 * under a number that grows with each change. Reading what is new is one seek in the primary key, so a read
 * costs microseconds and sees the writes of this process and of the others alike.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { watched } from "../../kit/watched.ts"
import type { DatabaseFailed } from "../errors.ts"
import { attempt } from "../database/sql.ts"
import { DatabaseState } from "../database/watchedFile.ts"

/** How often the log is read. Changes are promised within a second. */
export const LoginPollInterval = Context.Reference<Duration.Input>("algoways/store/LoginPollInterval", {
  defaultValue: () => "500 millis"
})

export interface LoginChange {
  readonly user: string
  readonly broker: string
}

/** Records a change and returns its number. Runs inside the transaction that makes the change. */
export const noteChange = (
  sql: SqlClient.SqlClient,
  user: string,
  broker: string
): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(
    sql<{ readonly seq: number }>`
      INSERT OR REPLACE INTO login_changes (user, broker) VALUES (${user}, ${broker}) RETURNING seq`,
    (rows) => rows[0]!.seq
  )

/** Changes that a reader may lag behind before its oldest ones are dropped. Readers only filter. */
const READER_BUFFER = 16_384

/** `undefined`: another database has taken the place of the one that was open, so anything may have changed. */
type Notice = LoginChange | undefined

/** Reads the log once per interval for the whole process, however many wait. */
export class LoginChanges extends Context.Service<
  LoginChanges,
  {
    /** Every change from the stream's start on; several changes of one login between two reads are one element. */
    readonly all: Stream.Stream<LoginChange>
    /**
     * Subscribes to one user's changes until the scope closes. The effect that it returns waits for the next change, and
     * returns at once if there was one since the last wait.
     */
    readonly of: (user: string) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  }
>()("algoways/store/LoginChanges") {
  static readonly layer: Layer.Layer<LoginChanges, DatabaseFailed, SqlClient.SqlClient> = Layer.effect(
    LoginChanges,
    Effect.suspend(() => readChanges)
  )
}

/** The reading never fails: while the database cannot be read, the log says so, once, and the read is tried again. */
const readChanges = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const interval = yield* LoginPollInterval
  // Sliding: a stuck reader must not hold up the others, and what it missed is superseded by what it gets.
  const notices = yield* Effect.acquireRelease(PubSub.sliding<Notice>(READER_BUFFER), PubSub.shutdown)
  const newest = yield* sql<{ readonly seq: number }>`
    SELECT coalesce(max(seq), 0) AS seq FROM login_changes`.pipe(attempt("watch credentials"))
  let last = newest[0]!.seq
  let failing = false
  const { generation } = yield* DatabaseState
  let readFrom = generation()

  const read = Effect.gen(function* () {
    if (generation() !== readFrom) {
      // Another database with numbers of its own: all that it has is new.
      readFrom = generation()
      last = 0
      yield* PubSub.publish(notices, undefined)
    }
    const rows = yield* sql<LoginChange & { readonly seq: number }>`
      SELECT seq, user, broker FROM login_changes WHERE seq > ${last} ORDER BY seq`
    failing = false
    for (const { broker, seq, user } of rows) {
      yield* PubSub.publish(notices, { user, broker })
      last = seq
    }
  }).pipe(
    attempt("watch credentials"),
    Effect.catch((error) => {
      if (failing) return Effect.void
      failing = true
      return Effect.logWarning(error.message)
    })
  )

  yield* Effect.delay(read, interval).pipe(
    Effect.forever,
    watched("changes of credentials are no longer seen"),
    Effect.forkScoped
  )
  return LoginChanges.of({
    all: Stream.fromPubSub(notices).pipe(Stream.filter((notice) => notice !== undefined)),
    of: (user) =>
      Effect.map(PubSub.subscribe(notices), (subscription) =>
        Effect.asVoid(
          Effect.repeat(PubSub.take(subscription), {
            until: (notice) => notice === undefined || notice.user === user
          })
        )
      )
  })
})
