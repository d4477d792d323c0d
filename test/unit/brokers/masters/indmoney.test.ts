/** INDmoney's instrument master: three files, told apart by their headers. */
import { assert, describe, it } from "@effect/vitest"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/indmoney.ts"

const HEADER =
  "EXCH,SEGMENT,SECURITY_ID,INSTRUMENT_NAME,TRADING_SYMBOL,LOT_UNITS,EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE"
const file = (name: string, ...lines: ReadonlyArray<string>) => ({ name, text: lines.join("\n") })

describe("INDmoney's instrument master", () => {
  it("keeps the names of companies with a hyphen, and knows indices by name", () => {
    const { instruments, rejects, skipped } = parse([
      file(
        "index.csv",
        "EXCH,SEGMENT,SECURITY_ID",
        "NSE,NIFTY 50,40000001",
        "BSE,SENSEX,50000001",
        "MCX,X,1",
        "NSE,,2"
      ),
      file(
        "fno.csv",
        HEADER,
        "NSE,D,51011,OPTIDX,NIFTY-Mar2024-20800-CE,50,2024-03-28 14:30:00,20800.00,CE,0.05",
        "NSE,D,10666,FUTSTK,BAJAJ-AUTO-Apr2024-FUT,75,2024-04-25,,XX,0.05",
        "BSE,D,867412,OPTIDX,SENSEX-Mar2024-73500.5-PE,10,28-Mar-2024,73500.50,PE,0.05",
        "NSE,D,5,OPTIDX,NIFTY-Mar2024-1-CE,50,2024-03-28,1,XX,0.05"
      ),
      file("equity.csv", HEADER, "NSE,E,2885,EQUITY,RELIANCE,1,,,,0.05", "NSE,E,9,BOND,X,1,,,,0.05")
    ])
    assert.deepStrictEqual(
      instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token} ${i.name}`),
      [
        "NSE_INDEX:NIFTY 40000001 NIFTY 50",
        "BSE_INDEX:SENSEX 50000001 SENSEX",
        "NFO:NIFTY28MAR2420800CE 51011 NIFTY",
        "NFO:BAJAJ-AUTO25APR24FUT 10666 BAJAJ-AUTO",
        "BFO:SENSEX28MAR2473500.5PE 867412 SENSEX",
        "NSE:RELIANCE 2885 RELIANCE"
      ]
    )
    assert.deepStrictEqual(
      rejects.map((r) => r.reason),
      ["index.csv: SEGMENT, the index's name, is empty", 'fno.csv: OPTION_TYPE "XX" is neither CE nor PE']
    )
    assert.deepStrictEqual(skipped, { BOND: 1, "index of MCX": 1 })
  })

  it("is told by its columns in any case, also behind an empty line", () => {
    const text = `\n${HEADER.toLowerCase()}\nNSE,E,2885,EQUITY,RELIANCE,1,,,,0.05\n`
    const { instruments } = parse([{ name: "equity.csv", text }])
    assert.deepStrictEqual(
      instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`),
      ["NSE:RELIANCE 2885"]
    )
  })

  it("says what is missing", () => {
    assert.throws(() => parse([]), MalformedMaster, /has no file/)
    assert.throws(() => parse([file("x", "a,b", "1,2")]), MalformedMaster, /lacks the columns EXCH, SEGMENT/)
  })
})
