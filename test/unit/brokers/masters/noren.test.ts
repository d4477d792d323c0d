/** The symbols files of Shoonya, Zebu and TradeSmart, with their quirks. */
import { assert, describe, it } from "@effect/vitest"
import type { MasterFile } from "../../../../src/brokers/broker.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse as noren } from "../../../../src/brokers/masters/noren.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"

const file = (name: string, ...lines: ReadonlyArray<string>): MasterFile => ({ name, text: lines.join("\n") })

const brief = (instruments: ReadonlyArray<Instrument>): ReadonlyArray<string> =>
  instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`)

const CASH = "Exchange,Token,LotSize,Symbol,TradingSymbol,Instrument,TickSize,"
const CONTRACTS =
  "Exchange,Token,LotSize,Symbol,TradingSymbol,Expiry,Instrument,OptionType,StrikePrice,TickSize,"

describe("the symbols files of Shoonya, Zebu and TradeSmart", () => {
  const files = [
    file(
      "NSE_symbols.txt",
      CASH,
      "NSE,26000,1,Nifty 50,NIFTY INDEX,INDEX,0,",
      "NSE,26009,1,Nifty Bank,NIFTY BANK,INDEX,0,",
      "NSE,26017,1,INDIAVIX,INDIA VIX,INDEX,0,",
      "NSE,26037,1,Nifty Fin Service,NIFTY FIN SERVICE,INDEX,0,",
      "NSE,26074,1,NIFTY MID SELECT,NIFTY MID SELECT,INDEX,0,",
      "NSE,26013,1,Nifty Next 50,Nifty Next 50,INDEX,0,",
      "NSE,2885,1,RELIANCE,RELIANCE-EQ,EQ,0.05,",
      "NSE,16669,1,BAJAJ-AUTO,BAJAJ-AUTO-EQ,EQ,0.05,",
      "NSE,240,1,AAKASH,AAKASH-BE,BE,0.05,",
      "NSE,6833,100,1018GS2026,1018GS2026-GS,GS,0.01,",
      "NSE,x,1,BAD,BAD-EQ,EQ,0.05,",
      "NSE,9,0,BAD,BAD-EQ,EQ,0.05,",
      "NSE,9,1,BAD,BAD-EQ,EQ,,"
    ),
    file("bse.txt", CASH, "BSE,500325,1,RELIANCE,RELIANCE,A,0.05,", "BSE,532540,1,TCS-X,TCS-EQ,A,0.05,"),
    file(
      "NFO_symbols.txt",
      CONTRACTS,
      "NFO,35013,50,NIFTY,NIFTY25APR24F,25-APR-2024,FUTIDX,XX,-0.01,0.05,",
      "NFO,43215,50,NIFTY,NIFTY28MAR24C20800,28-Mar-2024,OPTIDX,CE,20800.00,0.05,",
      "NFO,99,1,,,,,,,,",
      "NFO,7,50,NIFTY,NIFTY28MAR24C1,31-FEB-2024,OPTIDX,CE,1,0.05,",
      "NFO,8,50,NIFTY,NIFTY28MAR24C1,28-MAR-2024,OPTIDX,CE,-0.01,0.05,"
    ),
    file(
      "BFO_symbols.txt",
      CONTRACTS.replace("StrikePrice", "Strike"),
      "BFO,837931,20,BSXOPT,SENSEX26SEP91000PE,24-SEP-2026,OPTIDX,PE,91000,0.05,",
      "BFO,837932,20,BSXOPT,SENSEX2690391000CE,03-SEP-2026,OPTIDX,CE,91000,0.05,",
      "BFO,837933,20,BSXOPT,SENSEX26D1091000CE,10-DEC-2026,OPTIDX,CE,91000,0.05,",
      "BFO,837934,25,SX5OPT,SENSEX5026SEP29000CE,24-SEP-2026,OPTIDX,CE,29000,0.05,",
      "BFO,837935,20,BSXFUT,SENSEX26SEPFUT,24-SEP-2026,FUTIDX,XX,0,0.05,",
      "BFO,837936,20,BSXFUT,BANKEX 26 odd,24-SEP-2026,FUTIDX,XX,0,0.05,",
      "BFO,837937,20,BSXFUT,BKX24odd,24-SEP-2026,FUTIDX,XX,0,0.05,"
    ),
    file(
      "CDS_symbols.txt",
      CONTRACTS.replace("LotSize,", "LotSize,Precision,Multiplier,"),
      "CDS,17274,1,4,1000,USDJPY,USDJPY29DEC26P141.25,29-DEC-2026,OPTCUR,PE,141.25,0.01,",
      "CDS,22,1,4,1000,GBPINR,GBPINR,,UNDCUR,,,0.0025,",
      "CDS,2200,1,4,1000,GBPINR,GBPINR,,UNDCUR,,,0.0025,"
    ),
    file(
      "MCX_symbols.txt",
      CONTRACTS.replace("LotSize,", "LotSize,GNGD,"),
      "MCX,574822,100,0.1,SILVER100,SILVER10031JUL26,31-JUL-2026,FUTCOM,XX,0,1,",
      "NCX,1,1,1,X,X,31-JUL-2026,FUTCOM,XX,0,1,"
    )
  ]

  it("become common symbols, whatever the files' order and names", () => {
    const expected = [
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:BANKNIFTY 26009",
      "NSE_INDEX:INDIAVIX 26017",
      "NSE_INDEX:FINNIFTY 26037",
      "NSE_INDEX:MIDCPNIFTY 26074",
      "NSE_INDEX:NIFTYNXT50 26013",
      "NSE:RELIANCE 2885",
      "NSE:BAJAJ-AUTO 16669",
      "NSE:AAKASH 240",
      "NSE:1018GS2026-GS 6833",
      "BSE:RELIANCE 500325",
      "BSE:TCS-EQ 532540",
      "NFO:NIFTY25APR24FUT 35013",
      "NFO:NIFTY28MAR2420800CE 43215",
      "BFO:SENSEX24SEP2691000PE 837931",
      "BFO:SENSEX03SEP2691000CE 837932",
      "BFO:SENSEX10DEC2691000CE 837933",
      "BFO:SENSEX5024SEP2629000CE 837934",
      "BFO:SENSEX24SEP26FUT 837935",
      "BFO:BSXFUT24SEP26FUT 837936",
      "BFO:BKX24SEP26FUT 837937",
      "CDS:USDJPY29DEC26141.25PE 17274",
      "MCX:SILVER10031JUL26FUT 574822",
      "BSE_INDEX:SENSEX 1",
      "BSE_INDEX:BANKEX 12"
    ]
    assert.deepStrictEqual(brief(noren(files).instruments), expected)
    assert.deepStrictEqual([...brief(noren(files.toReversed()).instruments)].sort(), expected.toSorted())
  })

  it("keep the broker's names beside the common ones", () => {
    const { instruments } = noren(files)
    assert.deepStrictEqual(
      instruments.find((i) => i.token === "43215"),
      {
        symbol: "NIFTY28MAR2420800CE",
        exchange: "NFO",
        brokerSymbol: "NIFTY28MAR24C20800",
        brokerExchange: "NFO",
        token: "43215",
        name: "NIFTY",
        expiry: "2024-03-28",
        strike: 20_800,
        lotSize: 50,
        tickSize: 0.05,
        type: "CE"
      }
    )
    assert.deepInclude(
      instruments.find((i) => i.symbol === "SENSEX"),
      { brokerExchange: "BSE", type: "INDEX", lotSize: 1, tickSize: 0 }
    )
  })

  it("count what is not carried, and say what is wrong", () => {
    const { rejects, skipped } = noren(files)
    assert.deepStrictEqual(skipped, {
      "UNDCUR of CDS": 1,
      "a token without a symbol": 1,
      "dummy of CDS": 1,
      "exchange NCX": 1
    })
    assert.deepStrictEqual(rejects, [
      { row: 12, reason: 'NSE_symbols.txt: token "x" is no plain number' },
      { row: 13, reason: 'NSE_symbols.txt: lot size "0" is no size' },
      { row: 14, reason: "NSE_symbols.txt: BAD-EQ: the tick size is no size" },
      { row: 5, reason: "NFO_symbols.txt: NIFTY28MAR24C1: the expiry is no date" },
      { row: 6, reason: 'NFO_symbols.txt: NIFTY28MAR24C1: strike "-0.01" is no price' }
    ])
  })

  it("prefer the series EQ, whichever row comes first", () => {
    const rows = ["NSE,1,1,TCS,TCS-BE,BE,0.05,", "NSE,11536,1,TCS,TCS-EQ,EQ,0.05,"]
    for (const order of [rows, rows.toReversed()]) {
      const { instruments, rejects } = noren([file("NSE_symbols.txt", CASH, ...order)])
      assert.deepStrictEqual([...brief(instruments)].sort(), ["NSE:TCS 11536", "NSE:TCS-BE 1"])
      assert.deepStrictEqual(rejects, [])
    }
  })

  it("know BSE's indices by either of their kinds", () => {
    const rows = ["BSE,1,1,SENSEX,SENSEX,UNDIND,0.05,", "BSE,500325,1,RELIANCE,RELIANCE,A,0.05,"]
    assert.deepStrictEqual(brief(noren([file("BSE_symbols.txt", CASH, ...rows)]).instruments), [
      "BSE_INDEX:SENSEX 1",
      "BSE:RELIANCE 500325"
    ])
  })

  it("are refused when they are something else", () => {
    assert.throws(() => noren([]), MalformedMaster, "NSE_symbols.txt")
    assert.throws(() => noren([file("x.txt", "<html>")]), MalformedMaster, "x.txt")
    assert.throws(() => noren([file("x.txt", "Exchange,Token", "NSE,1")]), MalformedMaster, "LotSize")
  })
})
