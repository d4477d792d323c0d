/** `algoways instruments search` and `show`, as a user runs them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Instrument } from "../../src/market/instrument.ts"
import * as Store from "../../src/store/index.ts"
import { Instruments } from "../../src/store/instruments/instruments.ts"
import { Users } from "../../src/store/users/users.ts"
import { equity } from "../unit/store/support.ts"
import { run, temporaryFolder } from "./support/processes.ts"

const infy = equity("INFY", "408065", { name: "INFOSYS LIMITED", brokerSymbol: "INFY" })
const option = (strike: number, type: "CE" | "PE"): Instrument =>
  equity(`NIFTY29DEC99${strike}${type}`, String(strike), {
    exchange: "NFO",
    brokerExchange: "NFO",
    name: "NIFTY",
    expiry: "2099-12-29",
    strike,
    lotSize: 65,
    type
  })
const nifty = equity("NIFTY", "256265", {
  name: "NIFTY 50",
  exchange: "NSE_INDEX",
  brokerSymbol: "NIFTY 50",
  tickSize: 0,
  type: "INDEX"
})
const ofZerodha = [
  infy,
  equity("KOTAKBANK", "492033"),
  nifty,
  option(24_000, "CE"),
  option(25_000, "CE"),
  option(25_000, "PE")
]

const fill = (dataDir: string, brokers: Readonly<Record<string, ReadonlyArray<Instrument>>>) =>
  Effect.gen(function* () {
    const table = yield* Instruments
    yield* (yield* Users).add("asha", "dhan")
    for (const [broker, instruments] of Object.entries(brokers)) yield* table.replace(broker, instruments)
  }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))

/** The symbols of a printed table. */
const symbolsIn = (out: string): ReadonlyArray<string> =>
  out
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/)[1]!)

describe("algoways instruments search", () => {
  it.live(
    "takes words as they come, and finds out whose instruments are meant",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const search = (...args: ReadonlyArray<string>) => run(["instruments", "search", ...args], env)
        const none = yield* search("nifty")
        assert.strictEqual(none.code, 1)
        assert.include(none.err, "algoways instruments import")

        yield* fill(dataDir, { zerodha: ofZerodha })
        const call = ["NIFTY29DEC9925000CE"]
        assert.deepStrictEqual(symbolsIn((yield* search("zerodha", "nifty 25000 call")).out), call)
        assert.deepStrictEqual(symbolsIn((yield* search("ZERODHA", "nifty", "25000", "ce")).out), call)
        assert.deepStrictEqual(symbolsIn((yield* search("25000", "ce", "dec")).out), call)
        // Kotak is a broker, but there are no instruments of it.
        assert.deepStrictEqual(symbolsIn((yield* search("kotak", "bank")).out), ["KOTAKBANK"])
        const absent = yield* search("angel", "nifty")
        assert.strictEqual(absent.code, 0)
        assert.include(absent.out, "algoways instruments import angel")
        assert.deepStrictEqual(
          symbolsIn(
            (yield* search("nifty", "--type", "ce,pe", "--expiry", "next", "--strike", "24500..")).out
          ),
          ["NIFTY29DEC9925000CE", "NIFTY29DEC9925000PE"]
        )
        const json = yield* search("infosys", "--json")
        assert.deepStrictEqual(JSON.parse(json.out), [infy])
      }),
    60_000
  )

  it.live(
    "asks whose when it cannot know, and says what is wrong with a filter",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const search = (...args: ReadonlyArray<string>) => run(["instruments", "search", ...args], env)
        yield* fill(dataDir, { zerodha: ofZerodha, dhan: [equity("INFY", "1594"), equity("ZERODHA", "1")] })
        const two = yield* search("infy")
        assert.strictEqual(two.code, 1)
        assert.include(two.err, "dhan, zerodha")
        assert.include((yield* search("dhan", "infy")).out, "1594")
        assert.include((yield* search("infy", "--user", "asha")).out, "1594")
        assert.deepStrictEqual(symbolsIn((yield* search("zerodha", "--broker", "dhan")).out), ["ZERODHA"])
        for (const [args, says] of [
          [["--expiry", "someday"], '"someday" is not an expiry'],
          [["--strike", "9..1"], "above the highest"],
          [["--strike", "1", "--strike-min", "1"], "not both"],
          [["--exchange", "NYSE"], '"NYSE" is not an exchange']
        ] as const) {
          const { code, err } = yield* search("dhan", "infy", ...args)
          assert.strictEqual(code, 1, args.join(" "))
          assert.include(err, says)
        }
      }),
    60_000
  )
})

