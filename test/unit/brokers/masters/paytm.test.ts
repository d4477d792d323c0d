/** Paytm Money's security master. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/paytm.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const HEADER =
  "security_id,symbol,name,series,tick_size,lot_size,instrument_type,segment,exchange,upper_limit,lower_limit,expiry_date,strike_price,freeze_quantity"
const csv = (...rows: ReadonlyArray<string>): string => [HEADER, ...rows].join("\n")

describe("Paytm Money's master", () => {
  it("becomes common symbols, and keeps what a subscription must say of a fund", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "2885,RELIANCE,Reliance Industries,EQ,0.05,1,ES,E,NSE,1,1,,,",
        "10576,NIFTYBEES,Nippon Nifty 50 ETF,EQ,0.01,1,ETF,E,NSE,1,1,,,",
        "500325,RELIANCE,Reliance Industries,A,0.05,1,ES,E,BSE,1,1,,,",
        "13,NIFTY50,Nifty 50,,0,1,I,I,NSE,,,,,",
        "25,NIFTYBANK,Nifty Bank,,0,1,I,I,NSE,,,,,",
        "26,X,Nifty Next 50,,0,1,I,I,NSE,,,,,",
        "27,X,NIFTY MID SELECT,,0,1,I,I,NSE,,,,,",
        "28,X,Nifty Mcap50,,0,1,I,I,NSE,,,,,",
        "29,X,NIFTY SMALLCAP 250,,0,1,I,I,NSE,,,,,",
        "51,SENSEX,SENSEX,,0,1,I,I,BSE,,,,,",
        "52,X,SNSX50,,0,1,I,I,BSE,,,,,",
        "53,X,METAL,,0,1,I,I,BSE,,,,,",
        "51998,BANKNIFTY-Aug2026-FUT,BANKNIFTY 25 AUG FUT,,0.05,35,FUTIDX,D,NSE,,,2026-08-25,,600",
        "43210,NIFTY-Aug2026-24500-CE,NIFTY 28 AUG 24500 CALL,,0.05,75,OPTIDX,D,NSE,,,28-Aug-2026,24500.00,1800",
        "43211,ITC,ITC 25 AUG 292.5 PUT,,0.05,1600,OPTSTK,D,NSE,,,2026-08-25 00:00:00,292.5,1",
        "826625,SENSEX,SENSEX 13 AUG 80000 PUT,,0.05,20,OPTIDX,D,BSE,,,2026-08-13,80000,1"
      )
    )
    assert.deepStrictEqual([rejects, skipped], [[], {}])
    assert.isTrue(instruments.every(Schema.is(Instrument)))
    assert.deepStrictEqual(
      instruments.map((i) => [i.exchange, i.symbol, i.brokerExchange, i.token, i.type].join(" ")),
      [
        "NSE RELIANCE NSE 2885 EQ",
        "NSE NIFTYBEES NSE:ETF 10576 EQ",
        "BSE RELIANCE BSE 500325 EQ",
        "NSE_INDEX NIFTY NSE 13 INDEX",
        "NSE_INDEX BANKNIFTY NSE 25 INDEX",
        "NSE_INDEX NIFTYNXT50 NSE 26 INDEX",
        "NSE_INDEX MIDCPNIFTY NSE 27 INDEX",
        "NSE_INDEX NIFTYMIDCAP50 NSE 28 INDEX",
        "NSE_INDEX NIFTYSMLCAP250 NSE 29 INDEX",
        "BSE_INDEX SENSEX BSE 51 INDEX",
        "BSE_INDEX SENSEX50 BSE 52 INDEX",
        "BSE_INDEX BSEMETAL BSE 53 INDEX",
        "NFO BANKNIFTY25AUG26FUT NSE 51998 FUT",
        "NFO NIFTY28AUG2624500CE NSE 43210 CE",
        "NFO ITC25AUG26292.5PE NSE 43211 PE",
        "BFO SENSEX13AUG2680000PE BSE 826625 PE"
      ]
    )
    assert.deepInclude(instruments.at(-1), {
      strike: 80_000,
      expiry: "2026-08-13",
      name: "SENSEX",
      lotSize: 20
    })
  })

  it("rejects rows with a reason, and skips what AlgoWays does not carry", () => {
    const { instruments, rejects, skipped } = parse(
      csv(
        "0,A,A,EQ,0.05,1,ES,E,NSE,,,,,",
        "1,,A,EQ,0.05,1,ES,E,NSE,,,,,",
        "2,A,A,EQ,0.05,0,ES,E,NSE,,,,,",
        "3,A,A,EQ,,1,ES,E,NSE,,,,,",
        "4,A,A 1 AUG FUT,,0.05,1,FUTSTK,D,NSE,,,soon,,",
        "5,A,A 1 AUG 5 BOTH,,0.05,1,OPTSTK,D,NSE,,,2026-08-25,5,",
        "6,A,A 1 AUG 5 CALL,,0.05,1,OPTSTK,D,NSE,,,2026-08-25,,",
        "7,,,,0.05,1,I,I,NSE,,,,,",
        "8,A,A,,0.05,1,BOND,E,NSE,,,,,",
        "9,A,A,,0.05,1,ES,E,MCX,,,,,"
      )
    )
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      [
        'security_id "0" is no id',
        "symbol is empty",
        'lot_size "0" is no size',
        'tick_size "" is no size',
        'expiry_date "soon" is no date',
        'option "A 1 AUG 5 BOTH" is neither CALL nor PUT',
        'strike_price "" is no price',
        "name is empty"
      ]
    )
    assert.deepStrictEqual(skipped, { BOND: 1, "exchange MCX": 1 })
    assert.throws(() => parse("id,name\n1,2"), MalformedMaster, /lacks the columns/)
  })
})
