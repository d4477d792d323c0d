import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { View } from "../../../src/frame/marketFrame.ts"
import { copyOf } from "../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../src/frame/frameToJson.ts"
import { priceDifference, twoDecimals } from "../../../src/frame/jsonNumbers.ts"
import { Implausible } from "../../../src/market/tick.ts"
import { Mode, modeNumber, modes } from "../../../src/market/mode.ts"
import type { Level } from "../../../src/market/tick.ts"
import type { Tick } from "../../../src/market/tick.ts"

/** Ticks to draw from: the ranges of the real schema, spelled so that values can be derived from them. */
const Price = Schema.Finite.check(Schema.isBetween({ minimum: -1e12, maximum: 1e12 }))
const Quantity = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
const SignedQuantity = Schema.Int
const Time = Schema.Int.check(Schema.isBetween({ minimum: 1_000_000_000_000, maximum: 4_102_444_800_000 }))
const Side = Schema.Array(Schema.Struct({ price: Price, quantity: Quantity, orders: Quantity }))
const AnyTick = Schema.Struct({
  symbol: Schema.NonEmptyString,
  exchange: Schema.NonEmptyString,
  mode: Mode,
  received_time: Time,
  exchange_time: Schema.optionalKey(Time),
  ltt: Schema.optionalKey(Time),
  ltp: Schema.optionalKey(Price),
  ltq: Schema.optionalKey(Quantity),
  open: Schema.optionalKey(Price),
  high: Schema.optionalKey(Price),
  low: Schema.optionalKey(Price),
  close: Schema.optionalKey(Price),
  volume: Schema.optionalKey(Quantity),
  average_price: Schema.optionalKey(Price),
  total_buy_quantity: Schema.optionalKey(Quantity),
  total_sell_quantity: Schema.optionalKey(Quantity),
  oi: Schema.optionalKey(Quantity),
  oi_high: Schema.optionalKey(Quantity),
  oi_low: Schema.optionalKey(Quantity),
  upper_circuit: Schema.optionalKey(Price),
  lower_circuit: Schema.optionalKey(Price),
  week52_high: Schema.optionalKey(Price),
  week52_low: Schema.optionalKey(Price),
  indicative_price: Schema.optionalKey(Price),
  indicative_quantity: Schema.optionalKey(Quantity),
  reference_price: Schema.optionalKey(Price),
  imbalance: Schema.optionalKey(SignedQuantity),
  market_imbalance: Schema.optionalKey(SignedQuantity),
  depth: Schema.optionalKey(Schema.Struct({ buy: Side, sell: Side })),
  implausible: Schema.optionalKey(Implausible)
})

const MAX_INT32 = 2 ** 31 - 1

const view = (over: Partial<View> = {}): View => ({
  topic: "asha/NSE:INFY/depth/5",
  user: "asha",
  broker: "zerodha",
  symbol: "INFY",
  exchange: "NSE",
  mode: "depth",
  levels: 5,
  ...over
})

