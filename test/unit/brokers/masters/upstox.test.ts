import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/upstox.ts"
import { Instrument, nameOf } from "../../../../src/market/instrument.ts"

const share = {
  segment: "NSE_EQ",
  name: "RELIANCE INDUSTRIES LTD",
  exchange: "NSE",
  isin: "INE002A01018",
  instrument_type: "EQ",
  instrument_key: "NSE_EQ|INE002A01018",
  lot_size: 1,
  freeze_quantity: 100_000,
  exchange_token: "2885",
  tick_size: 5,
  trading_symbol: "RELIANCE",
  short_name: "RELIANCE"
}
type Row = Readonly<Record<string, unknown>>
const json = (...rows: ReadonlyArray<unknown>): string => JSON.stringify(rows)
const one = (changed: Row): Instrument => {
  const { instruments, rejects, skipped } = parse(json({ ...share, ...changed }))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}
const reason = (changed: Row): string | undefined =>
  parse(json(share, { ...share, trading_symbol: "SECOND", ...changed })).rejects[0]?.reason

/** The last second of the day in India. */
const endOf = (day: string): number => Date.parse(`${day}T23:59:59+05:30`)
const option = {
  segment: "NSE_FO",
  name: "NIFTY",
  instrument_type: "CE",
  instrument_key: "NSE_FO|43821",
  expiry: endOf("2024-03-28"),
  strike_price: 20_800,
  lot_size: 50,
  trading_symbol: "NIFTY 20800 CE 28 MAR 24"
}

