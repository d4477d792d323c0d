import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Instrument } from "../../../../src/market/instrument.ts"
import * as Database from "../../../../src/store/database/database.ts"
import * as Store from "../../../../src/store/index.ts"
import { resolveStatement } from "../../../../src/store/instruments/instrumentTable.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { equity, raw, temporaryFolder } from "../support.ts"

const reliance = equity("RELIANCE", "738561")
const nifty: Instrument = equity("NIFTY", "256265", {
  exchange: "NSE_INDEX",
  brokerSymbol: "NIFTY 50",
  tickSize: 0,
  type: "INDEX"
})
const option: Instrument = equity("NIFTY28MAR2420800CE", "9999", {
  exchange: "NFO",
  brokerExchange: "NFO",
  name: "",
  expiry: "2024-03-28",
  strike: 20_800.5,
  lotSize: 50,
  type: "CE"
})

const storeIn = (dataDir: string) =>
  Instruments.layer.pipe(
    Layer.provide(Database.layer({ file: join(dataDir, Store.DATABASE_FILE) })),
    Layer.fresh
  )

describe("segments", () => {
  it.effect("counts by exchange, with one instrument that lives: the next to expire", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      const nextMonth: Instrument = {
        ...option,
        symbol: "NIFTY25APR2420800CE",
        expiry: "2024-04-25",
        token: "9998"
      }
      yield* table.replace("zerodha", [nextMonth, reliance, nifty, option])
      yield* table.replace("angel", [equity("INFY", "1594")])
      assert.deepStrictEqual(yield* table.segments("Zerodha", "2024-03-28"), [
        { exchange: "NFO", instruments: 2, example: option },
        { exchange: "NSE", instruments: 1, example: reliance },
        { exchange: "NSE_INDEX", instruments: 1, example: nifty }
      ])
      const later = yield* table.segments("zerodha", "2024-03-29")
      assert.deepStrictEqual(later[0], { exchange: "NFO", instruments: 2, example: nextMonth })
      const last = yield* table.segments("zerodha", "2024-04-26")
      assert.deepStrictEqual(last[0], { exchange: "NFO", instruments: 2 })
      assert.deepStrictEqual(yield* table.segments("nobody", "2024-03-28"), [])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

describe("held and current", () => {
  it.effect("tell what has not expired, of one broker", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      yield* table.replace("zerodha", [reliance, nifty, option])
      yield* table.replace("angel", [equity("INFY", "1594")])
      const held = (exchange: string, instruments: number, current: number) => ({
        exchange,
        instruments,
        current
      })
      assert.deepStrictEqual(
        (yield* table.held("Zerodha", "2024-03-28")).map((row) => ({ ...row })),
        [held("NFO", 1, 1), held("NSE", 1, 1), held("NSE_INDEX", 1, 1)]
      )
      assert.deepStrictEqual(
        (yield* table.held("zerodha", "2024-03-29")).map((row) => ({ ...row })),
        [held("NFO", 1, 0), held("NSE", 1, 1), held("NSE_INDEX", 1, 1)]
      )
      assert.deepStrictEqual(yield* table.current("Zerodha", ["NFO", "NSE"], "2024-03-28"), [
        reliance,
        option
      ])
      assert.deepStrictEqual(yield* table.current("zerodha", ["NFO", "NSE"], "2024-03-29"), [reliance])
      assert.deepStrictEqual(yield* table.current("zerodha", [], "2024-03-28"), [])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

describe("steps that are taken atomically", () => {
  it.effect("are all undone when a later one fails, replacements too", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* table.replace("zerodha", [reliance])
        const steps = Effect.andThen(table.replace("zerodha", [nifty, option]), Effect.fail("too late"))
        assert.strictEqual(yield* Effect.flip(table.atomically(steps)), "too late")
        assert.deepStrictEqual(yield* table.current("zerodha", ["NSE", "NFO", "NSE_INDEX"], ""), [reliance])
        yield* table.atomically(table.replace("zerodha", [nifty]))
        assert.strictEqual(yield* table.count("zerodha"), 1)
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )
})

describe("resolve", () => {
  it.effect("answers every query in order, whole rows or undefined", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      assert.strictEqual(yield* table.replace("Zerodha", [reliance, nifty, option]), 3)
      const found = yield* table.resolve("zerodha", [
        { symbol: "NIFTY28MAR2420800CE", exchange: "NFO" },
        { symbol: "NOPE", exchange: "NSE" },
        { symbol: "RELIANCE", exchange: "NSE" },
        { symbol: "RELIANCE", exchange: "NSE_INDEX" },
        { symbol: "RELIANCE", exchange: "NSE" },
        { symbol: "NIFTY", exchange: "NSE_INDEX" }
      ])
      assert.deepStrictEqual(found, [option, undefined, reliance, undefined, reliance, nifty])
      assert.deepStrictEqual(yield* table.resolve("zerodha", []), [])
      assert.deepStrictEqual(yield* table.resolve("angel", [{ symbol: "RELIANCE", exchange: "NSE" }]), [
        undefined
      ])
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("finds a share that bears the bare symbol under its series too", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      const central = equity("CENTRALBK", "14898", { series: "BE" })
      const motherson = equity("MOTHERSON", "4204", { series: "EQ" })
      const debt = equity("MOTHERSON-D1", "25510", { series: "D1" })
      const hyphen = equity("BAJAJ-AUTO", "16669", { series: "EQ" })
      const bse = equity("CENTRALBK", "532885", { exchange: "BSE", series: "B" })
      yield* table.replace("zerodha", [central, motherson, debt, hyphen, bse])
      const ask = (symbol: string, exchange = "NSE") => ({ symbol, exchange })
      assert.deepStrictEqual(
        yield* table.resolve("zerodha", [
          ask("CENTRALBK-BE"),
          ask("CENTRALBK-EQ"),
          ask("MOTHERSON-D1"),
          ask("MOTHERSON-EQ"),
          ask("MOTHERSON-D2"),
          ask("MOTHERSON"),
          ask("BAJAJ-AUTO-EQ"),
          ask("CENTRALBK-BE", "BSE"),
          ask("-EQ")
        ]),
        [central, undefined, debt, motherson, undefined, motherson, hyphen, undefined, undefined]
      )
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("tells case, spaces and odd characters apart", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      const odd = equity(`M&M "x' \\ é`, "7")
      const lower = equity("reliance", "8")
      yield* table.replace("zerodha", [reliance, lower, odd])
      const ask = (symbol: string, exchange = "NSE") => table.resolve("zerodha", [{ symbol, exchange }])
      assert.deepStrictEqual(yield* ask("RELIANCE"), [reliance])
      assert.deepStrictEqual(yield* ask("reliance"), [lower])
      assert.deepStrictEqual(yield* ask(odd.symbol), [odd])
      for (const symbol of [
        "Reliance",
        "RELIANCE ",
        " RELIANCE",
        "RELIANCE\u0000",
        "\ud800",
        "",
        "%",
        "RELIANC_"
      ]) {
        assert.deepStrictEqual(yield* ask(symbol), [undefined], JSON.stringify(symbol))
      }
      assert.deepStrictEqual(yield* ask("RELIANCE", "nse"), [undefined])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

describe("replace", () => {
  it.effect("replaces one broker's rows and leaves the others'", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      yield* table.replace("zerodha", [reliance, nifty])
      yield* table.replace("angel", [equity("RELIANCE", "2885")])
      yield* table.replace("zerodha", [equity("RELIANCE", "1")])
      assert.strictEqual(yield* table.count("zerodha"), 1)
      assert.strictEqual(yield* table.count("ANGEL"), 1)
      const tokens = yield* Effect.forEach(["zerodha", "angel"], (broker) =>
        table.resolve(broker, [
          { symbol: "RELIANCE", exchange: "NSE" },
          { symbol: "NIFTY", exchange: "NSE_INDEX" }
        ])
      )
      assert.deepStrictEqual(
        tokens.map((rows) => rows.map((row) => row?.token)),
        [
          ["1", undefined],
          ["2885", undefined]
        ]
      )
      assert.strictEqual(yield* table.replace("zerodha", []), 0)
      assert.strictEqual(yield* table.count("zerodha"), 0)
      assert.strictEqual(yield* table.count("angel"), 1)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("refuses two instruments of one name and keeps what it had", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      yield* table.replace("zerodha", [reliance])
      const error = yield* Effect.flip(table.replace("zerodha", [equity("TCS", "1"), equity("TCS", "2")]))
      assert.strictEqual(error._tag, "InvalidInput")
      assert.match(error.message, /hold NSE:TCS more than once \(last with token 2\)/)
      assert.deepStrictEqual(yield* table.resolve("zerodha", [{ symbol: "RELIANCE", exchange: "NSE" }]), [
        reliance
      ])
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("that fails half way leaves rows and indexes as they were", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* table.replace("zerodha", [reliance])
        const many = Array.from({ length: 1000 }, (_, i) => equity(`S${i}`, String(i)))
        const broken = { ...equity("BROKEN", "1"), lotSize: "many" as unknown as number }
        const error = yield* Effect.flip(table.replace("zerodha", [...many, broken]))
        assert.strictEqual(error._tag, "DatabaseFailed")
        assert.match(error.message, /replace instruments failed: cannot store TEXT value in REAL column/)
        assert.strictEqual(yield* table.count("zerodha"), 1)
        assert.deepStrictEqual(yield* table.resolve("zerodha", [{ symbol: "RELIANCE", exchange: "NSE" }]), [
          reliance
        ])
        yield* table.replace("zerodha", many)
        assert.strictEqual(yield* table.count("zerodha"), 1000)
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )

  it.effect("keeps the indexes whether it rebuilds them or not", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, Store.DATABASE_FILE)
      const indexes = () =>
        raw(file, (db) =>
          db
            .prepare(
              "SELECT name, rootpage FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'instruments' ORDER BY name"
            )
            .all()
        )
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* table.replace(
          "zerodha",
          Array.from({ length: 1000 }, (_, i) => equity(`S${i}`, String(i)))
        )
        const names = indexes().map((row) => row["name"])
        assert.deepStrictEqual(names, ["instruments_symbol", "instruments_token"])
        const before = indexes()
        yield* table.replace("angel", [reliance])
        assert.deepStrictEqual(indexes(), before, "a small table beside a large one is inserted row by row")
        yield* table.replace(
          "zerodha",
          Array.from({ length: 500 }, (_, i) => equity(`T${i}`, String(i)))
        )
        assert.deepStrictEqual(
          indexes().map((row) => row["name"]),
          names
        )
        assert.deepStrictEqual(yield* table.resolve("angel", [{ symbol: "RELIANCE", exchange: "NSE" }]), [
          reliance
        ])
        const check = raw(file, (db) => db.prepare("PRAGMA integrity_check").all())
        assert.deepStrictEqual({ ...check[0] }, { integrity_check: "ok" })
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )

  it.effect("is atomic under readers in other connections", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, Store.DATABASE_FILE)
      const generation = (name: string) =>
        Array.from({ length: 5000 }, (_, i) => equity(`S${i}`, String(i), { name }))
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* table.replace("zerodha", generation("old"))
        const reader = yield* Effect.acquireRelease(
          Effect.sync(() => new DatabaseSync(file, { timeout: 5000 })),
          (db) => Effect.sync(() => db.close())
        )
        const count = reader.prepare(
          "SELECT name, count(*) AS n FROM instruments WHERE broker = 'zerodha' GROUP BY name"
        )
        const seen: Array<string> = []
        let replaced = false
        const read = Effect.sync(() => {
          seen.push(
            count
              .all()
              .map((row) => `${row["n"]} ${row["name"]}`)
              .join(", ")
          )
        })
        yield* Effect.all(
          [
            Effect.andThen(
              table.replace("zerodha", generation("new")),
              Effect.sync(() => (replaced = true))
            ),
            // The writer yields between its statements, so this reads in the midst of the transaction.
            Effect.andThen(read, Effect.yieldNow).pipe(Effect.repeat({ while: () => !replaced }))
          ],
          { concurrency: 2 }
        )
        yield* read
        assert.isAbove(seen.length, 10, "reads between the writer's statements")
        const changes = seen.filter((state, i) => state !== seen[i - 1])
        assert.deepStrictEqual(changes, ["5000 old", "5000 new"])
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )
})

describe("with 200 000 instruments", () => {
  it.live(
    "resolve is right, uses the index, and is fast",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const size = 200_000
        // A quarter are shares; the rest are contracts of 1500 underlyings, a hundred strikes each.
        const instruments = Array.from({ length: size }, (_, i): Instrument => {
          const n = (i * 7919) % size
          const underlying = `SYM${n % 1500}`
          const strike = 100 * (1 + Math.floor(n / 1500))
          return i % 4 === 0
            ? equity(`SYM${n}`, String(i))
            : {
                symbol: `${underlying}28MAR24${strike}CE`,
                exchange: "NFO",
                brokerSymbol: `${underlying}24MAR${strike}CE`,
                brokerExchange: "NFO",
                token: String(i),
                name: underlying,
                expiry: "2024-03-28",
                strike,
                lotSize: 50,
                tickSize: 0.05,
                type: "CE"
              }
        })
        yield* Effect.gen(function* () {
          const table = yield* Instruments
          const replaceTimes: Array<number> = []
          for (let round = 0; round < 2; round++) {
            const started = performance.now()
            yield* table.replace("zerodha", instruments)
            replaceTimes.push(performance.now() - started)
          }
          const times: Array<number> = []
          for (let round = 0; round < 20; round++) {
            const wanted = Array.from(
              { length: 1000 },
              (_, i) => instruments[(round * 9973 + i * 197) % size]!
            )
            const queries = wanted.map(({ exchange, symbol }) => ({ exchange, symbol }))
            const started = performance.now()
            const found = yield* table.resolve("zerodha", queries)
            times.push(performance.now() - started)
            assert.deepStrictEqual(found, wanted)
          }
          const median = times.toSorted((a, b) => a - b)[times.length >> 1]!
          yield* Console.log(
            `resolve: median ${median.toFixed(2)} ms for 1000 of ${size}; ` +
              `replace: ${replaceTimes.map((t) => `${Math.round(size / t)} rows/ms`).join(", ")}`
          )
        }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
        const plan = (statement: string, ...values: Array<string | number>) =>
          raw(join(dataDir, Store.DATABASE_FILE), (db) =>
            db
              .prepare(`EXPLAIN QUERY PLAN ${statement}`)
              .all(...values)
              .map((row) => String(row["detail"]))
          )
        assert.deepStrictEqual(plan(resolveStatement, "[]", "zerodha"), [
          "SCAN q VIRTUAL TABLE INDEX 1:",
          "SEARCH i USING INDEX instruments_symbol (broker=? AND exchange=? AND symbol=?)"
        ])
      }),
    120_000
  )
})
