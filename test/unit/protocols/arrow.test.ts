/** Arrow's standard stream: what the golden frames do not cover. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { broker } from "../../../src/brokers/data/arrow.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodePacket } from "../../../src/protocols/arrow/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/arrow/index.ts"
import type { Want } from "../../../src/protocols/protocol.ts"
import type { FindByToken } from "../../../src/protocols/serverProtocol.ts"
import { makeLink } from "./link.ts"
import type { Side } from "./support.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  handshakeOf,
  instrument,
  openServer,
  openWith,
  opened,
  parsed,
  requested
} from "./support.ts"

const arrow: Side = { broker, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const sbin = instrument("NSE", "SBIN", "3045")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const dollar = instrument("CDS", "USDINR28MAR24FUT", "9821")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")

const state: Tick = {
  symbol: "RELIANCE",
  exchange: "NSE",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_711_618_871_000,
  ltt: 1_711_618_860_000,
  ltp: 10.05,
  ltq: 5,
  open: 9,
  high: 11,
  low: 8,
  close: 9.5,
  volume: 2 ** 40,
  average_price: 10.01,
  total_buy_quantity: 300,
  total_sell_quantity: 400,
  oi: 12,
  oi_high: 14,
  oi_low: 9,
  upper_circuit: 12,
  lower_circuit: 7,
  depth: {
    buy: [{ price: 10, quantity: 2 ** 33, orders: 65_535 }],
    sell: [{ price: 10.1, quantity: 9, orders: 3 }]
  }
}
const packet = (mode: "ltp" | "ltpc" | "quote" | "full", token = 2885, tick = state): Uint8Array =>
  encodePacket(mode, token, tick, 100)

describe("arrow: the handshake", () => {
  it("has the login in the query", () => {
    const odd = { apiKey: Redacted.make("app 1"), authToken: Redacted.make("j.w.t=\n") }
    assert.deepStrictEqual(handshakeOf(protocol, "wss://ds.arrow.trade", odd), {
      url: "wss://ds.arrow.trade?appID=app%201&token=j.w.t%3D",
      headers: {}
    })
    const cause = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 500].map(cause), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })

  it("speaks every three seconds", () => {
    assert.strictEqual(openWith(arrow).heartbeat?.(), "PONG")
    assert.strictEqual(broker.heartbeat.sendEveryMs, 3000)
    assert.strictEqual(broker.reconnectAfterMs, 5000)
  })
})

describe("arrow: requests", () => {
  it("puts tokens as numbers under the mode's own name", () => {
    const frames = requested(openWith(arrow), [
      { instrument: reliance, to: LTP },
      { instrument: nifty, to: LTP },
      { instrument: sbin, to: DEPTH },
      { instrument: dollar, to: QUOTE }
    ])
    assert.deepStrictEqual(frames, [
      '{"code":"sub","mode":"ltpc","ltpc":[2885,26000]}',
      '{"code":"sub","mode":"quote","quote":[9821]}',
      '{"code":"sub","mode":"full","full":[3045]}'
    ])
    const plain = openWith(arrow, { ltpMode: "ltp" })
    assert.deepStrictEqual(requested(plain, [{ instrument: reliance, to: LTP }]), [
      '{"code":"sub","mode":"ltp","ltp":[2885]}'
    ])
    assert.throws(() => openWith(arrow, { ltpMode: "quote" }), "one of ltp, ltpc")
  })

  it.each<readonly [string, Want, Want | undefined, ReadonlyArray<readonly [string, string]>]>([
    [
      "ltp to depth",
      LTP,
      DEPTH,
      [
        ["unsub", "ltpc"],
        ["sub", "full"]
      ]
    ],
    [
      "depth to quote",
      DEPTH,
      QUOTE,
      [
        ["unsub", "full"],
        ["sub", "quote"]
      ]
    ],
    ["quote to nothing", QUOTE, undefined, [["unsub", "quote"]]],
    ["the same again", QUOTE, QUOTE, []]
  ])("changes %s by giving up the old mode first", (_, from, to, expected) => {
    const codec = opened(arrow, [reliance], from)
    const change = { instrument: reliance, from, ...(to === undefined ? {} : { to }) }
    const asked = (parsed(requested(codec, [change])) as ReadonlyArray<Record<string, unknown>>).map((f) => {
      assert.deepStrictEqual(f[String(f["mode"])], [2885])
      return [f["code"], f["mode"]]
    })
    assert.deepStrictEqual(asked, expected as ReadonlyArray<unknown>)
    // What is given up once more may not have been heard.
    assert.strictEqual(requested(codec, [change]).length, to === undefined ? 1 : 0)
  })

  it("keeps to the batch", () => {
    const many = Array.from({ length: 250 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = requested(
      openWith(arrow),
      many.map((i) => ({ instrument: i, to: QUOTE }))
    )
    assert.deepStrictEqual(
      (parsed(frames) as ReadonlyArray<{ quote: ReadonlyArray<number> }>).map((f) => f.quote.length),
      [100, 100, 50]
    )
  })

  it("refuses a second instrument with the same token, and does not take its end for the first one's", () => {
    assert.strictEqual(protocol.exclusive(reliance), protocol.exclusive(future))
    const codec = opened(arrow, [reliance])
    assert.deepStrictEqual(requested(codec, [{ instrument: future, to: DEPTH }]), [])
    const found = decode(codec, packet("full"))
    assert.deepStrictEqual(found.instruments, [reliance])
    assert.deepInclude(found.events[0], { type: "refused" })
    assert.include(
      JSON.stringify(found.events[0]),
      "NFO:RELIANCE28MAR24FUT has the token 2885 of NSE:RELIANCE"
    )
    assert.deepStrictEqual(requested(codec, [{ instrument: future, from: DEPTH }]), [])
    assert.deepStrictEqual(decode(codec, packet("full")).instruments, [reliance])
  })

  it.each([
    ["NSE", "02885", "import Arrow's instruments anew"],
    ["NSE", "4294967296", "import Arrow's instruments anew"],
    ["NCDEX", "77", "no known segment"]
  ] as const)("never asks for %s token %j, and says why", (exchange, token, why) => {
    const codec = openWith(arrow)
    assert.deepStrictEqual(codec.request([{ instrument: instrument(exchange, "BAD", token), to: LTP }]), [])
    assert.include(JSON.stringify(decode(codec, new Uint8Array(1)).events[0]), why)
  })
})

describe("arrow: packets", () => {
  it("reads every field of each kind", () => {
    const found = decode(
      opened(arrow, [reliance]),
      packet("ltp"),
      packet("ltpc"),
      packet("quote"),
      packet("full")
    )
    const { close, depth, exchange, exchange_time, ltp, received_time, symbol, ...rest } = state
    const { lower_circuit: _l, mode: _m, upper_circuit: _u, ...quote } = rest
    const head = { symbol, exchange, received_time, ltp }
    const empty = { price: 0, quantity: 0, orders: 0 }
    const side = (first: unknown) => [first, empty, empty, empty, empty]
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...head, mode: "ltp" },
      { ...head, mode: "ltp", close },
      { ...head, ...quote, mode: "quote", close, exchange_time },
      { ...state, depth: { buy: side(depth!.buy[0]), sell: side(depth!.sell[0]) } }
    ])
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.ltp, refreshes.quote, refreshes.depth])
  })

  it("leaves out prices and times that are zero, and keeps quantities that are", () => {
    const nothing: Tick = { symbol: "X", exchange: "X", mode: "ltp", received_time: NOW }
    const found = decode(
      opened(arrow, [nifty]),
      packet("ltpc", 26_000, nothing),
      packet("quote", 26_000, nothing),
      packet("full", 26_000, nothing)
    )
    const head = { symbol: "NIFTY", exchange: "NSE_INDEX", received_time: NOW }
    const counts = {
      ltq: 0,
      volume: 0,
      total_buy_quantity: 0,
      total_sell_quantity: 0,
      oi: 0,
      oi_high: 0,
      oi_low: 0
    }
    const side = Array.from({ length: 5 }, () => ({ price: 0, quantity: 0, orders: 0 }))
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...head, mode: "ltp" },
      { ...head, mode: "quote", ...counts },
      { ...head, mode: "depth", ...counts, depth: { buy: side, sell: side } }
    ])
  })

  it("reads what the closing auction adds to each kind, in paise and signed", () => {
    const auction = { indicative_price: 10.15, reference_price: 10.07, imbalance: -(2 ** 33) - 5 }
    const kinds = ["ltp", "ltpc", "quote", "full"] as const
    const packets = (more: Partial<Tick>) => kinds.map((kind) => packet(kind, 2885, { ...state, ...more }))
    assert.deepStrictEqual(
      packets(auction).map((p) => p.length),
      [29, 33, 109, 265]
    )
    const read = (more: Partial<Tick>) => decode(opened(arrow, [reliance]), ...packets(more))
    const plain = read({})
    const found = read(auction)
    assert.deepStrictEqual(
      found.ticks,
      plain.ticks.map((tick) => ({ ...tick, ...auction }))
    )
    assert.deepStrictEqual(found.refreshes, plain.refreshes)
    // In balance is a value; a price of 0 is none yet.
    assert.deepStrictEqual(read({ reference_price: 10.07 }).ticks[3], {
      ...plain.ticks[3]!,
      reference_price: 10.07,
      imbalance: 0
    })
    assert.deepStrictEqual(read({ imbalance: 0 }).ticks, plain.ticks, "a trailer of zeros")
  })

  it("reads the trailers of the golden frames", () => {
    const hex = "0007a1f1000246df02000000eb000245f4ffffffffffffb0d5000246e4000246df"
    const infy = instrument("BSE", "INFY", "500209")
    const [tick] = decode(opened(arrow, [infy], LTP), Buffer.from(hex, "hex")).ticks
    assert.deepInclude(tick, { imbalance: -20_267, indicative_price: 1492.2, reference_price: 1492.15 })
  })

  it("scales currency by 1e7, unless told otherwise", () => {
    const usd = { ...state, ltp: 84.2575 }
    const frame = encodePacket("ltp", 9821, usd, 10_000_000)
    assert.strictEqual(decode(opened(arrow, [dollar]), frame).ticks[0]?.ltp, 84.2575)
    const paise = opened(arrow, [dollar], LTP, { divisors: { NSECD: 100 } })
    assert.strictEqual(decode(paise, encodePacket("ltp", 9821, usd, 100)).ticks[0]?.ltp, 84.26)
    assert.throws(() => openWith(arrow, { divisors: { NSECD: 0 } }), "divisors")
    assert.throws(() => openWith(arrow, { divisors: 100 }), "divisors")
  })

  it("takes no other length, and nobody's token", () => {
    const codec = opened(arrow, [reliance])
    const known = new Set([1, 13, 17, 29, 33, 93, 109, 241, 249, 265])
    for (let length = 0; length <= 300; length++) {
      const frame = new Uint8Array(length)
      frame.set(packet("ltp").subarray(0, Math.min(4, length)))
      const { causes, ticks } = decode(codec, frame)
      const expected = known.has(length) ? [] : ["unknown_length"]
      assert.deepStrictEqual([causes, ticks.length], [expected, length > 1 && known.has(length) ? 1 : 0])
    }
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, packet("full")).causes, ["not_subscribed"])
  })
})

describe("arrow: texts", () => {
  it.each([
    ["invalid token", "failure"],
    ["token expired", "failure"],
    ["invalid appid", "failure"],
    ["Unauthorized", "failure"],
    ["invalid token 2885", "refused"],
    ["invalid tokens in request", "refused"],
    ["too many subscriptions", "refused"]
  ])("understands the error %j as %s", (message, type) => {
    for (const status of ["error", "failure"]) {
      const [event] = decode(openWith(arrow), JSON.stringify({ status, message })).events
      assert.strictEqual(event?.type, type)
      if (event?.type === "failure") assert.strictEqual(event.failure._tag, "AuthRejected")
    }
  })

  it("ignores every other text, and takes one byte for a heartbeat", () => {
    const found = decode(openWith(arrow), "PONG", '{"status":"success"}', "junk", new Uint8Array(1))
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored", "ignored", "ignored", "heartbeat"]
    )
    assert.deepStrictEqual(found.causes, [])
  })
})

describe("arrow server", () => {
  const find: FindByToken = (token) => [reliance, nifty].find((i) => i.token === token)

  it("admits the right app id and token", () => {
    const { url } = handshakeOf(protocol, "ws://h/", credentials)
    const admit = (u: string) =>
      serverProtocol.admit({ url: u.slice("ws://h".length), headers: {} }, credentials)
    assert.isUndefined(admit(url))
    assert.strictEqual(admit(url.replace("thekey", "x"))?.status, 401)
    assert.strictEqual(admit("/")?.status, 401)
  })

  it("keeps modes apart, and says when there is no room", () => {
    const server = openServer(arrow, { subscriptionLimit: 2 })
    const send = (code: string, mode: string, ...tokens: ReadonlyArray<number>) =>
      server.receive(JSON.stringify({ code, mode, [mode]: tokens }), find)
    assert.deepStrictEqual(send("sub", "ltpc", 2885, 77), { answers: [], touched: [reliance] })
    send("sub", "full", 2885)
    assert.deepStrictEqual(server.holds(reliance), [LTP, DEPTH])
    const { answers, touched } = send("sub", "full", 26_000, 2885)
    assert.deepStrictEqual(touched, [reliance])
    assert.strictEqual(decode(openWith(arrow), ...answers).events[0]?.type, "refused")
    assert.deepStrictEqual(
      server.encode([[reliance, state]]).map((f) => f.length),
      [17, 249]
    )
    send("unsub", "ltpc", 2885)
    send("unsub", "ltpc", 2885)
    send("sub", "full", 26_000)
    assert.deepStrictEqual([server.holds(reliance), server.holds(nifty)], [[DEPTH], [QUOTE]])
    assert.deepStrictEqual(server.receive("PONG", find), { answers: [], touched: [] })
  })

  it.each(["nonsense", "{}", '{"code":"sub","mode":"deep","deep":[1]}', '{"code":"sub","mode":"ltp"}'])(
    "answers %s with an error that no client takes for a lost login",
    (text) => {
      const { answers } = openServer(arrow).receive(text, find)
      assert.strictEqual(decode(openWith(arrow), ...answers).events[0]?.type, "refused")
    }
  )
})

describe("arrow: both sides", () => {
  it("carry every mode as the market holds it", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", LTP, QUOTE, DEPTH)
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [DEPTH])
    assert.deepStrictEqual(
      link.ticks.map((t) => t.tick.mode),
      ["ltp", "quote", "depth"]
    )
    const held = link.state("NSE:RELIANCE")
    assert.deepStrictEqual(link.ticks.at(-1)!.tick.depth?.sell, held.depth!.sell.slice(0, 5))
    assert.deepStrictEqual([link.rejects, link.events], [[], []])
  })

  it("list no token twice", async () => {
    const { listed } = await makeLink(broker)
    assert.strictEqual(new Set(listed.map((l) => l.instrument.token)).size, listed.length)
  })
})
