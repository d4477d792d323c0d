/** API keys of clients. Only a keyed hash is stored: the key itself is shown once, when it is made. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { createHmac, randomBytes } from "node:crypto"
import { UserNotFound } from "../../market/errors.ts"
import type { StoreError } from "../errors.ts"
import { InvalidInput } from "../errors.ts"
import { MasterSecret } from "../credentials/masterSecret.ts"
import { attempt, writeTransaction } from "../database/sql.ts"

export const API_KEY_BYTES = 32
/** Shorter ones can be guessed. Those that were stored when eight were enough still log in. */
export const API_KEY_MIN_LENGTH = 16
export const API_KEY_MAX_LENGTH = 256
const LABEL_MAX_LENGTH = 200

/** One seek in the unique index of hashes. */
export const verifyStatement =
  "SELECT u.name, k.id, k.resume FROM api_keys AS k JOIN users AS u ON u.id = k.user_id WHERE k.hash = ?"

export interface ApiKeyInfo {
  readonly id: number
  readonly user: string
  readonly label: string
  readonly createdAt: number
  /** Its clients get their subscriptions back when they reconnect, whether or not they ask for it. */
  readonly resume: boolean
}

/** Whose key it is. */
export interface KeyOwner {
  readonly id: number
  readonly user: string
  readonly resume: boolean
}

export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** Makes a key of 32 random bytes in hex, or stores the given one (idempotent for the same user). */
    readonly create: (
      user: string,
      options?: {
        readonly label?: string
        readonly key?: Redacted.Redacted<string>
        readonly resume?: boolean
      }
    ) => Effect.Effect<
      { readonly id: number; readonly key: Redacted.Redacted<string> },
      UserNotFound | StoreError
    >
    /** The user of a key; undefined for an unknown or revoked one. */
    readonly verify: (key: string) => Effect.Effect<string | undefined, StoreError>
    /** The same with the key's number, by which `live` tells later whether it still holds. */
    readonly identify: (key: string) => Effect.Effect<KeyOwner | undefined, StoreError>
    /** For the clients that log in from now on. False when there is no such key. */
    readonly setResume: (id: number, resume: boolean) => Effect.Effect<boolean, StoreError>
    /** Which of these keys still hold: neither revoked nor gone with their user. One statement for all. */
    readonly live: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlySet<number>, StoreError>
    readonly list: (user?: string) => Effect.Effect<ReadonlyArray<ApiKeyInfo>, StoreError>
    /** False when there is no such key. */
    readonly revoke: (id: number) => Effect.Effect<boolean, StoreError>
  }
