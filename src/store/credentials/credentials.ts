/** Broker credentials, encrypted at rest (AES-256-GCM). Read again at every connection attempt. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type { CredentialField, Credentials } from "../../market/credentials.ts"
import { credentialFields } from "../../market/credentials.ts"
import { UserNotFound } from "../../market/errors.ts"
import type { StoreError } from "../errors.ts"
import { InvalidInput, SecretFailed } from "../errors.ts"
import { LoginChanges, noteChange } from "./loginChanges.ts"
import { MasterSecret } from "./masterSecret.ts"
import { brokerKey, checkBrokerName } from "../instruments/names.ts"
import { seal, unseal } from "./sealing.ts"
import { attempt, writeTransaction } from "../database/sql.ts"

/** Longer than any token known, short enough to catch a pasted file. */
export const CREDENTIAL_MAX_LENGTH = 16_384

export interface StoredCredentials {
  readonly credentials: Credentials
  /** Changes with every write; equal versions hold equal credentials. */
  readonly version: number
}

/** What may be shown: never a value. */
export interface CredentialsInfo {
  readonly user: string
  readonly broker: string
  readonly fields: ReadonlyArray<CredentialField>
  readonly updatedAt: number
}

interface FieldRow {
  readonly version: number
  readonly field: CredentialField
  readonly secret_id: string
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}

export class CredentialStore extends Context.Service<
  CredentialStore,
  {
    /** Replaces the fields given and keeps the others. */
    readonly set: (
      user: string,
      broker: string,
      credentials: Credentials
    ) => Effect.Effect<void, UserNotFound | StoreError>
    readonly get: (user: string, broker: string) => Effect.Effect<StoredCredentials | undefined, StoreError>
    /** One field, or all of them. False: there was nothing to remove. */
    readonly remove: (
      user: string,
      broker: string,
      field?: CredentialField
    ) => Effect.Effect<boolean, StoreError>
    readonly list: Effect.Effect<ReadonlyArray<CredentialsInfo>, StoreError>
    /**
     * Emits within a second of every write, by this process or another one: of credentials, of the user's
     * active broker (with the new broker's name), and of the removal of either.
     */
    readonly changes: Stream.Stream<{ readonly user: string; readonly broker: string }>
  }
