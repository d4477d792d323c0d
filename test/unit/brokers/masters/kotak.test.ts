import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { broker } from "../../../../src/brokers/data/kotak.ts"
import { parse } from "../../../../src/brokers/masters/kotak.ts"
import { nameOf } from "../../../../src/market/instrument.ts"
import { listAt } from "../../../../src/simulator/identity.ts"
import { makeListings } from "../../../../src/simulator/listings.ts"
import { master } from "../../../../src/simulator/masters/kotak.ts"

/** With the stray signs of the real header. */
const HEADER =
  "pSymbol,pGroup,pExchSeg,pInstType,pSymbolName,pTrdSymbol,pOptionType,pISIN,pDesc,dTickSize ,lLotSize,lExpiryDate ,lPrecision ,dStrikePrice;"
const csv = (...rows: ReadonlyArray<string>): string => `${[HEADER, ...rows].join("\n")}\n`

/** In seconds since 1980 in India. */
const in1980 = (iso: string): number => Date.parse(iso) / 1000 - 315_513_000

const NSE_CM = csv(
  "2885,EQ,nse_cm,EQ,RELIANCE,RELIANCE-EQ,,INE002A01018,RELIANCE INDUSTRIES LTD,10.000000,1,,2,-1.000000",
  "777,BE,nse_cm,EQ,RELIANCE,RELIANCE-BE,,INE002A01018,RELIANCE INDUSTRIES LTD,5.000000,1,,2,-1.000000",
  "778,BE,nse_cm,EQ,LONELY,LONELY-BE,,INE000A01018,LONELY LTD,5.000000,1,,2,-1.000000",
  "779,SM,nse_cm,EQ,SMALL,SMALL-SM,,INE000B01018,SMALL LTD,5.000000,600,,2,-1.000000",
  "900,GS,nse_cm,EQ,718GS2033,718GS2033-GS,,IN0020230010,GOVERNMENT,1.000000,1,,2,-1.000000",
  "26000,,nse_cm,,NIFTY,NIFTY,,,NIFTY,5.000000,1,,2,-1.000000",
  "26009,,nse_cm,,Nifty Bank,Nifty Bank,,,,5.000000,1,,2,-1.000000",
  "26074,,nse_cm,,NIFTY MID SELECT,NIFTY MID SELECT,,,,5.000000,1,,2,-1.000000",
  "26025,,nse_cm,,NIFTY PHARMA,NIFTY PHARMA,,,,5.000000,1,,2,-1.000000",
  "x1,EQ,nse_cm,EQ,ODD,ODD-EQ,,INE1,ODD,5.000000,1,,2,-1.000000"
)
const BSE_CM = csv(
  "500325,A,bse_cm,EQ,RELIANCE,RELIANCE,,INE002A01018,RELIANCE INDUSTRIES LTD,5.000000,1,,2,-1.000000",
  "800001,G,bse_cm,EQ,718GS2033,718GS2033,,IN0020230010,GOVERNMENT,1.000000,1,,2,-1.000000",
  "1,,bse_cm,,SENSEX,SENSEX,,,,1.000000,1,,2,-1.000000"
)
const NSE_FO = csv(
  `107305,XX,nse_fo,OPTSTK,GRASIM,GRASIM26AUG3740PE,PE,,,5.000000,250,${in1980("2026-08-25T14:30:00+05:30")},2,374000.000000`,
  `52175,XX,nse_fo,FUTIDX,NIFTY,NIFTY26AUGFUT,XX,,,10.000000,75,${in1980("2026-08-25T14:30:00+05:30")},2,-1.000000`,
  // A spread by its symbol, and what no column names.
  `52178,XX,nse_fo,FUTSTK,GAIL,GAIL25DEC26JANFUT,XX,,,10.000000,75,${in1980("2026-12-29T14:30:00+05:30")},2,-1.000000`,
  `52179,XX,nse_fo,,GAIL,GAIL26DEC,,,,10.000000,75,${in1980("2026-12-29T14:30:00+05:30")},2,-1.000000`,
  "52176,XX,nse_fo,FUTIDX,NIFTY,NIFTY26SEPFUT,XX,,,10.000000,75,,2,-1.000000",
  `52177,XX,nse_fo,OPTIDX,NIFTY,NIFTY26AUG0CE,CE,,,10.000000,75,${in1980("2026-08-25T14:30:00+05:30")},2,-1.000000`
)
const MCX_FO = csv(
  // The end of the day as if it were UTC, and a strike in the form of a large number.
  "578787,,mcx_fo,OPTFUT,GOLDM,GOLDM25SEP26148500CE,CE,,,50.000000,100,1790380799,2,1.485e+07",
  "578790,,mcx_fo,FUTCOM,GOLDM,GOLDM25SEP26FUT,,,,100.000000,100,1790380799,2,",
  "101,,mcx_fo,COM,GOLD,GOLD,,,,100.000000,1,,2,",
  "102,,nse_com,FUTCOM,GOLD,GOLD26SEPFUT,XX,,,100.000000,1,1790380799,2,"
)
const CDE_FO = csv(
  `1402,XX,cde_fo,OPTCUR,USDINR,USDINR26AUG84.25CE,CE,,,25.000000,1000,${in1980("2026-08-26T12:30:00+05:30")},4,842500.000000`
)
const files = [
  { name: "nse_cm-v1.csv", text: NSE_CM },
  { name: "bse_cm-v1.csv", text: BSE_CM },
  { name: "nse_fo.csv", text: NSE_FO },
  { name: "mcx_fo.csv", text: MCX_FO },
  { name: "cde_fo.csv", text: CDE_FO }
]

