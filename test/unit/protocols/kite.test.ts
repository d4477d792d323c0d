import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { accessToken } from "../../../src/protocols/kite/handshake.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  handshakeOf,
  instrument,
  openWith,
  opened,
  parsed,
  requested,
  sides
} from "./support.ts"

const kite = sides.kite
const reliance = instrument("NSE", "RELIANCE", "738561")
const infy = instrument("NSE", "INFY", "408065")
const nifty = instrument("NSE_INDEX", "NIFTY", "256265")

/** A frame of packets, each given as its 32-bit words (and their number decides the kind). */
const frame = (...packets: ReadonlyArray<ReadonlyArray<number>>): Buffer => {
  const parts = packets.map((words) => {
    const part = Buffer.alloc(2 + words.length * 4)
    part.writeUInt16BE(words.length * 4, 0)
    for (const [i, word] of words.entries()) part.writeUInt32BE(word >>> 0, 2 + i * 4)
    return part
  })
  const head = Buffer.alloc(2)
  head.writeUInt16BE(packets.length, 0)
  return Buffer.concat([head, ...parts])
}
const zeros = (n: number): ReadonlyArray<number> => Array.from({ length: n }, () => 0)

describe("kite: requests", () => {
  it("subscribes first and sets the modes then, richest wants as full", () => {
    const frames = requested(openWith(kite), [
      { instrument: reliance, to: DEPTH },
      { instrument: infy, to: LTP },
      { instrument: nifty, to: QUOTE }
    ])
    assert.deepStrictEqual(parsed(frames), [
      { a: "subscribe", v: [738561, 408065, 256265] },
      { a: "mode", v: ["ltp", [408065]] },
      { a: "mode", v: ["quote", [256265]] },
      { a: "mode", v: ["full", [738561]] }
    ])
  })

  it("changes a mode without subscribing again, and asks nothing where nothing changes on the wire", () => {
    const codec = opened(kite, [reliance], LTP)
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: reliance, from: LTP, to: DEPTH }])), [
      { a: "mode", v: ["full", [738561]] }
    ])
    const deeper = { mode: "depth", depth: 20 } as const
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: DEPTH, to: deeper }]), [])
    assert.deepStrictEqual(codec.request([{ instrument: infy, from: LTP }]), [])
  })

  it("knows tokens of all 32 bits", () => {
    const far = instrument("NSE", "FAR", String(0xffff_ff01))
    const codec = opened(kite, [reliance, far])
    const { ticks } = decode(codec, frame([0xffff_ff01, 294140], [738561, 157510]))
    assert.deepStrictEqual(
      ticks.map((t) => t.symbol),
      ["FAR", "RELIANCE"]
    )
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: far, from: DEPTH }])), [
      { a: "unsubscribe", v: [0xffff_ff01] }
    ])
    assert.deepStrictEqual(decode(codec, frame([0xffff_ff01, 294140])).causes, ["not_subscribed"])
  })

  it("unsubscribes, and drops what still comes", () => {
    const codec = opened(kite, [reliance, infy])
    assert.deepStrictEqual(parsed(requested(codec, [{ instrument: reliance, from: DEPTH }])), [
      { a: "unsubscribe", v: [738561] }
    ])
    const found = decode(codec, frame([738561, 294140], [408065, 157510]))
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
    assert.deepStrictEqual(
      found.ticks.map((t) => t.symbol),
      ["INFY"]
    )
  })

  it("settles changes of one instrument within a request into their outcome", () => {
    const codec = openWith(kite)
    const frames = codec.request([
      { instrument: reliance, to: LTP },
      { instrument: reliance, from: LTP }
    ])
    assert.deepStrictEqual(frames, [])
  })

  it("keeps to the batch", () => {
    const many = Array.from({ length: 450 }, (_, i) => instrument("NSE", `S${i}`, String((i + 1) * 256 + 1)))
    const frames = parsed(
      requested(
        openWith(kite),
        many.map((i) => ({ instrument: i, to: LTP }))
      )
    ) as ReadonlyArray<{
      readonly a: string
      readonly v: ReadonlyArray<unknown>
    }>
    const tokens = frames.map(({ a, v }) => (a === "mode" ? (v[1] as ReadonlyArray<unknown>) : v).length)
    assert.deepStrictEqual(tokens, [200, 200, 50, 200, 200, 50])
  })

  it.each(["", "abc", "12a", "0738561", "-5", "1.5", "4294967296", "1e3"])(
    "never asks for the token %j, and says so with the next frame",
    (token) => {
      const codec = openWith(kite)
      assert.deepStrictEqual(codec.request([{ instrument: instrument("NSE", "BAD", token), to: LTP }]), [])
      const found = decode(codec, Buffer.from([0]), Buffer.from([0]))
      assert.deepStrictEqual(
        found.events.map((e) => e.type),
        ["refused", "heartbeat", "heartbeat"]
      )
      const [refused] = found.events
      assert.include(refused?.type === "refused" ? refused.detail : "", "NSE:BAD")
    }
  )

  it("costs one subscription in any mode", () => {
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH].map((want) => kite.protocol.cost(want, reliance)),
      [1, 1, 1]
    )
  })
})

