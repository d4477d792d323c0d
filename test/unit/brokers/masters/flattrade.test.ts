/** Flattrade's files, with their quirks. */
import { assert, describe, it } from "@effect/vitest"
import type { MasterFile } from "../../../../src/brokers/broker.ts"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse as flattrade } from "../../../../src/brokers/masters/flattrade.ts"
import type { Instrument } from "../../../../src/market/instrument.ts"

const file = (name: string, ...lines: ReadonlyArray<string>): MasterFile => ({ name, text: lines.join("\n") })

const brief = (instruments: ReadonlyArray<Instrument>): ReadonlyArray<string> =>
  instruments.map((i) => `${i.exchange}:${i.symbol} ${i.token}`)

describe("Flattrade's files", () => {
  const nse = file(
    "NSE_Equity.csv",
    "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument",
    "NSE,22,1,ACC,ACC-EQ,EQ",
    "NSE,26000,1,Nifty 50,Nifty 50,INDEX"
  )
  const contracts = "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument,Expiry,Strike,Optiontype"
  const rest = [
    file("BSE_Equity.csv", "Token,Lotsize,Symbol,Tradingsymbol,Instrument", "500325,1,RELIANCE,RELIANCE,A"),
    file(
      "Nfo_Index_Derivatives.csv",
      contracts,
      "NFO,47984,50,NIFTY,NIFTY28MAR24P22300,OPTIDX,28-MAR-2024,22300,PE"
    ),
    file(
      "Bfo_Index_Derivatives.csv",
      contracts,
      "BFO,1,20,BSXOPT,SENSEX26SEP91000PE,OPTIDX,24-SEP-2026,91000,PE"
    ),
    file(
      "CURRENCY_derivatives.csv",
      contracts.slice(9),
      "1285,1,JPYINR,JPYINR26APR24F,FUTCUR,26-APR-2024,0,XX"
    ),
    file(
      "commodity.csv",
      contracts.slice(9),
      "428748,1250,NATURALGAS,NATURALGAS25APR24,FUTCOM,25-APR-2024,0,XX",
      "2,1,X,X,COM,,0,"
    )
  ]

  it("leave out what is left of delisted shares: rows without an exchange, in a file that has the column", () => {
    const text = [
      "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument,Expiry,Strike,Optiontype",
      "BSE,500325,1,RELIANCE,RELIANCE,A,,,",
      ",511111,1,RELIANCE,RELIANCE,A,,,",
      "NULL,500002,1,OLDCO,OLDCO,B,,,"
    ].join("\n")
    const { instruments, rejects, skipped } = flattrade([{ name: "BSE_Equity.csv", text }])
    assert.deepStrictEqual(
      instruments.filter((i) => i.type === "EQ").map((i) => `${i.exchange}:${i.symbol} ${i.token}`),
      ["BSE:RELIANCE 500325"]
    )
    assert.deepStrictEqual([rejects, skipped], [[], { "a row without an exchange": 2 }])
  })

  it("become common symbols; the name tells the exchange where no column does", () => {
    const { instruments, rejects, skipped } = flattrade([...rest, nse])
    assert.deepStrictEqual(brief(instruments), [
      "BSE:RELIANCE 500325",
      "NFO:NIFTY28MAR2422300PE 47984",
      "BFO:SENSEX24SEP2691000PE 1",
      "CDS:JPYINR26APR24FUT 1285",
      "MCX:NATURALGAS25APR24FUT 428748",
      "NSE:ACC 22",
      "NSE_INDEX:NIFTY 26000",
      "BSE_INDEX:SENSEX 1",
      "BSE_INDEX:BANKEX 12"
    ])
    assert.deepStrictEqual([rejects, skipped], [[], { "COM of MCX": 1 }])
    assert.strictEqual(instruments[0]!.tickSize, 0)
  })

  it("name BSE's indices themselves where they do", () => {
    const bse = file(
      "BSE_Equity.csv",
      "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument",
      "BSE,1,1,SENSEX,BSE SENSEX,UNDIND",
      "BSE,47,1,SNSX50,SNSX50,UNDIND"
    )
    assert.deepStrictEqual(brief(flattrade([bse]).instruments), [
      "BSE_INDEX:SENSEX 1",
      "BSE_INDEX:SENSEX50 47"
    ])
  })

  it("are refused when they do not tell the exchange", () => {
    assert.throws(() => flattrade([{ ...rest[0]!, name: "mine.csv" }]), MalformedMaster, "mine.csv")
    assert.throws(() => flattrade([]), MalformedMaster)
  })
})
