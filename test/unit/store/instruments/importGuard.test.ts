/** What an import does with a master that lacks an exchange, or a file. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type {
  MasterFile,
  MasterFileContent,
  MasterSource,
  ParsedMaster
} from "../../../../src/brokers/broker.ts"
import type { Exchange } from "../../../../src/market/exchange.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import * as Database from "../../../../src/store/database/database.ts"
import type { ImportOptions, ImportReport } from "../../../../src/store/instruments/importer.ts"
import { importMaster } from "../../../../src/store/instruments/importer.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { makeSettableClock } from "../../../support/settableClock.ts"
import { brokerWith, equity, temporaryFolder } from "../support.ts"

/** The table alone: days of the test clock pass at once without the store's fibers. */
const memory = Instruments.layer.pipe(Layer.provide(Database.layerMemory))

/** A line `exchange,symbol,token[,expiry[,brokerExchange]]`. */
const toInstrument = (line: string): Instrument => {
  const [exchange, symbol, token, expiry, brokerExchange] = line.split(",") as [
    Exchange,
    string,
    string,
    string?,
    string?
  ]
  return equity(symbol, token, {
    exchange,
    brokerExchange: brokerExchange ?? exchange,
    ...(expiry === undefined || expiry === "" ? {} : { expiry })
  })
}

const linesOf = ({ text }: MasterFile): ReadonlyArray<string> => text.split("\n").filter((l) => l !== "")

const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => ({
  instruments: files.flatMap((file) =>
    linesOf(file)
      .filter((l) => !l.startsWith("bond"))
      .map(toInstrument)
  ),
  rejects: [],
  skipped: {}
})

/** With what each file gave. */
const parseTelling = (files: ReadonlyArray<MasterFile>): ParsedMaster => ({
  ...parse(files),
  files: files.map((file): MasterFileContent => {
    const exchanges: Record<string, number> = {}
    for (const { exchange } of parse([file]).instruments) exchanges[exchange] = (exchanges[exchange] ?? 0) + 1
    return { name: file.name, rows: linesOf(file).length, exchanges }
  })
})

/** Shares of an exchange: `NSE,S0,0` and so on. */
const shares = (exchange: string, count: number, from = 0): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) => `${exchange},S${from + i},${from + i}`)

const contracts = (expiry: string, count: number, from = 0): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) => `NFO,F${expiry}-${from + i},${expiry}-${from + i},${expiry}`)

type Files = Readonly<Record<string, ReadonlyArray<string>>>

const importFiles = (
  files: Files,
  options: ImportOptions & { readonly quiet?: boolean; readonly sources?: ReadonlyArray<MasterSource> } = {}
) => {
  const { quiet = false, sources = [], ...others } = options
  const broker = brokerWith({
    minimumRows: 1,
    sources,
    load: () => Promise.resolve(quiet ? parse : parseTelling)
  })
  const texts = Object.entries(files).map(([name, lines]) => ({ name, text: lines.join("\n") }))
  return importMaster(broker, { texts }, others)
}

/** The day of the test clock. */
const on = (day: string) => TestClock.setTime(Date.parse(`${day}T08:30:00+05:30`))

/** `NSE:S3 3` of every instrument of the exchanges. */
const tableOf = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.gen(function* () {
    const rows = yield* (yield* Instruments).current("testbroker", exchanges, "0000-00-00")
    return rows.map(({ exchange, symbol, token }) => `${exchange}:${symbol} ${token}`)
  })

const namesOf = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.map(toInstrument).map(({ exchange, symbol, token }) => `${exchange}:${symbol} ${token}`)

const ofExchange = (report: ImportReport, exchange: Exchange) =>
  report.exchanges.find((e) => e.exchange === exchange)

const refused = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

const yesterday: Files = { "cm.csv": shares("NSE", 100), "fo.csv": shares("NFO", 100, 1000) }

