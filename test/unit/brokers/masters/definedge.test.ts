/** Definedge's file, with its quirks. */
import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse as definedge } from "../../../../src/brokers/masters/definedge.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"

const brief = (instruments: ReadonlyArray<Instrument>): ReadonlyArray<string> =>
  instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`)

describe("Definedge's file", () => {
  it("has no header, and prices in paise", () => {
    const { instruments, rejects, skipped } = definedge(
      [
        "NSE,26000,Nifty 50,Nifty 50,IDX,,0,1,,0,2,1,,1.000000,",
        "BSE,1,SENSEX,SENSEX,INDEX,,0,1,,0,2,1,,1.000000,",
        "MCX,900,MCXBULLDEX,MCXBULLDEX,IDX,,0,1,,0,2,1,,1.000000,",
        "NSE,2885,RELIANCE,RELIANCE-EQ,EQ,,5,1,,0,2,1,,1.000000,",
        "NSE,6833,1018GS2026,1018GS2026-GS,GS,,1,100,,0,2,1,,1.000000,",
        "BSE,500325,RELIANCE,RELIANCE,A,,5,1,,0,2,1,,1.000000,",
        "NFO,144537,ZYDUSLIFE,ZYDUSLIFE30SEP25P1360,OPTSTK,30092025,5,900,PE,136000,2,1,,1.000000,",
        "NFO,35013,NIFTY,NIFTY05SEP25F,FUTIDX,5092025,5,75,XX,0,2,1,,1.000000,",
        "BFO,874301,BSXOPT,SENSEX25SEP81000CE,OPTIDX,25092025,5,20,CE,8100000,2,1,,1.000000,",
        "CDS,9822,USDINR,USDINR26SEP25C84.25,OPTCUR,26092025,0.25,1,CE,8425,4,1,,1.000000,",
        "MCX,428701,CRUDEOIL,CRUDEOIL19SEP25,FUTCOM,19092025,100,100,XX,0,2,1,,1.000000,",
        "NFO,7,NIFTY,X,OPTIDX,99999999,5,75,CE,100,2,1,,1.000000,",
        "NFO,7",
        "NCX,7,X,X,FUTCOM,19092025,100,1,XX,0,2,1,,1,"
      ].join("\n")
    )
    assert.deepStrictEqual(brief(instruments), [
      "NSE_INDEX:NIFTY 26000",
      "BSE_INDEX:SENSEX 1",
      "MCX_INDEX:MCXBULLDEX 900",
      "NSE:RELIANCE 2885",
      "NSE:1018GS2026-GS 6833",
      "BSE:RELIANCE 500325",
      "NFO:ZYDUSLIFE30SEP251360PE 144537",
      "NFO:NIFTY05SEP25FUT 35013",
      "BFO:SENSEX25SEP2581000CE 874301",
      "CDS:USDINR26SEP2584.25CE 9822",
      "MCX:CRUDEOIL19SEP25FUT 428701"
    ])
    assert.deepStrictEqual(
      instruments.slice(6, 10).map((i) => [i.strike, i.tickSize, i.lotSize]),
      [
        [1360, 0.05, 900],
        [undefined, 0.05, 75],
        [81_000, 0.05, 20],
        [84.25, 0.0025, 1]
      ]
    )
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      [12, 13]
    )
    assert.deepStrictEqual(skipped, { "exchange NCX": 1 })
  })

  it("is refused when it is something else", () => {
    assert.throws(() => definedge("<html>\n</html>"), MalformedMaster, "allmaster.zip")
    assert.throws(() => definedge(""), MalformedMaster)
  })
})