describe("kite: packets", () => {
  it.each([
    ["NSE", 1, 29_414_000, 294_140],
    ["NFO", 2, 5, 0.05],
    ["CDS", 3, 837_950_000, 83.795],
    ["BSE", 4, 294_505, 2945.05],
    ["BFO", 5, 7_351_660, 73_516.6],
    ["BCD", 6, 837_200, 83.72],
    ["MCX", 7, 679_860, 6798.6],
    ["NSE_INDEX", 9, 2_320_260, 23_202.6],
    ["NCO", 12, 3_782_000, 378.2]
  ] as const)("divides %s prices (segment %i) by its own divisor", (exchange, segment, raw, price) => {
    const token = 1234 * 256 + segment
    const codec = opened(kite, [instrument(exchange, "X", String(token))])
    const [tick] = decode(codec, frame([token, raw])).ticks
    assert.deepStrictEqual(tick, { symbol: "X", exchange, mode: "ltp", received_time: NOW, ltp: price })
  })

  it("knows no default divisor", () => {
    const token = 1234 * 256 + 10
    const found = decode(opened(kite, [instrument("NSE", "X", String(token))]), frame([token, 100]))
    assert.deepStrictEqual([found.ticks.length, found.causes], [0, ["unknown_segment"]])
    const taught = opened(kite, [instrument("NSE", "X", String(token))], LTP, { divisors: { 10: 1000 } })
    assert.strictEqual(decode(taught, frame([token, 100])).ticks[0]?.ltp, 0.1)
  })

  it("reads prices signed, or unsigned by choice", () => {
    const words = [738561, -5000]
    assert.strictEqual(decode(opened(kite, [reliance]), frame(words)).ticks[0]?.ltp, -50)
    const unsigned = opened(kite, [reliance], LTP, { signedPrices: false })
    assert.strictEqual(decode(unsigned, frame(words)).ticks[0]?.ltp, (2 ** 32 - 5000) / 100)
  })

  it("reads indices as high, low, open, close, with a time in the longer packet only", () => {
    const words = [256265, 100, 500, 200, 300, 400, 0]
    const found = decode(opened(kite, [nifty]), frame(words, [...words, 1_711_631_737]))
    const quote = {
      symbol: "NIFTY",
      exchange: "NSE_INDEX",
      mode: "quote",
      received_time: NOW,
      ltp: 1,
      open: 3,
      high: 5,
      low: 2,
      close: 4
    }
    assert.deepStrictEqual(found.ticks[0] as object, quote)
    assert.deepStrictEqual(found.ticks[1] as object, { ...quote, exchange_time: 1_711_631_737_000 })
    assert.deepStrictEqual(found.refreshes, [3, 3])
  })

  it("reads open interest, its extremes, the last trade's time and large quantities where they are", () => {
    const words = [738561, 100, 2 ** 31, 100, 2 ** 32 - 1, 2 ** 31 + 1, 3e9, 100, 100, 100, 100]
    const full = [...words, 1_711_615_171, 77, 88, 66, 1_711_615_172, ...zeros(29), 0x0005_0000]
    const found = decode(opened(kite, [reliance]), frame(full))
    const [tick] = found.ticks
    assert.strictEqual(tick?.oi, 77)
    assert.strictEqual(tick?.oi_high, 88)
    assert.strictEqual(tick?.oi_low, 66)
    assert.strictEqual(tick?.ltt, 1_711_615_171_000)
    assert.strictEqual(tick?.exchange_time, 1_711_615_172_000)
    assert.strictEqual(tick?.ltq, 2 ** 31)
    assert.strictEqual(tick?.volume, 2 ** 32 - 1)
    assert.strictEqual(tick?.total_buy_quantity, 2 ** 31 + 1)
    assert.strictEqual(tick?.total_sell_quantity, 3e9)
    // What some take for the open interest are the orders of the last level.
    assert.deepStrictEqual(tick?.depth?.sell[4], { price: 0, quantity: 0, orders: 5 })
    assert.strictEqual(tick?.depth?.buy.length, 5)
    assert.deepStrictEqual(found.refreshes, [7])
  })

  it("leaves out prices and times that are zero, and keeps quantities that are", () => {
    const [tick] = decode(opened(kite, [reliance]), frame([738561, ...zeros(45)])).ticks
    const level = { price: 0, quantity: 0, orders: 0 }
    const side = [level, level, level, level, level]
    assert.deepStrictEqual(tick, {
      symbol: "RELIANCE",
      exchange: "NSE",
      mode: "depth",
      received_time: NOW,
      ltq: 0,
      volume: 0,
      total_buy_quantity: 0,
      total_sell_quantity: 0,
      oi: 0,
      oi_high: 0,
      oi_low: 0,
      depth: { buy: side, sell: side }
    })
    assert.deepStrictEqual(decode(opened(kite, [reliance]), frame([738561, 0])).ticks[0], {
      symbol: "RELIANCE",
      exchange: "NSE",
      mode: "ltp",
      received_time: NOW
    })
  })

  it("hands back the very instrument that was asked for", () => {
    assert.strictEqual(decode(opened(kite, [reliance]), frame([738561, 1])).instruments[0], reliance)
  })

  it("delivers what is complete in a frame that is cut, and counts the rest", () => {
    const whole = frame([738561, 100], [408065, 200])
    const found = decode(opened(kite, [reliance, infy]), whole.subarray(0, whole.length - 1))
    assert.deepStrictEqual([found.ticks.length, found.causes], [1, ["truncated"]])
    const headless = decode(opened(kite, [reliance, infy]), whole.subarray(0, 12))
    assert.deepStrictEqual([headless.ticks.length, headless.causes], [1, ["truncated"]])
  })

  it("skips packets of an unknown length and goes on", () => {
    const found = decode(opened(kite, [reliance]), frame([], [738561], [738561, 1, 2], [738561, 100]))
    assert.deepStrictEqual(found.causes, ["unknown_length", "unknown_length", "unknown_length"])
    assert.strictEqual(found.ticks.length, 1)
  })

  it("reads frames beyond its own memory, and short ones after them", () => {
    const codec = opened(kite, [reliance, infy])
    const many = Array.from({ length: 2000 }, (_, i) => [i % 2 === 0 ? 738561 : 408065, 100 + i])
    const found = decode(codec, frame(...many), frame([738561, 7]), frame(...many).subarray(0, 9))
    assert.strictEqual(found.ticks.length, 2001)
    assert.strictEqual(found.ticks[1999]?.ltp, 20.99)
    assert.strictEqual(found.ticks[2000]?.ltp, 0.07)
    assert.deepStrictEqual(found.causes, ["truncated"])
  })
})

