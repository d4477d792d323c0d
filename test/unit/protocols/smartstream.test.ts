import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodePacket } from "../../../src/protocols/smartstream/encode.ts"
import type { Want } from "../../../src/protocols/protocol.ts"
import {
  DEEP,
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  framesOf,
  handshakeOf,
  instrument,
  openWith,
  opened,
  parsed,
  requested,
  sides,
  vectorsOf
} from "./support.ts"

const angel = sides.smartstream
const reliance = instrument("NSE", "RELIANCE", "2885")
const sbin = instrument("NSE", "SBIN", "3045")
const nifty = instrument("NFO", "NIFTY28MAR24FUT", "2885")
const tata = instrument("BSE", "TATA", "2885")
const dollar = instrument("CDS", "USDINR", "2885")

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_711_618_871_225,
  ltt: 1_711_618_860_000,
  ltp: 10.05,
  ltq: 5,
  open: 9,
  high: 11,
  low: 8,
  close: 9.5,
  volume: 1000,
  average_price: 10.01,
  total_buy_quantity: 300,
  total_sell_quantity: 400,
  oi: 12,
  upper_circuit: 12,
  lower_circuit: 7,
  week52_high: 20,
  week52_low: 5,
  depth: { buy: [{ price: 10, quantity: 7, orders: 2 }], sell: [{ price: 10.1, quantity: 9, orders: 3 }] }
}
const packet = (mode: 1 | 2 | 3 | 4, type: number, token: string, tick: Tick = state): Uint8Array =>
  encodePacket(mode, type, token, tick, type === 13 ? 10_000_000 : 100, 1)

interface Request {
  readonly action: number
  readonly params: { readonly mode: number; readonly tokenList: unknown }
}
const asked = (frames: ReadonlyArray<string | Uint8Array>): ReadonlyArray<unknown> =>
  (parsed(frames) as ReadonlyArray<Request>).map(({ action, params }) => [
    action,
    params.mode,
    params.tokenList
  ])
const at = (exchangeType: number, ...tokens: ReadonlyArray<string>) => ({ exchangeType, tokens })

