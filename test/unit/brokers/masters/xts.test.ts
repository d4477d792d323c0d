import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { MasterFile } from "../../../../src/brokers/broker.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { broker as iifl } from "../../../../src/brokers/data/iifl.ts"
import { parse } from "../../../../src/brokers/masters/xts.ts"
import { broker as rmoney } from "../../../../src/brokers/data/rmoney.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const share =
  "NSECM|2885|8|RELIANCE|RELIANCE-EQ|EQ|RELIANCE-EQ|1100100002885|3100.5|2600.4|500001|0.05|1|1|RELIANCE|INE002A01018|1|1|RELIANCE INDUSTRIES LTD-EQ|0|-1|-1"
const option =
  "NSEFO|43422|2|NIFTY|NIFTY2432820800CE|OPTIDX|NIFTY-OPTIDX|2408800043422|345.1|0.05|1801|0.05|50|1|26000|Nifty 50|2024-03-28T14:30:00|20800.0|3|NIFTY 28MAR2024 CE 20800|1|1|NIFTY2432820800CE"
/** No strike and no option type, and a numerator that is not 1. */
const future =
  "NSEFO|35165|1|BANKNIFTY|BANKNIFTY24APRFUT|FUTIDX|BANKNIFTY-FUTIDX|2411500035165|52000|44000|901|0.05|15|1|26001|Nifty Bank|2024-04-24T14:30:00|BANKNIFTY 24APR2024|100|1|BANKNIFTY24APRFUT"

const rows = (...lines: ReadonlyArray<string>): string =>
  JSON.stringify({ type: "success", code: "s-instrument-0009", result: lines.join("\n") })
const indices = (exchangeSegment: number | undefined, ...indexList: ReadonlyArray<string>): string =>
  JSON.stringify([{ type: "success", code: "s-response-0001", result: { exchangeSegment, indexList } }])
const file = (text: string, name = "master.json"): MasterFile => ({ name, text })
const one = (line: string): Instrument => {
  const { instruments, rejects, skipped } = parse([file(rows(line))])
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}
/** A row with some of its fields changed. */
const changed = (row: string, fields: Readonly<Record<number, string>>): string =>
  row
    .split("|")
    .map((field, i) => fields[i] ?? field)
    .join("|")
