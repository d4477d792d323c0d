import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Tick } from "../../../src/market/tick.ts"
import { explain, makeGuard } from "../../../src/session/ticks/guard.ts"

const level = (price: number) => ({ price, quantity: 100, orders: 3 })
const good = {
  symbol: "INFY",
  exchange: "NSE",
  mode: "depth",
  received_time: 1_764_040_501_250,
  exchange_time: 1_764_040_501_000,
  ltt: 1_764_040_500_000,
  ltp: 1502.4,
  ltq: 35,
  open: 1490,
  high: 1510.5,
  low: 1486.2,
  close: 1488.9,
  volume: 734_512,
  average_price: 1499.1,
  total_buy_quantity: 91_200,
  total_sell_quantity: 88_310,
  oi: 0,
  oi_high: 0,
  oi_low: 0,
  upper_circuit: 1600,
  lower_circuit: 1400,
  week52_high: 1700,
  week52_low: 1200,
  indicative_price: 1503.1,
  indicative_quantity: 12_400,
  reference_price: 1501.9,
  imbalance: -3500,
  market_imbalance: 250,
  depth: { buy: [level(1502.35)], sell: [level(1502.45)] },
  implausible: "jump"
} as const
const required = ["symbol", "exchange", "mode", "received_time"]
const fields = Object.keys(good)

/** Whatever a broken decoder might make. */
const guard = makeGuard()
const isTick = (tick: unknown): boolean => guard(tick as Tick)

/** The Schema itself, by the interpreter. */
const schema = Schema.is(Tick)

describe("the guard", () => {
  it("passes a full tick, and one with the required fields alone", () => {
    assert.isTrue(isTick(good))
    assert.isTrue(isTick({ symbol: "INFY", exchange: "NSE", mode: "ltp", received_time: good.received_time }))
    assert.strictEqual(explain(good), "passes")
  })

  it.each(fields)("refuses a bad %s, and names it", (field) => {
    const text = field === "symbol" || field === "exchange" ? "" : "1502.4"
    const bad = [null, undefined, text, {}, true, Number.NaN, Number.POSITIVE_INFINITY, -1e17, 1e300]
    for (const value of bad) {
      const tick = { ...good, [field]: value }
      assert.isFalse(isTick(tick), `${field}: ${String(value)}`)
      assert.include(explain(tick), field)
    }
    const { [field as "ltp"]: _, ...without } = good
    assert.strictEqual(isTick(without), !required.includes(field))
  })

  it("looks at no field but its own", () => {
    for (const other of [{ token: undefined }, { token: null }, { depth20: {} }]) {
      assert.isTrue(isTick({ ...good, ...other }))
      assert.isTrue(schema({ ...good, ...other }))
    }
  })

  it("refuses fractions and negatives where whole numbers are counted", () => {
    for (const field of [
      "ltq",
      "volume",
      "total_buy_quantity",
      "total_sell_quantity",
      "oi",
      "oi_high",
      "oi_low",
      "indicative_quantity"
    ]) {
      for (const value of [0.5, -1, 2 ** 53]) assert.isFalse(isTick({ ...good, [field]: value }), field)
    }
    for (const field of ["received_time", "exchange_time", "ltt"]) {
      for (const value of [0, 1_764_040_501, good.ltt + 0.5])
        assert.isFalse(isTick({ ...good, [field]: value }), field)
    }
    assert.isTrue(isTick({ ...good, ltp: -37.63 }), "a price may be negative")
    for (const field of ["imbalance", "market_imbalance"]) {
      for (const value of [0.5, -0.5, 2 ** 53, -(2 ** 53)])
        assert.isFalse(isTick({ ...good, [field]: value }), field)
      for (const value of [0, -1, -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER])
        assert.isTrue(isTick({ ...good, [field]: value }), field)
    }
  })

  it("refuses a bad level anywhere in the book, and says where", () => {
    for (const side of ["buy", "sell"] as const) {
      for (const bad of [{ price: Number.NaN }, { quantity: -1 }, { orders: 1.5 }, { orders: undefined }]) {
        const book = { ...good.depth, [side]: [level(1), { ...level(1), ...bad }] }
        assert.isFalse(isTick({ ...good, depth: book }))
        assert.include(explain({ ...good, depth: book }), side)
      }
    }
  })

  it("accepts and refuses what the Schema does, on mutated ticks", () => {
    const values: ReadonlyArray<unknown> = [
      0,
      -0,
      1,
      -1,
      0.5,
      2 ** 53,
      1e12,
      1e12 + 1,
      Number.NaN,
      null,
      undefined,
      "",
      "x",
      "circuit",
      [],
      {},
      good.ltt
    ]
    let seed = 1
    const random = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n
    for (let i = 0; i < 20_000; i++) {
      const tick: Record<string, unknown> = { ...good }
      for (let k = random(4); k >= 0; k--) {
        const field = fields[random(fields.length)]!
        if (random(3) === 0) delete tick[field]
        else tick[field] = values[random(values.length)]
      }
      if (random(3) === 0) {
        const odd = {
          ...level(1),
          [["price", "quantity", "orders"][random(3)]!]: values[random(values.length)]
        }
        const side = [level(1), odd, values[random(values.length)]].slice(0, 1 + random(3))
        tick["depth"] = {
          buy: side,
          ...(random(4) === 0 ? {} : { sell: random(4) === 0 ? values[random(values.length)] : [] })
        }
      }
      assert.strictEqual(isTick(tick), schema(tick), JSON.stringify(tick))
    }
  })
})
