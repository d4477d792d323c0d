/** The groups of Tradejini's symbol store. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/tradejini.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const csv = (name: string, ...rows: ReadonlyArray<string>) => ({ name, text: rows.join("\n") })

describe("Tradejini's master", () => {
  it("reads what an instrument is from its id, whatever the files' order and names", () => {
    const files = [
      csv(
        "Securities.csv",
        "id,dispName,excToken,lot,tick,asset,freezeQty,isin,desc",
        'EQT_RELIANCE_EQ_NSE,RELIANCE,2885,1,0.05,equity,67662,INE002A01018,"RELIANCE INDUSTRIES, LTD"',
        "EQT_RELIANCE_A_BSE,RELIANCE,500325,1,0.05,equity,1,x,",
        "EQT_M&M_EQ_NSE,M&M,2031,1,0.05,equity,1,x,MAHINDRA",
        "EQT_IRFC_N1_NSE,IRFC,9001,1,0.01,equity,1,x,"
      ),
      csv(
        "futures",
        "id,dispName,excToken,lot,tick,asset,freezeQty,undId",
        "FUTIDX_BANKNIFTY_NFO_2026-08-25,BANKNIFTY 25AUG FUT,51998,35,0.05,future,1,IDX_-2_NSE",
        "FUTSTK_BAJAJ-AUTO_NFO_2026-08-25,x,51999,75,0.05,future,1,16669_NSE"
      ),
      csv(
        "NSEOptions.csv",
        "id,dispName,excToken,lot,tick,asset,freezeQty,undId,weekly",
        "OPTIDX_NIFTY_NFO_2026-08-28_24500_CE,NIFTY 28AUG 24500 CE,43210,75,0.05,option,1,IDX_-1_NSE,",
        "OPTSTK_ITC_NFO_2026-08-25_292.50_PE,x,43211,1600,0.05,option,1,x,"
      ),
      csv(
        "rest.csv",
        "id,excToken,lot,tick",
        "OPTIDX_SENSEX_BFO_2026-08-13_80000_PE,826625,20,0.05",
        "FUTCUR_USDINR_CDS_2026-08-27,1594,1000,0.0025",
        "FUTCUR_USDINR_BCD_2026-08-27,700123,1000,0.0025",
        "OPTCUR_USDINR_CDS_2026-08-27_84.25_CE,1595,1000,0.0025",
        "FUTCOM_CRUDEOIL_MCX_2026-08-19,457533,100,1"
      ),
      csv(
        "Index.csv",
        "id,dispName,excToken,asset,symbol,availFlag",
        "IDX_-1_NSE,Nifty 50,-1,index,NIFTY,",
        "IDX_-2_NSE,Nifty Bank,-2,index,,",
        "IDX_FINNIFTY_NSE,Nifty Fin Service,-3,index,,",
        "IDX_-101_BSE,SENSEX,-101,index,SENSEX,"
      )
    ]
    const { instruments, rejects, skipped } = parse(files)
    assert.deepStrictEqual([rejects, skipped], [[], {}])
    assert.isTrue(instruments.every(Schema.is(Instrument)))
    const names = (list: typeof files) =>
      parse(list).instruments.map((i) => [i.exchange, i.symbol, i.token, i.expiry, i.strike].join(" ").trim())
    assert.deepStrictEqual(names(files), [
      "NSE RELIANCE 2885",
      "BSE RELIANCE 500325",
      "NSE M&M 2031",
      "NSE IRFC-N1 9001",
      "NFO BANKNIFTY25AUG26FUT 51998 2026-08-25",
      "NFO BAJAJ-AUTO25AUG26FUT 51999 2026-08-25",
      "NFO NIFTY28AUG2624500CE 43210 2026-08-28 24500",
      "NFO ITC25AUG26292.5PE 43211 2026-08-25 292.5",
      "BFO SENSEX13AUG2680000PE 826625 2026-08-13 80000",
      "CDS USDINR27AUG26FUT 1594 2026-08-27",
      "BCD USDINR27AUG26FUT 700123 2026-08-27",
      "CDS USDINR27AUG2684.25CE 1595 2026-08-27 84.25",
      "MCX CRUDEOIL19AUG26FUT 457533 2026-08-19",
      "NSE_INDEX NIFTY -1",
      "NSE_INDEX BANKNIFTY -2",
      "NSE_INDEX FINNIFTY -3",
      "BSE_INDEX SENSEX -101"
    ])
    assert.deepStrictEqual(names(files.toReversed()).sort(), names(files).sort())
    assert.deepInclude(instruments[0], {
      name: "RELIANCE INDUSTRIES, LTD",
      brokerSymbol: "EQT_RELIANCE_EQ_NSE",
      brokerExchange: "NSE"
    })
  })

  it("rejects rows with a reason, and skips what AlgoWays does not carry", () => {
    const { instruments, rejects, skipped } = parse([
      csv(
        "x.csv",
        "id,excToken,lot,tick,dispName",
        "EQT_A_EQ_NSE,0,1,0.05,",
        "EQT_A_EQ_NSE,1,0,0.05,",
        "EQT_A_EQ_NSE,1,1,,",
        "EQT_A_NSE,1,1,0.05,",
        "EQT__EQ_NSE,1,1,0.05,",
        "FUTSTK_A_NFO,1,1,0.05,",
        "FUTSTK_A_NFO_soon,1,1,0.05,",
        "FUTSTK__NFO_2026-08-25,1,1,0.05,",
        "OPTSTK_A_NFO_2026-08-25_x_CE,1,1,0.05,",
        "OPTSTK_A_NFO_2026-08-25_5_XX,1,1,0.05,",
        "OPTSTK_A_NFO_2026-08-25_5_CE,1,,0.05,",
        "IDX_-9_NSE,-9,,,",
        "EQT_A_EQ_MSE,1,1,0.05,",
        "FUTCUR_A_MCD_2026-08-25,1,1,0.05,",
        "UNDCUR_EURINR_CDS,80,,,",
        "IDX_-9_MCX,-9,,,",
        ",5,,,"
      )
    ])
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'excToken "0" is no token',
        'lot "0" is no size',
        'tick "" is no size',
        'id "EQT_A_NSE" is none of a share',
        'id "EQT__EQ_NSE" has no symbol',
        'id "FUTSTK_A_NFO" is none of a contract',
        'id "FUTSTK_A_NFO_soon" has no expiry date',
        'id "FUTSTK__NFO_2026-08-25" has no underlying',
        'id "OPTSTK_A_NFO_2026-08-25_x_CE" has no strike',
        'id "OPTSTK_A_NFO_2026-08-25_5_XX" is neither a call nor a put',
        'lot "" is no size',
        'id "IDX_-9_NSE" has no name'
      ]
    )
    assert.deepStrictEqual(skipped, {
      "(no id)": 1,
      UNDCUR: 1,
      "exchange MCD": 1,
      "exchange MSE": 1,
      "index of MCX": 1
    })
    assert.throws(() => parse([]), MalformedMaster)
    assert.throws(() => parse([{ name: "a.csv", text: "no" }]), MalformedMaster, /a\.csv lacks/)
  })
})
