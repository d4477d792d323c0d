import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { broker } from "../../../../src/brokers/data/arrow.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/arrow.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const HEADER =
  "Exchange,Segment,ExchSeg,Token,FullName,Symbol,TradingSymbol,Series,ISIN,LotSize,TickSize,PricePrecision,OptionType," +
  "Underlying,UnderlyingToken,StrikePrice,Expiry,FreezeQty,Lower Band,Upper Band,SurCodes,Events,ExchangeID"
const SHARE =
  "NSE,CM,NSECM,2885,RELIANCE INDUSTRIES LTD,RELIANCE,RELIANCE-EQ,EQ,INE002A01018,1,0.10,2,,,0,0.00,,0,1304.10,1593.70,,,2885"
const OPTION =
  "NSE,FO,NSEFO,104034,DIVISLAB,DIVISLAB,DIVISLAB30MAR26C6450,XX,,100,0.05,2,CE,DIVISLAB,10940,6450.00,30-Mar-2026,4000,61.75,301.55,,,104034"
const csv = (...rows: ReadonlyArray<string>): string => [HEADER, ...rows, ""].join("\n")
const one = (row: string): Instrument => {
  const { instruments, rejects, skipped } = parse(csv(row))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("Arrow's master", () => {
  it("is fetched with the login in headers", () => {
    const [source] = broker.instrumentMaster.sources
    const login = { apiKey: Redacted.make("app"), authToken: Redacted.make("jwt ") }
    assert.deepStrictEqual(source?.headers?.(login), { appID: "app", token: "jwt" })
  })

  it("takes the series EQ off shares, and only that", () => {
    assert.deepStrictEqual(one(SHARE), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE-EQ",
      brokerExchange: "NSECM",
      token: "2885",
      name: "RELIANCE INDUSTRIES LTD",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    assert.strictEqual(one(SHARE.replace("RELIANCE-EQ", "RELIANCE-BE")).symbol, "RELIANCE")
    const bse = one("BSE,CM,BSECM,500209,INFOSYS,INFY,INFY,A,,1,0.05,2,,,0,0.00,,,,,,,")
    assert.deepStrictEqual([bse.exchange, bse.symbol], ["BSE", "INFY"])
  })

  it.each([
    [OPTION, "NFO", "DIVISLAB30MAR266450CE"],
    [
      "NSE,FO,NSEFO,35013,,NIFTY,NIFTY25APR24F,XX,,50,0.05,2,XX,NIFTY,26000,-0.01,25-Apr-2024,,,,,,",
      "NFO",
      "NIFTY25APR24FUT"
    ],
    [
      "BSE,FO,BSEFO,867412,,SENSEX,SENSEX28MAR24C73500,XX,,10,0.05,2,CE,SENSEX,1,73500.50,28-Mar-2024,,,,,,",
      "BFO",
      "SENSEX28MAR2473500.5CE"
    ],
    [
      "MCX,FO,MCXFO,428747,,CRUDEOIL,CRUDEOIL19APR24F,XX,,100,1.00,2,XX,CRUDEOIL,0,0,19-Apr-2024,,,,,,",
      "MCX",
      "CRUDEOIL19APR24FUT"
    ],
    ["NSE,CO,NSECO,9,,GOLD,GOLD19APR24F,XX,,1,1.00,2,XX,,0,0,19-Apr-2024,,,,,,", "NCO", "GOLD19APR24FUT"],
    [
      "NSE,CD,NSECD,9822,,USDINR,USDINR28MAR24P65.5,XX,,1000,0.25,4,PE,USDINR,0,6550000,28-Mar-2024,,,,,,",
      "CDS",
      "USDINR28MAR2465.5PE"
    ],
    [
      "BSE,CD,BSECD,77,,USDINR,USDINR28MAR24F,XX,,1000,0.25,4,XX,USDINR,0,-0.01,28-Mar-2024,,,,,,",
      "BCD",
      "USDINR28MAR24FUT"
    ]
  ])("names contracts: %s", (row, exchange, symbol) => {
    const found = one(row)
    assert.deepStrictEqual([found.exchange, found.symbol], [exchange, symbol])
  })

  it("reads strikes in rupees, but for currency's", () => {
    const option = one(OPTION)
    assert.deepStrictEqual(
      [option.strike, option.expiry, option.lotSize, option.tickSize],
      [6450, "2026-03-30", 100, 0.05]
    )
    const usd = one(
      "NSE,CD,NSECD,9822,,USDINR,USDINR28MAR24C84.25,XX,,1000,0.25,4,CE,USDINR,0,8425000,28-Mar-2024,,,,,,"
    )
    assert.deepStrictEqual([usd.strike, usd.tickSize], [84.25, 0.0025])
  })

  it.each([
    ["NSE", "NSEIDX", "Nifty 50", "NSE_INDEX", "NIFTY"],
    ["NSE", "NSEIDX", "NIFTY BANK", "NSE_INDEX", "BANKNIFTY"],
    ["NSE", "NSEIDX", "Nifty Next 50", "NSE_INDEX", "NIFTYNXT50"],
    ["NSE", "NSEIDX", "India VIX", "NSE_INDEX", "INDIAVIX"],
    ["BSE", "BSEIDX", "SENSEX", "BSE_INDEX", "SENSEX"],
    ["BSE", "BSEIDX", "BSE IT", "BSE_INDEX", "BSEINFORMATIONTECHNOLOGY"],
    ["MCX", "MCXIDX", "CrudeOil", "MCX_INDEX", "CRUDEOIL"]
  ])("names index %s %s %s", (exchange, segment, name, common, symbol) => {
    const index = one(`${exchange},INDEX,${segment},26000,,${name},,,,,1,,,,,,,,,,,,26000`)
    assert.deepStrictEqual(
      [index.exchange, index.symbol, index.brokerSymbol, index.lotSize, index.type],
      [common, symbol, name, 1, "INDEX"]
    )
  })

  it("rejects bad rows by number and reason, and keeps the others", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      [SHARE.replace(",2885,", ",x,"), "Token"],
      [SHARE.replace(",2885,", ",4294967296,"), "Token"],
      [SHARE.replace(",RELIANCE,RELIANCE-EQ", ",,"), "TradingSymbol"],
      [SHARE.replace("RELIANCE-EQ", "-EQ"), "is not a symbol"],
      [SHARE.replace(",0.10,", ",,"), "TickSize"],
      [SHARE.replace(",1,0.10", ",0,0.10"), "LotSize"],
      [OPTION.replace("30-Mar-2026", "30-Feb-2026"), "Expiry"],
      [OPTION.replace("6450.00", "-0.01"), "StrikePrice"],
      [OPTION.replaceAll("DIVISLAB,", ","), "Underlying"],
      ["NSE,INDEX,NSEIDX,26000,,,,,,,1,,,,,,,,,,,,26000", "Symbol"]
    ]
    const { instruments, rejects, skipped } = parse(
      csv(SHARE, ...rows.map(([row]) => row), SHARE.replace("NSECM", "NSEDEBT"))
    )
    assert.strictEqual(instruments.length, 1)
    assert.deepStrictEqual(skipped, { "segment NSEDEBT": 1 })
    for (const [i, [, reason]] of rows.entries()) assert.include(rejects[i]?.reason, reason)
    assert.strictEqual(rejects.length, rows.length)
  })

  it("says what is wrong with another file, and what to do", () => {
    for (const text of ["", '{"status":"error","message":"invalid token"}', "a,b\n1,2\n"]) {
      assert.throws(() => parse(text), MalformedMaster, "https://edge.arrow.trade/all")
    }
  })
})
