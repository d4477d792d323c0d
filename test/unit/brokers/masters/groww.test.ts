import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/groww.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const header =
  "exchange,exchange_token,trading_symbol,groww_symbol,name,instrument_type,segment,series,isin,underlying_symbol,underlying_exchange_token,expiry_date,strike_price,lot_size,tick_size,freeze_quantity,is_reserved"
const csv = (...rows: ReadonlyArray<string>): string => [header, ...rows, ""].join("\n")
const one = (row: string): Instrument => {
  const { instruments, rejects, skipped } = parse(csv(row))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("Groww's master", () => {
  it("takes shares under their trading symbol", () => {
    const row =
      'NSE,2885,RELIANCE,NSE-RELIANCE,"Reliance Industries, Ltd",EQ,CASH,EQ,INE002A01018,,,,,1,0.10,100000,0'
    assert.deepStrictEqual(one(row), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSE",
      token: "2885",
      name: "Reliance Industries, Ltd",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    const sensex = "BSE,500325,RELIANCE,BSE-RELIANCE,Reliance,EQ,CASH,A,INE002A01018,,,,,1,0.05,,0"
    assert.strictEqual(one(sensex).exchange, "BSE")
  })

  it.each<readonly [string, string, string, string, string, string, string, string]>([
    ["NSE", "51998", "BANKNIFTY26AUGFUT", "FUT", "BANKNIFTY", "2026-08-25", "", "NFO:BANKNIFTY25AUG26FUT"],
    ["NSE", "43210", "NIFTY26AUG24500CE", "CE", "NIFTY", "2026-08-28", "24500.0", "NFO:NIFTY28AUG2624500CE"],
    ["NSE", "1", "X26AUG247.5PE", "PE", "X", "2026-08-28", "247.50", "NFO:X28AUG26247.5PE"],
    ["BSE", "826625", "SENSEX2681380000PE", "PE", "SENSEX", "2026-08-13", "80000", "BFO:SENSEX13AUG2680000PE"]
  ])("builds contracts of %s: %s %s", (exchange, token, symbol, type, underlying, expiry, strike, name) => {
    const found = one(
      `${exchange},${token},${symbol},G,,${type},FNO,,,${underlying},1,${expiry},${strike},75,0.05,1800,0`
    )
    assert.strictEqual(`${found.exchange}:${found.symbol}`, name)
    assert.strictEqual(found.type, type)
    assert.deepInclude(found, { brokerExchange: exchange, token, expiry, lotSize: 75 })
    assert.strictEqual(found.strike, strike === "" ? undefined : Number(strike))
  })

  it.each([
    ["NSE", "NIFTY", "NIFTY", "NSE_INDEX:NIFTY"],
    ["NSE", "NIFTYJR", "NIFTYJR", "NSE_INDEX:NIFTYNXT50"],
    ["NSE", "NIFTYMIDSELECT", "NIFTYMIDSELECT", "NSE_INDEX:MIDCPNIFTY"],
    ["BSE", "1", "SENSEX", "BSE_INDEX:SENSEX"],
    ["BSE", "14", "BANKEX", "BSE_INDEX:BANKEX"]
  ])("names the index %s %s %s", (exchange, token, symbol, name) => {
    const found = one(`${exchange},${token},${symbol},G,Index,IDX,CASH,,,,,,,,,,0`)
    assert.strictEqual(`${found.exchange}:${found.symbol}`, name)
    assert.deepInclude(found, { token, type: "INDEX", lotSize: 1, tickSize: 0 })
  })

  it("skips what is not carried, and says what is wrong with a row", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "MCX,1,GOLD26AUGFUT,G,,FUT,COMMODITY,,,GOLD,1,2026-08-05,,1,1,,0",
        "US,1,AAPL,G,Apple,EQ,CASH,,,,,,,1,0.05,,0",
        "NSE,x1,BAD,G,Bad,EQ,CASH,EQ,,,,,,1,0.05,,0",
        "NSE,1,BAD,G,Bad,EQ,CASH,EQ,,,,,,,0.05,,0",
        "NSE,2,BAD,G,Bad,EQ,CASH,EQ,,,,,,1,,,0",
        "NSE,3,BADFUT,G,,FUT,FNO,,,BAD,1,25-08-2026,,75,0.05,,0",
        "NSE,4,BADCE,G,,CE,FNO,,,BAD,1,2026-08-25,,75,0.05,,0",
        "NSE,5,BADCE,G,,FUT,FNO,,,,1,2026-08-25,,75,0.05,,0",
        "NSE,6,GOOD,G,Good,EQ,CASH,EQ,,,,,,1,0.05,,0"
      )
    )
    assert.deepStrictEqual(
      instruments.map((i) => i.symbol),
      ["GOOD"]
    )
    assert.deepStrictEqual(skipped, { "FUT of COMMODITY": 1, "exchange US": 1 })
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      [4, 5, 6, 7, 8, 9]
    )
  })

  it("finds its columns in any order, and refuses a file without them", () => {
    const names = header.split(",").toReversed()
    const row = "NSE,2885,RELIANCE,G,Reliance,EQ,CASH,EQ,I,,,,,1,0.1,,0".split(",").toReversed()
    assert.strictEqual(parse(`${names.join(",")}\n${row.join(",")}\n`).instruments[0]?.token, "2885")
    assert.throws(() => parse("<html>Not found</html>"), MalformedMaster, /instrument\.csv/)
  })
})
