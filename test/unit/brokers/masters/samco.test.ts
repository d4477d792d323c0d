/** Samco's scrip master and the answers of its index API. */
import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/samco.ts"

const csv = (...rows: ReadonlyArray<string>) => ({
  name: "ScripMaster.csv",
  text: [
    "exchange,exchangeSegment,symbolCode,tradingSymbol,name,lastPrice,instrument,lotSize,strikePrice,expiryDate,tickSize",
    ...rows
  ].join("\n")
})

describe("Samco's instrument master", () => {
  it("becomes common symbols; the code keeps its segment", () => {
    const { instruments, rejects, skipped } = parse([
      csv(
        "NSE,NSE,2885,RELIANCE-EQ,Reliance Industries,0,EQ,1,,,0.05",
        "NSE,NSE,17000,BAJAJ-AUTO-EQ,Bajaj Auto,0,EQ,1,,,0.05",
        "NFO,NFO,43215_NFO,NIFTY24MAR20800CE,NIFTY,0,OPTIDX,50,20800.00,2024-03-28,0.05",
        "MFO,MFO,428747,CRUDEOIL24APRFUT,CRUDEOIL,0,FUTCOM,100,,19-Apr-2024,1",
        "CDS,CDS,1143,USDINR24APR83.25CE,USDINR,0,OPTCUR,1000,83.25,26APR2024,0.0025",
        "NCDEX,NCDEX,5,X,X,0,FUTCOM,1,,,1",
        "NFO,NFO,9,NIFTY24MARXX,NIFTY,0,OPTIDX,50,1,2024-03-28,0.05",
        "NFO,NFO,10,NIFTY24MARFUT,NIFTY,0,FUTIDX,50,,soon,0.05"
      ),
      { name: "index NIFTY 50.json", text: '{"indexDetails":[{"indexName":"NIFTY 50","listingId":"-23"}]}' },
      { name: "index SENSEX.json", text: '{"status":"Failure"}' }
    ])
    assert.deepStrictEqual(
      instruments.map((i) => [i.exchange, i.symbol, i.token, i.expiry, i.strike]),
      [
        ["NSE", "RELIANCE", "2885_NSE", undefined, undefined],
        ["NSE", "BAJAJ-AUTO", "17000_NSE", undefined, undefined],
        ["NFO", "NIFTY28MAR2420800CE", "43215_NFO", "2024-03-28", 20800],
        ["MCX", "CRUDEOIL19APR24FUT", "428747_MFO", "2024-04-19", undefined],
        ["CDS", "USDINR26APR2483.25CE", "1143_CDS", "2024-04-26", 83.25],
        ["NSE_INDEX", "NIFTY", "-23", undefined, undefined]
      ]
    )
    assert.strictEqual(rejects.length, 3)
    assert.match(rejects.map((r) => r.reason).join(), /neither CE nor PE.*"soon" is no date.*no listing id/)
    assert.deepStrictEqual(skipped, { "exchange NCDEX": 1 })
  })

  it("takes the name under either of its titles, and an index by what its answer names", () => {
    const { instruments } = parse([
      {
        name: "renamed.json",
        text: '{"indexDetails":[{"indexName":"Nifty Bank","listingId":-25}]}'
      },
      { name: "INDEX SENSEX.JSON", text: '{"indexDetails":[{"listingId":"-101"}]}' },
      {
        name: "scrips.csv",
        text:
          "exchange,symbolCode,tradingSymbol,symbolName,instrument,lotSize,tickSize,expiryDate,strikePrice\n" +
          "NFO,35013,M&M26DECFUT,M&M,FUTSTK,350,0.05,2026-12-29,"
      }
    ])
    assert.deepStrictEqual(
      instruments.map((i) => [i.exchange, i.symbol, i.token]),
      [
        ["NFO", "M&M29DEC26FUT", "35013_NFO"],
        ["NSE_INDEX", "BANKNIFTY", "-25"],
        ["BSE_INDEX", "SENSEX", "-101"]
      ]
    )
  })

  it("says what is missing", () => {
    assert.throws(() => parse([]), MalformedMaster, /missing its CSV/)
    assert.throws(
      () => parse([{ name: "x", text: "a,b\n1,2" }]),
      MalformedMaster,
      /lacks the columns exchange/
    )
  })
})