const names = (...texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  parse(texts.map((text) => file(text))).instruments.map((i) => `${i.exchange}:${i.symbol}:${i.token}`)

describe("the master of XTS servers", () => {
  it("has shares", () => {
    assert.deepStrictEqual(one(share), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSECM",
      token: "2885",
      name: "RELIANCE",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.05,
      type: "EQ"
    })
    assert.strictEqual(one(changed(share, { 0: "BSECM", 1: "500325", 5: "A" })).exchange, "BSE")
  })

  it("has options and futures, whose rows are of different lengths", () => {
    assert.deepStrictEqual(one(option), {
      symbol: "NIFTY28MAR2420800CE",
      exchange: "NFO",
      brokerSymbol: "NIFTY2432820800CE",
      brokerExchange: "NSEFO",
      token: "43422",
      name: "NIFTY",
      expiry: "2024-03-28",
      strike: 20800,
      lotSize: 50,
      tickSize: 0.05,
      type: "CE"
    })
    const bankNifty = one(future)
    assert.deepStrictEqual(
      [bankNifty.symbol, bankNifty.type, bankNifty.expiry, bankNifty.lotSize],
      ["BANKNIFTY24APR24FUT", "FUT", "2024-04-24", 15]
    )
    assert.notProperty(bankNifty, "strike")
  })

  it.each([
    ["PE", changed(option, { 4: "NIFTY2432820800PE", 18: "4" }), "NIFTY28MAR2420800PE"],
    [
      "BSE's own numbers",
      changed(option, { 4: "SENSEX24MAR20800PE", 0: "BSEFO", 18: "2" }),
      "NIFTY28MAR2420800PE"
    ],
    [
      "a strike with decimals",
      changed(option, { 0: "NSECD", 3: "USDINR", 17: "83.50" }),
      "USDINR28MAR2483.5CE"
    ],
    ["BSE", changed(option, { 0: "BSEFO", 3: "SENSEX", 17: "74000" }), "SENSEX28MAR2474000CE"],
    ["a future of BSE", changed(future, { 2: "1", 5: "IF", 0: "BSEFO" }), "BANKNIFTY24APR24FUT"],
    ["an expiry without a time", changed(future, { 16: "2024-04-24" }), "BANKNIFTY24APR24FUT"]
  ])("names %s", (_, line, symbol) => {
    assert.strictEqual(one(line).symbol, symbol)
  })

  it("has indices in lists of their own, each at its exchange", () => {
    const nse = indices(
      1,
      "NIFTY 50_26000",
      "NIFTY BANK_26001",
      "INDIA VIX_26017",
      "NIFTY 50 ARBITRAGE-1_26099"
    )
    const bse = indices(11, "SENSEX_1", "SNSX50_3")
    const expected = [
      "NSE_INDEX:NIFTY:26000",
      "NSE_INDEX:BANKNIFTY:26001",
      "NSE_INDEX:INDIAVIX:26017",
      "NSE_INDEX:NIFTY50ARBITRAGE1:26099",
      "BSE_INDEX:SENSEX:1",
      "BSE_INDEX:SENSEX50:3"
    ]
    assert.deepStrictEqual(names(nse, bse), expected)
    assert.deepStrictEqual(names(bse, nse).toSorted(), expected.toSorted())
    const [nifty] = parse([file(nse)]).instruments
    assert.isTrue(Schema.is(Instrument)(nifty))
    assert.deepInclude(nifty as object, {
      brokerSymbol: "NIFTY 50_26000",
      brokerExchange: "NSE_INDEX",
      tickSize: 0,
      type: "INDEX"
    })
  })

  it("tells a list's exchange by the file's name where the list does not say", () => {
    const list = indices(undefined, "SENSEX_1")
    const at = (name: string) => parse([file(list, name)]).instruments[0]!.exchange
    assert.deepStrictEqual(
      [at("IndexList-11.JSON"), at("indexlist-1.json"), at("indices.json")],
      ["BSE_INDEX", "NSE_INDEX", "NSE_INDEX"]
    )
  })

  it("takes BSE's indices out of the rows where the list lacks them, in any order of the files", () => {
    const spot = changed(share, { 0: "BSECM", 1: "999", 3: "SENSEX", 5: "SPOT" })
    const bankex = changed(spot, { 1: "12", 3: "BANKEX" })
    const list = indices(11, "SENSEX_1")
    const expected = ["BSE_INDEX:BANKEX:12", "BSE_INDEX:SENSEX:1"]
    assert.deepStrictEqual(names(rows(spot, bankex), list).toSorted(), expected)
    assert.deepStrictEqual(names(list, rows(spot, bankex)).toSorted(), expected)
    assert.deepStrictEqual(names(rows(spot)), ["BSE_INDEX:SENSEX:999"])
  })

  it("may be the rows alone, of several segments, with any ends of lines", () => {
    const plain = `\uFEFF${[share, option, "", future].join("\r\n")}\r\n`
    const { instruments, rejects, skipped } = parse([file(plain, "NSE.txt")])
    assert.deepStrictEqual([instruments.length, rejects, skipped], [3, [], {}])
  })

  it("leaves out what AlgoWays does not carry, and counts it", () => {
    const { instruments, skipped } = parse([
      file(
        rows(
          changed(share, { 5: "" }),
          changed(share, { 2: "16", 5: "EQ" }),
          changed(future, { 2: "4", 5: "FUTIDX" }),
          changed(future, { 2: "4", 5: "FUTSTK" }),
          changed(future, { 0: "BSEFO", 2: "4", 5: "IF" }),
          // A kind that is new is no future either, whatever its series.
          changed(future, { 2: "512", 5: "FUTCOM" }),
          changed(share, { 0: "NSECO" })
        )
      )
    ])
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(skipped, {
      "BSEFO instrument type 4": 1,
      "NSECM spot": 1,
      "NSECM without a series": 1,
      "NSEFO instrument type 4": 2,
      "NSEFO instrument type 512": 1,
      "segment NSECO": 1
    })
  })

  it.each([
    ["plain number", changed(share, { 1: "x" })],
    ["Name is empty", changed(share, { 3: "" })],
    ["TickSize", changed(share, { 11: "x" })],
    ["LotSize", changed(share, { 12: "0" })],
    ["3 fields", "NSECM|2885|8"],
    ["ContractExpiration", changed(option, { 16: "28MAR2024" })],
    ["ContractExpiration", changed(option, { 16: "2024-02-30T14:30:00" })],
    ["StrikePrice", changed(option, { 17: "0" })],
    ["OptionType", changed(option, { 18: "2" })],
    ["OptionType", option.split("|").slice(0, 18).join("|")],
    ["do not say the same", changed(option, { 18: "4" })],
    ["do not say the same", changed(option, { 4: "NIFTY", 18: "1" })]
  ])("rejects a row for its %s", (reason, line) => {
    const { rejects } = parse([file(rows(line))])
    assert.strictEqual(rejects.length, 1)
    assert.include(rejects[0]!.reason, reason)
  })

  it("rejects entries of lists that are no name with an id", () => {
    const { instruments, rejects } = parse([file(indices(1, "NIFTY", "_26000", "NIFTY_x", "NIFTY 50_26000"))])
    assert.deepStrictEqual([instruments.length, rejects.length], [1, 3])
  })

  it.each([
    ["no JSON", '{"type":"success","result":"NSECM|'],
    ["refused", '{"type":"error","code":"e-session-0007","description":"Invalid Token"}'],
    ["no result", "{}"],
    ["no result", "[]"],
    ["neither rows nor", '{"type":"success","result":{}}'],
    ["no line begins", "<html>"],
    ["no line begins", ""],
    ["no line begins", '{"type":"success","result":""}']
  ])("refuses a file with %s, by its name", (what, text) => {
    try {
      parse([file(rows(share)), file(text, "broken.json")])
      assert.fail("it was taken")
    } catch (error) {
      assert.instanceOf(error, MalformedMaster)
      assert.include((error as Error).message, "broken.json")
      assert.include((error as Error).message, what)
    }
  })

  it("is asked for segment by segment", () => {
    const { sources } = iifl.instrumentMaster
    assert.deepStrictEqual(sources[2], {
      name: "NSECD.json",
      url: "https://ttblaze.iifl.com/apimarketdata/instruments/master",
      method: "POST",
      body: '{"exchangeSegmentList":["NSECD"]}'
    })
    assert.deepStrictEqual(
      sources.map((s) => s.name),
      [
        "NSECM.json",
        "NSEFO.json",
        "NSECD.json",
        "BSECM.json",
        "BSEFO.json",
        "MCXFO.json",
        "indexlist-1.json",
        "indexlist-11.json"
      ]
    )
    assert.deepStrictEqual(rmoney.instrumentMaster.sources.at(-1), {
      name: "indexlist-11.json",
      url: "https://xts.rmoneyindia.co.in:3000/apibinarymarketdata/instruments/indexlist?exchangeSegment=11",
      optional: true
    })
  })
})