/** The frame as an object, built in the plainest way. */
const plain = (v: View, t: Tick): object => {
  const both = <A>(a: A | undefined, b: A | undefined) => a !== undefined && b !== undefined
  const level = (l: Level) => ({
    price: l.price,
    quantity: Math.min(l.quantity, MAX_INT32),
    orders: Math.min(l.orders, MAX_INT32)
  })
  const best = (l: Level | undefined, side: "bid" | "ask") =>
    l === undefined || l.price === 0
      ? {}
      : { [`${side}_price`]: l.price, [`${side}_size`]: Math.min(l.quantity, MAX_INT32) }
  const change = both(t.ltp, t.close) ? priceDifference(t.ltp!, t.close!) : undefined
  const percent = change === undefined ? undefined : twoDecimals((change / Math.abs(t.close!)) * 100)
  const head = { symbol: v.symbol, exchange: v.exchange, implausible: t.implausible }
  const data =
    v.mode === "ltp"
      ? {
          ...head,
          ltp: t.ltp,
          ltq: t.ltq,
          last_trade_quantity: t.ltq,
          ltt: t.ltt,
          timestamp: t.received_time
        }
      : {
          ...head,
          ltp: t.ltp,
          open: t.open,
          high: t.high,
          low: t.low,
          close: t.close,
          volume: t.volume,
          last_trade_quantity: t.ltq,
          last_quantity: t.ltq,
          average_price: t.average_price,
          avg_trade_price: t.average_price,
          total_buy_quantity: t.total_buy_quantity,
          total_sell_quantity: t.total_sell_quantity,
          change,
          change_percent: Number.isFinite(percent) ? percent : undefined,
          ...best(t.depth?.buy[0], "bid"),
          ...best(t.depth?.sell[0], "ask"),
          oi: t.oi,
          oi_high: t.oi_high,
          oi_low: t.oi_low,
          upper_circuit: t.upper_circuit,
          lower_circuit: t.lower_circuit,
          week52_high: t.week52_high,
          week52_low: t.week52_low,
          indicative_price: t.indicative_price,
          indicative_quantity: t.indicative_quantity,
          reference_price: t.reference_price,
          imbalance: t.imbalance,
          market_imbalance: t.market_imbalance,
          depth:
            v.mode === "depth" && v.levels > 0 && t.depth !== undefined
              ? {
                  buy: t.depth.buy.slice(0, v.levels).map(level),
                  sell: t.depth.sell.slice(0, v.levels).map(level)
                }
              : undefined,
          ltt: t.ltt,
          exchange_time: t.exchange_time,
          timestamp: t.received_time
        }
  return {
    type: "market_data",
    symbol: v.symbol,
    exchange: v.exchange,
    mode: modeNumber[v.mode],
    data,
    broker: v.broker
  }
}

const agrees = (v: View, t: Tick): void => {
  const frame = makeFrameWriter(v)(t)
  const text = frame.payload.toString()
  const expected = plain(v, t)
  assert.strictEqual(text, JSON.stringify(expected))
  const parsed = JSON.parse(text)
  const data = frame.payload.subarray(frame.dataStart, frame.dataEnd).toString()
  assert.strictEqual(data, JSON.stringify(parsed.data))
  assert.strictEqual(frame.view, v)
}

const tick = (over: Partial<Tick> = {}): Tick => ({
  symbol: "INFY",
  exchange: "NSE",
  mode: "quote",
  received_time: 1_764_040_501_250,
  ...over
})
const dataOf = (v: View, t: Tick) => JSON.parse(makeFrameWriter(v)(t).payload.toString()).data

/** The text that the writer gives for one number, seen through `ltp`. */
const writeOne = makeFrameWriter(view({ mode: "ltp", levels: 0 }))
const written = (n: number): string => {
  const text = writeOne(tick({ ltp: n })).payload.toString("latin1")
  return /"ltp":([^,}]*)/.exec(text)![1]!
}

const seeded = (start: number) => {
  let seed = start
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0
    return (seed >>> 0) / 2 ** 32
  }
}