describe("smartstream: requests", () => {
  it("sends one mode a frame, with tokens by exchange type", () => {
    const frames = requested(openWith(angel), [
      { instrument: reliance, to: LTP },
      { instrument: sbin, to: LTP },
      { instrument: dollar, to: LTP },
      { instrument: nifty, to: QUOTE },
      { instrument: tata, to: DEPTH }
    ])
    assert.deepStrictEqual(asked(frames), [
      [1, 1, [at(1, "2885", "3045"), at(13, "2885")]],
      [1, 2, [at(2, "2885")]],
      [1, 3, [at(3, "2885")]]
    ])
    const ids = (parsed(frames) as ReadonlyArray<{ readonly correlationID: string }>).map(
      (f) => f.correlationID
    )
    assert.strictEqual(new Set(ids).size, 3)
    for (const id of ids) assert.match(id, /^[a-z0-9]{1,10}$/)
  })

  it.each<readonly [string, Want, Want, ReadonlyArray<unknown>]>([
    [
      "ltp to depth",
      LTP,
      DEPTH,
      [
        [1, 3, [at(1, "2885")]],
        [0, 1, [at(1, "2885")]]
      ]
    ],
    [
      "depth to quote",
      DEPTH,
      QUOTE,
      [
        [1, 2, [at(1, "2885")]],
        [0, 3, [at(1, "2885")]]
      ]
    ],
    ["quote to 20 levels", QUOTE, DEEP, [[1, 4, [at(1, "2885")]]]],
    [
      "20 levels to 5",
      DEEP,
      DEPTH,
      [
        [1, 3, [at(1, "2885")]],
        [0, 2, [at(1, "2885")]],
        [0, 4, [at(1, "2885")]]
      ]
    ],
    ["same again", QUOTE, QUOTE, []]
  ])("changes %s by adding the new before giving up the old", (_, from, to, frames) => {
    const codec = opened(angel, [reliance], from)
    assert.deepStrictEqual(asked(requested(codec, [{ instrument: reliance, from, to }])), frames)
  })

  it("gives up first where adding first would overstep the limit", () => {
    const codec = opened(angel, [reliance, sbin], LTP, { subscriptionLimit: 2 })
    assert.deepStrictEqual(asked(requested(codec, [{ instrument: sbin, from: LTP, to: QUOTE }])), [
      [0, 1, [at(1, "3045")]],
      [1, 2, [at(1, "3045")]]
    ])
  })

  it("unsubscribes every mode that it holds, before it subscribes anything", () => {
    const codec = opened(angel, [reliance], DEEP)
    const frames = requested(codec, [
      { instrument: sbin, to: LTP },
      { instrument: reliance, from: DEEP }
    ])
    assert.deepStrictEqual(asked(frames), [
      [0, 2, [at(1, "2885")]],
      [0, 4, [at(1, "2885")]],
      [1, 1, [at(1, "3045")]]
    ])
    assert.deepStrictEqual(decode(codec, packet(1, 1, "2885")).causes, ["not_subscribed"])
  })

  it("serves 20 levels on the one segment that has them, at the price of two subscriptions", () => {
    const frames = requested(openWith(angel), [
      { instrument: reliance, to: DEEP },
      { instrument: nifty, to: DEEP }
    ])
    assert.deepStrictEqual(asked(frames), [
      [1, 2, [at(1, "2885")]],
      [1, 3, [at(2, "2885")]],
      [1, 4, [at(1, "2885")]]
    ])
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH, DEEP].map((want) => angel.protocol.cost(want, reliance)),
      [1, 1, 1, 2]
    )
    assert.deepStrictEqual(angel.broker.exchanges.NSE?.deepBooks, { value: 50, confirmed: true })
  })

  it("keeps to the batch", () => {
    const many = Array.from({ length: 250 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = requested(
      openWith(angel),
      many.map((i) => ({ instrument: i, to: LTP }))
    )
    const sizes = (parsed(frames) as ReadonlyArray<{ params: { tokenList: [{ tokens: unknown[] }] } }>).map(
      (f) => f.params.tokenList[0].tokens.length
    )
    assert.deepStrictEqual(sizes, [100, 100, 50])
  })

  it.each([
    ["NSE", "02885", "import Angel One's instruments anew"],
    ["NSE", "abc", "import Angel One's instruments anew"],
    ["NSE", "", "import Angel One's instruments anew"],
    ["BCD", "77", "no known exchange type"]
  ] as const)("never asks for %s token %j, and says why", (exchange, token, why) => {
    const codec = openWith(angel)
    assert.deepStrictEqual(codec.request([{ instrument: instrument(exchange, "BAD", token), to: LTP }]), [])
    const [event] = decode(codec, "pong").events
    assert.include(event?.type === "refused" ? event.detail : "", why)
  })
})