describe("a master of which a file is empty", () => {
  it.effect("leaves that exchange's instruments alone and replaces the others", () =>
    Effect.gen(function* () {
      yield* importFiles(yesterday)
      const report = yield* importFiles({ "cm.csv": [], "fo.csv": shares("NFO", 90, 1020) })
      assert.deepStrictEqual(yield* tableOf("NSE"), namesOf(shares("NSE", 100)))
      assert.deepStrictEqual(yield* tableOf("NFO"), namesOf(shares("NFO", 90, 1020)))
      assert.deepStrictEqual(report.problems, [
        "cm.csv has no row",
        "NSE: no file of this import has any, where the table holds 100; 100 of the table's were kept"
      ])
      assert.deepStrictEqual(
        [report.imported, report.kept, report.withheld, report.previous, report.forced],
        [90, 100, 0, 200, false]
      )
      assert.deepStrictEqual(report.files, [
        { name: "cm.csv", rows: 0, instruments: 0 },
        { name: "fo.csv", rows: 90, instruments: 90 }
      ])
      assert.deepStrictEqual(ofExchange(report, "NSE"), {
        exchange: "NSE",
        previous: 100,
        expired: 0,
        now: 0,
        kept: 100,
        contradicted: 0,
        files: [],
        problem: "no file of this import has any, where the table holds 100"
      })
      assert.deepStrictEqual(ofExchange(report, "NFO"), {
        exchange: "NFO",
        previous: 100,
        expired: 0,
        now: 90,
        kept: 0,
        contradicted: 0,
        files: ["fo.csv"]
      })
    }).pipe(Effect.provide(memory))
  )

  it.effect("does so as well where the parser does not tell what its files gave", () =>
    Effect.gen(function* () {
      yield* importFiles(yesterday)
      const report = yield* importFiles({ "cm.csv": [], "fo.csv": shares("NFO", 90) }, { quiet: true })
      assert.deepStrictEqual(yield* tableOf("NSE"), namesOf(shares("NSE", 100)))
      assert.deepStrictEqual(report.problems, [
        "NSE: the master has none, where the table holds 100; 100 of the table's were kept"
      ])
      assert.deepStrictEqual(report.files, [])
    }).pipe(Effect.provide(memory))
  )

  it.effect("does so although the file that is left has far less than half of the whole", () =>
    Effect.gen(function* () {
      yield* importFiles({ "cm.csv": shares("NSE", 10), "fo.csv": shares("NFO", 1000, 1000) })
      const report = yield* importFiles({ "cm.csv": shares("NSE", 11) }, { minimumRows: 500 })
      assert.deepStrictEqual([report.imported, report.kept], [11, 1000])
    }).pipe(Effect.provide(memory))
  )

  it.effect("keeps an exchange that it shares with other files when that has become smaller at all", () =>
    Effect.gen(function* () {
      const cash = { "cm.csv": shares("NSE", 10) }
      yield* importFiles({ ...cash, "stocks.csv": shares("NFO", 80), "indices.csv": shares("NFO", 20, 1000) })
      const report = yield* importFiles({ ...cash, "stocks.csv": shares("NFO", 80), "indices.csv": [] })
      assert.deepStrictEqual(report.problems, [
        "indices.csv has no row",
        "NFO: only 80 from stocks.csv, where the table holds 100; 100 of the table's were kept"
      ])
      // A day's ordinary changes are none of its business.
      const fewer = { "cm.csv": shares("NSE", 10), "stocks.csv": shares("NFO", 95), "indices.csv": [] }
      assert.deepStrictEqual((yield* importFiles(fewer)).problems, ["indices.csv has no row"])
    }).pipe(Effect.provide(memory))
  )

  it.effect("is taken as it is when forced, and the report says what went", () =>
    Effect.gen(function* () {
      yield* importFiles(yesterday)
      const files = { "cm.csv": [], "fo.csv": shares("NFO", 40, 1000) }
      const report = yield* importFiles(files, { force: true })
      assert.deepStrictEqual(yield* tableOf("NSE"), [])
      assert.deepStrictEqual(yield* tableOf("NFO"), namesOf(files["fo.csv"]))
      assert.deepStrictEqual(report.problems, [
        "cm.csv has no row",
        "NSE: no file of this import has any, where the table holds 100; all 100 were removed, as forced",
        "NFO: only 40 from fo.csv, where the table holds 100; the 40 were taken, as forced"
      ])
      assert.deepStrictEqual([report.imported, report.kept, report.forced], [40, 0, true])
    }).pipe(Effect.provide(memory))
  )

  it.effect("is told of at the first import too, where there is nothing to keep", () =>
    Effect.gen(function* () {
      const report = yield* importFiles({
        "cm.csv": [],
        "fo.csv": shares("NFO", 5),
        "x.csv": ["bond", "bond"]
      })
      assert.deepStrictEqual(report.problems, [
        "cm.csv has no row",
        "x.csv has 2 rows and no instrument among them"
      ])
      assert.deepStrictEqual(yield* tableOf("NFO"), namesOf(shares("NFO", 5)))
    }).pipe(Effect.provide(memory))
  )

  it.effect("may be a later page of one that has rows, or one that not every day has", () =>
    Effect.gen(function* () {
      const page = (lines: ReadonlyArray<string>) => ({ name: "pages.json", text: lines.join("\n") })
      const sources = [{ name: "maybe.csv", url: "http://127.0.0.1:1/", optional: true }]
      const broker = brokerWith({ minimumRows: 1, sources, load: () => Promise.resolve(parseTelling) })
      const texts = [
        page(shares("NSE", 3)),
        page(shares("BSE", 2)),
        page([]),
        { name: "maybe.csv", text: "" }
      ]
      const report = yield* importMaster(broker, { texts })
      assert.deepStrictEqual(report.problems, [])
      assert.deepStrictEqual(report.files, [
        { name: "pages.json", rows: 5, instruments: 5 },
        { name: "maybe.csv", rows: 0, instruments: 0 }
      ])
      assert.deepStrictEqual(ofExchange(report, "BSE")?.files, ["pages.json"])
    }).pipe(Effect.provide(memory))
  )
})