describe("Upstox' master", () => {
  it("reads a share under its key", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSE_EQ",
      token: "NSE_EQ|INE002A01018",
      name: "RELIANCE INDUSTRIES LTD",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.05,
      type: "EQ"
    })
    const bse = one({ segment: "BSE_EQ", instrument_key: "BSE_EQ|INE155A01022", instrument_type: "A" })
    assert.deepInclude(bse, { exchange: "BSE", type: "EQ", token: "BSE_EQ|INE155A01022" })
  })

  it("reads a contract", () => {
    assert.deepStrictEqual(one(option), {
      symbol: "NIFTY28MAR2420800CE",
      exchange: "NFO",
      brokerSymbol: "NIFTY 20800 CE 28 MAR 24",
      brokerExchange: "NSE_FO",
      token: "NSE_FO|43821",
      name: "NIFTY",
      lotSize: 50,
      tickSize: 0.05,
      expiry: "2024-03-28",
      strike: 20_800,
      type: "CE"
    })
  })

  it.each([
    ["NSE_FO", "FUT", "BAJAJ-AUTO FUT 25 APR 24", 0, "NFO", "BAJAJ-AUTO25APR24FUT"],
    ["BSE_FO", "FUT", "SENSEX FUT 24 APR 24", 0, "BFO", "SENSEX24APR24FUT"],
    ["BSE_FO", "PE", "SENSEX 73500 PE 5 APR 24", 73_500, "BFO", "SENSEX05APR2473500PE"],
    ["NCD_FO", "FUT", "USDINR FUT 10 MAY 24", 0, "CDS", "USDINR10MAY24FUT"],
    ["NCD_FO", "CE", "USDINR 84.2500 CE 10 MAY 24", 84.25, "CDS", "USDINR10MAY2484.25CE"],
    ["BCD_FO", "FUT", "USDINR FUT 10 MAY 24", 0, "BCD", "USDINR10MAY24FUT"],
    ["MCX_FO", "FUT", "CRUDEOILM FUT 20 MAY 24", 0, "MCX", "CRUDEOILM20MAY24FUT"],
    ["NSE_COM", "FUT", "GOLD 1G FUT 20 MAY 24", 0, "NCO", "GOLD1G20MAY24FUT"]
  ])("names %s %s %s", (segment, instrument_type, trading_symbol, strike_price, exchange, symbol) => {
    const found = one({
      ...option,
      segment,
      instrument_type,
      trading_symbol,
      strike_price,
      instrument_key: `${segment}|5`,
      expiry: undefined
    })
    assert.strictEqual(nameOf(found), `${exchange}:${symbol}`)
    assert.strictEqual(found.strike, strike_price === 0 ? undefined : strike_price)
  })

  it.each([
    ["NSE_INDEX", "NIFTY 50", "NSE_INDEX", "NIFTY"],
    ["NSE_INDEX", "Nifty Bank", "NSE_INDEX", "BANKNIFTY"],
    ["NSE_INDEX", "BANKNIFTY", "NSE_INDEX", "BANKNIFTY"],
    ["NSE_INDEX", "NIFTY FIN SERVICE", "NSE_INDEX", "FINNIFTY"],
    ["NSE_INDEX", "NIFTY MID SELECT", "NSE_INDEX", "MIDCPNIFTY"],
    ["NSE_INDEX", "NIFTY NEXT 50", "NSE_INDEX", "NIFTYNXT50"],
    ["NSE_INDEX", "INDIA VIX", "NSE_INDEX", "INDIAVIX"],
    ["NSE_INDEX", "NIFTY 100", "NSE_INDEX", "NIFTY100"],
    ["BSE_INDEX", "SENSEX", "BSE_INDEX", "SENSEX"],
    ["BSE_INDEX", "SNSX50", "BSE_INDEX", "SENSEX50"],
    ["BSE_INDEX", "BSE HC", "BSE_INDEX", "BSEHEALTHCARE"],
    ["GLOBAL_INDEX", "^DJI", "GLOBAL_INDEX", "DOWJONES"],
    ["GLOBAL_INDEX", "GIFT NIFTY", "GLOBAL_INDEX", "GIFTNIFTY"],
    ["GLOBAL_INDICATOR", "BZUSD", "GLOBAL_INDEX", "BRENTOIL"]
  ])("names the index %s %s", (segment, trading_symbol, exchange, symbol) => {
    const { instruments } = parse(
      json({
        segment,
        trading_symbol,
        name: trading_symbol,
        instrument_type: "INDEX",
        instrument_key: `${segment}|Name of Its Own`
      })
    )
    assert.strictEqual(nameOf(instruments[0]!), `${exchange}:${symbol}`)
    assert.deepInclude(instruments[0], {
      token: `${segment}|Name of Its Own`,
      lotSize: 1,
      tickSize: 0,
      type: "INDEX"
    })
  })

  it("passes over what is not carried, and says what is wrong", () => {
    const { skipped } = parse(
      json({ ...share, segment: "NSE_X" }, { ...share, ...option, instrument_type: "SPREAD" })
    )
    assert.deepStrictEqual(skipped, { "SPREAD of NSE_FO": 1, "segment NSE_X": 1 })
    const foreign = 'instrument_key "BSE_EQ|INE002A01018" is no key of NSE_EQ'
    assert.strictEqual(reason({ instrument_key: "BSE_EQ|INE002A01018" }), foreign)
    assert.strictEqual(reason({ instrument_key: "NSE_EQ|" }), 'instrument_key "NSE_EQ|" is no key of NSE_EQ')
    assert.strictEqual(reason({ trading_symbol: "", name: "" }), "trading_symbol is empty")
    assert.strictEqual(reason({ tick_size: -5 }), 'tick_size "-5" is no size')
    assert.strictEqual(reason({ lot_size: undefined }), 'lot_size "" is no size')
    assert.strictEqual(reason({ segment: undefined }), "the entry has no segment")
    const spelling = (trading_symbol: string) => reason({ ...option, trading_symbol })
    assert.include(spelling("NIFTY24MAR20800CE"), "is not spelled like a contract")
    assert.include(spelling("NIFTY 20800 PE 28 MAR 24"), "is not spelled like a contract")
    assert.include(spelling("NIFTY 20800 CE 31 FEB 24"), "holds no date")
    assert.include(spelling("NIFTY 20800 CE 27 MAR 24"), "are of different days")
    assert.strictEqual(reason({ ...option, strike_price: 0 }), 'strike_price "0" is no price')
  })

  it("refuses what is no such file", () => {
    assert.throws(() => parse("{}"), MalformedMaster, /Upstox.*is no array/)
    assert.throws(() => parse("[{}]"), MalformedMaster, /No entry.*instrument_key/)
    assert.throws(() => parse("[{"), MalformedMaster, /no JSON/)
  })
})