describe("kite: texts", () => {
  const event = (text: string) => decode(openWith(kite), text).events[0]

  it.each([
    "Invalid `api_key` or `access_token`.",
    "Token is invalid or has expired.",
    "Session expired: 403",
    "bad access_token"
  ])("takes %j for rejected credentials", (data) => {
    const found = event(JSON.stringify({ type: "error", data }))
    assert.strictEqual(found?.type === "failure" ? found.failure._tag : found?.type, "AuthRejected")
  })

  it.each(["Too many requests", "Invalid instrument_token", "Unknown instrument token 5", "order 140312"])(
    "takes %j for a refused request",
    (data) =>
      assert.deepStrictEqual(event(JSON.stringify({ type: "error", data })), {
        type: "refused",
        detail: data
      })
  )

  it("shows no secret that an error quotes, and not all of a long one", () => {
    const data = `Invalid access_token aB3dE5gH7jK9mN1pQ3sT5vW7yZ ${"x ".repeat(5000)}`
    const found = event(JSON.stringify({ type: "error", data }))
    const detail = found?.type === "failure" ? found.failure.detail : ""
    assert.notInclude(detail, "aB3dE5gH7jK9mN1pQ3sT5vW7yZ")
    assert.include(detail, "[hidden]")
    assert.isAtMost(detail.length, 200)
  })

  it("tells notices, postbacks and nonsense apart", () => {
    assert.deepStrictEqual(event('{"type":"message","data":"Closing at 15:30"}'), {
      type: "notice",
      text: "Closing at 15:30"
    })
    assert.deepStrictEqual(event('{"type":"order","data":{}}'), { type: "ignored", what: "order" })
    const found = decode(openWith(kite), "", "null", "[1]", "{}", '{"type":7}', '{"type":"err', "<html>")
    assert.deepStrictEqual(
      found.causes,
      Array.from({ length: 7 }, () => "malformed_text")
    )
  })

  it("takes frames of up to two bytes for heartbeats", () => {
    const found = decode(openWith(kite), new Uint8Array(0), new Uint8Array(1), new Uint8Array(2))
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["heartbeat", "heartbeat", "heartbeat"]
    )
  })
})