describe("frameWriter", () => {
  it.prop(
    "writes what JSON.stringify would, for any tick in any view",
    [AnyTick, Schema.Literals(modes), Schema.Literals([0, 1, 5, 20, 200])],
    ([t, mode, levels]) => {
      agrees(view({ mode, levels: mode === "depth" ? levels : 0 }), t)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "escapes whatever stands in a symbol, an exchange or a broker's name",
    [Schema.NonEmptyString, Schema.NonEmptyString, Schema.NonEmptyString],
    ([symbol, exchange, broker]) => {
      agrees(view({ symbol, exchange, broker, mode: "quote", levels: 0 }), tick({ ltp: 1.5 }))
    }
  )

  it("escapes the symbols of real life", () => {
    for (const symbol of [
      "M&M",
      `5" PIPE`,
      "back\\slash",
      "रिलायंस",
      "line\nbreak",
      "\u0000",
      "😀",
      "\ud800"
    ]) {
      agrees(view({ symbol }), tick({ ltp: 1502.4 }))
    }
  })

  it("writes prices of every number of decimals as JSON.stringify does", () => {
    const random = seeded(42)
    for (let i = 0; i < 50_000; i++) {
      const decimals = i % 10
      const digits = 1 + Math.floor(random() * 15)
      const n = Math.floor(random() * 10 ** digits) / 10 ** decimals
      for (const value of [n, -n]) assert.strictEqual(written(value), JSON.stringify(value))
    }
  })

  it("writes integers, dust, extremes and exponents as JSON.stringify does", () => {
    const random = seeded(43)
    const edges = [
      0,
      -0,
      1,
      9,
      10,
      99,
      100,
      9999,
      10_000,
      99_999_999,
      100_000_000,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 53 - 1,
      1e15 - 1,
      1e15,
      999_999_999_999_999.9,
      1e21,
      1e22,
      1.7976931348623157e308,
      5e-324,
      1e-6,
      1e-7,
      0.000001,
      0.0000015,
      0.1 + 0.2,
      1502.4 + 1e-10,
      0.01,
      0.05,
      0.5,
      21_474_836.47,
      21_474_836.48,
      99_999_999_999.99,
      9_999_999_999_999.99,
      123_456.7891,
      0.12345678,
      0.123456789,
      1 / 3,
      4.35,
      1.005
    ]
    for (const n of edges) for (const v of [n, -n]) assert.strictEqual(written(v), JSON.stringify(v))
    for (let i = 0; i < 20_000; i++) {
      const any = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 15)
      const whole = Math.floor(random() * 2 ** (1 + (i % 53)))
      assert.strictEqual(written(any), JSON.stringify(any))
      assert.strictEqual(written(whole), JSON.stringify(whole))
    }
  })

  it("leaves out what the tick does not have, and what has no JSON", () => {
    assert.deepStrictEqual(Object.keys(dataOf(view({ mode: "quote", levels: 0 }), tick())), [
      "symbol",
      "exchange",
      "timestamp"
    ])
    const odd = makeFrameWriter(view())(
      tick({ ltp: Number.NaN, open: Infinity, volume: 7 })
    ).payload.toString()
    assert.deepStrictEqual(JSON.parse(odd).data, {
      symbol: "INFY",
      exchange: "NSE",
      volume: 7,
      timestamp: 1_764_040_501_250
    })
  })

  it("writes an auction's fields behind all others but the book and the times, for readers of quotes and of the book", () => {
    const auction = {
      indicative_price: 2961.5,
      indicative_quantity: 12_400,
      reference_price: 2958.35,
      imbalance: -2560,
      market_imbalance: 0
    }
    const level = { price: 10, quantity: 1, orders: 1 }
    const t = tick({
      mode: "depth",
      ltp: 10,
      week52_low: 5,
      ltt: 1_764_040_500_000,
      ...auction,
      depth: { buy: [level], sell: [level] }
    })
    const quote = dataOf(view({ mode: "quote", levels: 0 }), t)
    assert.deepInclude(quote, auction)
    assert.deepStrictEqual(Object.keys(quote).slice(-8), [
      "week52_low",
      ...Object.keys(auction),
      "ltt",
      "timestamp"
    ])
    assert.deepStrictEqual(Object.keys(dataOf(view(), t)).slice(-8), [
      ...Object.keys(auction),
      "depth",
      "ltt",
      "timestamp"
    ])
    assert.deepStrictEqual(Object.keys(dataOf(view({ mode: "ltp", levels: 0 }), t)), [
      "symbol",
      "exchange",
      "ltp",
      "ltt",
      "timestamp"
    ])
  })

  it("gives change without binary dust and in percent of the previous close", () => {
    const quote = (ltp: number, close: number) => {
      const { change, change_percent } = dataOf(view({ mode: "quote", levels: 0 }), tick({ ltp, close }))
      return { change, change_percent }
    }
    assert.deepStrictEqual(quote(100.3, 100.1), { change: 0.2, change_percent: 0.2 })
    assert.deepStrictEqual(quote(1488.9, 1502.4), { change: -13.5, change_percent: -0.9 })
    assert.deepStrictEqual(quote(83.4525, 83.45), { change: 0.0025, change_percent: 0 })
    assert.deepStrictEqual(quote(0.00001234, 0.00001), { change: 0.00000234, change_percent: 23.4 })
    assert.deepStrictEqual(quote(-1, -2), { change: 1, change_percent: 50 })
    assert.deepStrictEqual(quote(5, 5), { change: 0, change_percent: 0 })
  })

  it("cuts the book to the view's levels, keeps empty slots, and holds quantities to 32 bits", () => {
    const slot = { price: 0, quantity: 0, orders: 0 }
    const depth = {
      buy: [{ price: 99.95, quantity: 3e9, orders: 2 }, slot, slot],
      sell: [slot, slot, slot]
    }
    const data = dataOf(view({ levels: 2 }), tick({ ltp: 100, depth, volume: 5e12 }))
    assert.deepStrictEqual(data.depth, {
      buy: [{ price: 99.95, quantity: MAX_INT32, orders: 2 }, slot],
      sell: [slot, slot]
    })
    assert.strictEqual(data.bid_price, 99.95)
    assert.strictEqual(data.bid_size, MAX_INT32)
    assert.notProperty(data, "ask_price")
    assert.notProperty(data, "ask_size")
    assert.strictEqual(data.volume, 5e12)
    assert.notProperty(dataOf(view({ levels: 0 }), tick({ depth })), "depth")
    assert.notProperty(dataOf(view({ mode: "quote", levels: 0 }), tick({ depth })), "depth")
  })

  it("has room for the longest frame, and the frames of a view share their memory", () => {
    const level = { price: -123_456.123456789, quantity: Number.MAX_SAFE_INTEGER, orders: 2 ** 52 }
    const side = Array.from({ length: 200 }, () => level)
    const v = view({ symbol: "S".repeat(5000), levels: 200 })
    agrees(v, tick({ ltp: 1e11 + 0.123456, depth: { buy: side, sell: side } }))

    const write = makeFrameWriter(view({ mode: "ltp", levels: 0 }))
    const other = makeFrameWriter(view({ mode: "ltp", levels: 0 }))
    const first = write(tick({ ltp: 1 }))
    const mine = copyOf(first)
    const before = first.payload.toString()
    for (let i = 0; i < 100; i++) {
      const next = write(tick({ ltp: i + 2 }))
      other(tick({ ltp: 1_000_000 + i }))
      assert.strictEqual(next, first)
      assert.strictEqual((JSON.parse(next.payload.toString()) as { data: { ltp: number } }).data.ltp, i + 2)
    }
    assert.strictEqual(mine.payload.toString(), before)
    assert.strictEqual(mine.view, first.view)
  })

  it("writes the same where the process may not compile texts", () => {
    const module = resolve(import.meta.dirname, "../../../src/frame/frameToJson.ts")
    const price = { price: 1502.4, quantity: 7, orders: 1 }
    const whole = tick({
      ltp: 1502.4,
      close: 1500,
      ltq: 5,
      average_price: 1501.25,
      volume: 5e12,
      ltt: 1_764_040_501_000,
      reference_price: 1500.5,
      imbalance: -3,
      depth: { buy: [price], sell: [] }
    })
    const { reference_price: _r, imbalance: _i, ...later } = whole
    const script = `
      const { makeFrameWriter } = await import(${JSON.stringify(module)})
      for (const mode of ["ltp", "quote", "depth"]) {
        const view = { ...${JSON.stringify(view())}, mode, levels: mode === "depth" ? 5 : 0 }
        const write = makeFrameWriter(view)
        console.log(write(${JSON.stringify(whole)}).payload.toString())
        console.log(write(${JSON.stringify(later)}).payload.toString())
      }`
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module"]
    const run = (...more: ReadonlyArray<string>) =>
      spawnSync(process.execPath, [...flags, ...more, "-e", script], { encoding: "utf8" })
    const wanted = modes.flatMap((mode) =>
      [whole, later].map((t) => JSON.stringify(plain(view({ mode, levels: mode === "depth" ? 5 : 0 }), t)))
    )
    const { stderr, stdout } = run("--disallow-code-generation-from-strings")
    assert.deepStrictEqual(stdout.trimEnd().split("\n"), wanted, stderr)
    assert.strictEqual(run().stdout, stdout)
  })
})