describe("algoways instruments search, as a newcomer tries it", () => {
  it.live(
    "says what is missing: instruments, words, a limit that is one; and that a list was cut",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const search = (...args: ReadonlyArray<string>) => run(["instruments", "search", ...args], env)
        const future = equity("NIFTY29DEC99FUT", "7", {
          exchange: "NFO",
          expiry: "2099-12-29",
          name: "NIFTY",
          type: "FUT"
        })
        const old = { ...future, symbol: "NIFTY29DEC16FUT", token: "8", expiry: "2016-12-29" }
        yield* fill(dataDir, { zerodha: [...ofZerodha, future, old], dhan: [equity("INFY", "1594")] })

        for (const [args, says] of [
          [["--broker", "kotak", "reliance"], 'Import them with "algoways instruments import kotak"'],
          [["kotak", "reliance"], "There are no instruments of kotak"],
          [["dhan"], "Give words to look for at dhan"],
          [["--broker", "zerodha"], "Give words to look for, or a filter"],
          [["zerodha", "nifty", "--limit", "0"], "--limit must be 1 to 1000, not 0"],
          [["zerodha", "nifty", "--limit", "1001"], "--limit must be 1 to 1000, not 1001"],
          [["zerodha", "nifty", "--strike", "24000-26000"], "write a range as 24000..26000"]
        ] as const) {
          const { code, err, out } = yield* search(...args)
          assert.deepStrictEqual([code, out], [1, ""], args.join(" "))
          assert.include(err, says)
        }
        assert.deepStrictEqual(symbolsIn((yield* search("zerodha", "--type", "FUT")).out), [future.symbol])
        const cut = yield* search("zerodha", "nifty", "--limit", "2")
        assert.strictEqual(symbolsIn(cut.out).length, 2)
        assert.include(cut.err, "2 shown, more fit; --limit for more.")
        assert.strictEqual((yield* search("zerodha", "nifty", "--limit", "5")).err, "")

        const past = yield* search("zerodha", "--type", "FUT", "--expiry", "2016-12")
        assert.include(past.out, "--expired shows them")
        assert.notInclude((yield* search("zerodha", "gold")).out, "--expired")

        const counted = yield* run(["instruments", "count"], env)
        assert.strictEqual(counted.out, "BROKER   INSTRUMENTS\ndhan     1\nzerodha  8\n")
        const nowhere = yield* run(["instruments", "count"], { ALGOWAYS_DATA_DIR: yield* temporaryFolder })
        assert.strictEqual(nowhere.code, 1)
        assert.include(nowhere.err, "algoways instruments import BROKER")
      }),
    90_000
  )
})

