/** 5paisa's scrip master. */
import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/fivepaisa.ts"

const csv = (...rows: ReadonlyArray<string>) =>
  [
    "Exch,ExchType,ScripCode,Name,Expiry,ScripType,StrikeRate,FullName,TickSize,LotSize,SymbolRoot,Series",
    ...rows
  ].join("\n")

describe("5paisa's scrip master", () => {
  it("becomes common symbols: indices by their codes, derivatives by root, expiry and strike", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "N,C,2885,RELIANCE,1980-01-01 00:00:00,XX,0,Reliance Industries,0.05,1,RELIANCE,EQ",
        "N,C,999920005,NIFTY BANK,,XX,0,,0,1,NIFTY BANK,EQ",
        "B,C,999901,SENSEX,,XX,0,,0,1,SENSEX,",
        "N,D,43422,NIFTY 28 Mar 2024 CE 20800.00,2024-03-28 14:30:00,CE,20800.00,,0.05,50,NIFTY,XX",
        "N,U,1402,USDINR 26 Apr 2024,26 Apr 2024,XX,0,,0.0025,1,USDINR,",
        "B,U,77,USDINR 26 Apr 2024 PE 83.25,2024-04-26,PE,83.2500,,0.0025,1,USDINR,XX",
        "M,D,43422,CRUDEOIL 19 Apr 2024,2024-04-19,XX,0,,1,100,CRUDEOIL,XX",
        "N,C,12345,SGB,,XX,0,,0.05,1,SGB,GB",
        "N,X,1,STRANGE,,XX,0,,0.05,1,S,EQ",
        "N,D,99,NIFTY,never,CE,1,,0.05,50,NIFTY,XX"
      )
    )
    assert.deepStrictEqual(
      instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`),
      [
        "NSE:RELIANCE 2885",
        "NSE_INDEX:BANKNIFTY 999920005",
        "BSE_INDEX:SENSEX 999901",
        "NFO:NIFTY28MAR2420800CE 43422",
        "CDS:USDINR26APR24FUT 1402",
        "BCD:USDINR26APR2483.25PE 77",
        "MCX:CRUDEOIL19APR24FUT 43422",
        "NSE:SGB-GB 12345"
      ]
    )
    assert.deepStrictEqual(rejects, [{ row: 11, reason: 'Expiry "never" is no date' }])
    assert.deepStrictEqual(skipped, { "segment NX": 1 })
  })

  it("is refused when it is something else", () => {
    assert.throws(() => parse("<html>"), MalformedMaster, /lacks the columns Exch/)
  })
})