describe("an exchange of a master", () => {
  const shrinksTo = (before: number, now: number) =>
    Effect.gen(function* () {
      yield* importFiles({ "a.csv": shares("NSE", before), "b.csv": shares("BSE", 5) })
      const { kept } = yield* importFiles({ "a.csv": shares("NSE", now), "b.csv": shares("BSE", 5) })
      return { kept, rows: (yield* tableOf("NSE")).length }
    }).pipe(Effect.provide(memory, { local: true }))

  it.effect("may lose up to half of its instruments, whatever their number, and no more", () =>
    Effect.gen(function* () {
      for (const [before, now] of [
        [10, 9],
        [10, 5],
        [1, 1],
        [1000, 500]
      ] as const) {
        assert.deepStrictEqual(yield* shrinksTo(before, now), { kept: 0, rows: now }, `${before} to ${now}`)
      }
      for (const [before, now] of [
        [10, 4],
        [10, 0],
        [1, 0],
        [1000, 499]
      ] as const) {
        const kept = { kept: before, rows: before }
        assert.deepStrictEqual(yield* shrinksTo(before, now), kept, `${before} to ${now}`)
      }
    })
  )

  it.effect("that shrank is told of with the files that it came from", () =>
    Effect.gen(function* () {
      yield* importFiles({ "a.csv": shares("NSE", 100), "b.csv": shares("BSE", 5) })
      const report = yield* importFiles({
        "a.csv": shares("NSE", 10),
        "b.csv": [...shares("BSE", 5), ...shares("NSE", 5, 10)]
      })
      assert.deepStrictEqual(report.problems, [
        "NSE: only 15 from a.csv, b.csv, where the table holds 100; 100 of the table's were kept"
      ])
      assert.deepStrictEqual([report.imported, report.withheld, report.kept], [5, 15, 100])
    }).pipe(Effect.provide(memory))
  )

  it.effect("is not the exchange of its indices", () =>
    Effect.gen(function* () {
      const indices = ["NSE_INDEX,NIFTY,26000,,NSE", "NSE_INDEX,BANKNIFTY,26009,,NSE"]
      yield* importFiles({ "all.csv": [...shares("NSE", 100), ...indices] })
      const report = yield* importFiles({ "all.csv": shares("NSE", 100, 50) })
      assert.deepStrictEqual(yield* tableOf("NSE_INDEX"), namesOf(indices))
      assert.deepStrictEqual(report.problems, [
        "NSE_INDEX: no file of this import has any, where the table holds 2; 2 of the table's were kept"
      ])
    }).pipe(Effect.provide(memory))
  )

  it.effect("of which nothing else can be taken refuses the import as a whole", () =>
    Effect.gen(function* () {
      yield* importFiles(yesterday)
      assert.match(
        yield* refused(importFiles({ "cm.csv": [], "fo.csv": shares("NFO", 3, 5000) })),
        /: cm\.csv has no row; it has 3 instruments where the table holds 200; .*--force/
      )
      assert.deepStrictEqual(yield* tableOf("NSE", "NFO"), namesOf(Object.values(yesterday).flat()))
    }).pipe(Effect.provide(memory))
  )

  it.effect("that is kept helps to reach the least number of instruments, and cannot replace it", () =>
    Effect.gen(function* () {
      yield* importFiles(yesterday)
      const files = { "fo.csv": shares("NFO", 90, 1000) }
      assert.match(
        yield* refused(importFiles(files, { minimumRows: 191 })),
        /it has 90 instruments \(and 100 of the table's would be kept\) and at least 191 are expected/
      )
      assert.match(
        yield* refused(importFiles(files, { minimumRows: 91, force: true })),
        /it has 90 instruments and at least 91 are expected/
      )
      assert.strictEqual((yield* importFiles(files, { minimumRows: 190 })).kept, 100)
    }).pipe(Effect.provide(memory))
  )
})

describe("expired contracts", () => {
  const [near, far] = ["2026-01-27", "2026-02-24"]
  const both = [...contracts(near, 90), ...contracts(far, 10)]

  it.effect("are no loss: on the day after an expiry most of an exchange may be gone", () =>
    Effect.gen(function* () {
      yield* on(near)
      yield* importFiles({ "cm.csv": shares("NSE", 5), "fo.csv": both })
      const files = { "cm.csv": shares("NSE", 5), "fo.csv": contracts(far, 10) }
      assert.strictEqual((yield* importFiles(files)).kept, 100, "on the day itself they still trade")
      yield* TestClock.setTime(Date.parse("2026-01-28T00:00:00+05:30"))
      const report = yield* importFiles(files)
      assert.deepStrictEqual(report.problems, [])
      assert.deepInclude(ofExchange(report, "NFO"), { previous: 100, expired: 90, now: 10, kept: 0 })
      assert.deepStrictEqual(yield* tableOf("NFO"), namesOf(contracts(far, 10)))
    }).pipe(Effect.provide(memory))
  )

  it.effect("are not kept with the others, and do not make up for those that are missing", () =>
    Effect.gen(function* () {
      yield* on("2026-01-20")
      yield* importFiles({ "cm.csv": shares("NSE", 5), "fo.csv": both })
      yield* on("2026-01-28")
      const stale = { "cm.csv": shares("NSE", 5), "fo.csv": contracts(near, 90) }
      const report = yield* importFiles(stale)
      assert.deepStrictEqual(report.problems, [
        "NFO: only expired ones from fo.csv, where the table holds 10; 10 of the table's were kept"
      ])
      assert.deepStrictEqual(yield* tableOf("NFO"), namesOf(contracts(far, 10)))
    }).pipe(Effect.provide(memory))
  )

  it.effect("are those of the day that it is, whatever has passed since the machine started", () =>
    Effect.gen(function* () {
      const { clock, step } = yield* makeSettableClock
      const imported = (files: Files) => Effect.provideService(importFiles(files), Clock.Clock, clock)
      step(Date.parse(`${near}T08:30:00+05:30`))
      yield* imported({ "cm.csv": shares("NSE", 5), "fo.csv": both })
      step(86_400_000)
      const report = yield* imported({ "cm.csv": shares("NSE", 5), "fo.csv": contracts(far, 10) })
      assert.deepInclude(ofExchange(report, "NFO"), { previous: 100, expired: 90, now: 10, kept: 0 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("alone are nothing to keep", () =>
    Effect.gen(function* () {
      yield* on(near)
      yield* importFiles({ "cm.csv": shares("NSE", 5), "fo.csv": both })
      yield* on("2026-02-25")
      const report = yield* importFiles({ "cm.csv": shares("NSE", 5) })
      assert.deepStrictEqual(report.problems, [])
      assert.deepInclude(ofExchange(report, "NFO"), { previous: 100, expired: 100, now: 0, kept: 0 })
      assert.deepStrictEqual(yield* tableOf("NFO"), [])
    }).pipe(Effect.provide(memory))
  )
})

describe("an instrument that would be kept goes", () => {
  it.effect("when the master gives its token on the broker's exchange to another", () =>
    Effect.gen(function* () {
      yield* importFiles({
        "a.csv": ["NSE,NEW,1", "NSE_INDEX,NIFTY,26000,,NSE", "NSE_INDEX,VIX,26017,,NSE"]
      })
      // 26000 is a share's now. BSE's own 26017 is another thing altogether.
      const report = yield* importFiles({ "a.csv": ["NSE,NEW,26000", "BSE,OTHER,26017"] })
      assert.deepStrictEqual(yield* tableOf("NSE_INDEX"), ["NSE_INDEX:VIX 26017"])
      assert.deepStrictEqual(report.problems, [
        "NSE_INDEX: no file of this import has any, where the table holds 2; 1 of the table's were kept, but for 1 whose tokens or names the master gives to others"
      ])
      assert.deepInclude(ofExchange(report, "NSE_INDEX"), { kept: 1, contradicted: 1 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("when what is left of its own exchange says otherwise, though that is not taken", () =>
    Effect.gen(function* () {
      yield* importFiles({ "a.csv": shares("NSE", 100), "b.csv": shares("BSE", 5) })
      const left = ["NSE,S1,1", "NSE,RENAMED,2", "NSE,S3,999", "NSE,NEW,500"]
      const report = yield* importFiles({ "a.csv": left, "b.csv": shares("BSE", 5) })
      const stayed = namesOf(shares("NSE", 100)).filter((name) => !/:S[23] /.test(name))
      assert.deepStrictEqual(yield* tableOf("NSE"), stayed)
      assert.deepInclude(ofExchange(report, "NSE"), { now: 4, kept: 98, contradicted: 2 })
    }).pipe(Effect.provide(memory))
  )
})

describe("another process", () => {
  it.effect("cannot write between the comparison and the replacement", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "algoways.db")
      const store = Instruments.layer.pipe(Layer.provide(Database.layer({ file })))
      yield* Effect.gen(function* () {
        const table = yield* Instruments
        yield* importFiles(yesterday)
        let said = ""
        const other = new DatabaseSync(file, { timeout: 0 })
        const meddled = Instruments.of({
          ...table,
          // Asked for once the exchanges have been compared.
          current: (...args) => {
            try {
              other.exec("DELETE FROM instruments WHERE exchange = 'NSE'")
            } catch (error) {
              said = String(error)
            }
            return table.current(...args)
          }
        })
        const report = yield* importFiles({ "fo.csv": shares("NFO", 90) }).pipe(
          Effect.provideService(Instruments, meddled),
          Effect.ensuring(Effect.sync(() => other.close()))
        )
        assert.include(said, "database is locked")
        assert.strictEqual(report.kept, 100)
      }).pipe(Effect.provide(store, { local: true }))
    })
  )
})