describe("smartstream: packets", () => {
  it("keeps equal tokens of different segments apart", () => {
    const codec = opened(angel, [reliance, nifty, tata, dollar], QUOTE)
    const price = (ltp: number): Tick => ({ ...state, ltp })
    const found = decode(
      codec,
      packet(1, 1, "2885", price(1)),
      packet(1, 2, "2885", price(2)),
      packet(1, 3, "2885", price(3)),
      packet(1, 13, "2885", price(4)),
      packet(1, 5, "2885", price(5))
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.exchange, t.ltp]),
      [
        ["NSE", 1],
        ["NFO", 2],
        ["BSE", 3],
        ["CDS", 4]
      ]
    )
    assert.deepStrictEqual(found.instruments, [reliance, nifty, tata, dollar])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
  })

  it("does not put one segment's quote into another one's book", () => {
    const codec = opened(angel, [reliance, nifty], DEEP)
    const found = decode(codec, packet(2, 2, "2885"), packet(4, 1, "2885"))
    assert.strictEqual(found.ticks[1]?.exchange, "NSE")
    assert.notProperty(found.ticks[1], "ltp")
  })

  it("scales currency by 1e7 in every field and the book", () => {
    const [tick] = decode(opened(angel, [dollar]), packet(3, 13, "2885")).ticks
    for (const key of [
      "ltp",
      "average_price",
      "open",
      "high",
      "low",
      "close",
      "upper_circuit",
      "week52_low"
    ] as const) {
      assert.strictEqual(tick?.[key], state[key])
    }
    assert.deepStrictEqual(tick?.depth?.buy[0], state.depth?.buy[0])
  })

  it("carries the day's prices, the average, the totals and both times in a snap quote", () => {
    const found = decode(opened(angel, [reliance]), packet(3, 1, "2885"))
    const empty = { price: 0, quantity: 0, orders: 0 }
    assert.deepStrictEqual(found.ticks[0], {
      ...state,
      symbol: "RELIANCE",
      exchange: "NSE",
      depth: {
        buy: [{ price: 10, quantity: 7, orders: 2 }, empty, empty, empty, empty],
        sell: [{ price: 10.1, quantity: 9, orders: 3 }, empty, empty, empty, empty]
      }
    })
    assert.deepStrictEqual(found.refreshes, [refreshes.depth])
  })

  it("reads eight bytes of price in LTP mode", () => {
    const ltp = 21_474_846.48
    assert.strictEqual(
      decode(opened(angel, [reliance]), packet(1, 1, "2885", { ...state, ltp })).ticks[0]?.ltp,
      ltp
    )
  })

  it("takes the time of a deep book from offset 27, and its orders as unsigned", () => {
    const deep = { ...state, depth: { buy: [{ price: 10, quantity: 2 ** 31, orders: 65_535 }], sell: [] } }
    const frame = packet(4, 1, "2885", deep)
    new DataView(frame.buffer).setBigInt64(35, 1_600_000_000_000n, true)
    const found = decode(opened(angel, [reliance], DEEP), frame)
    assert.strictEqual(found.ticks[0]?.exchange_time, state.exchange_time)
    assert.deepStrictEqual(found.ticks[0]?.depth?.buy[0], { price: 10, quantity: 2 ** 31, orders: 65_535 })
    assert.strictEqual(found.ticks[0]?.depth?.sell.length, 20)
    assert.deepStrictEqual(found.refreshes, [modeBit.depth])
  })

  it("puts the last quote into a deep book, the current one and only while both are subscribed", () => {
    const codec = opened(angel, [reliance], DEEP)
    const later: Tick = { ...state, ltp: 10.1, open: 0 }
    const book = packet(4, 1, "2885")
    const found = decode(codec, book, packet(2, 1, "2885"), book, packet(2, 1, "2885", later), book)
    const [bare, , first, , second] = found.ticks
    assert.notProperty(bare, "ltp")
    const {
      ltt: _ltt,
      oi: _oi,
      upper_circuit: _u,
      lower_circuit: _l,
      week52_high: _h,
      week52_low: _w,
      ...quote
    } = state
    assert.deepStrictEqual(
      { ...first, depth: undefined },
      { ...quote, symbol: "RELIANCE", exchange: "NSE", depth: undefined }
    )
    assert.strictEqual(second?.ltp, 10.1)
    assert.notProperty(second, "open")
    assert.deepStrictEqual(found.refreshes, [4, 3, 4, 3, 4])
    codec.request([{ instrument: reliance, from: DEEP, to: DEPTH }])
    assert.notProperty(decode(codec, book).ticks[0], "ltp")
  })

  it("leaves out prices and times that are zero, and keeps quantities that are", () => {
    const nothing: Tick = { symbol: "X", exchange: "X", mode: "ltp", received_time: NOW }
    const found = decode(
      opened(angel, [reliance]),
      packet(1, 1, "2885", nothing),
      packet(2, 1, "2885", nothing),
      packet(3, 1, "2885", nothing),
      packet(4, 1, "2885", nothing)
    )
    const head = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW }
    const counts = { ltq: 0, volume: 0, total_buy_quantity: 0, total_sell_quantity: 0 }
    const side = (n: number) => Array.from({ length: n }, () => ({ price: 0, quantity: 0, orders: 0 }))
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...head, mode: "ltp" },
      { ...head, mode: "quote", ...counts },
      { ...head, mode: "depth", ...counts, oi: 0, depth: { buy: side(5), sell: side(5) } },
      { ...head, mode: "depth", depth: { buy: side(20), sell: side(20) } }
    ])
  })

  it.each([
    ["a leading zero", "02885"],
    ["letters", "28A5"],
    ["a blank", " 2885"],
    ["a sign", "+2885"],
    ["nothing", ""],
    ["25 digits", "0000000000000000000002885"],
    ["a number beyond exactness", "9007199254740993"]
  ])("matches no token with %s", (_, token) => {
    const found = decode(opened(angel, [reliance]), packet(1, 1, token))
    assert.deepStrictEqual([found.ticks.length, found.causes], [0, ["not_subscribed"]])
  })

  it("ignores what follows the token's end", () => {
    const frame = packet(1, 1, "2885")
    frame.fill(0x41, 7, 27)
    assert.strictEqual(decode(opened(angel, [reliance]), frame).ticks.length, 1)
  })

  it("counts what it cannot read by its cause", () => {
    const codec = opened(angel, [reliance])
    const cause = (frame: Uint8Array) => decode(codec, frame).causes
    assert.deepStrictEqual(cause(new Uint8Array(0)), ["truncated"])
    assert.deepStrictEqual(cause(packet(3, 1, "2885").subarray(0, 378)), ["truncated"])
    assert.deepStrictEqual(cause(packet(1, 1, "2885").subarray(0, 20)), ["truncated"])
    assert.deepStrictEqual(cause(new Uint8Array(400)), ["unknown_packet"])
    assert.deepStrictEqual(cause(new Uint8Array(5)), ["unknown_packet"])
    const sixth = packet(1, 6, "2885")
    assert.deepStrictEqual(cause(sixth), ["unknown_segment"])
    const taught = openWith(angel, { divisors: { 6: 100 } })
    assert.deepStrictEqual(decode(taught, sixth).causes, ["not_subscribed"])
  })

  it("reads a packet with bytes to spare", () => {
    const [frame] = framesOf(vectorsOf("angel"))
    const longer = Buffer.concat([frame!, Buffer.alloc(40, 0xff)])
    assert.deepStrictEqual(
      decode(opened(angel, [reliance]), longer).ticks,
      decode(opened(angel, [reliance]), frame!).ticks
    )
  })
})

