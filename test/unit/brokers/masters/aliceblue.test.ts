/** Alice Blue's files, with their quirks. */
import { assert, describe, it } from "@effect/vitest"
import type { MasterFile } from "../../../../src/brokers/broker.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse as aliceblue } from "../../../../src/brokers/masters/aliceblue.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"

const file = (name: string, ...lines: ReadonlyArray<string>): MasterFile => ({ name, text: lines.join("\n") })

const brief = (instruments: ReadonlyArray<Instrument>): ReadonlyArray<string> =>
  instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`)

describe("Alice Blue's files", () => {
  const cash =
    "Exch,Exchange Segment,Group Name,Symbol,Token,Instrument Type,Instrument Name,Formatted Ins Name,Trading Symbol,Lot Size,Tick Size"
  const contracts =
    "Exch,Exchange Segment,Symbol,Token,Instrument Type,Option Type,Strike Price,Instrument Name,Formatted Ins Name,Trading Symbol,Expiry Date,Lot Size,Tick Size"
  const files = [
    file(
      "INDICES.csv",
      "exch,symbol,token",
      "NSE,NIFTY 50,99926000",
      "NSE,INDIA VIX,26017",
      "BSE,SENSEX,1.0",
      "MCX,MCXBULLDEX,99, "
    ),
    file(
      "NSE.csv",
      cash,
      "NSE,nse_cm,EQ,TCS,11536.0,,TATA CONSULTANCY,TCS,TCS-EQ,1,0.05",
      "NSE,nse_cm,BE,AAKASH,240,,AAKASH,AAKASH,AAKASH-BE,1,0.05",
      "NSE,nse_cm,GS,1018GS2026,6833,,X,X,1018GS2026-GS,1,0.01"
    ),
    file("BSE.csv", cash, "BSE,bse_cm,A,TCS,532540,,TCS LTD,TCS,TCS,1,0.05", "BSE,bse_cm,A,X,5,,X,X,,1,0.05"),
    file(
      "NFO.csv",
      contracts,
      "NFO,nse_fo,RELIANCE,35451,FUTSTK,XX,0,,RELIANCE APR FUT,RELIANCE25APR24F,2024-04-25,250,0.05",
      "NFO,nse_fo,NIFTY,47984,OPTIDX,PE,22300.0,,NIFTY 28MAR24 22300 PE,NIFTY28MAR24P22300,28-Mar-2024,50,0.05"
    ),
    file(
      "BFO.csv",
      contracts,
      "BFO,bse_fo,BSXFUT,1,IF,,0,,SENSEX 24SEP26 FUT,SENSEX26SEPFUT,2026-09-24,20,0.05",
      "BFO,bse_fo,BSXOPT,2,IO,CE,91000,,SENSEX 24SEP26 91000 CE,odd,2026-09-24,20,0.05"
    ),
    file("BCD.csv", contracts, "BCD,bcs_fo,USDINR,1281,FUTCUR,,0,,USDINR,USDINR26APR24,2024-04-26,1,0.0025"),
    file(
      "MCX.csv",
      contracts,
      "MCX,mcx_fo,GOLD,426295,FUTCOM,,0,,GOLD,GOLD05JUN24,2024-06-05,100,1",
      "MCX,mcx_idx,MCXMETLDEX,9,FUTIDX,XX,0,,X,X,2024-06-05,1,1",
      "MCX,mcx_fo,GOLD,426296,FUTCOM,,0,,GOLD,GOLD,,100,1"
    )
  ]

  it("become common symbols, in any order", () => {
    const expected = [
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:INDIAVIX 26017",
      "BSE_INDEX:SENSEX 1",
      "MCX_INDEX:MCXBULLDEX 99",
      "NSE:TCS 11536",
      "NSE:AAKASH 240",
      "NSE:1018GS2026-GS 6833",
      "BSE:TCS 532540",
      "NFO:RELIANCE25APR24FUT 35451",
      "NFO:NIFTY28MAR2422300PE 47984",
      "BFO:SENSEX24SEP26FUT 1",
      "BFO:SENSEX24SEP2691000CE 2",
      "BCD:USDINR26APR24FUT 1281",
      "MCX:GOLD05JUN24FUT 426295"
    ]
    const { instruments, rejects, skipped } = aliceblue(files)
    assert.deepStrictEqual(brief(instruments), expected)
    assert.deepStrictEqual([...brief(aliceblue(files.toReversed()).instruments)].sort(), expected.toSorted())
    assert.deepStrictEqual(rejects, [{ row: 4, reason: "MCX.csv: GOLD: there is no expiry" }])
    assert.deepStrictEqual(skipped, { "index of MCX": 1, "no trading symbol": 1 })
  })

  it("are told by their columns in any case, also behind an empty line", () => {
    const read = (...lines: ReadonlyArray<string>) => brief(aliceblue([file("x.csv", ...lines)]).instruments)
    const share = "NSE,nse_cm,EQ,TCS,11536,,TATA CONSULTANCY,TCS,TCS-EQ,1,0.05"
    assert.deepStrictEqual(read("", cash.toLowerCase(), share), ["NSE:TCS 11536"])
    assert.deepStrictEqual(read("", "Exch,Symbol,Token", "NSE,NIFTY 50,26000"), ["NSE_INDEX:NIFTY 26000"])
  })

  it("are refused when they are something else", () => {
    assert.throws(() => aliceblue([]), MalformedMaster)
    assert.throws(() => aliceblue([file("NSE.csv", '{"NSE":[]}')]), MalformedMaster, "NSE.csv")
  })
})
