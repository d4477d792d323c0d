/** Motilal Oswal's files of scrips and of indices. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/motilal.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const scrips = (name: string, ...rows: ReadonlyArray<string>) => ({
  name,
  text: [
    "exchange,exchangename,scripcode,scripname,marketlot,scripshortname,instrumentname,expirydate,strikeprice,optiontype,ticksize",
    ...rows
  ].join("\n")
})
const indices = (name: string, ...rows: ReadonlyArray<string>) => ({
  name,
  text: ["exchangename,indexcode,indexname", ...rows].join("\n")
})

describe("Motilal Oswal's master", () => {
  it("becomes common symbols, whatever the files' order and names", () => {
    const files = [
      indices("a.csv", "NSE,888801,NIFTY 50", "NSE,888816,NIFTY BANK", "NSE,888818,NIFTY FIN SERVICE"),
      scrips(
        "b.csv",
        "1,NSE,2885,RELIANCE EQ,1,RELIANCE,EQUITY,0,0,EQ,0.05",
        "1,NSE,16669,BAJAJ-AUTO EQ,1,BAJAJ-AUTO,EQUITY,0,0,EQ,0.05",
        "1,NSE,31181,MAFANG BE,1,MAFANG,EQUITY,0,0,,0.05",
        "1,NSE,9001,IRFC N1,1,IRFC,DEBT,0,0,N1,0.01",
        "1,NSE,888801,NIFTY,1,NIFTY,INDEX,0,0,,0"
      ),
      scrips(
        "c.csv",
        "2,NSEFO,43422,NIFTY 28-MAR-2024 CE 20800,50,NIFTY,OPTIDX,1395961800,20800.00,CE,0.05",
        "2,NSEFO,61754,TGBL 30-OCT-2025 PE 292.5,900,TGBL,OPTSTK,1445862600,292.50,PE,0.05",
        '2,NSEFO,35003,"M&M 5-Apr-2024 FUT",350,M&M,FUTSTK,1,0,XX,0.05'
      ),
      scrips("d.csv", "3,BSEFO,874211,BSX 28-MAR-2024 FUT,10,BSX,FUTIDX,1,0,XX,0.05"),
      scrips(
        "e.csv",
        "4,NSECD,1402,USDINR 26-APR-2024 FUT,1000,USDINR,FUTCUR,1,0,XX,0.0025",
        "5,MCX,245470,CRUDEOIL 19-APR-2024 FUT,100,CRUDEOIL,FUTCOM,1,0,,1",
        "6,BSE,500325,RELIANCE,1,RELIANCE,EQUITY,0,0,A,0.05"
      ),
      indices("f.csv", "BSE,999901,BSE SENSEX", "BSE,999912,BSE BANKEX", "BSE,999913,BSE AUTO")
    ]
    const names = (list: typeof files) =>
      parse(list)
        .instruments.map((i) =>
          [i.exchange, i.symbol, i.brokerExchange, i.token, i.expiry, i.strike].join(" ")
        )
        .sort()
    const { instruments, rejects, skipped } = parse(files)
    assert.deepStrictEqual(rejects, [])
    assert.deepStrictEqual(skipped, { "index among the scrips": 1 })
    assert.isTrue(instruments.every(Schema.is(Instrument)))
    assert.deepStrictEqual(
      names(files),
      [
        "BFO SENSEX28MAR24FUT BSEFO 874211 2024-03-28 ",
        "BSE RELIANCE BSE 500325  ",
        "BSE_INDEX BANKEX BSE 999912  ",
        "BSE_INDEX BSEAUTO BSE 999913  ",
        "BSE_INDEX SENSEX BSE 999901  ",
        "CDS USDINR26APR24FUT NSECD 1402 2024-04-26 ",
        "MCX CRUDEOIL19APR24FUT MCX 245470 2024-04-19 ",
        "NFO M&M05APR24FUT NSEFO 35003 2024-04-05 ",
        "NFO NIFTY28MAR2420800CE NSEFO 43422 2024-03-28 20800",
        "NFO TGBL30OCT25292.5PE NSEFO 61754 2025-10-30 292.5",
        "NSE BAJAJ-AUTO NSE 16669  ",
        "NSE IRFC-N1 NSE 9001  ",
        "NSE MAFANG NSE 31181  ",
        "NSE RELIANCE NSE 2885  ",
        "NSE_INDEX BANKNIFTY NSE 888816  ",
        "NSE_INDEX FINNIFTY NSE 888818  ",
        "NSE_INDEX NIFTY NSE 888801  "
      ].sort()
    )
    assert.deepStrictEqual(names(files.toReversed()), names(files))
    const option = instruments.find((i) => i.symbol === "NIFTY28MAR2420800CE")!
    assert.deepInclude(option, {
      brokerSymbol: "NIFTY 28-MAR-2024 CE 20800",
      name: "NIFTY",
      lotSize: 50,
      tickSize: 0.05,
      type: "CE"
    })
  })

  it("finds a series at the end of the long name too, and passes over what is suspended", () => {
    const header =
      "exchange,exchangename,scripcode,scripname,marketlot,scripshortname,issuspended,instrumentname,expirydate,strikeprice,optiontype,ticksize,scripisinno"
    const rows = [
      "1,NSE,1,7.74% TAX FREE NCD-IREDA N7,1,IREDA,,      ,0,0,  ,0.05,INE202E07252",
      "1,NSE,2,INDIAN RENEWABLE ENERGY-IREDA EQ,1,IREDA,,      ,0,0,  ,0.05,INE202E01016",
      "1,NSE,3,ZZZ EQ,1,ZZZ,Y,,0,0,EQ,0.05,",
      "1,NSE,4,ZZZ EQ,1,ZZZ,N,,0,0,EQ,0.05,"
    ]
    for (const order of [rows, rows.toReversed()]) {
      const { instruments, rejects, skipped } = parse([
        { name: "NSE.csv", text: [header, ...order].join("\n") }
      ])
      assert.deepStrictEqual(instruments.map((i) => `${i.symbol} ${i.token}`).sort(), [
        "IREDA 2",
        "IREDA-N7 1",
        "ZZZ 4"
      ])
      assert.deepStrictEqual([rejects, skipped], [[], { "suspended in NSE": 1 }])
    }
  })

  it("rejects rows with a reason, and skips what AlgoWays does not carry", () => {
    const { instruments, rejects, skipped } = parse([
      scrips(
        "x.csv",
        "1,NSE,0,ZERO EQ,1,ZERO,EQUITY,0,0,EQ,0.05",
        "1,NSE,5,,1,,EQUITY,0,0,EQ,0.05",
        "1,NSE,6,NOLOT EQ,0,NOLOT,EQUITY,0,0,EQ,0.05",
        "1,NSE,7,NOTICK EQ,1,NOTICK,EQUITY,0,0,EQ,x",
        "2,NSEFO,8,NIFTY CE 20800,50,NIFTY,OPTIDX,1,20800,CE,0.05",
        "2,NSEFO,9,NIFTY 28-MAR-2024 CE 0,50,NIFTY,OPTIDX,1,0,CE,0.05",
        "2,NSEFO,10,NIFTY 31-FEB-2024 FUT,50,NIFTY,FUTIDX,1,0,XX,0.05",
        "2,NSEFO,11,NIFTY ?,50,NIFTY,,1,0,,0.05",
        "9,BSECD,12,USDINR 26-APR-2024 FUT,1000,USDINR,FUTCUR,1,0,XX,0.0025",
        "9,NSE,2147483648,BIG EQ,1,BIG,EQUITY,0,0,EQ,0.05",
        "short"
      ),
      indices("i.csv", "NSE,0,NIFTY 50", "NSE,7, ", "MCX,1,MCXBULLDEX")
    ])
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'x.csv: scripcode "0" is no code',
        "x.csv: scripshortname is empty",
        'x.csv: marketlot "0" is no size',
        'x.csv: ticksize "x" is no size',
        'x.csv: scripname "NIFTY CE 20800" has no expiry date',
        'x.csv: strikeprice "0" is no price',
        'x.csv: scripname "NIFTY 31-FEB-2024 FUT" has no expiry date',
        'x.csv: scripcode "2147483648" is no code',
        "x.csv: the row has 1 fields where the header has 11",
        'i.csv: indexcode "0" is no code',
        "i.csv: indexname is empty"
      ]
    )
    assert.deepStrictEqual(skipped, {
      "(no instrumentname) of NSEFO": 1,
      "exchange BSECD": 1,
      "index of MCX": 1
    })
  })

  it("names the file that is none of its own", () => {
    assert.throws(() => parse([]), MalformedMaster)
    assert.throws(() => parse([{ name: "NSE.csv", text: "<html>" }]), MalformedMaster, /NSE\.csv lacks/)
  })
})