>()("algoways/store/ApiKeys") {
  static readonly layer: Layer.Layer<ApiKeys, StoreError, SqlClient.SqlClient | MasterSecret> = Layer.effect(
    ApiKeys,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const secret = yield* MasterSecret
      const hashKey = secret.subKey("api-keys")
      const hash = (key: string): Uint8Array => createHmac("sha256", hashKey).update(key, "utf8").digest()

      // Hashes of another secret match no key. Said once at the start: a client only sees "unknown key".
      const foreign = yield* sql<{ readonly n: number }>`
        SELECT count(*) AS n FROM api_keys WHERE secret_id <> ${secret.fingerprint}`.pipe(
        attempt("read API keys")
      )
      if (foreign[0]!.n > 0) {
        yield* Effect.logWarning(
          `${foreign[0]!.n} API keys were made under another master secret than the present one (${secret.fingerprint}, from ${secret.source}) and are not accepted. Restore that secret, or revoke these keys and make new ones.`
        )
      }

      const create = Effect.fn("ApiKeys.create")(function* (
        user: string,
        options?: {
          readonly label?: string
          readonly key?: Redacted.Redacted<string>
          readonly resume?: boolean
        }
      ) {
        const key = options?.key ?? Redacted.make(randomBytes(API_KEY_BYTES).toString("hex"))
        const label = options?.label ?? ""
        yield* checkKey(Redacted.value(key))
        const guessable = Redacted.value(key).length < API_KEY_MIN_LENGTH
        if (label.length > LABEL_MAX_LENGTH) {
          return yield* new InvalidInput({
            detail: `The label is longer than ${LABEL_MAX_LENGTH} characters.`
          })
        }
        const digest = hash(Redacted.value(key))
        const now = yield* Clock.currentTimeMillis
        const id = yield* Effect.gen(function* () {
          const users = yield* sql<{ readonly id: number }>`SELECT id FROM users WHERE name = ${user}`
          const owner = users[0]
          if (owner === undefined) return yield* new UserNotFound({ user })
          const same = yield* sql<{ readonly id: number }>`
            SELECT id FROM api_keys WHERE hash = ${digest} AND user_id = ${owner.id}`
          if (same[0] !== undefined) {
            if (options?.resume !== undefined) {
              yield* sql`UPDATE api_keys SET resume = ${options.resume ? 1 : 0} WHERE id = ${same[0].id}`
            }
            return same[0].id
          }
          if (guessable) return yield* new InvalidInput({ detail: LENGTHS })
          const made = yield* sql<{ readonly id: number }>`
            INSERT INTO api_keys (user_id, hash, secret_id, label, created_at, resume)
            VALUES (${owner.id}, ${digest}, ${secret.fingerprint}, ${label}, ${now}, ${options?.resume === true ? 1 : 0})
            ON CONFLICT (hash) DO NOTHING
            RETURNING id`
          if (made[0] !== undefined) return made[0].id
          return yield* new InvalidInput({
            detail: "This API key belongs to another user. Choose another key, or revoke it there first."
          })
        }).pipe(writeTransaction(sql, "create API key"))
        return { id, key }
      })

      const identify = Effect.fn("ApiKeys.identify")(function* (key: string) {
        if (key.length === 0 || key.length > API_KEY_MAX_LENGTH) return undefined
        const rows = yield* sql
          .unsafe<{ readonly name: string; readonly id: number; readonly resume: number }>(verifyStatement, [
            hash(key)
          ])
          .pipe(attempt("verify API key"))
        const row = rows[0]
        return row === undefined ? undefined : { id: row.id, user: row.name, resume: row.resume === 1 }
      })

      const verify = Effect.fn("ApiKeys.verify")((key: string) =>
        Effect.map(identify(key), (found) => found?.user)
      )

      const live = Effect.fn("ApiKeys.live")(function* (ids: ReadonlyArray<number>) {
        const rows = yield* sql<{ readonly id: number }>`
          SELECT id FROM api_keys WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`.pipe(
          attempt("look for revoked API keys")
        )
        return new Set(rows.map(({ id }) => id))
      })

      const list = Effect.fn("ApiKeys.list")(function* (user?: string) {
        return yield* sql<Omit<ApiKeyInfo, "resume"> & { readonly resume: number }>`
          SELECT k.id, u.name AS user, k.label, k.created_at AS createdAt, k.resume
          FROM api_keys AS k JOIN users AS u ON u.id = k.user_id
          WHERE ${user ?? null} IS NULL OR u.name = ${user ?? null}
          ORDER BY k.id`.pipe(
          attempt("list API keys"),
          Effect.map((rows) => rows.map((row): ApiKeyInfo => ({ ...row, resume: row.resume === 1 })))
        )
      })

      const revoke = Effect.fn("ApiKeys.revoke")(function* (id: number) {
        if (!Number.isSafeInteger(id)) return false
        const rows = yield* sql`DELETE FROM api_keys WHERE id = ${id} RETURNING id`.pipe(
          attempt("revoke API key")
        )
        return rows.length > 0
      })

      const setResume = Effect.fn("ApiKeys.setResume")(function* (id: number, resume: boolean) {
        if (!Number.isSafeInteger(id)) return false
        const rows =
          yield* sql`UPDATE api_keys SET resume = ${resume ? 1 : 0} WHERE id = ${id} RETURNING id`.pipe(
            attempt("change API key")
          )
        return rows.length > 0
      })

      return ApiKeys.of({ create, verify, identify, live, list, revoke, setResume })
    })
  )
}

const LENGTHS = `An API key has ${API_KEY_MIN_LENGTH} to ${API_KEY_MAX_LENGTH} characters. Leave it out to have one made.`

/** What no stored key is; one that is stored may be shorter than new ones must be. */
const checkKey = (key: string): Effect.Effect<void, InvalidInput> => {
  if (key.length === 0 || key.length > API_KEY_MAX_LENGTH) {
    return Effect.fail(new InvalidInput({ detail: LENGTHS }))
  }
  // Such a key could not be typed, and its owner would look for the error elsewhere.
  if (/^\s|\s$|\p{Cc}/u.test(key)) {
    return Effect.fail(
      new InvalidInput({
        detail: "The API key begins or ends with a space, or has a control character in it."
      })
    )
  }
  return Effect.void
}