>()("algoways/store/CredentialStore") {
  static readonly layer: Layer.Layer<CredentialStore, StoreError, SqlClient.SqlClient | MasterSecret> =
    Layer.effect(
      CredentialStore,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const secret = yield* MasterSecret
        const key = secret.subKey("credentials")
        const { all: changes } = yield* LoginChanges

        const set = Effect.fn("CredentialStore.set")(function* (
          user: string,
          broker: string,
          credentials: Credentials
        ) {
          const name = yield* checkBrokerName(broker)
          const values = yield* checkValues(credentials)
          const now = yield* Clock.currentTimeMillis
          yield* Effect.gen(function* () {
            const users = yield* sql<{ readonly id: number }>`SELECT id FROM users WHERE name = ${user}`
            const owner = users[0]
            if (owner === undefined) return yield* new UserNotFound({ user })
            const version = yield* noteChange(sql, user, name)
            yield* sql`
            INSERT INTO credential_sets (user_id, broker, version, updated_at)
            VALUES (${owner.id}, ${name}, ${version}, ${now})
            ON CONFLICT (user_id, broker) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at`
            for (const [field, value] of values) {
              const { nonce, sealed } = seal(key, placeOf(user, name, field), value)
              yield* sql`
              INSERT OR REPLACE INTO credential_fields (user_id, broker, field, secret_id, nonce, sealed)
              VALUES (${owner.id}, ${name}, ${field}, ${secret.fingerprint}, ${nonce}, ${sealed})`
            }
          }).pipe(writeTransaction(sql, "store credentials"))
        })

        const get = Effect.fn("CredentialStore.get")(function* (user: string, broker: string) {
          const name = brokerKey(broker)
          const rows = yield* sql<FieldRow>`
          SELECT s.version, f.field, f.secret_id, f.nonce, f.sealed
          FROM users AS u
          JOIN credential_sets AS s ON s.user_id = u.id
          JOIN credential_fields AS f ON f.user_id = s.user_id AND f.broker = s.broker
          WHERE u.name = ${user} AND s.broker = ${name}`.pipe(attempt("read credentials"))
          const first = rows[0]
          if (first === undefined) return undefined
          const credentials: { -readonly [F in CredentialField]?: Redacted.Redacted<string> } = {}
          for (const row of rows) {
            const value = unseal(key, placeOf(user, name, row.field), row)
            if (value === undefined) return yield* unreadable(user, name, row, secret)
            credentials[row.field] = Redacted.make(value)
          }
          const stored: StoredCredentials = { credentials, version: first.version }
          return stored
        })

        /** The others stay, under a new version. Without any other the login is gone, as if all were removed. */
        const removeField = Effect.fnUntraced(function* (user: string, name: string, field: CredentialField) {
          const removed = yield* sql<{ readonly user_id: number }>`
          DELETE FROM credential_fields
          WHERE broker = ${name} AND field = ${field} AND user_id = (SELECT id FROM users WHERE name = ${user})
          RETURNING user_id`
          const owner = removed[0]?.user_id
          if (owner === undefined) return false
          const version = yield* noteChange(sql, user, name)
          const now = yield* Clock.currentTimeMillis
          yield* sql`
          UPDATE credential_sets SET version = ${version}, updated_at = ${now}
          WHERE user_id = ${owner} AND broker = ${name}`
          yield* sql`
          DELETE FROM credential_sets
          WHERE user_id = ${owner} AND broker = ${name}
            AND NOT EXISTS (SELECT 1 FROM credential_fields WHERE user_id = ${owner} AND broker = ${name})`
          return true
        })

        const remove = Effect.fn("CredentialStore.remove")(function* (
          user: string,
          broker: string,
          field?: CredentialField
        ) {
          const name = brokerKey(broker)
          return yield* Effect.gen(function* () {
            if (field !== undefined) return yield* removeField(user, name, field)
            const rows = yield* sql`
            DELETE FROM credential_sets
            WHERE broker = ${name} AND user_id = (SELECT id FROM users WHERE name = ${user})
            RETURNING broker`
            if (rows.length === 0) return false
            yield* noteChange(sql, user, name)
            return true
          }).pipe(writeTransaction(sql, "remove credentials"))
        })

        const list = sql<{
          readonly user: string
          readonly broker: string
          readonly updated_at: number
          readonly fields: string
        }>`
        SELECT u.name AS user, s.broker, s.updated_at, group_concat(f.field, ',') AS fields
        FROM credential_sets AS s
        JOIN users AS u ON u.id = s.user_id
        JOIN credential_fields AS f ON f.user_id = s.user_id AND f.broker = s.broker
        GROUP BY s.user_id, s.broker
        ORDER BY u.name, s.broker`.pipe(
          attempt("list credentials"),
          Effect.map((rows) =>
            rows.map((row): CredentialsInfo => {
              const fields = new Set(row.fields.split(","))
              return {
                user: row.user,
                broker: row.broker,
                fields: credentialFields.filter((field) => fields.has(field)),
                updatedAt: row.updated_at
              }
            })
          )
        )

        return CredentialStore.of({ set, get, remove, list, changes })
      })
    ).pipe(Layer.provide(LoginChanges.layer))
}

const placeOf = (user: string, broker: string, field: string): ReadonlyArray<string> => [
  "algoways/credentials/1",
  user,
  broker,
  field
]

const unreadable = (
  user: string,
  broker: string,
  row: FieldRow,
  secret: MasterSecret["Service"]
): SecretFailed => {
  const what = `The ${row.field} of user "${user}" for broker "${broker}"`
  const anew = `store the credentials anew with "algoways credentials set"`
  return new SecretFailed({
    brief: `the stored ${row.field} cannot be opened: store the credentials anew, or see the service's log`,
    detail:
      row.secret_id === secret.fingerprint
        ? `${what} was changed outside AlgoWays or is damaged, and does not open. Restore the database from a backup, or ${anew}.`
        : `${what} was encrypted under master secret ${row.secret_id}, but the present one is ${secret.fingerprint} (from ${secret.source}). Restore that secret, or ${anew}.`
  })
}

/** The fields that were given, in the order of `credentialFields`. */
const checkValues = Effect.fnUntraced(function* (credentials: Credentials) {
  const values: Array<readonly [CredentialField, string]> = []
  for (const field of credentialFields) {
    const given = credentials[field]
    if (given === undefined) continue
    const value = Redacted.value(given)
    if (value.length === 0 || value.length > CREDENTIAL_MAX_LENGTH) {
      return yield* new InvalidInput({
        detail: `${field} has ${value.length} characters; 1 to ${CREDENTIAL_MAX_LENGTH} are accepted.`
      })
    }
    // They end up in headers and queries, where a line break would make the broker's refusal a riddle.
    if (/\p{Cc}/u.test(value)) {
      return yield* new InvalidInput({
        detail: `${field} has a line break or another control character in it.`
      })
    }
    values.push([field, value])
  }
  if (values.length === 0) {
    return yield* new InvalidInput({
      detail: `No credentials given. Give at least one of ${credentialFields.join(", ")}.`
    })
  }
  return values
})
