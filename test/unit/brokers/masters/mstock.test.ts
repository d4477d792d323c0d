import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { MalformedMaster } from "../../../../src/brokers/broker.ts"
import { parse } from "../../../../src/brokers/masters/mstock.ts"
import { broker } from "../../../../src/brokers/data/mstock.ts"
import { Instrument, nameOf } from "../../../../src/market/instrument.ts"

const share = {
  token: "9552",
  symbol: "RVNL",
  name: "RVNL-EQ",
  expiry: "",
  strike: "",
  lotsize: "1",
  instrumenttype: "EQ",
  exch_seg: "NSE",
  tick_size: "0.05"
}
const option = {
  ...share,
  token: "877966",
  symbol: "SENSEX",
  name: "SENSEX25O2382700CE",
  expiry: "23Oct2025",
  strike: "82700",
  lotsize: "20",
  instrumenttype: "OPTIDX",
  exch_seg: "BFO"
}
type Row = { readonly [K in keyof typeof share]: string }

const json = (...rows: ReadonlyArray<unknown>) => ({
  name: "OpenAPIScripMaster.json",
  text: JSON.stringify(rows)
})
const page = (...rows: ReadonlyArray<readonly [string, string, string, string]>) => ({
  name: "Annexure.html",
  text: `<!doctype html><html><table><tr><th>script</th></tr>${rows
    .map((cells) => `<tr>\n${cells.map((c) => `<td style="x">${c}</td>`).join("\n")}\n</tr>`)
    .join("")}</table></html>`
})
const one = (changed: Partial<Row>): Instrument => {
  const { instruments, rejects, skipped } = parse([
    json({ ...share, ...changed }),
    page(["X", "1", "X", "MCX"])
  ])
  const own = instruments.filter((i) => i.exchange !== "NSE_INDEX")
  assert.deepStrictEqual([own.length, rejects, skipped], [1, [], {}])
  assert.isTrue(Schema.is(Instrument)(own[0]))
  return own[0]!
}

