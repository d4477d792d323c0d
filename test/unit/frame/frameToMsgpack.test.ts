import { assert, describe, it } from "@effect/vitest"
import { encode } from "@msgpack/msgpack"
import * as fc from "fast-check"
import type { View } from "../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../src/frame/frameToJson.ts"
import { makeFrameToMsgpack } from "../../../src/frame/frameToMsgpack.ts"
import { modeNumber, modes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"

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

const price = fc.oneof(
  fc.integer({ min: -2_000_000, max: 20_000_000 }).map((n) => n / 100),
  fc.integer({ min: -2_000_000, max: 2_000_000_000 }).map((n) => n / 10_000),
  fc.integer({ min: -1e9, max: 1e9 }),
  fc.double({ min: -1e7, max: 1e7, noNaN: true }).map((n) => n + Math.sign(n)),
  fc.constantFrom(0, 0.05, -0.05, 1 / 3, 1e14 + 0.5, 1e15, 2 ** 53, 2 ** 60 + 1, 1e20, 0.1 + 0.2)
)
const quantity = fc.oneof(
  fc.nat(300),
  fc.nat(70_000),
  fc.maxSafeNat(),
  fc.constantFrom(127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1e15 - 1, 1e15)
)
const signed = fc.oneof(quantity, fc.maxSafeInteger())
const time = fc.integer({ min: 1_000_000_000_000, max: 4_102_444_800_000 })
const side = fc.array(fc.record({ price, quantity, orders: quantity }), { maxLength: 22 })

const anyTick: fc.Arbitrary<Tick> = fc.record(
  {
    symbol: fc.constant("INFY"),
    exchange: fc.constant("NSE"),
    mode: fc.constant("depth" as const),
    received_time: time,
    exchange_time: time,
    ltt: time,
    ltp: price,
    ltq: quantity,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: quantity,
    average_price: price,
    total_buy_quantity: quantity,
    total_sell_quantity: quantity,
    oi: quantity,
    oi_high: quantity,
    oi_low: quantity,
    upper_circuit: price,
    lower_circuit: price,
    week52_high: price,
    week52_low: price,
    indicative_price: price,
    indicative_quantity: quantity,
    reference_price: price,
    imbalance: signed,
    market_imbalance: signed,
    depth: fc.record({ buy: side, sell: side }),
    implausible: fc.constantFrom("jump" as const, "circuit" as const)
  },
  { requiredKeys: ["symbol", "exchange", "mode", "received_time"] }
)

const anyView = fc
  .record({
    mode: fc.constantFrom(...modes),
    levels: fc.constantFrom(0, 5, 20),
    simulated: fc.boolean()
  })
  .map(({ levels, mode, simulated }) => view({ mode, levels: mode === "depth" ? levels : 0, simulated }))

const namesOf = ({ exchange, mode, symbol }: View) => ({ symbol, exchange, tag: modeNumber[mode] })

/** What the library makes of a text; undefined for what is no JSON. */
const byLibrary = (text: string): Buffer | undefined => {
  try {
    return Buffer.from(encode(JSON.parse(text)))
  } catch {
    return undefined
  }
}

const same = (given: Buffer | undefined, wanted: Buffer | undefined): void =>
  assert.strictEqual(given?.toString("hex"), wanted?.toString("hex"))

/** Numbers that are left to the library. */
const rare = /\de/

describe("frameToMsgpack", () => {
  it("writes what the library does, byte by byte, for any tick in any view", () => {
    let direct = 0
    let left = 0
    fc.assert(
      fc.property(anyView, fc.array(anyTick, { minLength: 1, maxLength: 3 }), (v, ticks) => {
        const write = makeFrameWriter(v)
        const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
        for (const tick of ticks) {
          const { payload } = write(tick)
          const text = payload.toString()
          const packed = pack(payload)
          if (packed === undefined) {
            left++
            assert.match(text, rare)
          } else {
            direct++
            same(packed, byLibrary(text))
          }
        }
      }),
      { numRuns: 500, seed: 42 }
    )
    assert.isAbove(direct, 10 * left)
  })

  it("spells the names and the mode as the reader does", () => {
    const v = view()
    const write = makeFrameWriter(v)
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.constantFrom(1, 3, 4),
        anyTick,
        (symbol, tag, tick) => {
          const { payload } = write({ ...tick, ltp: 1502.4 })
          const packed = makeFrameToMsgpack(namesOf(v), { symbol, exchange: "nse", tag })(payload)
          if (packed === undefined) return assert.match(payload.toString(), rare)
          const whole = JSON.parse(payload.toString())
          const spelled = { symbol, exchange: "nse" }
          same(
            packed,
            Buffer.from(encode({ ...whole, ...spelled, mode: tag, data: { ...whole.data, ...spelled } }))
          )
        }
      )
    )
  })

  it("says how many keys there are when frames of a view have few and many in turn", () => {
    const v = view({ mode: "quote", levels: 0 })
    const write = makeFrameWriter(v)
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const few: Tick = { symbol: "INFY", exchange: "NSE", mode: "quote", received_time: 1_764_040_501_250 }
    const many: Tick = {
      ...few,
      ltp: 1,
      open: 2,
      high: 3,
      low: 4,
      close: 5,
      volume: 6,
      ltq: 7,
      average_price: 8,
      oi: 9,
      oi_high: 1,
      oi_low: 2
    }
    for (const tick of [few, many, many, few, few, many]) {
      const { payload } = write(tick)
      same(pack(payload), byLibrary(payload.toString()))
    }
  })

  it("leaves to the library whatever is not quite a frame, and what is no JSON at all", () => {
    const v = view()
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const write = makeFrameWriter(v)
    const bits = fc.oneof(
      fc.constantFrom(..."0123456789"),
      fc.constantFrom(...'-+.eE"\\,:{}[] tnu\u0000\u007fé\n'),
      fc.constantFrom(
        "",
        "true",
        "null",
        `"ltp":1,`,
        `,"ltp":1`,
        "{}",
        "[]",
        "00",
        "1e5",
        "-0",
        "-0.0",
        "1.0",
        "\\u0041"
      )
    )
    let changed = 0
    fc.assert(
      fc.property(
        anyTick,
        fc.integer({ min: 0, max: 9999 }).map((n) => n / 10_000),
        fc.constantFrom(0, 1, 1, 1, 2, 9),
        bits,
        (tick, where, cut, put) => {
          const text = write(tick).payload.toString()
          const at = Math.floor(where * text.length)
          const other = text.slice(0, at) + put + text.slice(at + cut)
          const packed = pack(Buffer.from(other))
          if (packed === undefined) return
          changed++
          same(packed, byLibrary(other))
        }
      ),
      { numRuns: 20_000, seed: 43 }
    )
    assert.isAbove(changed, 1000)
  })

  it("knows no text that breaks off or goes on", () => {
    const v = view()
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const level = { price: 1502.4, quantity: 7, orders: 1 }
    const { payload } = makeFrameWriter(v)({
      symbol: "INFY",
      exchange: "NSE",
      mode: "depth",
      received_time: 1_764_040_501_250,
      ltp: 1502.4,
      depth: { buy: [level, level], sell: [level] }
    })
    same(pack(payload), byLibrary(payload.toString()))
    for (let length = 0; length < payload.length; length++) {
      assert.isUndefined(pack(payload.subarray(0, length)), `${length} bytes`)
    }
    assert.isUndefined(pack(Buffer.concat([payload, Buffer.from(" ")])))
    assert.isUndefined(pack(Buffer.concat([payload, payload])))
    assert.isUndefined(pack(Buffer.alloc(1_000_000, payload)))
    for (const json of ["", "{}", "[]", "1", `{"type":"status"}`]) assert.isUndefined(pack(Buffer.from(json)))
  })

  it("leaves a key that stands twice to the library, wherever it stands", () => {
    const v = view({ simulated: true })
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const { payload } = makeFrameWriter(v)({
      symbol: "INFY",
      exchange: "NSE",
      mode: "depth",
      received_time: 1_764_040_501_250,
      ltp: 1502.4
    })
    const text = payload.toString()
    same(pack(payload), byLibrary(text))
    for (const again of [`,"simulated":true`, `,"ltp":1`, `,"timestamp":2`, `,"symbol":"TCS"`]) {
      assert.isUndefined(pack(Buffer.from(text.replace(`},"broker"`, `${again}},"broker"`))), again)
    }
  })

  it("is not led astray by what an earlier text left behind", () => {
    const v = view({ mode: "ltp", levels: 0 })
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const { payload } = makeFrameWriter(v)({
      symbol: "INFY",
      exchange: "NSE",
      mode: "ltp",
      received_time: 1_764_040_501_250,
      ltp: 1502.4
    })
    const wanted = byLibrary(payload.toString())
    const upTo = (part: string): Buffer => payload.subarray(0, payload.indexOf(part) + part.length)
    for (const left of ["7", `"`, "a", ",", "{"]) {
      for (const part of [`"ltp":15`, `"ltp":1502.`, `"broker":"zer`, `"timestamp"`]) {
        pack(Buffer.alloc(32_768, left))
        assert.isUndefined(pack(upTo(part)), `${part} before ${left}`)
      }
      same(pack(payload), wanted)
    }
  })

  it("gives every message memory of its own", () => {
    const v = view({ mode: "ltp", levels: 0 })
    const write = makeFrameWriter(v)
    const pack = makeFrameToMsgpack(namesOf(v), namesOf(v))
    const tick = (ltp: number): Tick => ({
      symbol: "INFY",
      exchange: "NSE",
      mode: "ltp",
      received_time: 1_764_040_501_250,
      ltp
    })
    const first = pack(write(tick(1)).payload)!
    const before = first.toString("hex")
    for (let i = 0; i < 100; i++) pack(write(tick(i + 2)).payload)
    assert.strictEqual(first.toString("hex"), before)
  })
})
