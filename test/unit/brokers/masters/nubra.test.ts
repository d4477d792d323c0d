import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/nubra.ts"
import { broker } from "../../../../src/brokers/data/nubra.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const share = {
  ref_id: 72_329,
  stock_name: "RELIANCE",
  asset: "RELIANCE",
  derivative_type: "STOCK",
  option_type: "N/A",
  expiry: 0,
  strike_price: 0,
  tick_size: 10,
  lot_size: 1,
  exchange: "NSE"
}
type Row = Readonly<Record<string, unknown>>
const json = (...rows: ReadonlyArray<unknown>) => ({
  name: "anything",
  text: JSON.stringify({ message: "ok", refdata: rows })
})
const HEADER = "EXCHANGE,INDEX_SYMBOL,ZANSKAR_INDEX_SYMBOL,INDEX_NAME"
const csv = (...rows: ReadonlyArray<string>) => ({ name: "x", text: [HEADER, ...rows].join("\n") })

const one = (changed: Row): Instrument => {
  const { instruments, rejects, skipped } = parse([json({ ...share, ...changed }), csv()])
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}
const reason = (changed: Row): string | undefined =>
  parse([
    json(share, { ...share, ref_id: 5, stock_name: "SECOND", ...changed }),
    csv()
  ]).rejects[0]?.reason.replace("anything: ", "")
const indexOf = (row: string): Instrument => {
  const { instruments, rejects } = parse([json(), csv(row)])
  assert.deepStrictEqual(rejects, [])
  return instruments[0]!
}

const option = {
  ...share,
  ref_id: 1_120_031,
  stock_name: "NIFTY26AUG24500CE",
  asset: "NIFTY",
  derivative_type: "OPT",
  option_type: "CE",
  expiry: 20_260_828,
  strike_price: 2_450_000,
  tick_size: 5,
  lot_size: 75
}

