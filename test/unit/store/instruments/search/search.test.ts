/** What people type finds the instrument that they mean first. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as FastCheck from "fast-check"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { expiryLabel } from "../../../../../src/market/expiry.ts"
import type { Instrument } from "../../../../../src/market/instrument.ts"
import { nameOf } from "../../../../../src/market/instrument.ts"
import * as Database from "../../../../../src/store/database/database.ts"
import * as Store from "../../../../../src/store/index.ts"
import { entriesStatement, rangesStatement } from "../../../../../src/store/instruments/search/statements.ts"
import { Instruments } from "../../../../../src/store/instruments/instruments.ts"
import { createSearchIndex, isOrdinary } from "../../../../../src/store/instruments/search/searchIndex.ts"
import { searchInstruments } from "../../../../../src/store/instruments/search/search.ts"
import type { InstrumentSearch } from "../../../../../src/store/instruments/search/query.ts"
import { equity, raw, temporaryFolder } from "../../support.ts"

const TODAY = "2026-11-30"
let token = 0

const share = (symbol: string, name: string, exchange: "NSE" | "BSE" = "NSE"): Instrument =>
  equity(symbol, String(++token), { name, exchange, brokerExchange: exchange, brokerSymbol: symbol })

const index = (symbol: string, name: string): Instrument =>
  equity(symbol, String(++token), {
    name: name.toUpperCase(),
    exchange: "NSE_INDEX",
    brokerSymbol: name,
    tickSize: 0,
    type: "INDEX"
  })

const contract = (
  underlying: string,
  expiry: string,
  type: "FUT" | "CE" | "PE",
  strike?: number,
  exchange: "NFO" | "BFO" | "CDS" = "NFO"
): Instrument => ({
  ...equity(`${underlying}${expiryLabel(expiry)}${strike ?? ""}${type}`, String(++token)),
  exchange,
  brokerExchange: exchange,
  name: underlying,
  expiry,
  ...(strike === undefined ? {} : { strike }),
  type
})

const chain = (
  underlying: string,
  expiry: string,
  strikes: ReadonlyArray<number>,
  exchange?: "BFO" | "CDS"
) => [
  contract(underlying, expiry, "FUT", undefined, exchange),
  ...strikes.flatMap((strike) => [
    contract(underlying, expiry, "CE", strike, exchange),
    contract(underlying, expiry, "PE", strike, exchange)
  ])
]

const market: ReadonlyArray<Instrument> = [
  share("RELIANCE-BE", "RELIANCE INDUSTRIES LTD"),
  share("RELIANCE", "RELIANCE INDUSTRIES LTD", "BSE"),
  share("RELINFRA", "RELIANCE INFRASTRUCTU LTD"),
  share("RPOWER", "RELIANCE POWER LTD."),
  share("RELIANCE", "RELIANCE INDUSTRIES LTD"),
  share("HDFCBANK", "HDFC BANK LTD"),
  share("HDFCLIFE", "HDFC LIFE INS CO LTD"),
  share("SBIN", "STATE BANK OF INDIA"),
  share("CESC", "CESC LTD"),
  share("MARUTI", "MARUTI SUZUKI INDIA LTD."),
  share("BAJAJ-AUTO", "BAJAJ AUTO LIMITED"),
  share("M&M", "MAHINDRA & MAHINDRA LTD"),
  share("M&MFIN", "M&M FIN. SERVICES LTD"),
  share("360ONE", "360 ONE WAM LIMITED"),
  share("NIFTYBEES", "NIP IND ETF NIFTY BEES"),
  share("NESTLEIND", "Nestlé India"),
  share("754GS2036-GS", "GOI LOAN 7.54% 2036"),
  index("NIFTYNXT50", "Nifty Next 50"),
  index("BANKNIFTY", "Nifty Bank"),
  index("NIFTY", "Nifty 50"),
  ...chain("NIFTY", "2026-12-29", [24_000, 25_000, 25_050, 26_000]),
  ...chain("NIFTY", "2026-12-01", [24_000, 25_000, 25_050, 26_000]),
  ...chain("NIFTY", "2026-11-24", [25_000]),
  ...chain("NIFTY", "2027-01-27", [25_000]),
  ...chain("BANKNIFTY", "2026-12-29", [52_000]),
  ...chain("FINNIFTY", "2026-12-01", [25_000]),
  ...chain("NIFTYNXT50", "2026-12-01", [25_000]),
  ...chain("RELIANCE", "2026-12-29", [1400, 1400.5]),
  ...chain("SBIN", "2026-12-29", [900]),
  ...chain("MARUTI", "2026-12-29", [12_000]),
  ...chain("BAJAJ-AUTO", "2026-12-29", [9000]),
  ...chain("M&M", "2026-12-29", [3000]),
  ...chain("USDINR", "2026-12-29", [83.25], "CDS"),
  { ...share("BTCUSDFUT", "BTC"), exchange: "CRYPTO", type: "FUT" }
]
const ask = (text: string, more: Partial<InstrumentSearch> = {}) =>
  Effect.gen(function* () {
    const table = yield* Instruments
    const found = yield* table.search("Zerodha", { text, limit: 20, today: TODAY, ...more })
    return found.map(nameOf)
  })

/** The market at one broker, and something of everything at another. */
const withMarket = <A, E>(use: Effect.Effect<A, E, Instruments | SqlClient.SqlClient>) =>
  Effect.gen(function* () {
    const table = yield* Instruments
    yield* table.replace("angel", [
      equity("RELIANCEANGEL", "1"),
      ...chain("NIFTYANGEL", "2026-12-29", [25_000])
    ])
    yield* table.replace("zerodha", market)
    return yield* use
  }).pipe(Effect.provide(Instruments.layer.pipe(Layer.provideMerge(Database.layerMemory)), { local: true }))