describe("Kotak's scrip master", () => {
  const { instruments, rejects, skipped } = parse(files)
  const named = new Map(instruments.map((i) => [nameOf(i), i]))

  it("gives the common symbols", () => {
    assert.deepStrictEqual([...named.keys()].sort(), [
      "BSE:718GS2033",
      "BSE:RELIANCE",
      "BSE_INDEX:SENSEX",
      "CDS:USDINR26AUG2684.25CE",
      "MCX:GOLDM25SEP26148500CE",
      "MCX:GOLDM25SEP26FUT",
      "NCO:GOLD25SEP26FUT",
      "NFO:GRASIM25AUG263740PE",
      "NFO:NIFTY25AUG26FUT",
      "NSE:718GS2033-GS",
      "NSE:LONELY",
      "NSE:RELIANCE",
      "NSE:RELIANCE-BE",
      "NSE:SMALL",
      "NSE_INDEX:BANKNIFTY",
      "NSE_INDEX:MIDCPNIFTY",
      "NSE_INDEX:NIFTY",
      "NSE_INDEX:NIFTYPHARMA"
    ])
  })

  it("knows an index by the name of the feed, or else by its number", () => {
    const token = (name: string) => named.get(`NSE_INDEX:${name}`)?.token
    assert.deepStrictEqual(["NIFTY", "BANKNIFTY", "MIDCPNIFTY", "NIFTYPHARMA"].map(token), [
      "Nifty 50",
      "Nifty Bank",
      "NIFTY MID SELECT",
      "26025"
    ])
  })

  it("reads prices by the decimals that the row tells", () => {
    assert.deepStrictEqual(named.get("CDS:USDINR26AUG2684.25CE"), {
      symbol: "USDINR26AUG2684.25CE",
      exchange: "CDS",
      brokerSymbol: "USDINR26AUG84.25CE",
      brokerExchange: "cde_fo",
      token: "1402",
      name: "USDINR",
      expiry: "2026-08-26",
      strike: 84.25,
      lotSize: 1000,
      tickSize: 0.0025,
      type: "CE"
    })
    assert.strictEqual(named.get("NSE:RELIANCE")?.token, "2885")
    assert.strictEqual(named.get("NSE:RELIANCE")?.tickSize, 0.1)
    assert.strictEqual(named.get("MCX:GOLDM25SEP26148500CE")?.strike, 148_500)
  })

  it("says what it left out, and why", () => {
    assert.deepStrictEqual(skipped, {
      "(no pInstType) of nse_fo": 1,
      "COM of mcx_fo": 1,
      "spread of NFO": 1
    })
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'nse_cm-v1.csv: pSymbol "x1" is no token',
        'nse_fo.csv: lExpiryDate "" is no date',
        'nse_fo.csv: dStrikePrice "-1.000000" is no price'
      ]
    )
  })

  it("rejects a share whose lot is less than none, and takes an empty lot for 1", () => {
    const row = (token: number, name: string, lot: string) =>
      `${token},EQ,nse_cm,EQ,${name},${name}-EQ,,INE002A01018,${name} LTD,10.000000,${lot},,2,-1.000000`
    const text = csv(row(1, "ODD", "-1"), row(2, "PLAIN", ""))
    const { instruments, rejects } = parse([{ name: "nse_cm.csv", text }])
    assert.deepStrictEqual(rejects, [{ row: 2, reason: 'lLotSize "-1" is no size' }])
    assert.deepStrictEqual(
      instruments.map((i) => [nameOf(i), i.lotSize]),
      [["NSE:PLAIN", 1]]
    )
  })

  it("takes prices for paise where a file does not tell the decimals", () => {
    const plain = csv(
      `35000,XX,nse_fo,OPTIDX,NIFTY,NIFTY26AUG24800CE,CE,,,5.000000,75,${in1980("2026-08-25T14:30:00+05:30")},,2480000`
    )
    const [option] = parse([{ name: "nse_fo.csv", text: plain }]).instruments
    assert.strictEqual(option?.symbol, "NIFTY25AUG2624800CE")
    assert.strictEqual(option?.tickSize, 0.05)
  })

  it("reads an expiry from either of the years that segments count from", () => {
    const oil = (expiry: number) =>
      csv(`451669,,mcx_fo,FUTCOM,CRUDEOIL,CRUDEOIL26OCTFUT,XX,,,100,100,${expiry},2,`)
    for (const expiry of [1_476_921_600, 1_792_434_600]) {
      const [future] = parse([{ name: "mcx_fo.csv", text: oil(expiry) }]).instruments
      assert.strictEqual(future?.symbol, "CRUDEOIL19OCT26FUT")
    }
  })

  it("takes no share of BSE for an index", () => {
    const shares = csv(
      "500325,,bse_cm,,RELIANCE,RELIANCE,,,,5,1,,2,-1",
      "1,,bse_cm,,SENSEX,SENSEX,,,,1,1,,2,-1"
    )
    assert.deepStrictEqual(parse([{ name: "bse_cm.csv", text: shares }]).instruments.map(nameOf), [
      "BSE:RELIANCE",
      "BSE_INDEX:SENSEX"
    ])
  })

  it("does not mind the order or the names of the files", () => {
    const turned = files.map(({ text }, i) => ({ name: `FILE${i}`, text })).reverse()
    assert.deepStrictEqual(parse(turned).instruments.map(nameOf).sort(), instruments.map(nameOf).sort())
  })

  it("refuses what is something else", () => {
    assert.throws(() => parse([{ name: "x", text: "<html>" }]), MalformedMaster, "pSymbol")
    assert.throws(() => parse([]), MalformedMaster)
  })

  it("is fetched by the day", () => {
    const urls = broker.instrumentMaster.sources.map(({ url }) =>
      typeof url === "string" ? url : url("2026-08-20")
    )
    const base = "https://lapi.kotaksecurities.com/wso2-scripmaster/v1/prod/2026-08-20"
    assert.strictEqual(urls[0], `${base}/transformed-v1/nse_cm-v1.csv`)
    assert.strictEqual(urls[2], `${base}/transformed/nse_fo.csv`)
  })

  it.each(["2026-11-16", "2026-11-24", "2026-12-31"])("is written by the simulator on %s", (day) => {
    const listed = listAt(broker, makeListings({ now: Date.parse(`${day}T11:00:00+05:30`) }), master)
    const again = parse(master.write(listed))
    assert.deepStrictEqual(again.rejects, [])
    assert.deepStrictEqual(again.skipped, {})
    const shape = (i: (typeof again.instruments)[number]) =>
      [nameOf(i), i.token, i.brokerSymbol, i.brokerExchange, i.expiry, i.strike, i.lotSize, i.tickSize].join()
    assert.deepStrictEqual(again.instruments.map(shape).sort(), listed.map((l) => shape(l.instrument)).sort())
  })
})