describe("algoways instruments show", () => {
  it.live(
    "takes names as they are typed, says what has expired, and which broker has no instruments",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const show = (...args: ReadonlyArray<string>) => run(["instruments", "show", ...args], env)
        const old = { ...option(24_000, "PE"), symbol: "NIFTY29DEC1624000PE", expiry: "2016-12-29" }
        yield* fill(dataDir, { zerodha: [...ofZerodha, old], angel: [equity("INFY", "1594")] })
        const { code, err, out } = yield* show("zerodha", "nse:infy", `NFO:${old.symbol}`)
        assert.strictEqual(code, 0, err)
        assert.include(out, "NSE:INFY at Zerodha")
        assert.match(out, /^ {2}expiry +2016-12-29 \(expired\)$/m)
        assert.match((yield* show("angel", "NSE:INFY")).out, /connections? per login \(not confirmed\)/)
        for (const [args, says] of [
          [["--broker", "kotak", "NSE:RELIANCE"], "There are no instruments of kotak"],
          [["kotak", "NSE:RELIANCE"], 'Import them with "algoways instruments import kotak"'],
          [["--broker", "zerodha", ""], "The name of an instrument is missing"],
          [["--broker", "zerodha", "NSE:"], "such as NSE:RELIANCE"],
          [["zerodha"], "The name of an instrument is missing"]
        ] as const) {
          const failure = yield* show(...args)
          assert.deepStrictEqual([failure.code, failure.out], [1, ""], args.join(" "))
          assert.include(failure.err, says)
        }
      }),
    60_000
  )

  it.live(
    "prints what is known, who else has it, and what may have been meant",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const show = (...args: ReadonlyArray<string>) => run(["instruments", "show", ...args], env)
        yield* fill(dataDir, {
          zerodha: ofZerodha,
          angel: [equity("INFY", "1594")],
          dhan: [equity("INFY", "1594", { tickSize: 0.1, lotSize: 2 })]
        })
        const shown = yield* show(
          "NSE:INFY",
          "nfo:NIFTY29DEC9925000CE",
          "NSE_INDEX:NIFTY",
          "--broker",
          "Zerodha"
        )
        assert.strictEqual(shown.code, 0, shown.err)
        for (const line of [
          /^NSE:INFY at Zerodha \(zerodha\)$/,
          /^ {2}name +INFOSYS LIMITED$/,
          /^ {2}token +408065$/,
          /^ {2}broker symbol +INFY on NSE$/,
          /^ {2}streamed +LTP, Quote, Depth; book levels 5$/,
          /^ {2}limits +3000 subscriptions per connection, 3 connections per login$/,
          /^ {2}angel +1594 +INFY-EQ on NSE$/,
          /^ {2}dhan +1594 +INFY-EQ on NSE +LOT 2, here 1; TICK 0.1, here 0.05$/,
          /^ {2}expiry +2099-12-29$/,
          /^ {2}strike +25000$/,
          /^ {2}streamed +LTP, Quote, Depth; no order book$/
        ]) {
          assert.isTrue(
            shown.out.split("\n").some((text) => line.test(text)),
            `${line} in\n${shown.out}`
          )
        }
        const json = yield* show("NSE:INFY", "--user", "asha", "--json")
        const [facts] = JSON.parse(json.out) as ReadonlyArray<Record<string, unknown>>
        assert.deepInclude(facts, { broker: "dhan", modes: ["ltp", "quote", "depth"] })
        assert.deepStrictEqual(facts!["elsewhere"], [
          {
            broker: "angel",
            token: "1594",
            brokerSymbol: "INFY-EQ",
            brokerExchange: "NSE",
            lotSize: 1,
            tickSize: 0.05,
            differs: ["lotSize", "tickSize"]
          },
          {
            broker: "zerodha",
            token: "408065",
            brokerSymbol: "INFY",
            brokerExchange: "NSE",
            lotSize: 1,
            tickSize: 0.05,
            differs: ["lotSize", "tickSize"]
          }
        ])
        const wrong = yield* show("NSE:INFFY", "NSE:INFY", "KOTAKBANK", "--broker", "zerodha")
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.out, "NSE:INFY at Zerodha")
        assert.include(wrong.err, "There is no NSE:INFFY at zerodha. Is it NSE:INFY?")
        assert.include(wrong.err, "There is no KOTAKBANK at zerodha. Is it NSE:KOTAKBANK?")
      }),
    60_000
  )
})