describe("search", () => {
  it.effect(
    "puts the symbol first, then an index of the name, ordinary shares, other series, contracts",
    () =>
      withMarket(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* ask("reliance", { limit: 9 }), [
            "NSE:RELIANCE",
            "BSE:RELIANCE",
            "NSE:RELIANCE-BE",
            "NSE:RPOWER",
            "NSE:RELINFRA",
            "NFO:RELIANCE29DEC26FUT",
            "NFO:RELIANCE29DEC261400CE",
            "NFO:RELIANCE29DEC261400PE",
            "NFO:RELIANCE29DEC261400.5CE"
          ])
          assert.deepStrictEqual((yield* ask("nifty", { limit: 4 })).slice(0, 2), [
            "NSE_INDEX:NIFTY",
            "NSE:NIFTYBEES"
          ])
          assert.deepStrictEqual((yield* ask("nifty bank"))[0], "NSE_INDEX:BANKNIFTY")
          assert.deepStrictEqual((yield* ask("Nifty 50"))[0], "NSE_INDEX:NIFTY")
          assert.deepStrictEqual((yield* ask("hdfc bank"))[0], "NSE:HDFCBANK")
          assert.deepStrictEqual((yield* ask("bank hdfc"))[0], "NSE:HDFCBANK")
        })
      )
  )

  it.effect("finds by the beginning of words, by words of the name, and inside of symbols", () =>
    withMarket(
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask("relian", { limit: 2 }), ["NSE:RELIANCE", "BSE:RELIANCE"])
        assert.deepStrictEqual(yield* ask("suzuki", { types: ["EQ"] }), ["NSE:MARUTI"])
        assert.deepStrictEqual(yield* ask("bank", { types: ["EQ"] }), ["NSE:SBIN", "NSE:HDFCBANK"])
        assert.deepStrictEqual(yield* ask("fcban"), ["NSE:HDFCBANK"])
        assert.deepStrictEqual(yield* ask("nestle"), ["NSE:NESTLEIND"])
        assert.deepStrictEqual(yield* ask("7.54%"), ["NSE:754GS2036-GS"])
        assert.deepStrictEqual(yield* ask("NSE:HDFCBANK"), ["NSE:HDFCBANK"])
        assert.deepStrictEqual(yield* ask("bse:relian"), ["BSE:RELIANCE"])
      })
    )
  )

  it.effect("finds contracts by the parts of their symbols, in any order and spelling", () =>
    withMarket(
      Effect.gen(function* () {
        const ces = ["NFO:NIFTY01DEC2625000CE", "NFO:NIFTY29DEC2625000CE"]
        for (const text of [
          "nifty 25000 ce dec",
          "dec 25000 call nifty",
          "NIFTY DEC 25,000 CE",
          "nifty dec2026 25000ce",
          "nifty december 26 25000 calls"
        ]) {
          assert.deepStrictEqual((yield* ask(text)).slice(0, 2), ces, text)
        }
        assert.deepStrictEqual((yield* ask("nifty 25000 ce dec")).slice(2), [
          "NFO:NIFTYNXT5001DEC2625000CE",
          "NFO:FINNIFTY01DEC2625000CE"
        ])
        assert.deepStrictEqual(yield* ask("banknifty fut"), ["NFO:BANKNIFTY29DEC26FUT"])
        assert.deepStrictEqual(yield* ask("bank nifty future"), ["NFO:BANKNIFTY29DEC26FUT"])
        assert.deepStrictEqual(yield* ask("state bank fut"), ["NFO:SBIN29DEC26FUT"])
        assert.deepStrictEqual((yield* ask("nifty 50 fut"))[0], "NFO:NIFTY01DEC26FUT")
        assert.deepStrictEqual(yield* ask("nifty 29 dec 25050 put"), ["NFO:NIFTY29DEC2625050PE"])
        assert.deepStrictEqual(yield* ask("nifty 1dec26 250 put"), [
          "NFO:NIFTY01DEC2625000PE",
          "NFO:NIFTY01DEC2625050PE",
          "NFO:NIFTYNXT5001DEC2625000PE",
          "NFO:FINNIFTY01DEC2625000PE"
        ])
        assert.deepStrictEqual(yield* ask("NIFTY29DEC262505"), [
          "NFO:NIFTY29DEC2625050CE",
          "NFO:NIFTY29DEC2625050PE"
        ])
        assert.deepStrictEqual(yield* ask("usdinr 83.250 ce"), ["CDS:USDINR29DEC2683.25CE"])
        assert.deepStrictEqual(yield* ask("reliance 1400.5 option"), [
          "NFO:RELIANCE29DEC261400.5CE",
          "NFO:RELIANCE29DEC261400.5PE"
        ])
        assert.deepStrictEqual((yield* ask("nifty 25000 jan ce pe")).slice(0, 2), [
          "NFO:NIFTY27JAN2725000CE",
          "NFO:NIFTY27JAN2725000PE"
        ])
        assert.deepStrictEqual(yield* ask("btc fut"), ["CRYPTO:BTCUSDFUT"])
        assert.deepStrictEqual(yield* ask("nifty 24000 25000 ce"), [])
        assert.deepStrictEqual(yield* ask("nifty 25001"), [])
      })
    )
  )

  it.effect("finds by any three letters or more that a month begins with", () =>
    withMarket(
      Effect.gen(function* () {
        const decembers = yield* ask("nifty dec", { limit: 100 })
        assert.include(decembers, "NFO:NIFTY29DEC2625000CE")
        for (const month of ["dece", "decem", "decemb", "december"]) {
          assert.deepStrictEqual(yield* ask(`nifty ${month}`, { limit: 100 }), decembers, month)
        }
        assert.strictEqual((yield* ask("nifty janu"))[0], "NFO:NIFTY27JAN27FUT")
        assert.deepStrictEqual(yield* ask("nifty decx"), [])
      })
    )
  )

  it.effect("finds a contract from every beginning of its symbol", () =>
    withMarket(
      Effect.gen(function* () {
        const symbol = "NIFTY29DEC2625050CE"
        for (let letters = 3; letters <= symbol.length; letters++) {
          const typed = symbol.slice(0, letters)
          const found = yield* ask(typed, { types: ["FUT", "CE", "PE"], limit: 100 })
          assert.include(found, `NFO:${symbol}`, typed)
          assert.include(yield* ask(typed.toLowerCase(), { exchanges: ["NFO"], limit: 100 }), `NFO:${symbol}`)
        }
        assert.deepStrictEqual(yield* ask("NIFTY29DEC262", { limit: 2 }), [
          "NFO:NIFTY29DEC2624000CE",
          "NFO:NIFTY29DEC2624000PE"
        ])
        assert.strictEqual((yield* ask("NIFTY29DEC2625050P"))[0], "NFO:NIFTY29DEC2625050PE")
        assert.deepStrictEqual(yield* ask("NIFTY29DEC2", { exchanges: ["CDS"] }), [])
        assert.deepStrictEqual(yield* ask("NIFTY24NOV2"), [], "what has expired")
      })
    )
  )

  it.effect("takes a number behind a month for year and strike, or for a strike", () =>
    withMarket(
      Effect.gen(function* () {
        for (const text of ["nifty dec25000ce", "NIFTYDEC25000CE", "nifty 29dec25000ce"]) {
          assert.include(yield* ask(text), "NFO:NIFTY29DEC2625000CE", text)
        }
        assert.include(yield* ask("nifty dec2625000ce"), "NFO:NIFTY29DEC2625000CE")
        // No strike of 500 or 050, and no year 24.
        yield* (yield* Instruments).replace("zerodha", chain("NIFTY", "2026-12-29", [24_500, 25_050]))
        assert.deepStrictEqual(yield* ask("nifty dec24500ce"), ["NFO:NIFTY29DEC2624500CE"])
        assert.deepStrictEqual(yield* ask("nifty dec25050 pe"), ["NFO:NIFTY29DEC2625050PE"])
      })
    )
  )

  it.effect("takes dates in numbers", () =>
    withMarket(
      Effect.gen(function* () {
        const wanted = yield* ask("NIFTY29DEC26FUT")
        for (const date of ["2026-12-29", "29-12-2026", "29/12/2026", "29.12.2026"]) {
          assert.deepStrictEqual((yield* ask(`nifty ${date} fut`))[0], wanted[0], date)
          assert.notInclude(yield* ask(`nifty ${date}`, { limit: 100 }), "NFO:NIFTY01DEC26FUT", date)
        }
        assert.strictEqual((yield* ask("nifty 2027-01"))[0], "NFO:NIFTY27JAN27FUT")
      })
    )
  )

  it.effect("means by next the nearest expiry of what fits best", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      yield* table.replace("zerodha", [
        ...chain("NIFTY", "2026-12-29", [25_000]),
        ...chain("BANKNIFTY", "2026-12-01", [52_000])
      ])
      assert.deepStrictEqual(yield* ask("nifty fut", { expiry: "next" }), ["NFO:NIFTY29DEC26FUT"])
      assert.deepStrictEqual(yield* ask("", { types: ["FUT"], expiry: "next" }), ["NFO:BANKNIFTY01DEC26FUT"])
    }).pipe(Effect.provide(Store.layerMemory, { local: true }))
  )

  it.effect("takes single words of contracts for what they are", () =>
    withMarket(
      Effect.gen(function* () {
        const first = (text: string) =>
          Effect.map(ask(text, { types: ["FUT", "CE", "PE"] }), (found) => found[0])
        assert.strictEqual(yield* first("ce"), "NFO:NIFTY01DEC2624000CE")
        assert.strictEqual(yield* first("put"), "NFO:NIFTY01DEC2624000PE")
        assert.strictEqual(yield* first("futures"), "CRYPTO:BTCUSDFUT")
        assert.strictEqual(yield* first("jan"), "NFO:NIFTY27JAN27FUT")
        assert.strictEqual(yield* first("27"), "NFO:NIFTY27JAN27FUT")
        assert.strictEqual(yield* first("25000"), "NFO:NIFTY01DEC2625000CE")
        assert.deepStrictEqual((yield* ask("ce"))[0], "NSE:CESC", "a share that begins so goes before")
        // MAR is a month and the beginning of a name.
        assert.strictEqual(yield* first("mar fut"), "NFO:MARUTI29DEC26FUT")
      })
    )
  )

  it.effect("is at ease with what stands in symbols and in what people type", () =>
    withMarket(
      Effect.gen(function* () {
        assert.strictEqual((yield* ask("BAJAJ-AUTO"))[0], "NSE:BAJAJ-AUTO")
        assert.strictEqual((yield* ask("bajaj auto"))[0], "NSE:BAJAJ-AUTO")
        assert.strictEqual((yield* ask("bajajauto"))[0], "NSE:BAJAJ-AUTO")
        assert.deepStrictEqual(yield* ask("bajaj-auto fut"), ["NFO:BAJAJ-AUTO29DEC26FUT"])
        assert.deepStrictEqual((yield* ask("m&m")).slice(0, 2), ["NSE:M&M", "NSE:M&MFIN"])
        assert.deepStrictEqual(yield* ask("M&M fut"), ["NFO:M&M29DEC26FUT"])
        assert.deepStrictEqual(yield* ask("360one"), ["NSE:360ONE"])
        assert.deepStrictEqual(yield* ask("360 one"), ["NSE:360ONE"])
        for (const text of [
          `"`,
          `'`,
          "*",
          "-",
          "(",
          ")",
          "^",
          "~",
          ":",
          "&",
          "%",
          "_",
          "\\",
          "\u0000",
          "\ud800",
          "NEAR",
          "AND",
          "OR NOT",
          `reliance"`,
          `rel"*`,
          `") OR ("`,
          "words:x",
          "reliance'; DROP TABLE instruments; --",
          "{a b}",
          "+a",
          "a + b",
          "हिन्दी",
          "🚀"
        ]) {
          yield* ask(text)
        }
        assert.deepStrictEqual(yield* ask(`"reliance*"`, { limit: 1 }), ["NSE:RELIANCE"])
        assert.deepStrictEqual(yield* ask("'%&*"), [])
        assert.deepStrictEqual(yield* ask("x".repeat(100_000)), [])
        const table = yield* Instruments
        assert.strictEqual(yield* table.count("zerodha"), market.length)
      })
    )
  )

  it.effect("never fails, whatever is typed, and never shows an instrument twice", () =>
    withMarket(
      Effect.gen(function* () {
        const context = yield* Effect.context<Instruments>()
        const run = Effect.runPromiseWith(context)
        const piece = FastCheck.oneof(
          FastCheck.constantFrom(
            "nifty",
            "25000",
            "ce",
            "dec",
            "26",
            '"',
            "*",
            "-",
            "^",
            "~",
            "(",
            "AND",
            "NOT",
            ":",
            "M&M"
          ),
          FastCheck.string({ unit: "binary", maxLength: 6 })
        )
        const text = FastCheck.array(piece, { maxLength: 12 }).map((parts) => parts.join(" "))
        yield* Effect.promise(() =>
          FastCheck.assert(
            FastCheck.asyncProperty(text, async (typed) => {
              const found = await run(ask(typed, { limit: 50 }))
              assert.strictEqual(new Set(found).size, found.length)
            }),
            { numRuns: 300 }
          )
        )
      })
    )
  )

  it.effect("leaves out what has expired, unless it is asked for", () =>
    withMarket(
      Effect.gen(function* () {
        const old = "NFO:NIFTY24NOV2625000CE"
        assert.notInclude(yield* ask("nifty 25000 ce", { limit: 100 }), old)
        assert.notInclude(yield* ask("NIFTY24NOV2625000CE"), old)
        assert.strictEqual((yield* ask("nifty 25000 ce", { expired: true }))[0], old)
        assert.deepStrictEqual(yield* ask("NIFTY24NOV2625000CE", { expired: true }), [old])
        assert.strictEqual((yield* ask("nifty 25000 ce", { today: "2026-11-24" }))[0], old)
      })
    )
  )

  it.effect("filters by exchange, type, expiry and strike", () =>
    withMarket(
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask("reliance", { exchanges: ["BSE"] }), ["BSE:RELIANCE"])
        assert.deepStrictEqual(yield* ask("nifty", { types: ["INDEX"] }), [
          "NSE_INDEX:NIFTY",
          "NSE_INDEX:BANKNIFTY",
          "NSE_INDEX:NIFTYNXT50"
        ])
        assert.deepStrictEqual(
          yield* ask("nifty", { types: ["FUT"], expiry: { from: "2027-01-01", to: "2027-01-31" } }),
          ["NFO:NIFTY27JAN27FUT"]
        )
        assert.deepStrictEqual(
          yield* ask("nifty", { types: ["CE"], expiry: "next", strikeMin: 25_000, strikeMax: 25_050 }),
          [
            "NFO:NIFTY01DEC2625000CE",
            "NFO:NIFTY01DEC2625050CE",
            "NFO:NIFTYNXT5001DEC2625000CE",
            "NFO:FINNIFTY01DEC2625000CE"
          ]
        )
        assert.deepStrictEqual(yield* ask("banknifty fut", { expiry: "next" }), ["NFO:BANKNIFTY29DEC26FUT"])
        assert.deepStrictEqual(yield* ask("nifty", { strikeMin: 25_060, strikeMax: 25_900 }), [])
        assert.deepStrictEqual(yield* ask("nifty ce", { types: ["PE"] }), [])
        assert.deepStrictEqual(yield* ask("", { types: ["FUT"], exchanges: ["CDS", "CRYPTO"] }), [
          "CRYPTO:BTCUSDFUT",
          "CDS:USDINR29DEC26FUT"
        ])
        assert.deepStrictEqual(yield* ask("", { types: ["EQ"], limit: 2 }), ["NSE:M&M", "NSE:CESC"])
        assert.deepStrictEqual(yield* ask("bse:reliance", { exchanges: ["NSE"] }), [])
        for (const limit of [0, -1, Number.NaN]) assert.deepStrictEqual(yield* ask("reliance", { limit }), [])
        assert.strictEqual(
          (yield* ask("", { limit: Number.POSITIVE_INFINITY, expired: true })).length,
          market.length
        )
      })
    )
  )

  it.effect("knows one broker's instruments from another's, and tells who has one", () =>
    withMarket(
      Effect.gen(function* () {
        const table = yield* Instruments
        assert.deepStrictEqual(yield* table.brokers, ["angel", "zerodha"])
        const found = yield* table.search("angel", { text: "reliance", limit: 10, today: TODAY })
        assert.deepStrictEqual(found.map(nameOf), ["NSE:RELIANCEANGEL"])
        assert.deepStrictEqual(
          yield* table.search("nobody", { text: "reliance", limit: 10, today: TODAY }),
          []
        )
        yield* table.replace("dhan", [equity("RELIANCE", "2885")])
        const everywhere = yield* table.everywhere({ exchange: "NSE", symbol: "RELIANCE" })
        assert.deepStrictEqual(
          everywhere.map((i) => `${i.broker} ${i.token}`),
          ["dhan 2885", `zerodha ${market.find((i) => nameOf(i) === "NSE:RELIANCE")!.token}`]
        )
      })
    )
  )
})

