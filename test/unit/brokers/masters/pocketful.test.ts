/** The files in Pocketful's archive of contracts. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/pocketful.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const HEADER =
  "exchange_token,trading_symbol,company_name,close_price,expiry,strike,tick_size,lot_size,instrument_name,option_type,segment,exchange"
const csv = (name: string, ...rows: ReadonlyArray<string>) => ({ name, text: [HEADER, ...rows].join("\n") })

describe("Pocketful's master", () => {
  it("becomes common symbols, whatever the files' order and names", () => {
    const files = [
      csv(
        "NSECompactScrip.csv",
        "2885,RELIANCE-EQ,RELIANCE INDUSTRIES LTD,1,,0,0.05,1,EQ,,EQ,NSE",
        "16669,BAJAJ-AUTO-EQ,BAJAJ AUTO,1,,0,0.05,1,EQ,,EQ,NSE",
        "7,AAA-BE,AAA,1,,0,0.05,1,EQ,,BE,NSE",
        "26000,Nifty 50,Nifty 50,1,,0,0.05,1,INDEX,,INDICES,NSE",
        "26009,Nifty Bank,Nifty Bank,1,,0,0.05,1,INDEX,,INDICES,NSE",
        "26037,Nifty Fin Service,x,1,,0,0.05,1,INDEX,,INDICES,NSE",
        "26074,NIFTY MID SELECT,x,1,,0,0.05,1,INDEX,,INDICES,NSE",
        "26013,Nifty Next 50,x,1,,0,0.05,1,INDEX,,INDICES,NSE",
        "26017,India VIX,x,1,,0,0.05,1,INDEX,,INDICES,NSE"
      ),
      csv(
        "bse.csv",
        "500325,RELIANCE-A,RELIANCE INDUSTRIES LTD,1,,0,0.05,1,E,XX,A,BSE",
        "532977,BAJAJ-AUTO-A,BAJAJ AUTO,1,,0,0.05,1,E,XX,A,BSE",
        "1,SENSEX,SENSEX,1,,0,0.01,1,INDEX,XX,IDX,BSE",
        "47,SNSX50,SNSX50,1,,0,0.01,1,INDEX,XX,IDX,BSE"
      ),
      csv(
        "NFOCompactScrip.csv",
        "51998,BANKNIFTY26AUGFUT,BANKNIFTY,1,25-Aug-2026,0.0,0.05,35,FUTIDX,XX,XX,NFO",
        "43210,NIFTY26AUG24500CE,NIFTY,1,28-Aug-2026,24500.0,0.05,75,OPTIDX,CE,XX,NFO",
        "43211,ITC26AUG292.5PE,ITC,1,25-Aug-2026,292.5,0.05,1600,OPTSTK,PE,XX,NFO"
      ),
      csv(
        "BFOCompactScrip.csv",
        "826625,SENSEX2681380000PE,SENSEX,1,13-Aug-2026,80000.0,0.05,20,IO,PE,XX,BFO",
        "826626,SENSEX26AUGFUT,SENSEX,1,27-Aug-2026,0.0,0.05,20,IF,,XX,BFO"
      ),
      csv(
        "MCXCompactScrip.csv",
        "457533,CRUDEOIL26AUGFUT,CRUDE OIL 100 BBL,1,19-Aug-2026,0,1,100,FUTCOM,XX,XX,MCX",
        "457534,SILVERM26AUG131500CE,SILVER MINI,1,20-Aug-2026,131500.0,1,5,OPTFUT,CE,XX,MCX",
        "99,CRUDEOIL,CRUDE OIL,1,,0,1,1,COM,XX,XX,MCX"
      ),
      csv("CDSCompactScrip.csv", "1594,USDINR26AUGFUT,US Dollar,1,27-Aug-2026,0,0.0025,1000,FUTCUR,XX,XX,CDS")
    ]
    const { instruments, rejects, skipped } = parse(files)
    assert.deepStrictEqual([rejects, skipped], [[], { "COM of MCX": 1 }])
    assert.isTrue(instruments.every(Schema.is(Instrument)))
    const names = (list: typeof files) =>
      parse(list).instruments.map((i) => [i.exchange, i.symbol, i.brokerExchange, i.token, i.type].join(" "))
    assert.deepStrictEqual(names(files), [
      "NSE RELIANCE NSE 2885 EQ",
      "NSE BAJAJ-AUTO NSE 16669 EQ",
      "NSE AAA NSE 7 EQ",
      "NSE_INDEX NIFTY NSE 26000 INDEX",
      "NSE_INDEX BANKNIFTY NSE 26009 INDEX",
      "NSE_INDEX FINNIFTY NSE 26037 INDEX",
      "NSE_INDEX MIDCPNIFTY NSE 26074 INDEX",
      "NSE_INDEX NIFTYNXT50 NSE 26013 INDEX",
      "NSE_INDEX INDIAVIX NSE 26017 INDEX",
      "BSE RELIANCE BSE 500325 EQ",
      "BSE BAJAJ-AUTO BSE 532977 EQ",
      "BSE_INDEX SENSEX BSE 1 INDEX",
      "BSE_INDEX SENSEX50 BSE 47 INDEX",
      "NFO BANKNIFTY25AUG26FUT NFO 51998 FUT",
      "NFO NIFTY28AUG2624500CE NFO 43210 CE",
      "NFO ITC25AUG26292.5PE NFO 43211 PE",
      "BFO SENSEX13AUG2680000PE BFO 826625 PE",
      "BFO SENSEX27AUG26FUT BFO 826626 FUT",
      "MCX CRUDEOIL19AUG26FUT MCX 457533 FUT",
      "MCX SILVERM20AUG26131500CE MCX 457534 CE",
      "CDS USDINR27AUG26FUT CDS 1594 FUT"
    ])
    assert.deepStrictEqual(names(files.toReversed()).sort(), names(files).sort())
  })

  it("rejects rows with a reason, and skips what AlgoWays does not carry", () => {
    const { instruments, rejects, skipped } = parse([
      csv(
        "x.csv",
        "0,A-EQ,A,1,,0,0.05,1,EQ,,EQ,NSE",
        "1,,A,1,,0,0.05,1,EQ,,EQ,NSE",
        "2,A-EQ,A,1,,0,0.05,0,EQ,,EQ,NSE",
        "3,A-EQ,A,1,,0,-1,1,EQ,,EQ,NSE",
        "4,A26AUGFUT,,1,25-Aug-2026,0,0.05,1,FUTSTK,XX,XX,NFO",
        "5,A26AUGFUT,A,1,25-Aux-2026,0,0.05,1,FUTSTK,XX,XX,NFO",
        "6,A26AUG0CE,A,1,25-Aug-2026,0,0.05,1,OPTSTK,CE,XX,NFO",
        "7,123,A,1,25-Aug-2026,0,0.05,1,FUTCOM,XX,XX,MCX",
        "9,A,A,1,,0,0.05,1,,?,XX,NFO",
        "10,A,A,1,,0,0.05,1,EQ,,EQ,NCDEX",
        "11,A,A,1,,0,0.05,1,EQ,,EQ,"
      )
    ])
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'exchange_token "0" is no token',
        "trading_symbol is empty",
        'lot_size "0" is no size',
        'tick_size "-1" is no size',
        'the underlying of "A26AUGFUT" is not told',
        'expiry "25-Aux-2026" is no date',
        'strike "0" is no price',
        'the underlying of "123" is not told'
      ]
    )
    assert.deepStrictEqual(skipped, {
      "(no instrument_name) of NFO": 1,
      "exchange (none)": 1,
      "exchange NCDEX": 1
    })
    assert.throws(() => parse([]), MalformedMaster)
    assert.throws(() => parse([{ name: "a.csv", text: "no" }]), MalformedMaster, /a\.csv lacks/)
  })
})
