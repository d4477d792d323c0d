import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Broker } from "../../../src/brokers/broker.ts"
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

/** A broker of which nothing matters but its instrument master. */
export const brokerWith = (
  master: Pick<Broker["instrumentMaster"], "load"> & Partial<Broker["instrumentMaster"]>
): Broker => ({
  name: "testbroker",
  title: "Test Broker",
  protocol: "none",
  endpoint: "wss://broker.invalid",
  credentials: [],
  exchanges: { NSE: { code: 1, depthLevels: [5] } },
  modes: ["ltp"],
  limits: {
    subscriptionsPerConnection: { value: 1, confirmed: true },
    connectionsPerLogin: { value: 1, confirmed: true }
  },
  pacing: { batch: 1, intervalMs: 0 },
  heartbeat: { silentAfterMs: 1000 },
  instrumentMaster: {
    format: "test",
    sources: [{ name: "master.csv", url: "http://127.0.0.1:1/master.csv?api_key=sesame" }],
    minimumRows: 3,
    ...master
  }
})

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