describe("smartstream: texts", () => {
  it("passes the broker's errors on with their code and request", () => {
    const text = { correlationID: "aw1", errorCode: "E1002", errorMessage: "Subscription Limit Exceeded" }
    const found = decode(openWith(angel), JSON.stringify(text), '{"errorCode":"E1001"}')
    assert.deepStrictEqual(found.events, [
      { type: "refused", code: "E1002", detail: "Subscription Limit Exceeded (request aw1)" },
      { type: "refused", code: "E1001", detail: "error without a text" }
    ])
  })

  it("tells heartbeats, other messages and nonsense apart", () => {
    const found = decode(openWith(angel), "pong", '{"status":"ok"}', "[]", "pong ", "{", "")
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["heartbeat", "ignored"]
    )
    assert.deepStrictEqual(
      found.causes,
      Array.from({ length: 4 }, () => "malformed_text")
    )
  })
})

describe("smartstream: the handshake", () => {
  it("carries four headers and leaves the token as it was stored", () => {
    assert.deepStrictEqual(handshakeOf(angel.protocol, "wss://s.example/x", credentials), {
      url: "wss://s.example/x",
      headers: {
        authorization: "thetoken",
        "x-api-key": "thekey",
        "x-client-code": "A123",
        "x-feed-token": "thefeed"
      }
    })
    const bearer = { ...credentials, authToken: Redacted.make("Bearer j.w.t\n") }
    assert.strictEqual(
      handshakeOf(angel.protocol, "wss://s", bearer).headers["authorization"],
      "Bearer j.w.t"
    )
    assert.strictEqual(openWith(angel).heartbeat?.(), "ping")
  })

  it("tells the reason that the broker gave", () => {
    const failure = angel.protocol.refusal({
      status: 401,
      headers: { "x-error-message": "Invalid Header - Invalid Feed Token" }
    })
    assert.strictEqual(failure._tag, "AuthRejected")
    assert.include(failure.message, "Invalid Feed Token")
    assert.strictEqual(angel.protocol.refusal({ status: 429, headers: {} })._tag, "RateLimited")
    assert.strictEqual(angel.protocol.refusal({ status: 503, headers: {} })._tag, "ConnectionRefused")
  })

  it.each([{ subscriptionLimit: 0 }, { deepLimit: 1.5 }, { divisors: { x: 1 } }])(
    "does not start with the variant %j",
    (variant) => assert.throws(() => openWith(angel, variant), /of protocol smartstream must be/)
  )
})