describe("kite: the handshake", () => {
  it("puts key and token into the query, escaped, without a prefix", () => {
    const { url, headers } = handshakeOf(kite.protocol, "wss://ws.example", {
      apiKey: Redacted.make(" k&y "),
      authToken: Redacted.make("k&y:t+ken\n")
    })
    assert.strictEqual(url, "wss://ws.example?api_key=k%26y&access_token=t%2Bken")
    assert.deepStrictEqual(headers, { "x-kite-version": "3" })
    assert.strictEqual(accessToken("plain"), "plain")
    const local = handshakeOf(kite.protocol, "ws://127.0.0.1:9/zerodha?x=1", credentials)
    assert.strictEqual(local.url, "ws://127.0.0.1:9/zerodha?x=1&api_key=thekey&access_token=thetoken")
  })

  it.each([
    [403, "AuthRejected"],
    [401, "AuthRejected"],
    [429, "RateLimited"],
    [400, "ConnectionRefused"],
    [502, "ConnectionRefused"]
  ])("understands HTTP %i as %s", (status, tag) => {
    const failure = kite.protocol.refusal({ status, headers: {} })
    assert.strictEqual(failure._tag, tag)
    assert.include(failure.message, String(status))
  })

  it.each([{ signedPrices: "yes" }, { divisors: { 300: 1 } }, { divisors: { 3: 0 } }, { divisors: [] }])(
    "does not start with the variant %j",
    (variant) =>
      assert.throws(() => openWith(kite, variant), /Variant "(signedPrices|divisors)" of protocol kite/)
  )
})
