/** Firstock's files, with their quirks. */
import { assert, describe, it } from "@effect/vitest"
import type { MasterFile } from "../../../../src/brokers/broker.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { broker as firstockBroker } from "../../../../src/brokers/data/firstock.ts"
import { parse as firstock } from "../../../../src/brokers/masters/firstock.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"
import { demoLogin, loginOf } from "../../../../src/simulator/index.ts"

const file = (name: string, ...lines: ReadonlyArray<string>): MasterFile => ({ name, text: lines.join("\n") })

const brief = (instruments: ReadonlyArray<Instrument>): ReadonlyArray<string> =>
  instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`)

describe("Firstock's files", () => {
  const nse = "Exchange,Token,LotSize,TradingSymbol,CompanyName,ISIN,TickSize,FreezeQty"
  const nfo =
    "Exchange,Token,LotSize,Symbol,TradingSymbol,CompanyName,Expiry,Instrument,OptionType,StrikePrice,TickSize,FreezeQty"
  const files = [
    file("NSE.csv", nse, "NSE,2885,1,RELIANCE-EQ,RELIANCE INDUSTRIES,INE002A01018,0.10,100000"),
    file("BSE.csv", nse, "BSE,500470,1,TATASTEEL,TATA STEEL,INE081A01020,0.05,100000"),
    file("NFO.csv", nfo, "NFO,44297,75,NIFTY,NIFTY28MAR24C20800,NIFTY,28-MAR-2024,OPTIDX,CE,20800,0.05,1800"),
    file(
      "BFO.csv",
      nfo,
      "BFO,874301,20,SENSEX,SENSEX24MAR73500CE,SENSEX,28-MAR-2024,OPTIDX,CE,73500,0.05,1000",
      "CDS,5000,1,USDINR,X,X,28-MAR-2024,FUTCUR,XX,0,0.0025,1"
    )
  ]
  const list = file(
    "indexList.json",
    JSON.stringify({
      status: "success",
      data: [
        { exchange: "NSE", token: "26000", tradingSymbol: "NIFTY", idxname: "NIFTY 50" },
        { exchange: "NSE", token: "26009", tradingSymbol: "Nifty Bank", idxname: "NIFTY BANK" },
        { exchange: "BSE", token: 1, tradingSymbol: "", idxname: "SENSEX" },
        { exchange: "MCX", token: "5", tradingSymbol: "X", idxname: "X" },
        null
      ]
    })
  )

  it("become common symbols, with the list of indices", () => {
    const { instruments, rejects, skipped } = firstock([list, ...files])
    assert.deepStrictEqual(brief(instruments), [
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:BANKNIFTY 26009",
      "BSE_INDEX:SENSEX 1",
      "NSE:RELIANCE 2885",
      "BSE:TATASTEEL 500470",
      "NFO:NIFTY28MAR2420800CE 44297",
      "BFO:SENSEX28MAR2473500CE 874301"
    ])
    assert.deepStrictEqual(rejects, [])
    assert.deepStrictEqual(skipped, { "exchange CDS": 1, "index of (none)": 1, "index of MCX": 1 })
  })

  it("have the best-known indices without the list, and those of older files", () => {
    assert.deepStrictEqual(brief(firstock(files).instruments).slice(4), [
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:BANKNIFTY 26009",
      "BSE_INDEX:SENSEX 1"
    ])
    const older = file("NSE.csv", nse, "NSE,26017,1,INDIA VIX,,,0.00,0.0")
    assert.deepStrictEqual(brief(firstock([older]).instruments), ["NSE_INDEX:INDIAVIX 26017"])
  })

  it("survive a list that is an error, and say so", () => {
    const { instruments, rejects } = firstock([...files, file("indexList.json", '{"status":"failed"}')])
    assert.strictEqual(instruments.length, 7)
    assert.include(rejects[0]?.reason, "no list of indices")
    assert.throws(() => firstock([]), MalformedMaster)
    assert.throws(() => firstock([file("x.csv", "a,b")]), MalformedMaster, "x.csv")
  })

  it("asks for the list with the user's login", () => {
    const source = firstockBroker.instrumentMaster.sources.at(-1)!
    const body = source.body as (credentials: ReturnType<typeof loginOf>) => string
    assert.strictEqual(body(loginOf(demoLogin)), '{"userId":"DEMO01","jKey":"demo-access-token"}')
    assert.isTrue(source.optional)
  })
})