describe("Nubra's master", () => {
  it("reads a share, prices in paise", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSE",
      token: "72329",
      name: "RELIANCE",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    const bare = one({
      asset: null,
      option_type: undefined,
      expiry: undefined,
      strike_price: null,
      exchange: "BSE"
    })
    assert.deepInclude(bare, { exchange: "BSE", name: "" })
  })

  it("reads contracts", () => {
    assert.deepStrictEqual(one(option), {
      symbol: "NIFTY28AUG2624500CE",
      exchange: "NFO",
      brokerSymbol: "NIFTY26AUG24500CE",
      brokerExchange: "NSE",
      token: "1120031",
      name: "NIFTY",
      lotSize: 75,
      tickSize: 0.05,
      expiry: "2026-08-28",
      strike: 24_500,
      type: "CE"
    })
    const future = { ...option, derivative_type: "FUT", option_type: "N/A", strike_price: 0 }
    assert.deepStrictEqual(
      [
        one({ ...option, option_type: "PE", exchange: "BSE", asset: "SENSEX", strike_price: 8_000_050 }),
        one({ ...future, exchange: "MCX", asset: "CRUDEOIL" }),
        one({ ...future, asset: "BANKNIFTY" })
      ].map((i) => `${i.exchange}:${i.symbol}`),
      ["BFO:SENSEX28AUG2680000.5PE", "MCX:CRUDEOIL28AUG26FUT", "NFO:BANKNIFTY28AUG26FUT"]
    )
  })

  it("reads indices under the name that the feed uses", () => {
    assert.deepStrictEqual(indexOf("NSE,NIFTY,NIFTY,Nifty 50"), {
      symbol: "NIFTY",
      exchange: "NSE_INDEX",
      brokerSymbol: "NIFTY",
      brokerExchange: "NSE",
      token: "NIFTY",
      name: "Nifty 50",
      lotSize: 1,
      tickSize: 0,
      type: "INDEX"
    })
    const rows = [
      "NSE,Nifty Bank,NIFTYBANK,x",
      "NSE,INDIA_VIX,,x",
      "BSE,BSECG,BSECG,x",
      "BSE,SNSX50,SENSEX50,x"
    ]
    assert.deepStrictEqual(
      rows.map((row) => indexOf(row)).map((i) => [i.symbol, i.token]),
      [
        ["BANKNIFTY", "NIFTYBANK"],
        ["INDIAVIX", "INDIA_VIX"],
        ["BSECAPITALGOODS", "BSECG"],
        ["SENSEX50", "SENSEX50"]
      ]
    )
  })

  it("takes its files in any order and number, whatever their names", () => {
    const files = [
      csv("NSE,NIFTY,NIFTY,x"),
      json(share),
      json({ ...share, exchange: "BSE", ref_id: 5 }),
      json(),
      { name: "with a mark", text: `\uFEFF${json(option).text}` }
    ]
    for (const order of [files, files.toReversed()]) {
      assert.deepStrictEqual(
        parse(order)
          .instruments.map((i) => i.exchange)
          .sort(),
        ["BSE", "NFO", "NSE", "NSE_INDEX"]
      )
    }
  })

  it("passes over what is not carried, and says what is wrong", () => {
    const { skipped } = parse([
      json({ ...share, exchange: "MCX" }, { ...share, derivative_type: "" }, { ...option, exchange: "X" }),
      csv("MCX,GOLD,GOLD,x")
    ])
    assert.deepStrictEqual(skipped, {
      "(no type) of NSE": 1,
      "OPT of X": 1,
      "STOCK of MCX": 1,
      "index of MCX": 1
    })
    assert.strictEqual(reason({ ref_id: 0 }), 'ref_id "0" is no number')
    assert.strictEqual(reason({ stock_name: "" }), "stock_name is empty")
    assert.strictEqual(reason({ tick_size: "x" }), 'tick_size "x" is no size')
    assert.strictEqual(reason({ lot_size: 0 }), 'lot_size "0" is no size')
    assert.strictEqual(reason({ exchange: undefined }), "the entry has no exchange")
    assert.strictEqual(reason({ ...option, asset: "" }), "asset is empty")
    assert.strictEqual(reason({ ...option, expiry: 20_261_340 }), 'expiry "20261340" is no date')
    assert.strictEqual(reason({ ...option, option_type: "N/A" }), 'option_type "N/A" is neither CE nor PE')
    assert.strictEqual(reason({ ...option, strike_price: 0 }), 'strike_price "0" is no price')
    const { rejects } = parse([json(share), csv("NSE,,,x")])
    assert.deepStrictEqual(rejects, [{ row: 2, reason: "x: ZANSKAR_INDEX_SYMBOL is empty" }])
  })

  it("refuses what is no such file", () => {
    assert.throws(() => parse([json(share)]), MalformedMaster, /lacks the list of indices/)
    assert.throws(() => parse([csv()]), MalformedMaster, /lacks a file of instruments/)
    assert.throws(() => parse([csv(), { name: "a", text: "[]" }]), MalformedMaster, /has no array "refdata"/)
    assert.throws(() => parse([csv(), json({ a: 1 })]), MalformedMaster, /No entry/)
    assert.throws(
      () => parse([json(share), { name: "a", text: "<html>" }]),
      MalformedMaster,
      /lacks the columns/
    )
  })

  it("is fetched for a day and with a login, the indices without", () => {
    const { sources } = broker.instrumentMaster
    const login = { authToken: Redacted.make("T"), clientCode: Redacted.make("D") }
    assert.deepStrictEqual(
      sources.map(({ headers, optional, url }) => [
        typeof url === "string" ? url : url("2026-08-20"),
        headers?.(login),
        optional
      ]),
      [
        ...["NSE", "BSE", "MCX"].map((exchange) => [
          `https://api.nubra.io/refdata/refdata/2026-08-20?exchange=${exchange}`,
          { authorization: "Bearer T", "x-device-id": "D" },
          exchange === "NSE" ? undefined : true
        ]),
        ["https://api.nubra.io/public/indexes?format=csv", undefined, undefined]
      ]
    )
  })
})
