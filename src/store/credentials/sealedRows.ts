/** What only the master secret opens: credentials, and the hashes of API keys. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { DatabaseFailed } from "../errors.ts"
import { SecretFailed } from "../errors.ts"
import { noteChange } from "./loginChanges.ts"
import { SECRET_SETTING } from "./masterSecret.ts"
import { attempt, writeTransaction } from "../database/sql.ts"

export interface SealedRows {
  /** Logins, each of one user at one broker. */
  readonly logins: number
  readonly keys: number
}

/** @param fingerprint of a secret whose rows are not counted */
export const countSealed = Effect.fnUntraced(function* (
  fingerprint = ""
): Effect.fn.Return<SealedRows, DatabaseFailed, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<SealedRows>`
    SELECT (SELECT count(*) FROM (SELECT DISTINCT user_id, broker FROM credential_fields WHERE secret_id <> ${fingerprint})) AS logins,
           (SELECT count(*) FROM api_keys WHERE secret_id <> ${fingerprint}) AS keys`.pipe(
    attempt("look for sealed rows")
  )
  return { logins: rows[0]!.logins, keys: rows[0]!.keys }
})

export const sealedText = ({ keys, logins }: SealedRows): string =>
  `${logins} stored ${logins === 1 ? "login" : "logins"} and ${keys} API ${keys === 1 ? "key" : "keys"}`

/** A new secret where there are such rows would make them useless, and hide that the old one is lost. */
export const refuseWhereSealed = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<void, DatabaseFailed | SecretFailed, SqlClient.SqlClient> {
  const sealed = yield* countSealed()
  if (sealed.logins + sealed.keys === 0) return
  return yield* new SecretFailed({
    detail: `The key file "${file}" is missing, and the database has ${sealedText(sealed)} that only it opens. Restore it from a backup, or set ${SECRET_SETTING} to its content. If it is lost for good: algoways secret renew`
  })
})

/** Removes rows that belong to another secret, and notifies the sessions of those logins. */
export const forgetSealed = Effect.fnUntraced(function* (
  fingerprint: string
): Effect.fn.Return<SealedRows, DatabaseFailed, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  return yield* Effect.gen(function* () {
    const keys = yield* sql`DELETE FROM api_keys WHERE secret_id <> ${fingerprint} RETURNING id`
    const logins = yield* sql<{ readonly user: string; readonly broker: string }>`
      SELECT DISTINCT u.name AS user, f.broker FROM credential_fields AS f JOIN users AS u ON u.id = f.user_id
      WHERE f.secret_id <> ${fingerprint}`
    yield* sql`DELETE FROM credential_fields WHERE secret_id <> ${fingerprint}`
    yield* sql`
      DELETE FROM credential_sets AS s WHERE NOT EXISTS
        (SELECT 1 FROM credential_fields AS f WHERE f.user_id = s.user_id AND f.broker = s.broker)`
    for (const { broker, user } of logins) {
      const version = yield* noteChange(sql, user, broker)
      yield* sql`
        UPDATE credential_sets SET version = ${version}
        WHERE broker = ${broker} AND user_id = (SELECT id FROM users WHERE name = ${user})`
    }
    return { logins: logins.length, keys: keys.length }
  }).pipe(writeTransaction(sql, "forget what cannot be opened"))
})
