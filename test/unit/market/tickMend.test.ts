/** What `withoutBadFields` makes of bad ticks: good ones, and never a price less. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { Tick } from "../../../src/market/tick.ts"
import { makeTickCheck } from "../../../src/market/tickCheck.ts"
import type { Unchecked } from "../../../src/market/tickRules.ts"
import { badField, optional, withoutBadFields } from "../../../src/market/tickRules.ts"

const isTick = makeTickCheck()
const schema = Schema.is(Tick)

const level = (price = 10) => ({ price, quantity: 100, orders: 3 })
const book = { buy: [level()], sell: [level(), level(10.5)] }
const good = {
  symbol: "INFY",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_764_040_501_250,
  exchange_time: 1_764_040_501_000,
  ltt: 1_764_040_500_000,
  ltp: 1502.4,
  volume: 5,
  oi: 0,
  imbalance: -4,
  week52_low: 1200,
  depth: book
}

const counts = [
  "ltq",
  "volume",
  "total_buy_quantity",
  "total_sell_quantity",
  "oi",
  "oi_high",
  "oi_low",
  "indicative_quantity",
  "imbalance",
  "market_imbalance"
]
const times = ["exchange_time", "ltt"]
const dispensable = new Set([...counts, ...times])
const needed = Object.keys(optional).filter((name) => !dispensable.has(name) && name !== "depth")

const odd: ReadonlyArray<unknown> = [null, undefined, "5", {}, [], true, Number.NaN, Infinity, 2 ** 70]

describe("a tick with a bad field", () => {
  it.each([...dispensable])("goes on without its %s", (field) => {
    for (const value of [...odd, 0.5]) {
      const mended = withoutBadFields({ ...good, [field]: value })
      assert.deepStrictEqual(mended?.leftOut, [field], String(value))
      const { [field as "oi"]: _, ...rest } = good
      assert.deepStrictEqual(mended!.tick, rest)
    }
  })

  it("keeps a negative imbalance, and no other negative count", () => {
    for (const field of counts) {
      const signed = field.endsWith("imbalance")
      assert.strictEqual(withoutBadFields({ ...good, [field]: -1 })!.leftOut.length, signed ? 0 : 1, field)
    }
  })

  it.each([...needed, "symbol", "exchange", "mode", "received_time"])("is rejected for its %s", (field) => {
    for (const value of [...odd, ""].filter(
      (v) => !(v === "5" && (field === "symbol" || field === "exchange"))
    ))
      assert.isUndefined(withoutBadFields({ ...good, [field]: value }), String(value))
  })

  it("loses a book for a bad count in it, and is rejected for a bad price or a book that is none", () => {
    for (const bad of [-1, 0.5, Number.NaN, undefined, "5"]) {
      for (const name of ["quantity", "orders"]) {
        for (const side of ["buy", "sell"]) {
          const depth = { ...book, [side]: [level(), { ...level(), [name]: bad }] }
          const mended = withoutBadFields({ ...good, depth })
          assert.deepStrictEqual(mended?.leftOut, ["depth"])
          const { depth: _, ...rest } = good
          assert.deepStrictEqual(mended!.tick, { ...rest, mode: "quote" })
        }
      }
    }
    const wrong: ReadonlyArray<unknown> = [
      ...odd,
      { buy: [] },
      { buy: [], sell: {} },
      { buy: [null], sell: [] },
      { buy: [{ ...level(), price: Number.NaN }], sell: [] },
      { buy: [{ ...level(), price: 1e13, quantity: -1 }], sell: [] },
      { buy: [{ ...level(), quantity: -1 }], sell: [{ ...level(), price: undefined }] }
    ]
    for (const depth of wrong) assert.isUndefined(withoutBadFields({ ...good, depth }), JSON.stringify(depth))
  })

  it("is rejected where nothing is left to tell", () => {
    const head = { symbol: "INFY", exchange: "NSE", mode: "quote", received_time: good.received_time }
    assert.isUndefined(withoutBadFields({ ...head, oi: -1 }))
    assert.isUndefined(withoutBadFields({ ...head, ltt: good.ltt, volume: 0.5 }))
    assert.isUndefined(
      withoutBadFields({ ...head, mode: "depth", depth: { buy: [{ ...level(), orders: -1 }], sell: [] } })
    )
    assert.deepStrictEqual(withoutBadFields({ ...head, oi: -1, volume: 0 })?.tick, { ...head, volume: 0 })
  })

  it("becomes one that passes every check, with what was good about it and nothing else", () => {
    const value = fc.oneof(
      fc.constantFrom(...odd, 0, -1, 1.5, good.ltt, book),
      fc.double(),
      fc.maxSafeInteger(),
      fc.anything()
    )
    const bad = fc.dictionary(fc.constantFrom(...Object.keys(good), ...Object.keys(optional), "more"), value)
    let mendedOnes = 0
    fc.assert(
      fc.property(bad, (changes) => {
        const tick: Unchecked = { ...good, ...changes }
        const before = { ...tick }
        const mended = withoutBadFields(tick)
        assert.deepStrictEqual(tick, before, "its input is as it was")
        if (mended === undefined) return assert.isDefined(badField(tick))
        const { leftOut } = mended
        if (leftOut.length > 0) mendedOnes++
        assert.isTrue(isTick(mended.tick))
        assert.isTrue(schema(mended.tick))
        assert.strictEqual(leftOut.length === 0, badField(tick) === undefined)
        for (const field of leftOut) assert.isTrue(dispensable.has(field) || field === "depth", field)
        const wanted: Record<string, unknown> = { ...tick }
        for (const field of leftOut) delete wanted[field]
        if (leftOut.includes("depth") && tick["mode"] === "depth") wanted["mode"] = "quote"
        assert.deepStrictEqual(mended.tick, wanted)
      }),
      { numRuns: 3000, seed: 20_261_130 }
    )
    assert.isAbove(mendedOnes, 100)
  })
})