describe("m.Stock's master", () => {
  it("is fetched with the login in headers", () => {
    const [master, annexure] = broker.instrumentMaster.sources
    const login = { apiKey: Redacted.make("key"), authToken: Redacted.make("Bearer jwt") }
    assert.deepStrictEqual(master?.headers?.(login), {
      "X-Mirae-Version": "1",
      Authorization: "Bearer jwt",
      "X-PrivateKey": "key"
    })
    assert.isTrue(annexure?.optional)
    assert.isUndefined(annexure?.headers)
  })

  it("takes the series off shares", () => {
    assert.deepStrictEqual(one({}), {
      symbol: "RVNL",
      exchange: "NSE",
      brokerSymbol: "RVNL-EQ",
      brokerExchange: "NSE",
      token: "9552",
      name: "RVNL",
      series: "EQ",
      lotSize: 1,
      tickSize: 0.05,
      type: "EQ"
    })
    assert.deepStrictEqual(
      ["A-BZ", "A-BE", "M&M-EQ"].map((name) => one({ name }).symbol),
      ["A", "A", "M&M"]
    )
    assert.strictEqual(one({ exch_seg: "BSE", token: "500325", name: "RELIANCE" }).exchange, "BSE")
  })

  it.each<readonly [Partial<Row>, string]>([
    [option, "BFO:SENSEX23OCT2582700CE"],
    [
      { ...option, exch_seg: "NFO", symbol: "NIFTY", name: "X1PE", strike: "292.50" },
      "NFO:NIFTY23OCT25292.5PE"
    ],
    [
      { ...option, exch_seg: "NFO", symbol: "NIFTY", instrumenttype: "FUTIDX", expiry: "2025-10-23" },
      "NFO:NIFTY23OCT25FUT"
    ],
    [
      { ...option, exch_seg: "MCX", symbol: "GOLD", instrumenttype: "FUTCOM", expiry: "5-Dec-2025" },
      "MCX:GOLD05DEC25FUT"
    ],
    [
      { ...option, exch_seg: "NSE", symbol: "USDINR", instrumenttype: "OPTCUR", strike: "84.25" },
      "CDS:USDINR23OCT2584.25CE"
    ],
    [{ ...option, exch_seg: "NSE", symbol: "91DTB", instrumenttype: "FUTIRC" }, "CDS:91DTB23OCT25FUT"]
  ])("names contracts %#", (row, name) => {
    assert.strictEqual(nameOf(one(row)), name)
  })

  it("reads strikes in rupees", () => {
    const { expiry, lotSize, name, strike, type } = one(option)
    assert.deepStrictEqual([strike, expiry, lotSize, name, type], [82_700, "2025-10-23", 20, "SENSEX", "CE"])
  })

  const bse = (token: string, name: string) => ({ ...share, exch_seg: "BSE", token, symbol: name, name })
  const indicesOf = (files: Parameters<typeof parse>[0]) => {
    const { instruments, rejects } = parse(files)
    assert.deepStrictEqual(rejects, [])
    return instruments.filter((i) => i.type === "INDEX").map((i) => `${nameOf(i)} ${i.token}`)
  }

  it("finds indices on the annexure, whichever file comes first", () => {
    const annexure = page(
      ["SENSEX", "51", "SENSEX", "BSE"],
      ["BSEIT", "74", "BSE IT", "BSE"],
      ["INDEX1NSETEST", "26500", "INDEX1 NSETEST", "NSE"],
      ["NIFTY50", " 26000 ", "Nifty 50", "NSE"],
      ["NIFTYBANK", "26009", "Nifty Bank", "NSE"]
    )
    const master = json(share, bse("51", "SENSEX"), bse("500325", "RELIANCE"))
    const expected = [
      "BSE_INDEX:SENSEX 51",
      "BSE_INDEX:BSEINFORMATIONTECHNOLOGY 74",
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:BANKNIFTY 26009"
    ]
    assert.deepStrictEqual(indicesOf([master, annexure]), expected)
    assert.deepStrictEqual(indicesOf([annexure, { ...master, name: "MASTER.TXT" }]), expected)
    assert.deepStrictEqual(parse([master, annexure]).skipped, { "test of NSE_INDEX": 1 })
  })

  it("has the best known indices without the annexure", () => {
    const master = json(share, bse("51", "SENSEX"), bse("83", "SNSX50"), bse("500325", "RELIANCE"))
    const indices = indicesOf([master])
    for (const name of [
      "BSE_INDEX:SENSEX 51",
      "BSE_INDEX:SENSEX50 83",
      "NSE_INDEX:NIFTY 26000",
      "NSE_INDEX:BANKNIFTY 26009",
      "NSE_INDEX:NIFTYNXT50 26013",
      "NSE_INDEX:INDIAVIX 26017",
      "NSE_INDEX:FINNIFTY 26037",
      "NSE_INDEX:MIDCPNIFTY 26074"
    ]) {
      assert.include(indices, name)
    }
    assert.isTrue(parse([master]).instruments.some((i) => nameOf(i) === "BSE:RELIANCE"))
  })

  it("counts kinds that it does not carry", () => {
    const { skipped } = parse([
      json(
        share,
        { ...option, exch_seg: "BSE", instrumenttype: "FUTCUR" },
        { ...share, exch_seg: "NCDEX" },
        { ...share, exch_seg: "MCX", instrumenttype: "COMDTY" },
        { ...option, exch_seg: "NSE" }
      )
    ])
    assert.deepStrictEqual(skipped, {
      "COMDTY of MCX": 1,
      "FUTCUR of BSE": 1,
      "OPTIDX of NSE": 1,
      "segment NCDEX": 1
    })
  })

  it("rejects bad entries by number and reason, and keeps the others", () => {
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [{ ...share, token: "A1" }, 'token "A1"'],
      [{ ...share, name: "" }, "name"],
      [{ ...share, name: "-EQ" }, "is not a symbol"],
      [{ ...share, tick_size: "" }, "tick_size"],
      [{ ...share, lotsize: "0" }, "lotsize"],
      [{ ...option, expiry: "31Feb2025" }, "expiry"],
      [{ ...option, strike: "" }, "strike"],
      [{ ...option, name: "X1XX" }, "ends in neither"],
      [{ ...option, symbol: "" }, "symbol"],
      [{ ...share, lotsize: null }, "no lotsize"]
    ]
    const { rejects } = parse([json(share, ...rows.map(([row]) => row))])
    assert.deepStrictEqual(
      rejects.map((r) => r.row),
      rows.map((_, i) => i + 2)
    )
    for (const [i, [, reason]] of rows.entries()) assert.include(rejects[i]?.reason, reason)
  })

  it("says what is wrong with other files, and what to do", () => {
    const remedy = "OpenAPIScripMaster"
    const file = (text: string) => ({ name: "x", text })
    assert.throws(() => parse([]), MalformedMaster, remedy)
    assert.throws(() => parse([page()]), MalformedMaster, remedy)
    assert.throws(() => parse([json(share), json(share)]), MalformedMaster, "there are 2")
    assert.throws(() => parse([file('{"status":"false"}')]), MalformedMaster, "is no array")
    assert.throws(() => parse([file("[")]), MalformedMaster, "is no JSON")
  })
})
