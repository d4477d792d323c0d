import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/iiflcapital.ts"
import { Instrument } from "../../../../src/market/instrument.ts"

const header =
  "Exchange,Instrument ID,Underlying Instrument ID,Underlying Instrument Symbol,Underlying Instrument Name,Trading Symbol,Instrument Type,Option Type,Strike Price,Expiry,Lot Size,Tick Size"
const file = (name: string, ...rows: ReadonlyArray<string>) => ({
  name,
  text: [header, ...rows, ""].join("\r\n")
})
const one = (name: string, row: string): Instrument => {
  const { instruments, rejects, skipped } = parse([file(name, row)])
  assert.deepStrictEqual([instruments.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(instruments[0]))
  return instruments[0]!
}

describe("IIFL Capital's master", () => {
  it("takes shares under the symbol of the underlying", () => {
    assert.deepStrictEqual(
      one("NSEEQ.csv", "NSEEQ,2885,,RELIANCE,Reliance Industries Limited,RELIANCE-EQ,EQUITY,,,,1,0.1"),
      {
        symbol: "RELIANCE",
        exchange: "NSE",
        brokerSymbol: "RELIANCE-EQ",
        brokerExchange: "NSEEQ",
        token: "2885",
        name: "Reliance Industries Limited",
        series: "EQ",
        lotSize: 1,
        tickSize: 0.1,
        type: "EQ"
      }
    )
  })

  it("takes a kind for a series or a group only where it is one", () => {
    const share = (exchange: string, id: number, kind: string) =>
      `${exchange},${id},,ABC,Abc Limited,ABC,${kind},,,,1,0.05`
    const names = (segment: string, ...rows: ReadonlyArray<string>) =>
      parse([file(`${segment}.csv`, ...rows)]).instruments.map((i) => `${i.symbol} ${i.token}`)
    assert.deepStrictEqual(names("NSEEQ", share("NSEEQ", 1, "ES")), ["ABC 1"])
    assert.deepStrictEqual(names("NSEEQ", share("NSEEQ", 1, "EQ"), share("NSEEQ", 2, "N1")), [
      "ABC 1",
      "ABC-N1 2"
    ])
    assert.deepStrictEqual(names("BSEEQ", share("BSEEQ", 500325, "A"), share("BSEEQ", 590999, "F")), [
      "ABC 500325",
      "ABC-F 590999"
    ])
  })

  it.each<readonly [string, string, string]>([
    ["NSEFO", "FUTIDX,XX,,30-Apr-2026,75,0.05", "NFO:ABC30APR26FUT"],
    ["NSEFO", "OPTIDX,CE,24500.00,30-Apr-2026,75,0.05", "NFO:ABC30APR2624500CE"],
    ["BSEFO", "OPTSTK,PE,247.5,5-Mar-2026,75,0.05", "BFO:ABC05MAR26247.5PE"],
    ["NSECURR", "OPTCUR,CE,84.25,29-Apr-2026 12:30,1000,0.0025", "CDS:ABC29APR2684.25CE"],
    ["BSECURR", "FUTCUR,XX,-1,29-Apr-2026,1000,0.0025", "BCD:ABC29APR26FUT"],
    ["MCXCOMM", "FUTCOM,XX,0,24-Apr-2026 23:59,100,1", "MCX:ABC24APR26FUT"],
    ["NSECOMM", "FUTCOM,XX,0,24-Apr-2026 23:59,100,1", "NCO:ABC24APR26FUT"],
    ["NCDEXCOMM", "FUTCOM,XX,0,24-Apr-2026 23:59,100,1", "NCDEX:ABC24APR26FUT"]
  ])("builds contracts of %s: %s", (segment, rest, name) => {
    const found = one(`${segment}.csv`, `${segment},7,1,ABC,Abc Limited,ABC26,${rest}`)
    assert.strictEqual(`${found.exchange}:${found.symbol}`, name)
    assert.strictEqual(found.brokerExchange, segment)
  })

  it.each<readonly [string, string, string]>([
    ["NSEEQ", "NIFTY 50", "NSE_INDEX:NIFTY"],
    ["NSEEQ", "Nifty Bank", "NSE_INDEX:BANKNIFTY"],
    ["NSEEQ", "Nifty Fin Service", "NSE_INDEX:FINNIFTY"],
    ["NSEEQ", "NIFTY NEXT 50", "NSE_INDEX:NIFTYNXT50"],
    ["NSEEQ", "Nifty Midcap Select", "NSE_INDEX:MIDCPNIFTY"],
    ["NSEFO", "India VIX", "NSE_INDEX:INDIAVIX"],
    ["BSEEQ", "Sensex", "BSE_INDEX:SENSEX"]
  ])("names an index of %s: %s", (segment, title, name) => {
    const found = one("indices.CSV", `${segment},999920000,,,,${title},INDEX,,,,,`)
    assert.strictEqual(`${found.exchange}:${found.symbol}`, name)
    assert.deepInclude(found, { brokerExchange: segment, type: "INDEX", lotSize: 1, tickSize: 0 })
  })

  it("takes indices from their own file alone, in any order of files and columns", () => {
    const share = "NSEEQ,2885,,RELIANCE,Reliance,RELIANCE,EQUITY,,,,1,0.1"
    const index = "NSEEQ,999920000,,NIFTY,Nifty 50,NIFTY 50,INDEX,,,,1,0.05"
    const few = {
      name: "INDICES.csv",
      text: "Trading Symbol,Instrument ID,Exchange\nNIFTY 50,999920000,NSEEQ\n"
    }
    assert.strictEqual(parse([few]).instruments[0]?.symbol, "NIFTY")
    const { instruments, skipped } = parse([file("INDICES.csv", index), file("NSEEQ.csv", index, share)])
    assert.deepStrictEqual(
      instruments.map((i) => i.symbol),
      ["NIFTY", "RELIANCE"]
    )
    assert.deepStrictEqual(skipped, { "index in NSEEQ": 1 })
  })

  it("skips what is not carried, and says what is wrong with a row", () => {
    const { instruments, rejects, skipped } = parse([
      file(
        "NSEFO.csv",
        "ICEX,1,1,A,A,A,FUTCOM,XX,,30-Apr-2026,1,1",
        "NSEFO,,1,A,A,A,FUTIDX,XX,,30-Apr-2026,1,1",
        "NSEFO,1,1,,A,A,FUTIDX,XX,,30-Apr-2026,1,1",
        "NSEFO,1,1,A,A,A,FUTIDX,XX,,2026-04-30,1,1",
        "NSEFO,1,1,A,A,A,FUTIDX,XX,,31-Apr-2026,1,1",
        "NSEFO,1,1,A,A,A,OPTIDX,CE,-1,30-Apr-2026,1,1",
        "NSEFO,1,1,A,A,A,FUTIDX,XX,,30-Apr-2026,0,1",
        "NSEFO,1,1,A,A,A,FUTIDX,XX,,30-Apr-2026,1,x"
      ),
      file("INDICES.csv", "MCXCOMM,1,,,,MCXBULLDEX,INDEX,,,,,", "NSEEQ,x,,,,NIFTY 50,INDEX,,,,,")
    ])
    assert.deepStrictEqual(instruments, [])
    assert.deepStrictEqual(skipped, { "exchange ICEX": 1, "index of MCXCOMM": 1 })
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      [3, 4, 5, 6, 7, 8, 9, 3]
    )
  })

  it("refuses what is no such file, and names it", () => {
    assert.throws(() => parse([]), MalformedMaster)
    assert.throws(() => parse([{ name: "NSEEQ.csv", text: "<html>" }]), MalformedMaster, /NSEEQ\.csv/)
  })
})
