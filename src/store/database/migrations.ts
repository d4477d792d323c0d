/**
 * The tables, as numbered steps. A step that was released is never edited: add the next one.
 *
 * Tables are STRICT: SQLite then refuses a value of the wrong type instead of storing it as it came.
 */
import * as SqliteMigrator from "@effect/sql-sqlite-node/SqliteMigrator"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { createInstrumentIndexes } from "../instruments/instrumentTable.ts"
import { createSearchIndex } from "../instruments/search/searchIndex.ts"

/** Runs statements one after the other. */
const statements = (...texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const text of texts) yield* sql.unsafe(text)
  })

export const loader = SqliteMigrator.fromRecord({
  "0001_users": statements(
    `CREATE TABLE users (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      broker TEXT,
      created_at INTEGER NOT NULL
    ) STRICT`,
    // hash: HMAC-SHA256 of the key under a sub-key of the master secret, whose fingerprint is secret_id.
    `CREATE TABLE api_keys (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      hash BLOB NOT NULL UNIQUE,
      secret_id TEXT NOT NULL,
      label TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT`,
    "CREATE INDEX api_keys_user ON api_keys (user_id)"
  ),
  "0002_credentials": statements(
    // version: the login_changes.seq of the last write.
    `CREATE TABLE credential_sets (
      user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      broker TEXT NOT NULL,
      version INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (user_id, broker)
    ) STRICT, WITHOUT ROWID`,
    // One row per field, so that one field can be replaced, or listed, without opening the others.
    `CREATE TABLE credential_fields (
      user_id INTEGER NOT NULL,
      broker TEXT NOT NULL,
      field TEXT NOT NULL,
      secret_id TEXT NOT NULL,
      nonce BLOB NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, broker, field),
      FOREIGN KEY (user_id, broker) REFERENCES credential_sets (user_id, broker) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID`,
    // The newest change of each login. Rows stay after a removal, so that seq never goes back and other
    // processes learn of the removal. AUTOINCREMENT: a number is never given twice.
    `CREATE TABLE login_changes (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      user TEXT NOT NULL,
      broker TEXT NOT NULL,
      UNIQUE (user, broker)
    ) STRICT`
  ),
  "0003_instruments": statements(
    `CREATE TABLE instruments (
      broker TEXT NOT NULL,
      exchange TEXT NOT NULL,
      symbol TEXT NOT NULL,
      broker_symbol TEXT NOT NULL,
      broker_exchange TEXT NOT NULL,
      token TEXT NOT NULL,
      name TEXT NOT NULL,
      expiry TEXT,
      strike REAL,
      lot_size REAL NOT NULL,
      tick_size REAL NOT NULL,
      type TEXT NOT NULL
    ) STRICT`,
    ...createInstrumentIndexes
  ),
  "0004_instrument_series": statements("ALTER TABLE instruments ADD COLUMN series TEXT"),
  "0005_instrument_search": Effect.flatMap(SqlClient.SqlClient, createSearchIndex),
  // Whether the key's clients get their subscriptions back without asking for it.
  "0006_api_key_resume": statements(
    "ALTER TABLE api_keys ADD COLUMN resume INTEGER NOT NULL DEFAULT 0 CHECK (resume IN (0, 1))"
  )
})