describe("an ordinary share", () => {
  it("has a bare symbol", () => {
    const bare = (symbol: string, series?: string) =>
      isOrdinary({ symbol, ...(series === undefined ? {} : { series }) })
    assert.isTrue(bare("RELIANCE"))
    assert.isTrue(bare("BAJAJ-AUTO"))
    assert.isFalse(bare("RELIANCE-BE"))
    assert.isFalse(bare("754GS2036-GS"))
    assert.isTrue(bare("MCDOWELL-N", "EQ"), "where the series is known it decides")
    assert.isFalse(bare("SOVEREIGN-GOLD", "GOLD"))
  })
})

/** As a data folder was before there was a search. */
const forgetSearch = (db: DatabaseSync): void =>
  db.exec(`DROP TABLE instrument_search; DROP TABLE instrument_search_entries; DROP TABLE instrument_search_brokers;
    ALTER TABLE api_keys DROP COLUMN resume;
    DELETE FROM effect_sql_migrations WHERE migration_id >= 5`)

/** Does something after each statement. */
const watched = (
  sql: SqlClient.SqlClient,
  after: () => Effect.Effect<unknown, unknown>
): SqlClient.SqlClient =>
  new Proxy(sql, {
    get: (target, key) =>
      key === "unsafe"
        ? (...statement: Parameters<SqlClient.SqlClient["unsafe"]>) =>
            Effect.tap(target.unsafe(...statement), () => Effect.orDie(after()))
        : Reflect.get(target, key)
  })

