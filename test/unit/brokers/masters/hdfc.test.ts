import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import type { ParsedMaster } from "../../../../src/brokers/broker.ts"
import { parse as parseSecurities } from "../../../../src/brokers/masters/hdfcsecurities.ts"
import { parse as parseSky } from "../../../../src/brokers/masters/hdfcsky.ts"
import { Instrument, nameOf } from "../../../../src/market/instrument.ts"

const only = ({ instruments, rejects, skipped }: ParsedMaster): Instrument => {
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("HDFC Sky's master", () => {
  const share = {
    exchange_token: "2885",
    trading_symbol: "RELIANCE-EQ",
    company_name: "RELIANCE INDUSTRIES",
    close_price: "1412.6",
    expiry: "01-Jan-0001",
    strike: "0",
    tick_size: "0.1",
    lot_size: "1",
    instrument_name: "EQUITY",
    option_type: "XX",
    segment: "EQ",
    exchange: "NSE",
    isin: "INE002A01018"
  }
  type Fields = { readonly [K in keyof typeof share]: string }
  const csv = (...rows: ReadonlyArray<Partial<Fields>>): string =>
    [Object.keys(share), ...rows.map((row) => Object.values({ ...share, ...row }))]
      .map((cells) => cells.join(","))
      .join("\n")
  const one = (row: Partial<Fields>): Instrument => only(parseSky(csv(row)))
  const reason = (row: Partial<Fields>): string | undefined => parseSky(csv(row)).rejects[0]?.reason
  const skipped = (row: Partial<Fields>) => parseSky(csv(row)).skipped

  it("reads a share", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE-EQ",
      brokerExchange: "NSE",
      token: "2885",
      name: "RELIANCE INDUSTRIES",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
  })

  it("takes only EQ off NSE's shares, and the group off BSE's", () => {
    const nse = ["BAJAJ-AUTO-EQ", "BAJAJ-AUTO-T0", "M&M-EQ", "SBIN-N1"]
    assert.deepStrictEqual(
      nse.map((trading_symbol) => one({ trading_symbol }).symbol),
      ["BAJAJ-AUTO", "BAJAJ-AUTO-T0", "M&M", "SBIN-N1"]
    )
    const bse = [
      ["RELIANCE-A", "A"],
      ["BAJAJ-AUTO-A", "A"],
      ["ABC-XT", "XT"],
      ["ABC-B", ""],
      ["BAJAJ-AUTO", ""]
    ] as const
    assert.deepStrictEqual(
      bse.map(([trading_symbol, segment]) => one({ trading_symbol, segment, exchange: "BSE" }).symbol),
      ["RELIANCE", "BAJAJ-AUTO", "ABC", "ABC", "BAJAJ-AUTO"]
    )
  })

  it.each([
    ["NIFTY26AUG24500CE", "28-Aug-2026", "24500", "CE", "NFO", "NIFTY", "NIFTY28AUG2624500CE"],
    ["SENSEX2681380000PE", "13-Aug-2026", "80000", "PE", "BFO", "SENSEX", "SENSEX13AUG2680000PE"],
    ["M&M26AUG262.5PE", "25-Aug-2026", "262.50", "PE", "NFO", "M&M", "M&M25AUG26262.5PE"],
    ["BANKNIFTY26AUGFUT", "25-Aug-2026", "-0.01", "XX", "NFO", "BANKNIFTY", "BANKNIFTY25AUG26FUT"],
    ["EURINR26O01FUT", "01-Oct-2026", "-0.01", "", "CDS", "EURINR26O01FUT", "EURINR01OCT26FUT"],
    ["GOLDPETAL26AUGFUT", "31-Aug-2026", "-0.01", "XX", "MCX", "", "GOLDPETAL31AUG26FUT"]
  ])("names %s", (trading_symbol, expiry, strike, option_type, exchange, company_name, symbol) => {
    const found = one({
      trading_symbol,
      expiry,
      strike,
      option_type,
      exchange,
      company_name,
      instrument_name: "",
      segment: exchange
    })
    assert.strictEqual(found.symbol, symbol)
    assert.strictEqual(found.brokerSymbol, trading_symbol)
    assert.strictEqual(found.strike, strike === "-0.01" ? undefined : Number(strike))
    assert.notInclude(found.name, "26")
  })

  it("falls back on the company's name, and gives up where it tells nothing", () => {
    const test = {
      trading_symbol: "ODDNAME26JULFUT",
      expiry: "25-Aug-2026",
      exchange: "NFO",
      instrument_name: "FUTSTK"
    }
    assert.strictEqual(one({ ...test, company_name: "ODD" }).symbol, "ODD25AUG26FUT")
    assert.include(reason({ ...test, company_name: "" }), "does not tell its underlying")
    assert.include(reason({ ...test, company_name: test.trading_symbol }), "does not tell its underlying")
  })

  it("finds indices among the cash rows", () => {
    const index = (trading_symbol: string, exchange: string) =>
      one({
        trading_symbol,
        exchange,
        segment: exchange === "NSE" ? "INDICES" : "IDX",
        tick_size: "",
        lot_size: "0"
      })
    const names = [
      "Nifty 50",
      "Nifty Bank",
      "Nifty Fin Service",
      "NIFTY MID SELECT",
      "Nifty Next 50",
      "India VIX"
    ]
    assert.deepStrictEqual(
      names.map((name) => index(name, "NSE").symbol),
      ["NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "INDIAVIX"]
    )
    assert.deepStrictEqual(
      ["SENSEX", "SNSX50", "BSE HC"].map((name) => index(name, "BSE").symbol),
      ["SENSEX", "SENSEX50", "BSEHC"]
    )
    assert.deepInclude(index("Nifty 50", "NSE"), {
      exchange: "NSE_INDEX",
      brokerExchange: "NSE",
      lotSize: 1,
      tickSize: 0,
      type: "INDEX"
    })
  })

  it("passes over what is not carried, and says what is wrong", () => {
    assert.deepStrictEqual(skipped({ exchange: "MCX", segment: "COM", trading_symbol: "GOLD" }), {
      "COM of MCX": 1
    })
    assert.deepStrictEqual(skipped({ exchange: "NCO" }), { "exchange NCO": 1 })
    const contract = {
      trading_symbol: "NIFTY26AUG24500CE",
      option_type: "CE",
      exchange: "NFO",
      strike: "24500"
    }
    assert.strictEqual(reason({ exchange_token: "02885" }), 'exchange_token "02885" is no token')
    assert.strictEqual(reason({ trading_symbol: "" }), "trading_symbol is empty")
    assert.strictEqual(reason({ tick_size: "-1" }), 'tick_size "-1" is no size')
    assert.strictEqual(reason({ lot_size: "0" }), 'lot_size "0" is no size')
    assert.strictEqual(reason(contract), 'expiry "01-Jan-0001" is no date')
    assert.strictEqual(reason({ ...contract, expiry: "28-Aug-2026", strike: "0" }), 'strike "0" is no price')
  })

  it("refuses what is no such file", () => {
    assert.throws(() => parseSky("a,b\n1,2"), MalformedMaster, /HDFC Sky.*lacks the columns exchange_token/)
  })
})

describe("HDFC Securities' master", () => {
  const share = {
    exchange: "NSE",
    security_id: "RELINDEQNR",
    instrument_segment: "EQUITY",
    expiry_date: "",
    strike_price: "",
    option_type: "",
    lot_size: "1",
    tick_size: "10",
    close_price: "1412.6",
    exch_security_id: "2885",
    symbol_name: "RELIANCE",
    underline_symbol: "",
    open_price: ""
  }
  type Fields = { readonly [K in keyof typeof share]: string }
  const csv = (...rows: ReadonlyArray<Partial<Fields>>): string =>
    [Object.keys(share), ...rows.map((row) => Object.values({ ...share, ...row }))]
      .map((cells) => cells.join(","))
      .join("\n")
  const one = (row: Partial<Fields>): Instrument => only(parseSecurities(csv(row)))
  const reason = (row: Partial<Fields>): string | undefined => parseSecurities(csv(row)).rejects[0]?.reason

  it("reads a share", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELINDEQNR",
      brokerExchange: "NSE",
      token: "2885",
      name: "RELIANCE",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    assert.strictEqual(one({ symbol_name: "BAJAJ-AUTO" }).symbol, "BAJAJ-AUTO")
    assert.strictEqual(one({ symbol_name: "SBIN-EQ" }).symbol, "SBIN")
    assert.strictEqual(
      one({ symbol_name: "SBIN-A", exchange: "BSE", exch_security_id: "500112" }).symbol,
      "SBIN"
    )
  })

  it("reads tick sizes in paise, and in rupees where they have a point", () => {
    assert.deepStrictEqual(
      ["1", "5", "100", ".0025", "0.05"].map((tick_size) => one({ tick_size }).tickSize),
      [0.01, 0.05, 1, 0.0025, 0.05]
    )
    assert.strictEqual(one({ lot_size: "999999999" }).lotSize, 1)
  })

  it("prefers the equity among the rows of one name", () => {
    const rows = ["STABANN6NR", "STABANEQTT", "STABANEQNR", "STABANMFNR"].map((security_id, i) => ({
      security_id,
      symbol_name: "SBIN",
      exch_security_id: String(3045 + i)
    }))
    const expected = [
      ["SBIN-N6", "STABANN6NR"],
      ["SBIN-BE", "STABANEQTT"],
      ["SBIN", "STABANEQNR"],
      ["SBIN-MF", "STABANMFNR"]
    ]
    for (const order of [rows, rows.toReversed()]) {
      const { instruments, rejects, skipped } = parseSecurities(csv(...order))
      assert.deepStrictEqual(
        instruments.map((i) => [i.symbol, i.brokerSymbol]),
        order === rows ? expected : expected.toReversed()
      )
      assert.deepStrictEqual([rejects, skipped], [[], {}])
    }
    const withoutRolling = parseSecurities(csv(rows[0]!, rows[1]!, { ...rows[2], security_id: "SBIN" }))
    assert.strictEqual(
      withoutRolling.instruments.find((i) => i.symbol === "SBIN")?.brokerSymbol,
      "STABANEQTT"
    )
  })

  it("takes the name of a BSE row that has none from NSE's row of the same id", () => {
    const bse = { exchange: "BSE", symbol_name: "" }
    const { instruments } = parseSecurities(
      csv(
        { ...bse, security_id: "MAHMAHEQNR", exch_security_id: "500520" },
        { ...bse, security_id: "UNKNOWEQNR", exch_security_id: "500999" },
        { security_id: "MAHMAHEQNR", symbol_name: "M&M", exch_security_id: "2031" }
      )
    )
    assert.deepStrictEqual(
      instruments.map((i) => `${i.exchange}:${i.symbol}`),
      ["BSE:M&M", "BSE:UNKNOWEQNR", "NSE:M&M"]
    )
  })

  it.each([
    ["NSE", "OPTIDX", "2026-08-28", "24500", "CE", "NIFTY", "NFO", "NIFTY28AUG2624500CE"],
    ["NSE", "FUTIDX", "2026-08-25", "-0.01", "", "BANKNIFTY", "NFO", "BANKNIFTY25AUG26FUT"],
    ["NSE", "OPTSTK", "2026-08-25", "126.250", "PE", "M&M", "NFO", "M&M25AUG26126.25PE"],
    ["BSE", "OPTIDX", "2026-08-13", "80000", "PE", "SENSEX", "BFO", "SENSEX13AUG2680000PE"],
    ["NSE", "FUTCUR", "2026-08-27", "-0.0000001", "", "USDINR", "CDS", "USDINR27AUG26FUT"],
    ["MCX", "FUTCOM", "2026-08-19", "0", "", "CRUDEOIL", "MCX", "CRUDEOIL19AUG26FUT"],
    ["MCX", "OPTFUT", "2026-08-19", "6200", "CE", "CRUDEOIL", "MCX", "CRUDEOIL19AUG266200CE"]
  ])(
    "finds the exchange of %s %s",
    (exchange, instrument_segment, expiry_date, strike_price, option_type, name, common, symbol) => {
      const row = {
        exchange,
        instrument_segment,
        expiry_date,
        strike_price,
        option_type,
        security_id: "B826625"
      }
      for (const names of [
        { symbol_name: name, underline_symbol: name },
        { symbol_name: name, underline_symbol: "" },
        { symbol_name: "spelt otherwise", underline_symbol: name }
      ]) {
        const found = one({ ...row, ...names })
        assert.strictEqual(nameOf(found), `${common}:${symbol}`)
        assert.deepInclude(found, { name, brokerSymbol: "B826625", brokerExchange: exchange })
      }
    }
  )

  it("finds the underlying in a trading symbol", () => {
    const row = {
      instrument_segment: "OPTIDX",
      expiry_date: "2026-08-28",
      strike_price: "24500",
      option_type: "CE"
    }
    assert.strictEqual(one({ ...row, symbol_name: "NIFTY26AUG24500CE" }).symbol, "NIFTY28AUG2624500CE")
  })

  it("finds indices by their tokens", () => {
    const at = (exchange: string, exch_security_id: string, symbol_name: string, security_id = "X") =>
      one({ exchange, exch_security_id, symbol_name, security_id, tick_size: "", lot_size: "" })
    assert.deepStrictEqual(
      [
        at("NSE", "26000", "NIFTY", "NIFTYEQEQNR"),
        at("NSE", "26009", "Nifty Bank"),
        at("NSE", "26999", "NIFTYMID50"),
        at("NSE", "26012", "", "CNX100EQ"),
        at("BSE", "1", "SENSEX"),
        at("BSE", "999", "SNSX50")
      ].map((i) => `${i.exchange}:${i.symbol}`),
      [
        "NSE_INDEX:NIFTY",
        "NSE_INDEX:BANKNIFTY",
        "NSE_INDEX:NIFTYMIDCAP50",
        "NSE_INDEX:NIFTY100",
        "BSE_INDEX:SENSEX",
        "BSE_INDEX:SENSEX50"
      ]
    )
    assert.deepStrictEqual(
      [
        one({ exch_security_id: "25999" }),
        one({ exch_security_id: "27000" }),
        one({ exchange: "BSE", exch_security_id: "1000" })
      ].map((i) => i.exchange),
      ["NSE", "NSE", "BSE"]
    )
  })

  it("passes over what is not carried, and says what is wrong", () => {
    const { skipped } = parseSecurities(
      csv(
        { exch_security_id: "DUMMY5" },
        { instrument_segment: "UNDCUR" },
        { exchange: "MCX", instrument_segment: "COM" },
        { exchange: "BSE", instrument_segment: "FUTCUR" },
        { exchange: "MCX" }
      )
    )
    assert.deepStrictEqual(skipped, {
      "BSE FUTCUR": 1,
      "MCX COM": 1,
      "MCX EQUITY": 1,
      "NSE UNDCUR": 1,
      "without a token": 1
    })
    const option = {
      instrument_segment: "OPTIDX",
      expiry_date: "2026-08-28",
      strike_price: "5",
      option_type: "CE"
    }
    assert.strictEqual(reason({ exch_security_id: "x" }), 'exch_security_id "x" is no token')
    assert.strictEqual(reason({ security_id: "" }), "security_id is empty")
    assert.strictEqual(reason({ tick_size: "" }), 'tick_size "" is no size')
    assert.strictEqual(reason({ ...option, lot_size: "0" }), 'lot_size "0" is no size')
    assert.strictEqual(reason({ ...option, option_type: "XX" }), 'option_type "XX" is neither CE nor PE')
    assert.strictEqual(
      reason({ ...option, expiry_date: "2026-13-01" }),
      'expiry_date "2026-13-01" is no date'
    )
    assert.strictEqual(reason({ ...option, strike_price: "0" }), 'strike_price "0" is no price')
    assert.strictEqual(reason({ ...option, symbol_name: "" }), "underline_symbol is empty")
    const { rejects } = parseSecurities(`${csv({})}\nNSE,short`)
    assert.deepStrictEqual(rejects, [{ row: 3, reason: "the row has 2 fields where the header has 13" }])
  })

  it("refuses what is no such file", () => {
    assert.throws(
      () => parseSecurities("<html>"),
      MalformedMaster,
      /HDFC Securities.*lacks the columns exchange/
    )
  })
})
