import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../../src/brokers/data/fyers.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/fyers.ts"
import { nameOf } from "../../../../src/market/instrument.ts"
import { listAt } from "../../../../src/simulator/identity.ts"
import { makeListings } from "../../../../src/simulator/listings.ts"
import { master } from "../../../../src/simulator/masters/fyers.ts"

/** Rows as the files have them; names with a comma are quoted. */
const NSE_CM = `\
101000000026000,NIFTY50-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-09-09,,NSE:NIFTY50-INDEX,10,10,26000,NIFTY,26000,-1.0,XX,101000000026000,None,0,0.0
101000000026009,NIFTYBANK-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-09-09,,NSE:NIFTYBANK-INDEX,10,10,26009,NIFTY BANK,26009,-1.0,XX,101000000026009,None,0,0.0
101000000026025,BHARATBOND-APR30-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-09-09,,NSE:BHARATBOND-APR30-INDEX,10,10,26025,BHARAT BOND-APR30,26025,-1.0,XX,101000000026025,None,0,0.0
10100000001111,RELIANCE INDUSTRIES LTD,0,1,0.01,INE002A01018,0915-1530|1815-1915:,2026-09-09,,NSE:RELIANCE-BL,10,10,1111,RELIANCE,1111,-1.0,XX,10100000001111,None,1,3.7
10100000003045,STATE BANK OF INDIA,0,1,0.1,INE062A01020,0915-1530|1815-1915:,2026-09-09,,NSE:SBIN-EQ,10,10,3045,SBIN,3045,-1.0,XX,10100000003045,None,1,3.7
10100000002885,"RELIANCE, INDUSTRIES LTD",0,1,0.1,INE002A01018,0915-1530|1815-1915:,2026-09-09,,NSE:RELIANCE-EQ,10,10,2885,RELIANCE,2885,-1.0,XX,10100000002885,None,1,3.7
10100000016669,BAJAJ AUTO LIMITED,0,1,0.5,INE917I01010,0915-1530|1815-1915:,2026-09-09,,NSE:BAJAJ-AUTO-EQ,10,10,16669,BAJAJ-AUTO,16669,-1.0,XX,10100000016669,None,1,3.7
10100000009999,SMALL LTD,9,1600,0.05,INE000000001,0915-1530|1815-1915:,2026-09-09,,NSE:SMALL-SM,10,10,9999,SMALL,9999,-1.0,XX,10100000009999,None,1,3.7
10100000008888,SOME BOND,2,1,0.01,INE000000002,0915-1530|1815-1915:,2026-09-09,,NSE:718GS2033-GS,10,10,8888,718GS2033,8888,-1.0,XX,10100000008888,None,1,3.7
nonsense,row,0,1,0.05,,0915,2026-09-09,,NSE:X-EQ,10,10,1,X,1,-1.0,XX,1,None,1,3.7
too,short
`
const NSE_FO = `\
101126092968407,NIFTY 29 Sep 26 FUT,11,65,0.1,,0915-1540|1815-1915:,2026-09-09,1790676600,NSE:NIFTY26SEPFUT,10,11,68407,NIFTY,26000,-1.0,XX,101000000026000,None,0,0.0
101126092935086,NIFTY 29 Sep 26 29200 CE,14,65,0.05,,0915-1540|1815-1915:,2026-09-09,1790676600,NSE:NIFTY26SEP29200CE,10,11,35086,NIFTY,26000,29200.0,CE,101000000026000,None,0,0.0
1011260929138926,VEDL 29 Sep 26 292.5 PE,15,1150,0.05,,0915-1540|1815-1915:,2026-09-09,1790676600,NSE:VEDL26SEP292.5PE,10,11,138926,VEDL,3063,292.5,PE,10100000003063,None,0,0.0
101126092900001,NIFTY 29 Sep 26 29300 CE,14,65,0.05,,0915-1540,2026-09-09,soon,NSE:NIFTY26SEP29300CE,10,11,1,NIFTY,26000,29300.0,CE,1,None,0,0.0
101126092900002,NIFTY 29 Sep 26 29400 CE,14,65,0.05,,0915-1540,2026-09-09,1790676600,NSE:NIFTY26SEP29400CE,10,11,2,NIFTY,26000,-1.0,CE,1,None,0,0.0
`
const BSE_CM = `\
1210000000500112,STATE BANK OF INDIA,0,1,0.05,INE062A01020,0915-1530|1815-1915:,2026-09-09,,BSE:SBIN-A,12,10,500112,SBIN,500112,-1.0,XX,1210000000500112,None,1,3.7
12100000001,SENSEX-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-09-09,,BSE:SENSEX-INDEX,12,10,1,SENSEX,1,-1.0,XX,12100000001,None,0,0.0
121000000047,SNSX50-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-09-09,,BSE:SNSX50-INDEX,12,10,47,SNSX50,47,-1.0,XX,121000000047,None,0,0.0
1210000000800001,SOME BOND,2,1,0.05,INE0000,0915-1530,2026-09-09,,BSE:BOND-F,12,10,800001,BOND,800001,-1.0,XX,1210000000800001,None,1,3.7
`
/** An empty option type is a future's, too. */
const BSE_FO = `\
1211261103874211,SENSEX 03 Nov 26 FUT,11,20,0.05,,0915-1530,2026-09-09,1793700000,BSE:SENSEX26NOVFUT,12,11,874211,SENSEX,1,-1.0,,12100000001,None,0,0.0
`
const NSE_CD = JSON.stringify({
  "NSE:USDINR26OCTFUT": {
    fyToken: "10122610279821",
    symTicker: "NSE:USDINR26OCTFUT",
    symDetails: "USDINR 27 Oct 26 FUT",
    expiryDate: "1793084400",
    strikePrice: -1.0,
    optType: "XX",
    minLotSize: 1,
    qtyMultiplier: 1000.0,
    tickSize: 0.0025
  },
  "NSE:USDINR26OCT83.25CE": {
    fyToken: "10122610279822",
    symTicker: "NSE:USDINR26OCT83.25CE",
    symDetails: "USDINR 27 Oct 26 83.25 CE",
    expiryDate: 1793084400,
    strikePrice: 83.25,
    optType: "CE",
    minLotSize: 1,
    qtyMultiplier: 1000.0,
    tickSize: 0.0025
  },
  broken: { symTicker: "NSE:X" }
})
const MCX = JSON.stringify({
  "MCX:CRUDEOIL26SEPFUT": {
    fyToken: "1120260921565899",
    symTicker: "MCX:CRUDEOIL26SEPFUT",
    symDetails: "CRUDEOIL 21 Sep 26 FUT",
    expiryDate: "1790013600",
    strikePrice: -1.0,
    optType: "XX",
    qtyMultiplier: 100.0,
    tickSize: 1.0
  }
})
const files = [
  { name: "NSE_CM.csv", text: NSE_CM },
  { name: "NSE_FO.csv", text: NSE_FO },
  { name: "BSE_CM.csv", text: BSE_CM },
  { name: "BSE_FO.csv", text: BSE_FO },
  { name: "NSE_CD_sym_master.json", text: NSE_CD },
  { name: "MCX_COM_sym_master.json", text: MCX }
]

