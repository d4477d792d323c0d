/** `algoways instruments import` as processes: what it prints, its exit code, and what is left when it dies. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ImportReport } from "../../src/store/instruments/importer.ts"
import { DATABASE_FILE } from "../../src/store/index.ts"
import { raw } from "../unit/store/support.ts"
import { until } from "./simulatorSupport.ts"
import { run, start, temporaryFolder } from "./support/processes.ts"

const HEADER =
  "pSymbol,pGroup,pExchSeg,pInstType,pSymbolName,pTrdSymbol,pOptionType,pISIN,pDesc,dTickSize ,lLotSize,lExpiryDate ,lPrecision,dStrikePrice;"

/** Kotak's files: shares of NSE, and futures that expire in 2037, counted from 1980. */
const shares = (count: number, from = 0): string =>
  [
    HEADER,
    ...Array.from({ length: count }, (_, i) => {
      const n = from + i
      return `${n + 1},EQ,nse_cm,,SHARE${n},SHARE${n}-EQ,,INE${n},SHARE ${n},5,1,,2,`
    })
  ].join("\n")

const futures = (count: number): string =>
  [
    HEADER,
    ...Array.from(
      { length: count },
      (_, i) => `${i + 1},,nse_fo,FUTSTK,SHARE${i},SHARE${i}37JANFUT,XX,,,5,50,1800000000,2,-1`
    )
  ].join("\n")

/** A data folder, and a function that writes files and imports them. */
const kotak = Effect.gen(function* () {
  const dataDir = yield* temporaryFolder
  const env = { ALGOWAYS_DATA_DIR: dataDir }
  const argumentsFor = (files: Readonly<Record<string, string>>, ...flags: ReadonlyArray<string>) => {
    const paths = Object.entries(files).map(([name, text]) => {
      const path = join(dataDir, name)
      writeFileSync(path, text)
      return ["--file", path]
    })
    return ["instruments", "import", "kotak", "--min-rows", "1", ...paths.flat(), ...flags]
  }
  /** Rows by exchange, as another program reads them. */
  const table = () =>
    raw(join(dataDir, DATABASE_FILE), (db) =>
      Object.fromEntries(
        db
          .prepare("SELECT exchange, count(*) AS n FROM instruments WHERE broker = 'kotak' GROUP BY exchange")
          .all()
          .map((row) => [row["exchange"], row["n"]])
      )
    )
  return { argumentsFor, dataDir, env, table }
})

describe("algoways instruments import", () => {
  it.live(
    "with a file that has only its header keeps that exchange, says so and exits with 1, unless forced",
    () =>
      Effect.gen(function* () {
        const { argumentsFor, env, table } = yield* kotak
        const first = yield* run(argumentsFor({ "cm.csv": shares(40), "fo.csv": futures(20) }), env)
        assert.strictEqual(first.code, 0, first.err)
        assert.match(first.out, /^ {2}NSE +0 +0 +40 +0 +replaced/m)

        const lacking = { "cm.csv": HEADER, "fo.csv": futures(30) }
        const partial = yield* run(argumentsFor(lacking), env)
        assert.deepStrictEqual([partial.code, table()], [1, { NFO: 30, NSE: 40 }])
        assert.match(partial.out, /^ {2}NSE +40 +0 +0 +40 +kept/m)
        assert.match(partial.out, /^ {2}NFO +20 +0 +30 +0 +replaced/m)
        assert.match(
          partial.out,
          /^ {2}lacking: NSE: .* where the table holds 40; 40 of the table's were kept$/m
        )
        assert.match(
          partial.err,
          /imported in part\. Fetch what is lacking again and import all files.*--force/
        )
        assert.notInclude(partial.err, "where the table holds")
        assert.notInclude(partial.err, "    at ")

        const json = yield* run(argumentsFor(lacking, "--json"), env)
        assert.strictEqual(json.code, 1)
        const report = JSON.parse(json.out) as ImportReport
        assert.deepInclude(
          report.exchanges.find(({ exchange }) => exchange === "NSE"),
          { previous: 40, now: 0, kept: 40 }
        )

        const forced = yield* run(argumentsFor(lacking, "--force"), env)
        assert.deepStrictEqual([forced.code, table()], [0, { NFO: 30 }])
        assert.match(forced.out, /^ {2}NSE +40 +0 +0 +0 +removed, forced/m)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "by two processes at once, one of which lacks an exchange, loses none of it",
    () =>
      Effect.gen(function* () {
        const { argumentsFor, env, table } = yield* kotak
        const whole = argumentsFor({ "cm.csv": shares(4000), "fo.csv": futures(2000) })
        const lacking = argumentsFor({ "cm-empty.csv": HEADER, "fo.csv": futures(2000) })
        assert.strictEqual((yield* run(whole, env)).code, 0)
        const [a, b] = yield* Effect.all([run(whole, env), run(lacking, env)], { concurrency: 2 })
        assert.deepStrictEqual([a.code, b.code], [0, 1], a.err)
        assert.deepStrictEqual(table(), { NFO: 2000, NSE: 4000 })
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "that is killed while it writes leaves the table whole",
    () =>
      Effect.gen(function* () {
        const { argumentsFor, dataDir, env, table } = yield* kotak
        assert.strictEqual((yield* run(argumentsFor({ "cm.csv": shares(50) }), env)).code, 0)
        const file = join(dataDir, DATABASE_FILE)
        const process = yield* start(argumentsFor({ "cm.csv": shares(60_000, 1000) }), env)
        // What does not fit into memory is written ahead of the commit: some 20 MB will be.
        const written = () => statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
        yield* Effect.promise(() => until("it writes", () => written() > 1_000_000))
        process.signal("SIGKILL")
        assert.strictEqual(yield* Effect.promise(() => process.ended), "SIGKILL")
        // All of it, should the kill have come after the commit on a busy machine; never a part.
        assert.include([50, 60_000], table()["NSE"])
        const check = raw(file, (db) => db.prepare("PRAGMA integrity_check").all())
        assert.deepStrictEqual({ ...check[0] }, { integrity_check: "ok" })
        const again = yield* run(argumentsFor({ "cm.csv": shares(60) }, "--force"), env)
        assert.deepStrictEqual([again.code, table()], [0, { NSE: 60 }])
      }).pipe(Effect.scoped),
    60_000
  )
})
