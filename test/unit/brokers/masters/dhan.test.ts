import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/dhan.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const HEADER =
  "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL," +
  "SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE," +
  "SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME"
const SHARE =
  "NSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0000,NA,ES,EQ,RELIANCE INDUSTRIES LTD"
const OPTION =
  "NSE,D,43821,OPTIDX,0,NIFTY-Mar2024-20800-CE,50.0,NIFTY 28 MAR 20800 CALL,2024-03-28 14:30:00,20800.00000,CE,5.0000,M,OP,NA,"
const csv = (...rows: ReadonlyArray<string>): string => [HEADER, ...rows, ""].join("\n")
const one = (row: string): Instrument => {
  const { instruments, rejects, skipped } = parse(csv(row))
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("Dhan's master", () => {
  it("reads shares, with tick sizes in paise", () => {
    assert.deepStrictEqual(one(SHARE), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "RELIANCE",
      brokerExchange: "NSE_EQ",
      token: "2885",
      name: "RELIANCE INDUSTRIES LTD",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    const bse = one("BSE,E,500325,EQUITY,0,RELIANCE,1.0,Reliance,,,,5.0000,NA,ES,A,")
    assert.deepStrictEqual([bse.exchange, bse.brokerExchange, bse.name], ["BSE", "BSE_EQ", "Reliance"])
  })

  it.each([
    [OPTION, "NFO", "NIFTY28MAR2420800CE", "NSE_FNO"],
    [
      "NSE,D,58932,FUTSTK,0,BAJAJ-AUTO-Sep2026-FUT,75.0,BAJAJ-AUTO SEP FUT,2026-09-24 14:30:00,-0.01000,XX,5.0000,M,FUT,,",
      "NFO",
      "BAJAJ-AUTO24SEP26FUT",
      "NSE_FNO"
    ],
    [
      "BSE,D,874301,OPTIDX,0,SENSEX-Apr2024-73500.5-PE,10.0,SENSEX 24 APR 73500.5 PUT,2024-04-24,73500.50000,PE,5.0000,W,OP,,",
      "BFO",
      "SENSEX24APR2473500.5PE",
      "BSE_FNO"
    ],
    [
      "MCX,M,428701,FUTCOM,0,CRUDEOILM-May2024-FUT,1.0,CRUDEOILM MAY FUT,2024-05-20 23:30:00,-0.01000,XX,100.0000,M,FUT,,",
      "MCX",
      "CRUDEOILM20MAY24FUT",
      "MCX_COMM"
    ],
    [
      "MCX,M,428801,OPTFUT,0,CRUDEOIL-May2024-6200-CE,1.0,CRUDEOIL 16 MAY 6200 CALL,2024-05-16 23:30:00,6200.00000,CE,10.0000,M,OP,,",
      "MCX",
      "CRUDEOIL16MAY246200CE",
      "MCX_COMM"
    ],
    [
      "NSE,C,2885,OPTCUR,0,EURINR-Aug2025-102.75-CE,1.0,,2025-08-01 12:30:00,102.75000,CE,0.2500,W,OP,,",
      "CDS",
      "EURINR01AUG25102.75CE",
      "NSE_CURRENCY"
    ],
    [
      "BSE,C,1150041,FUTCUR,0,USDINR-May2024-FUT,1.0,USDINR MAY FUT,2024-05-10 12:30:00,-0.01000,XX,0.2500,M,FUT,,",
      "BCD",
      "USDINR10MAY24FUT",
      "BSE_CURRENCY"
    ]
  ])("names contracts: %s", (row, exchange, symbol, segment) => {
    const found = one(row)
    assert.deepStrictEqual([found.exchange, found.symbol, found.brokerExchange], [exchange, symbol, segment])
  })

  it("reads strikes in rupees, expiries without their time, and currency's tick sizes", () => {
    const option = one(OPTION)
    assert.deepStrictEqual(
      [option.strike, option.expiry, option.lotSize, option.tickSize, option.type, option.name],
      [20_800, "2024-03-28", 50, 0.05, "CE", "NIFTY"]
    )
    const euro = one(
      "NSE,C,1,FUTCUR,0,EURINR-Aug2025-FUT,1000.0,EURINR AUG FUT,2025-08-01,0,XX,0.2500,M,FUT,,"
    )
    assert.deepStrictEqual([euro.tickSize, euro.type], [0.0025, "FUT"])
    assert.notProperty(euro, "strike")
  })

  it.each([
    ["NSE", "NIFTY", "NSE_INDEX", "NIFTY"],
    ["NSE", "Nifty 50", "NSE_INDEX", "NIFTY"],
    ["NSE", "BANKNIFTY", "NSE_INDEX", "BANKNIFTY"],
    ["NSE", "NIFTY NEXT 50", "NSE_INDEX", "NIFTYNXT50"],
    ["NSE", "INDIA VIX", "NSE_INDEX", "INDIAVIX"],
    ["BSE", "SENSEX", "BSE_INDEX", "SENSEX"],
    ["BSE", "SNSX50", "BSE_INDEX", "SENSEX50"],
    ["BSE", "METAL", "BSE_INDEX", "BSEMETAL"]
  ])("names index %s %s", (exchange, name, common, symbol) => {
    const index = one(`${exchange},I,13,INDEX,0,${name},1.0,${name},0001-01-01,,XX,0.0500,NA,INDEX,X,${name}`)
    assert.deepStrictEqual(
      [index.exchange, index.symbol, index.brokerExchange, index.tickSize, index.type],
      [common, symbol, "IDX_I", 0, "INDEX"]
    )
  })

  it("has NSE's commodities under NCO", () => {
    const { instruments } = parse(
      csv(
        "NSE,M,153964,FUTCOM,0,GOLD-Feb2027-FUT,1.0,GOLD FEB FUT,2027-02-05 23:30:00,-0.01,XX,100,M,FUTCOM,,"
      )
    )
    assert.deepInclude(instruments[0], {
      symbol: "GOLD05FEB27FUT",
      exchange: "NCO",
      brokerExchange: "NSE_COMM",
      token: "153964"
    })
  })

  it("knows debt by its kind, whatever its series, and a spread by its name", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "NSE,E,1,EQUITY,0,ABC,1,ABC LTD,,,,5,NA,ES,BE,ABC LTD",
        "NSE,E,2,EQUITY,0,ABC,1,ABC 8% 2032,,,,5,NA,DBT,EQ,ABC LTD",
        "NSE,D,3,FUTSTK,0,GAIL-Dec2025-FUT,3150,GAIL DEC FUT,2025-12-30 14:30:00,-0.01,XX,5,M,FUT,,",
        "NSE,D,4,FUTSTK,0,GAIL-Dec2025-FUT,3150,GAIL 30DEC27JAN SPD,2025-12-30 14:30:00,-0.01,XX,5,M,FUT,,"
      )
    )
    assert.deepStrictEqual(
      instruments.map((i) => `${i.symbol} ${i.token}`),
      ["ABC 1", "GAIL30DEC25FUT 3"]
    )
    assert.deepStrictEqual(
      [rejects, skipped],
      [[], { "NSE security that is no share, without a series of its own": 1, "spread of NFO": 1 }]
    )
  })

  it("counts kinds that it does not carry", () => {
    const { instruments, rejects, skipped } = parse(
      csv("MCX,I,2,INDEX,0,MCXBULLDEX,1.0,,,,,0,NA,,,", "NSE,E,3,PREFERENCE SHARES,0,X,1.0,,,,,5,NA,,,")
    )
    assert.deepStrictEqual([instruments, rejects], [[], []])
    assert.deepStrictEqual(skipped, {
      "INDEX of MCX I": 1,
      "PREFERENCE SHARES of NSE E": 1
    })
  })

  it("rejects bad rows by number and reason, and keeps the others", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      [SHARE.replace("2885", "A1"), "SEM_SMST_SECURITY_ID"],
      [SHARE.replace("2885", "4294967296"), "SEM_SMST_SECURITY_ID"],
      [SHARE.replace(",RELIANCE,", ",,"), "SEM_TRADING_SYMBOL"],
      [SHARE.replace("10.0000", ""), "SEM_TICK_SIZE"],
      [SHARE.replace("1.0,", "0,"), "SEM_LOT_UNITS"],
      [OPTION.replace("2024-03-28", "2024-02-31"), "SEM_EXPIRY_DATE"],
      [OPTION.replace("20800.00000", "-0.01000"), "SEM_STRIKE_PRICE"],
      [OPTION.replace(",CE,", ",XX,"), "SEM_OPTION_TYPE"],
      [
        OPTION.replace("NIFTY-Mar2024-20800-CE", "NIFTY").replace("NIFTY 28 MAR 20800 CALL", ""),
        "underlying"
      ],
      ["NSE,E", "2 fields"]
    ]
    const { instruments, rejects } = parse(csv(SHARE, ...rows.map(([row]) => row)))
    assert.strictEqual(instruments.length, 1)
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      rows.map((_, i) => i + 3)
    )
    for (const [i, [, reason]] of rows.entries()) assert.include(rejects[i]?.reason, reason)
  })

  it("says what is wrong with another file, and what to do", () => {
    for (const text of ["", "<html>502 Bad Gateway</html>", "EXCH_ID,SEGMENT\nNSE,E\n"]) {
      assert.throws(() => parse(text), MalformedMaster, "api-scrip-master.csv")
    }
    assert.strictEqual(parse(`\uFEFF${csv(SHARE)}`).instruments.length, 1)
  })
})
