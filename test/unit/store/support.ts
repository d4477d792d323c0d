import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Instrument } from "../../../src/market/instrument.ts"

/** A folder that goes with the test. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-store-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Runs statements on a connection of its own, as another program would. */
export const raw = <A>(file: string, use: (db: DatabaseSync) => A): A => {
  const db = new DatabaseSync(file, { timeout: 5000 })
  try {
    return use(db)
  } finally {
    db.close()
  }
}

/** Every byte of every file of a folder. */
export const bytesOf = (folder: string): Buffer =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))

export const equity = (symbol: string, token: string, changes: Partial<Instrument> = {}): Instrument => ({
  symbol,
  exchange: "NSE",
  brokerSymbol: `${symbol}-EQ`,
  brokerExchange: "NSE",
  token,
  name: `${symbol} LIMITED`,
  lotSize: 1,
  tickSize: 0.05,
  type: "EQ",
  ...changes
})
