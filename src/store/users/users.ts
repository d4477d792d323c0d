/** Users, each with at most one active broker. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { UserNotFound } from "../../market/errors.ts"
import type { DatabaseFailed, StoreError } from "../errors.ts"
import { InvalidInput } from "../errors.ts"
import { LoginChanges, noteChange } from "../credentials/loginChanges.ts"
import { checkBrokerName, checkUserName } from "../instruments/names.ts"
import { attempt, writeTransaction } from "../database/sql.ts"

export interface User {
  readonly name: string
  /** The active broker's registry name; absent until one is chosen. */
  readonly broker?: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

interface UserRow {
  readonly name: string
  readonly broker: string | null
  readonly created_at: number
}

const fromRow = (row: UserRow): User => ({
  name: row.name,
  ...(row.broker === null ? {} : { broker: row.broker }),
  createdAt: row.created_at
})

export class Users extends Context.Service<
  Users,
  {
    /** Adds the user, or fails with InvalidInput when the name is taken or malformed. */
    readonly add: (name: string, broker?: string) => Effect.Effect<User, StoreError>
    readonly get: (name: string) => Effect.Effect<User, UserNotFound | StoreError>
    readonly list: Effect.Effect<ReadonlyArray<User>, StoreError>
    readonly setBroker: (name: string, broker: string) => Effect.Effect<void, UserNotFound | StoreError>
    /** Removes the user with all keys and credentials. */
    readonly remove: (name: string) => Effect.Effect<void, UserNotFound | StoreError>
    /**
     * Subscribes to changes of the user's broker and logins, by this process or another one, until the scope closes. The
     * effect that it returns waits for the next one, which it reports within a second.
     */
    readonly changesOf: (name: string) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  }
>()("algoways/store/Users") {
  static readonly layer: Layer.Layer<Users, DatabaseFailed, SqlClient.SqlClient> = Layer.effect(
    Users,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { of: changesOf } = yield* LoginChanges

      const add = Effect.fn("Users.add")(function* (name: string, broker?: string) {
        const user = yield* checkUserName(name)
        const key = broker === undefined ? null : yield* checkBrokerName(broker)
        const now = yield* Clock.currentTimeMillis
        const row = yield* Effect.gen(function* () {
          const rows = yield* sql<UserRow>`
            INSERT INTO users (name, broker, created_at) VALUES (${user}, ${key}, ${now})
            ON CONFLICT (name) DO NOTHING
            RETURNING name, broker, created_at`
          // A user of this name may have been removed a moment ago, and its feed still run.
          if (rows[0] !== undefined && key !== null) yield* noteChange(sql, user, key)
          return rows[0]
        }).pipe(writeTransaction(sql, "add user"))
        if (row === undefined) {
          return yield* new InvalidInput({
            detail: `User "${user}" exists already. Choose another name, or change this user's broker with "algoways users set-broker".`
          })
        }
        return fromRow(row)
      })

      const get = Effect.fn("Users.get")(function* (name: string) {
        const rows =
          yield* sql<UserRow>`SELECT name, broker, created_at FROM users WHERE name = ${name}`.pipe(
            attempt("read user")
          )
        const row = rows[0]
        return row === undefined ? yield* new UserNotFound({ user: name }) : fromRow(row)
      })

      const list = sql<UserRow>`SELECT name, broker, created_at FROM users ORDER BY name`.pipe(
        attempt("list users"),
        Effect.map((rows) => rows.map(fromRow))
      )

      const setBroker = Effect.fn("Users.setBroker")(function* (name: string, broker: string) {
        const key = yield* checkBrokerName(broker)
        yield* Effect.gen(function* () {
          const rows = yield* sql`UPDATE users SET broker = ${key} WHERE name = ${name} RETURNING id`
          if (rows.length === 0) return yield* new UserNotFound({ user: name })
          yield* noteChange(sql, name, key)
        }).pipe(writeTransaction(sql, "set broker"))
      })

      const remove = Effect.fn("Users.remove")(function* (name: string) {
        yield* Effect.gen(function* () {
          const brokers = yield* sql<{ readonly broker: string }>`
            SELECT c.broker FROM credential_sets AS c JOIN users AS u ON u.id = c.user_id WHERE u.name = ${name}
            UNION SELECT broker FROM users WHERE name = ${name} AND broker IS NOT NULL`
          const rows = yield* sql`DELETE FROM users WHERE name = ${name} RETURNING id`
          if (rows.length === 0) return yield* new UserNotFound({ user: name })
          for (const { broker } of brokers) yield* noteChange(sql, name, broker)
        }).pipe(writeTransaction(sql, "remove user"))
      })

      return Users.of({ add, get, list, setBroker, remove, changesOf })
    })
  ).pipe(Layer.provide(LoginChanges.layer))
}
