import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/angel.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const share = {
  token: "2885",
  symbol: "RELIANCE-EQ",
  name: "RELIANCE",
  expiry: "",
  strike: "-1.000000",
  lotsize: "1",
  instrumenttype: "",
  exch_seg: "NSE",
  tick_size: "5.000000"
}
type Row = { readonly [K in keyof typeof share]: string }
const json = (...rows: ReadonlyArray<unknown>): string => JSON.stringify(rows)
const one = (changed: Partial<Row>): Instrument => {
  const { instruments, rejects, skipped } = parse(json({ ...share, ...changed }))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("Angel One's master", () => {
  it("takes the series off shares, and tick sizes in paise", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE-EQ",
      brokerExchange: "NSE",
      token: "2885",
      name: "RELIANCE",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.05,
      type: "EQ"
    })
    const symbols = ["A-BE", "A-MF", "A-SG", "A-N1", "BAJAJ-AUTO-EQ", "M&M-EQ", "A-EQUITY"]
    assert.deepStrictEqual(
      symbols.map((symbol) => one({ symbol }).symbol),
      ["A", "A", "A-SG", "A-N1", "BAJAJ-AUTO", "M&M", "A-EQUITY"]
    )
    assert.strictEqual(one({ symbol: "TATAMOTORS", exch_seg: "BSE" }).exchange, "BSE")
  })

  it("keeps NFO's symbols and reads strikes in paise", () => {
    const option = one({
      symbol: "NIFTY28MAR2420800CE",
      name: "NIFTY",
      expiry: "28MAR2024",
      strike: "2080000.000000",
      lotsize: "50",
      instrumenttype: "OPTIDX",
      exch_seg: "NFO"
    })
    assert.deepStrictEqual(
      [option.symbol, option.expiry, option.strike, option.type, option.lotSize],
      ["NIFTY28MAR2420800CE", "2024-03-28", 20800, "CE", 50]
    )
    const future = one({
      symbol: "BANKNIFTY24APR24FUT",
      expiry: "24APR2024",
      instrumenttype: "FUTIDX",
      exch_seg: "NFO"
    })
    assert.deepStrictEqual([future.symbol, future.type], ["BANKNIFTY24APR24FUT", "FUT"])
    assert.notProperty(future, "strike")
  })

  it("builds the symbols of the other exchanges", () => {
    const rows: ReadonlyArray<readonly [Partial<Row>, string]> = [
      [
        {
          symbol: "SENSEX24APRFUT",
          name: "SENSEX",
          expiry: "24APR2024",
          instrumenttype: "FUTIDX",
          exch_seg: "BFO"
        },
        "SENSEX24APR24FUT"
      ],
      [
        {
          symbol: "SENSEX2442473500PE",
          name: "SENSEX",
          expiry: "24APR2024",
          strike: "7350000.0",
          instrumenttype: "OPTIDX",
          exch_seg: "BFO"
        },
        "SENSEX24APR2473500PE"
      ],
      [
        {
          symbol: "CRUDEOIL24MAY6850CE",
          name: "CRUDEOIL",
          expiry: "16MAY2024",
          strike: "685050.000000",
          instrumenttype: "OPTFUT",
          exch_seg: "MCX"
        },
        "CRUDEOIL16MAY246850.5CE"
      ],
      [
        {
          symbol: "USDINR24MAYFUT",
          name: "USDINR",
          expiry: "10MAY2024",
          instrumenttype: "FUTCUR",
          exch_seg: "CDS"
        },
        "USDINR10MAY24FUT"
      ],
      [
        {
          symbol: "USDINR24MAY83.25CE",
          name: "USDINR",
          expiry: "10MAY2024",
          strike: "832500000.000000",
          instrumenttype: "OPTCUR",
          exch_seg: "CDS"
        },
        "USDINR10MAY2483.25CE"
      ],
      [
        {
          symbol: "GUARSEED10MAY24",
          name: "GUARSEED10",
          expiry: "20MAY2024",
          instrumenttype: "FUTCOM",
          exch_seg: "NCDEX"
        },
        "GUARSEED1020MAY24FUT"
      ]
    ]
    for (const [row, symbol] of rows) assert.strictEqual(one(row).symbol, symbol)
    assert.strictEqual(one(rows[4]![0]).strike, 83.25)
  })

  it.each([
    ["NSE", "Nifty 50", "NSE_INDEX", "NIFTY"],
    ["NSE", "NIFTY", "NSE_INDEX", "NIFTY"],
    ["NSE", "Nifty Bank", "NSE_INDEX", "BANKNIFTY"],
    ["NSE", "Nifty Fin Service", "NSE_INDEX", "FINNIFTY"],
    ["NSE", "Nifty Next 50", "NSE_INDEX", "NIFTYNXT50"],
    ["NSE", "NIFTY MID SELECT", "NSE_INDEX", "MIDCPNIFTY"],
    ["NSE", "Nifty Midcap Select", "NSE_INDEX", "MIDCPNIFTY"],
    ["NSE", "India VIX", "NSE_INDEX", "INDIAVIX"],
    ["NSE", "NIFTY-MIDCAP 50", "NSE_INDEX", "NIFTYMIDCAP50"],
    ["BSE", "S&P BSE Metal", "BSE_INDEX", "BSEMETAL"],
    ["BSE", "SENSEX", "BSE_INDEX", "SENSEX"],
    ["BSE", "SNSX50", "BSE_INDEX", "SENSEX50"],
    ["MCX", "MCXBULLDEX", "MCX_INDEX", "MCXBULLDEX"]
  ])("names index %s %s", (exch_seg, name, exchange, symbol) => {
    const index = one({
      exch_seg,
      name,
      symbol: name,
      token: "99926000",
      instrumenttype: "AMXIDX",
      tick_size: "0.000000"
    })
    assert.deepStrictEqual(
      [index.symbol, index.exchange, index.brokerExchange, index.type, index.lotSize],
      [symbol, exchange, exch_seg, "INDEX", 1]
    )
  })

  it("counts kinds that it does not carry", () => {
    const { instruments, rejects, skipped } = parse(
      json(
        { ...share, exch_seg: "NCO" },
        { ...share, exch_seg: "MCX", instrumenttype: "COMDTY" },
        { ...share, exch_seg: "CDS", instrumenttype: "UNDCUR" },
        { ...share, exch_seg: "CDS", instrumenttype: "UNDCUR" },
        { ...share, exch_seg: "MCX" },
        { ...share, exch_seg: "NCDEX", instrumenttype: "AMXIDX" }
      )
    )
    assert.deepStrictEqual([instruments, rejects], [[], []])
    assert.deepStrictEqual(skipped, {
      "(no instrumenttype) of MCX": 1,
      COMDTY: 1,
      UNDCUR: 2,
      "index of NCDEX": 1,
      "segment NCO": 1
    })
  })

  it("rejects bad entries by number and reason, and keeps the others", () => {
    const option = {
      ...share,
      symbol: "X1CE",
      expiry: "28MAR2024",
      strike: "100.0",
      instrumenttype: "OPTIDX",
      exch_seg: "BFO"
    }
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [{ ...share, token: "A1" }, 'token "A1"'],
      [{ ...share, token: "0123" }, "token"],
      [{ ...share, symbol: "" }, "symbol"],
      [{ ...share, symbol: "-EQ" }, "symbol"],
      [{ ...share, tick_size: "" }, "tick_size"],
      [{ ...share, lotsize: "0" }, "lotsize"],
      [{ ...option, expiry: "31FEB2024" }, "expiry"],
      [{ ...option, expiry: "28FOO2024" }, "expiry"],
      [{ ...option, expiry: "" }, "expiry"],
      [{ ...option, strike: "-1.000000" }, "strike"],
      [{ ...option, symbol: "X1XX" }, "ends in neither"],
      [{ ...option, name: "" }, "name"],
      [{ ...share, lotsize: null }, "no lotsize"],
      ["text", "no object"],
      [null, "no object"]
    ]
    const { instruments, rejects } = parse(json(share, ...rows.map(([row]) => row)))
    assert.strictEqual(instruments.length, 1)
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      rows.map((_, i) => i + 2)
    )
    for (const [i, [, reason]] of rows.entries()) assert.include(rejects[i]?.reason, reason)
  })

  it("keeps the series of a share apart, and takes numbers for their text", () => {
    const { instruments, rejects } = parse(
      json({ ...share, token: 2885 }, { ...share, symbol: "RELIANCE-BE", token: "9" })
    )
    assert.deepStrictEqual(
      instruments.map((i) => `${i.symbol} ${i.token}`),
      ["RELIANCE 2885", "RELIANCE-BE 9"]
    )
    assert.deepStrictEqual(rejects, [])
  })

  it.each([
    ["nothing", "", "is no JSON"],
    ["an error page", "<html>502 Bad Gateway</html>", "is no JSON"],
    ["half a file", json(share, share).slice(0, -20), "is no JSON"],
    ["an answer instead", '{"status":false,"message":"Too many requests"}', "is no array"],
    ["an empty array", "[]", "No entry"],
    ["an array of something else", '[{"a":1},{"a":2}]', "No entry"]
  ])("says what is wrong with %s, and what to do", (_, text, message) => {
    assert.throws(() => parse(text), MalformedMaster, message)
    assert.throws(() => parse(text), MalformedMaster, "OpenAPIScripMaster.json")
  })

  it("takes a byte order mark", () => {
    assert.strictEqual(parse(`\uFEFF${json(share)}`).instruments.length, 1)
  })
})