describe("Fyers' symbol master", () => {
  const { instruments, rejects, skipped } = parse(files)
  const named = new Map(instruments.map((i) => [nameOf(i), i]))

  it("gives the common symbols", () => {
    assert.deepStrictEqual([...named.keys()].sort(), [
      "BFO:SENSEX03NOV26FUT",
      "BSE:BOND",
      "BSE:SBIN",
      "BSE_INDEX:SENSEX",
      "BSE_INDEX:SENSEX50",
      "CDS:USDINR27OCT2683.25CE",
      "CDS:USDINR27OCT26FUT",
      "MCX:CRUDEOIL21SEP26FUT",
      "NFO:NIFTY29SEP2629200CE",
      "NFO:NIFTY29SEP26FUT",
      "NFO:VEDL29SEP26292.5PE",
      "NSE:718GS2033-GS",
      "NSE:BAJAJ-AUTO",
      "NSE:RELIANCE",
      "NSE:RELIANCE-BL",
      "NSE:SBIN",
      "NSE:SMALL",
      "NSE_INDEX:BANKNIFTY",
      "NSE_INDEX:BHARATBONDAPR30",
      "NSE_INDEX:NIFTY"
    ])
  })

  it("keeps the ticker, which the depth socket and indices go by, and the token of the feed", () => {
    assert.deepStrictEqual(named.get("NSE:RELIANCE"), {
      symbol: "RELIANCE",
      exchange: "NSE",
      brokerSymbol: "NSE:RELIANCE-EQ",
      brokerExchange: "NSE",
      token: "10100000002885",
      name: "RELIANCE, INDUSTRIES LTD",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.1,
      type: "EQ"
    })
    assert.deepStrictEqual(named.get("NSE_INDEX:NIFTY"), {
      symbol: "NIFTY",
      exchange: "NSE_INDEX",
      brokerSymbol: "NSE:NIFTY50-INDEX",
      brokerExchange: "NSE",
      token: "101000000026000",
      name: "NIFTY",
      lotSize: 1,
      tickSize: 0,
      type: "INDEX"
    })
    assert.deepStrictEqual(named.get("CDS:USDINR27OCT2683.25CE"), {
      symbol: "USDINR27OCT2683.25CE",
      exchange: "CDS",
      brokerSymbol: "NSE:USDINR26OCT83.25CE",
      brokerExchange: "CDS",
      token: "10122610279822",
      name: "USDINR",
      expiry: "2026-10-27",
      strike: 83.25,
      lotSize: 1000,
      tickSize: 0.0025,
      type: "CE"
    })
  })

  it("takes a contract's type from the column that names it, as a number in JSON too", () => {
    const json = (exInstType: number, optType: string) => ({
      name: "NSE_FO_sym_master.json",
      text: JSON.stringify({
        x: {
          fyToken: "101126092968407",
          symTicker: "NSE:NIFTY26SEPFUT",
          symDetails: "NIFTY 29 Sep 26 FUT",
          expiryDate: "1790676600",
          strikePrice: 29_200,
          optType,
          exInstType,
          minLotSize: 65,
          qtyMultiplier: 1,
          tickSize: 0.1
        }
      })
    })
    const typeOf = (exInstType: number, optType: string) => {
      const { instruments, skipped } = parse([json(exInstType, optType)])
      return instruments[0]?.type ?? skipped
    }
    assert.deepStrictEqual([typeOf(11, "XX"), typeOf(13, ""), typeOf(14, "CE")], ["FUT", "FUT", "CE"])
    assert.deepStrictEqual(typeOf(99, "XX"), { "type 99 of NFO": 1 })
    assert.deepStrictEqual(typeOf(20, "XX"), { "type 20 of NFO": 1 })
    assert.deepStrictEqual(typeOf(13, "CE"), { "FUTSTK of NFO": 1 })
    assert.strictEqual(parse([json(11, "XX")]).instruments[0]?.lotSize, 65)
  })

  it("says what it left out, and why", () => {
    assert.deepStrictEqual(skipped, {})
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'NSE_CM.csv: "nonsense" is no Fytoken',
        "NSE_CM.csv: the row has 2 fields, and 17 are needed",
        'NSE_FO.csv: expiry "soon" is no date',
        'NSE_FO.csv: strike "-1.0" is no price',
        "NSE_CD_sym_master.json: the entry has no fyToken"
      ]
    )
  })

  it("does not mind the order or the names of the files", () => {
    const turned = files.map(({ text }, i) => ({ name: `FILE${i}`, text })).reverse()
    const shape = (i: { readonly token: string }) => i.token
    assert.deepStrictEqual(parse(turned).instruments.map(shape).sort(), instruments.map(shape).sort())
  })

  it("refuses what is something else", () => {
    const fails = (text: string) => {
      assert.throws(() => parse([{ name: "x", text }]), MalformedMaster, "sym_details")
    }
    fails("")
    fails("<html>not found</html>")
    fails('{"cut')
    fails("{}")
    assert.throws(() => parse([]), MalformedMaster)
  })

  it.each(["2026-11-16", "2026-11-24", "2026-12-31"])("is written by the simulator on %s", (day) => {
    const listed = listAt(broker, makeListings({ now: Date.parse(`${day}T11:00:00+05:30`) }), master)
    const written = master.write(listed)
    const known = new Set(broker.instrumentMaster.sources.map((s) => s.name))
    for (const { name } of written) assert.isTrue(known.has(name), name)
    const again = parse(written)
    assert.deepStrictEqual(again.rejects, [])
    assert.deepStrictEqual(again.skipped, {})
    const shape = (i: (typeof again.instruments)[number]) =>
      [nameOf(i), i.token, i.brokerSymbol, i.expiry, i.strike, i.lotSize, i.tickSize, i.type].join()
    assert.deepStrictEqual(again.instruments.map(shape).sort(), listed.map((l) => shape(l.instrument)).sort())
  })
})