const storeIn = (dataDir: string) =>
  Instruments.layer.pipe(
    Layer.provideMerge(Database.layer({ file: join(dataDir, Store.DATABASE_FILE) })),
    Layer.fresh
  )

describe("the index", () => {
  it.effect("follows the table: what is replaced is no longer found, and no trace stays", () =>
    Effect.gen(function* () {
      const table = yield* Instruments
      const sql = yield* SqlClient.SqlClient
      const size = Effect.map(
        sql<{
          readonly n: number
        }>`SELECT (SELECT count(*) FROM instrument_search) + (SELECT count(*) FROM instrument_search_entries) AS n`,
        (rows) => rows[0]!.n
      )
      yield* table.replace("zerodha", market)
      const before = yield* size
      for (let round = 0; round < 5; round++) {
        yield* table.replace("zerodha", [share("TCS", "TATA CONSULTANCY SERV LT")])
        assert.deepStrictEqual(yield* ask("reliance"), [])
        assert.deepStrictEqual(yield* ask("tata"), ["NSE:TCS"])
        yield* table.replace("zerodha", market)
        assert.deepStrictEqual(yield* ask("tata"), [])
      }
      assert.strictEqual(yield* size, before)
      yield* table.replace("zerodha", [])
      assert.strictEqual(yield* size, 0)
      assert.deepStrictEqual(yield* table.brokers, [])
      yield* sql`INSERT INTO instrument_search (instrument_search) VALUES ('integrity-check')`
    }).pipe(Effect.provide(Instruments.layer.pipe(Layer.provideMerge(Database.layerMemory)), { local: true }))
  )

  it.effect("stays as it was when a replacement fails half way", () =>
    withMarket(
      Effect.gen(function* () {
        const table = yield* Instruments
        const broken = { ...share("BROKEN", "BROKEN"), lotSize: "many" as unknown as number }
        yield* Effect.flip(table.replace("zerodha", [share("TCS", "TATA"), broken]))
        assert.deepStrictEqual(yield* ask("tata"), [])
        assert.deepStrictEqual(yield* ask("relian", { limit: 1 }), ["NSE:RELIANCE"])
      })
    )
  )

  it.effect("is made by the migration of what a data folder holds already", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, Store.DATABASE_FILE)
      yield* Effect.flatMap(Instruments, (table) => table.replace("zerodha", market)).pipe(
        Effect.provide(storeIn(dataDir), { local: true })
      )
      raw(file, forgetSearch)
      yield* Effect.gen(function* () {
        assert.deepStrictEqual((yield* ask("nifty 25000 ce dec"))[0], "NFO:NIFTY01DEC2625000CE")
        assert.strictEqual((yield* ask("reliance"))[0], "NSE:RELIANCE")
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )

  it.effect("takes rows that were not written with the others from the table", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        const sql = yield* SqlClient.SqlClient
        // A replacement that keeps a row, as one that keeps an exchange would.
        yield* sql.unsafe(`CREATE TRIGGER keep AFTER INSERT ON instruments WHEN new.symbol = 'TCS' BEGIN
          INSERT INTO instruments (broker, exchange, symbol, broker_symbol, broker_exchange, token, name, expiry,
            strike, lot_size, tick_size, type) SELECT broker, 'BSE', 'KEPT', broker_symbol, broker_exchange, token, name, expiry,
            strike, lot_size, tick_size, type FROM instruments WHERE symbol = 'TCS'; END`)
        yield* table.replace("zerodha", [share("TCS", "TATA")])
        assert.deepStrictEqual(yield* ask("kept"), ["BSE:KEPT"])
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )

  it.effect("is read as it was at a search's beginning, whatever an import commits meanwhile", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const own = yield* Layer.build(storeIn(dataDir))
      const other = Context.get(yield* Layer.build(storeIn(dataDir)), Instruments)
      yield* other.replace("zerodha", [share("TCS", "TATA CONSULTANCY SERV LT")])
      let statements = 0
      const interrupted = watched(Context.get(own, SqlClient.SqlClient), () =>
        statements++ === 0 ? other.replace("zerodha", [share("INFY", "INFOSYS")]) : Effect.void
      )
      const look = (text: string) =>
        Effect.map(searchInstruments(interrupted, "zerodha", { text, limit: 5, today: TODAY }), (found) =>
          found.map(nameOf)
        )
      assert.deepStrictEqual(yield* look("tata"), ["NSE:TCS"])
      assert.isAbove(statements, 1)
      assert.deepStrictEqual(yield* look("tata"), [])
      assert.deepStrictEqual(yield* look("infosys"), ["NSE:INFY"])
    })
  )

  it.effect("is not asked for what cannot be found", () =>
    withMarket(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let statements = 0
        const counted = watched(sql, () => Effect.sync(() => void statements++))
        const cost = Effect.fnUntraced(function* (query: Partial<InstrumentSearch>) {
          statements = 0
          const asked = { text: "", limit: 500, today: TODAY, ...query }
          assert.deepStrictEqual(yield* searchInstruments(counted, "zerodha", asked), [])
          return statements
        })
        // The broker's block, and the symbol where there is a text.
        assert.strictEqual(yield* cost({ types: ["FUT"], strikeMin: 0 }), 1)
        assert.strictEqual(yield* cost({ text: "fut", strikeMax: 30_000 }), 2)
        assert.strictEqual(yield* cost({ text: "1a".repeat(100) }), 2)
        assert.strictEqual(yield* cost({ text: "20 21 22 23 24 25 26 27 28 29" }), 2)
      })
    )
  )

  it.effect("takes an expiry that is none, of the table or of a master, without its words", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const odd = ["2026-00-10", "", "soon"].map((expiry, i) => ({
        ...share(`ODD${i}FUT`, "ODD"),
        exchange: "NFO" as const,
        type: "FUT" as const,
        expiry
      }))
      yield* Effect.gen(function* () {
        yield* (yield* Instruments).replace("zerodha", [...odd, share("TCS", "TATA")])
        assert.deepStrictEqual(yield* ask("ODD0FUT", { expired: true, limit: 1 }), ["NFO:ODD0FUT"])
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
      raw(join(dataDir, Store.DATABASE_FILE), forgetSearch)
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask("tata"), ["NSE:TCS"])
      }).pipe(Effect.provide(storeIn(dataDir), { local: true }))
    })
  )

  it.effect("says what to do where SQLite has no FTS5", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const without = new Proxy(sql, {
        get: (target, key) => (key === "unsafe" ? () => Effect.succeed([{ n: 0 }]) : Reflect.get(target, key))
      })
      const error = yield* Effect.flip(createSearchIndex(without))
      assert.match(error.message, /lacks FTS5.*use a Node of nodejs.org, 22\.16 or later/)
    }).pipe(Effect.provide(Database.layerMemory, { local: true }))
  )

  it("answers without reading or sorting more than it shows", () => {
    const plans = Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const conditions = [{ sql: "e.exchange = ?", values: ["NSE"] }]
      const entries = entriesStatement({ match: `"a"*`, broker: 1, from: 1, to: 9, conditions, limit: 1 })
      const ranges = rangesStatement({ broker: "zerodha", ranges: [], conditions: [], limit: 1 })
      const plan = (sqlText: string, values: ReadonlyArray<string | number>) =>
        Effect.map(sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${sqlText}`, values), (rows) =>
          rows.map(({ detail }) => detail)
        )
      return [yield* plan(entries.sql, entries.values), yield* plan(ranges.sql, ranges.values)]
    }).pipe(Effect.provide(Database.layerMemory, { local: true }))
    return Effect.runPromise(plans).then(([entries, ranges]) => {
      assert.deepStrictEqual(
        entries!.map((line) => line.replace(/INDEX \d+:.*/, "INDEX")),
        ["SCAN s VIRTUAL TABLE INDEX", "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"]
      )
      assert.include(
        ranges!,
        "SEARCH i USING INDEX instruments_symbol (broker=? AND exchange=? AND symbol>? AND symbol<?)"
      )
    })
  })
})
