/** The table that parsers of masters read their rows by. */
import { assert, describe, it } from "@effect/vitest"
import { inPaise, listing, rowParser } from "../../../../../src/brokers/masters/kit/rows.ts"
import { skipped } from "../../../../../src/brokers/masters/kit/row.ts"

const toRow = rowParser({
  also: ["kind"],
  listing: ({ kind }) => {
    if (kind === "OPT" || kind === "FUT") return listing("NFO", "FO", kind)
    return kind === "EQ" ? listing("NSE", "CM", kind) : skipped(`kind ${kind}`)
  },
  token: "id",
  brokerSymbol: ["long", "short"],
  name: "short",
  lotSize: "lot",
  tickSize: { columns: "tick", read: inPaise },
  expiry: "day",
  option: "side",
  strike: "price"
})

const option = {
  kind: "OPT",
  id: "7",
  long: "NIFTY CALL",
  short: "NIFTY",
  lot: "75",
  tick: "5",
  day: "2026-08-27",
  side: "CE",
  price: "24500"
}

describe("a table of columns", () => {
  it("says which columns a file needs, in its order", () => {
    assert.deepStrictEqual(toRow.columns, [
      "kind",
      "id",
      "long",
      "short",
      "lot",
      "tick",
      "day",
      "side",
      "price"
    ])
  })

  it("makes an instrument of a row", () => {
    assert.deepStrictEqual(toRow(option), {
      tag: "instrument",
      instrument: {
        symbol: "NIFTY27AUG2624500CE",
        exchange: "NFO",
        brokerExchange: "FO",
        brokerSymbol: "NIFTY CALL",
        token: "7",
        name: "NIFTY",
        expiry: "2026-08-27",
        strike: 24500,
        lotSize: 75,
        tickSize: 0.05,
        type: "CE"
      }
    })
  })

  it.each([
    [{ id: "x" }, 'id "x" is no token'],
    [{ long: "", short: "" }, "long is empty"],
    [{ lot: "0" }, 'lot "0" is no size'],
    [{ tick: "" }, 'tick "" is no size'],
    [{ day: "2026-02-30" }, 'day "2026-02-30" is no date'],
    [{ side: "XX" }, 'side "XX" is neither CE nor PE'],
    [{ price: "-1" }, 'price "-1" is no price'],
    [{ short: "" }, "short is empty"]
  ])("names the column of %j and quotes the field", (change, reason) => {
    assert.deepStrictEqual(toRow({ ...option, ...change }), { tag: "rejected", reason })
  })

  it("takes the next column where the first is empty, and passes on what the listing says", () => {
    const row = toRow({ ...option, kind: "EQ", long: "" })
    assert.strictEqual(row.tag === "security" && row.security.brokerSymbol, "NIFTY")
    assert.deepStrictEqual(toRow({ ...option, kind: "X" }), skipped("kind X"))
  })
})
