/** What every master has in common, whatever its format. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Row } from "../../../src/brokers/masters/builder.ts"
import { MasterBuilder, carried, cash, contract, contractType } from "../../../src/brokers/masters/builder.ts"
import type { Security } from "../../../src/brokers/masters/cash.ts"
import { isOrdinaryIsin } from "../../../src/brokers/masters/cash.ts"
import type { Instrument } from "../../../src/market/instrument.ts"
import { nameOf } from "../../../src/market/instrument.ts"

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

  it("that have no series are passed over beside a share, and counted", () => {
    const { instruments, rejects, skipped } = built(
      security("ABC", "", "12", { exchange: "NSE", isin: "INE018E07015" }),
      security("ABC", "", "13", { exchange: "NSE", isin: "INE018E01016" })
    )
    assert.deepEqual(tokens(instruments), { "NSE:ABC": "13" })
    assert.deepStrictEqual([rejects, skipped], [[], { "NSE security that is no share, without a series": 1 }])
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

  it.each(["GAIL25DEC26JANFUT", "GAIL 30DEC27JAN SPD", "GAIL-SPREAD-DEC"])(
    "%s is a spread, whatever its columns say",
    (symbol) => {
      const { instruments, rejects, skipped } = built(future(symbol), future("GAIL25DECFUT", "2"))
      assert.deepEqual(tokens(instruments), { "NFO:GAIL30DEC25FUT": "2" })
      assert.deepStrictEqual([rejects, skipped], [[], { "spread of NFO": 1 }])
    }
  )

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
      for (const { reason } of rejects) assert.include(reason, "is no symbol")
    }
  )

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
    assert.match(rejects[0]!.reason, /^cm\.csv: "12:" is no symbol/)
  })
})
