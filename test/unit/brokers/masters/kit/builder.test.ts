/** What every master has in common, whatever its format. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { MasterBuilder } from "../../../../../src/brokers/masters/kit/builder.ts"
import { contract, contractType } from "../../../../../src/brokers/masters/kit/contracts.ts"
import type { Row } from "../../../../../src/brokers/masters/kit/row.ts"
import { carried, cash } from "../../../../../src/brokers/masters/kit/row.ts"
import type { Security } from "../../../../../src/brokers/masters/kit/cash.ts"
import { isOrdinaryIsin } from "../../../../../src/brokers/masters/kit/cash.ts"
import type { Instrument } from "../../../../../src/market/instrument.ts"
import { nameOf } from "../../../../../src/market/instrument.ts"

const built = (...rows: ReadonlyArray<Row>) => {
  const builder = new MasterBuilder()
  for (const [i, row] of rows.entries()) builder.add(i + 2, row)
  return builder.finish()
}

const security = (root: string, series: string, token: string, more: Partial<Security> = {}): Row =>
  cash({
    root,
    series,
    exchange: "BSE",
    brokerSymbol: root,
    brokerExchange: "BSE",
    token,
    name: root,
    lotSize: 1,
    tickSize: 0.05,
    ...more
  })

const share = (symbol: string, token: string): Row =>
  carried({
    symbol,
    exchange: "NSE",
    brokerSymbol: symbol,
    brokerExchange: "NSE",
    token,
    name: symbol,
    lotSize: 1,
    tickSize: 0.05,
    type: "EQ"
  })

const future = (brokerSymbol: string, token = "1") =>
  contract(
    {
      exchange: "NFO",
      brokerSymbol,
      brokerExchange: "NFO",
      token,
      name: "GAIL",
      lotSize: 3150,
      tickSize: 0.05
    },
    "FUT",
    "2025-12-30",
    undefined
  )

const tokens = (instruments: ReadonlyArray<Instrument>) =>
  Object.fromEntries(instruments.map((i) => [nameOf(i), i.token]))

describe("the securities of one name at BSE", () => {
  it.each<readonly [string, ReadonlyArray<Row>, Readonly<Record<string, string>>]>([
    [
      "are told by their groups",
      [security("ABC", "F", "500001"), security("ABC", "T", "500002"), security("ABC", "A", "500003")],
      { "BSE:ABC": "500003", "BSE:ABC-T": "500002", "BSE:ABC-F": "500001" }
    ],
    [
      "are told by BSE's numbers, where partly paid ones and rights have others",
      [security("ABC", "B", "890144"), security("ABC", "XT", "540001")],
      { "BSE:ABC": "540001", "BSE:ABC-B": "890144" }
    ],
    [
      "are told by their ISINs",
      [
        security("ABC", "B", "700001", { isin: "INE018E03025" }),
        security("ABC", "X", "540001", { isin: "INE018E01016" })
      ],
      { "BSE:ABC": "540001", "BSE:ABC-B": "700001" }
    ],
    [
      "keep a name that is their own, also as debt",
      [security("10ABC27", "F", "935001")],
      { "BSE:10ABC27": "935001" }
    ],
    [
      "have no share among them",
      [security("ABC", "F", "935001"), security("ABC", "G", "935002")],
      { "BSE:ABC-F": "935001", "BSE:ABC-G": "935002" }
    ],
    [
      "come behind the known groups in one that is new",
      [security("ABC", "QQ", "540001"), security("ABC", "MS", "540002")],
      { "BSE:ABC": "540002", "BSE:ABC-QQ": "540001" }
    ]
  ])("%s", (_, rows, expected) => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...rows], { minLength: rows.length }), (order) => {
        assert.deepEqual(tokens(built(...order).instruments), expected)
      })
    )
  })

  it("never give the share's own spelling to something else", () => {
    const nse = (series: string, token: string, more: Partial<Security> = {}) =>
      security("ABC", series, token, { exchange: "NSE", ...more })
    const preference = nse("EQ", "2", { ordinary: false })
    for (const rows of [
      [nse("BE", "1"), preference],
      [nse("EQ", "1"), preference]
    ]) {
      const { instruments, skipped } = built(...rows)
      assert.deepEqual(tokens(instruments), { "NSE:ABC": "1" })
      assert.deepStrictEqual(skipped, { "NSE security that is no share, without a series of its own": 1 })
    }
    // At BSE, where share and partly paid are in one group.
    const { instruments } = built(security("ABC", "A", "890147"), security("ABC", "A", "500325"))
    assert.deepEqual(tokens(instruments), { "BSE:ABC": "500325" })
  })

  it("are told by BSE's number also where the token is another one", () => {
    const { instruments } = built(
      security("ABC", "", "500325_BSE", { bseNumber: "500325" }),
      security("ABC", "", "890147_BSE", { bseNumber: "890147" }),
      security("OWN", "", "612345", { bseNumber: "" })
    )
    assert.deepEqual(tokens(instruments), { "BSE:ABC": "500325_BSE", "BSE:OWN": "612345" })
  })

  it("of trusts have their series by the ISIN where the master tells none", () => {
    const trust = (root: string, isin: string, token: string) =>
      security(root, "", token, { exchange: "NSE", isin })
    const { instruments } = built(
      trust("EMBASSY", "INE041025011", "1"),
      trust("PGINVIT", "INE0GGX23010", "2"),
      trust("SGBAUG28V", "IN0020200120", "3")
    )
    assert.deepEqual(tokens(instruments), { "NSE:EMBASSY-RR": "1", "NSE:PGINVIT-IV": "2" })
  })

  it("have their series in any case, and none where a word says so", () => {
    const { instruments } = built(
      security("ABC", " eq ", "1", { exchange: "NSE" }),
      security("DEF", "NULL", "2", { exchange: "NSE" }),
      security("GHI", "XX", "3", { exchange: "NSE" }),
      security("JKL", "NA", "4", { exchange: "NSE" })
    )
    assert.deepEqual(tokens(instruments), {
      "NSE:ABC": "1",
      "NSE:DEF": "2",
      "NSE:GHI": "3",
      "NSE:JKL-NA": "4"
    })
  })

  it("that have no series are passed over beside a share, and counted", () => {
    const { instruments, rejects, skipped } = built(
      security("ABC", "", "12", { exchange: "NSE", isin: "INE018E07015" }),
      security("ABC", "", "13", { exchange: "NSE", isin: "INE018E01016" })
    )
    assert.deepEqual(tokens(instruments), { "NSE:ABC": "13" })
    assert.deepStrictEqual(
      [rejects, skipped],
      [[], { "NSE security that is no share, without a series of its own": 1 }]
    )
  })
})

describe("an ISIN", () => {
  it.each<readonly [string, boolean | undefined]>([
    ["INE002A01018", true],
    ["INF204KB14I2", true],
    ["INE018E03025", false],
    ["INE775A08105", false],
    ["INE002A20018", false],
    ["IN9002A01024", false],
    ["IN0020230010", false],
    ["DUMMYSAN005", undefined],
    ["", undefined]
  ])("%s is of an ordinary share: %s", (isin, expected) => {
    assert.strictEqual(isOrdinaryIsin(isin), expected)
  })
})

describe("a contract", () => {
  it.each<readonly [optionType: string, kind: string, string | undefined]>([
    ["XX", "FUTSTK", "FUT"],
    ["", "FUTIDX", "FUT"],
    ["", "IF", "FUT"],
    ["XX", "", "FUT"],
    ["CE", "OPTIDX", "CE"],
    ["PE", "IO", "PE"],
    ["CE", "", "CE"],
    ["CE", "FUTIDX", undefined],
    ["XX", "SPD", undefined],
    ["XX", "FUTSTKSPD", undefined],
    ["", "", undefined],
    ["", "COM", undefined],
    ["XX", "UNDCUR", undefined]
  ])('of option type "%s" and kind "%s" is %s', (optionType, kind, expected) => {
    assert.strictEqual(contractType(optionType, kind), expected)
  })

  it.each([
    "NIFTY 27 OCT 24 NOV FUT",
    "GAIL30DEC25-27JAN26",
    "GAIL25DEC26JANFUT",
    "GAIL 30DEC27JAN SPD",
    "GAIL-SPREAD-DEC"
  ])("%s is a spread, whatever its columns say", (symbol) => {
    const { instruments, rejects, skipped } = built(future(symbol), future("GAIL25DECFUT", "2"))
    assert.deepEqual(tokens(instruments), { "NFO:GAIL30DEC25FUT": "2" })
    assert.deepStrictEqual([rejects, skipped], [[], { "spread of NFO": 1 }])
  })

  it("that is listed anew goes by its last token, at brokers that leave the old one", () => {
    const builder = new MasterBuilder({ lastToken: true })
    for (const row of [future("A", "9"), future("B", "10"), share("X", "1"), share("X", "2")])
      builder.add(2, row)
    const { instruments, rejects, skipped } = builder.finish()
    assert.deepEqual(tokens(instruments), { "NFO:GAIL30DEC25FUT": "10" })
    assert.deepStrictEqual(skipped, { "contract that is listed anew": 1 })
    assert.lengthOf(rejects, 2)
  })
})

describe("an index that is listed twice", () => {
  it("goes by its lowest token, in any order", () => {
    const index = (token: string): Row =>
      carried({
        symbol: "NIFTY",
        exchange: "NSE_INDEX",
        brokerSymbol: "NIFTY",
        brokerExchange: "NSE",
        token,
        name: "NIFTY",
        lotSize: 1,
        tickSize: 0,
        type: "INDEX"
      })
    for (const order of [
      ["999920099", "99920000"],
      ["99920000", "999920099"]
    ]) {
      const { instruments, rejects, skipped } = built(...order.map(index))
      assert.deepEqual(tokens(instruments), { "NSE_INDEX:NIFTY": "99920000" })
      assert.deepStrictEqual([rejects, skipped], [[], { "index that is listed twice": 1 }])
    }
  })
})

describe("a row", () => {
  it.each(["12:", "12", "A B", "A|B", "-EQ", ":", "A,B", ""])(
    'with the symbol "%s" is malformed',
    (symbol) => {
      const { instruments, rejects } = built(
        share(symbol, "7"),
        security(symbol, "A", "500001"),
        share("GOOD", "8")
      )
      assert.deepEqual(tokens(instruments), { "NSE:GOOD": "8" })
      assert.lengthOf(rejects, 2)
      for (const { reason } of rejects) assert.include(reason, "is not a symbol")
    }
  )

  it("of a name that thousands bear names a few of their tokens", () => {
    const { instruments, rejects } = built(
      ...Array.from({ length: 3000 }, (_, i) => share("A", String(i + 1)))
    )
    assert.deepStrictEqual(instruments, [])
    assert.lengthOf(rejects, 3000)
    assert.match(rejects[0]!.reason, / and 2995 more: the master does not say which is meant$/)
    assert.isBelow(rejects[0]!.reason.length, 200)
    assert.deepStrictEqual(rejects[0]!.conflict, { name: "NSE:A", tokens: ["1", "2", "3", "4", "5"] })
  })

  it("that says the same of a token with other contents is the same in any order", () => {
    const lot = (lotSize: number) => security("A", "A", "500001", { lotSize })
    const one = built(lot(1), lot(100)).instruments
    assert.deepStrictEqual(one, built(lot(100), lot(1)).instruments)
    assert.lengthOf(one, 1)
  })

  it("that says the same as another is counted, and no conflict", () => {
    const { instruments, rejects, skipped } = built(share("A", "7"), share("A", "7"), share("A", "7"))
    assert.deepEqual(tokens(instruments), { "NSE:A": "7" })
    assert.deepStrictEqual([rejects, skipped], [[], { "repeated row": 2 }])
  })

  it("knows its file where there are several, and files tell what they gave", () => {
    const builder = new MasterBuilder()
    builder.file("cm.csv")
    builder.add(2, share("A", "1"))
    builder.add(3, share("12:", "2"))
    builder.file("fo.csv")
    builder.file("more.csv")
    builder.add(2, future("GAIL25DECFUT"))
    builder.add(0, share("KNOWN", "3"))
    const { files, rejects } = builder.finish()
    assert.deepStrictEqual(files, [
      { name: "cm.csv", rows: 2, exchanges: { NSE: 1 } },
      { name: "fo.csv", rows: 0, exchanges: {} },
      { name: "more.csv", rows: 1, exchanges: { NFO: 1 } }
    ])
    assert.match(rejects[0]!.reason, /^cm\.csv: "12:" is not a symbol/)
  })
})
