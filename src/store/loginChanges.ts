/**
 * The log by which every process learns that a user's login at a broker changed: one row per (user, broker),
 * under a number that grows with each change. Reading what is new is one seek in the primary key, so a poll
 * costs microseconds and sees the writes of this process and of the others alike.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { DatabaseFailed } from "./errors.ts"
import { attempt } from "./sql.ts"

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

/**
 * Every change from the stream's start on. Several changes of one login between two polls are one element. The
 * stream never fails: while the database cannot be read it says so in the log, once, and goes on trying.
 */
export const loginChanges = (sql: SqlClient.SqlClient): Stream.Stream<LoginChange> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const interval = yield* LoginPollInterval
      let last: number | undefined
      let failing = false

      const read = Effect.gen(function* () {
        if (last === undefined) {
          const newest = yield* sql<{
            readonly seq: number
          }>`SELECT coalesce(max(seq), 0) AS seq FROM login_changes`
          last = newest[0]!.seq
          return []
        }
        const rows = yield* sql<LoginChange & { readonly seq: number }>`
          SELECT seq, user, broker FROM login_changes WHERE seq > ${last} ORDER BY seq`
        const newest = rows.at(-1)
        if (newest !== undefined) last = newest.seq
        failing = false
        return rows.map(({ user, broker }): LoginChange => ({ user, broker }))
      }).pipe(
        attempt("watch credentials"),
        Effect.catch((error: DatabaseFailed) => {
          const first = !failing
          failing = true
          return Effect.as(first ? Effect.logWarning(error.message) : Effect.void, [] as Array<LoginChange>)
        })
      )

      yield* read
      return Stream.fromEffectRepeat(Effect.delay(read, interval)).pipe(Stream.flattenIterable)
    })
  )
