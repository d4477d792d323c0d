import { assert, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/firstock.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { refreshes } from "../../../src/market/mode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/firstock/index.ts"
import type { Handshake } from "../../../src/protocols/protocol.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { makeLink, secret } from "./link.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  instrument,
  openServer,
  openWith,
  opened,
  parsed,
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const infosys = instrument("BSE", "INFY", "500209")
const future = instrument("NFO", "RELIANCE25APR24FUT", "2885")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")

const login = (variant: Readonly<Record<string, unknown>> = {}, changed = {}): Handshake =>
  protocol.handshake({
    endpoint: broker.endpoint,
    services: {},
    credentials: { ...credentials, ...changed },
    now: NOW,
    random: new Uint8Array(64),
    options: { ...codecOptions(broker), variant }
  })

const keyOf = (of: WireInstrument): string => `${of.exchange.replace("_INDEX", "")}:${of.token}`
const frame = (of: WireInstrument, object: unknown): string => JSON.stringify({ [keyOf(of)]: object })
const level = (price: number, quantity: number, orders: number) => ({ price, quantity, orders })

describe("firstock: the login", () => {
  it("is in the query, escaped, and the origin in a header", () => {
    assert.deepStrictEqual(login(), {
      url: "wss://socket.firstock.in/V2/ws?userId=A123&jKey=thetoken&source=developer-api",
      headers: { origin: "https://firstock.in" }
    })
    const { headers, url } = login({ origin: "", source: "a b" }, { authToken: secret(" a&b=c/ ") })
    assert.isTrue(url.endsWith("&jKey=a%26b%3Dc%2F&source=a%20b"))
    assert.deepStrictEqual(headers, {})
    assert.throws(() => login({ origin: 5 }), InvalidVariant)
  })

  it.each([
    ['{"status":"success","message":"Authentication successful"}', "ready"],
    ['{"status":"failed","message":"unauthenticated"}', "AuthRejected"],
    ['{"status":"failed"}', "AuthRejected"],
    ['{"status":"sucbess","message":"Authentication successful"}', "ProtocolViolation"],
    ['{"status":"failed","message":"Maximum sessions limit (3) reached"}', "RateLimited"]
  ])("is answered in the first frame: %s", (text, outcome) => {
    const codec = openWith(side)
    assert.isTrue(codec.awaitsReady)
    const [event] = decode(codec, text).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, outcome)
  })

  it("classifies a declined upgrade", () => {
    const tagOf = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 503].map(tagOf), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })
})

describe("firstock: requests", () => {
  it("joins instruments of all exchanges in one text", () => {
    const frames = openWith(side).request([
      { instrument: reliance, to: LTP },
      { instrument: nifty, to: QUOTE },
      { instrument: infosys, to: DEPTH }
    ])
    assert.deepStrictEqual(frames, ['{"action":"subscribe","tokens":"NSE:2885|NSE:26000|BSE:500209"}'])
  })

  it("has one subscription for all modes", () => {
    const codec = opened(side, [reliance], LTP)
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: LTP, to: DEPTH }]), [])
    assert.deepStrictEqual(codec.request([{ instrument: reliance, from: DEPTH, to: QUOTE }]), [])
    assert.deepStrictEqual(
      codec.request([
        { instrument: infosys, to: LTP },
        { instrument: reliance, from: QUOTE }
      ]),
      ['{"action":"unsubscribe","tokens":"NSE:2885"}', '{"action":"subscribe","tokens":"BSE:500209"}']
    )
    assert.deepStrictEqual(codec.request([{ instrument: reliance }]), [])
    assert.deepStrictEqual(codec.request([{ instrument: reliance, to: LTP }, { instrument: reliance }]), [])
  })

  it("keeps to the batch", () => {
    const many = Array.from({ length: 250 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = parsed(
      requested(
        openWith(side),
        many.map((i) => ({ instrument: i, to: LTP }))
      )
    ) as ReadonlyArray<{ readonly tokens: string }>
    assert.deepStrictEqual(
      frames.map((f) => f.tokens.split("|").length),
      [100, 100, 50]
    )
  })

  it.each([
    ["NSE", "abc", "instruments anew"],
    ["MCX", "7", "no code for MCX"]
  ] as const)("never asks for %s token %j, and says why", (exchange, token, why) => {
    const codec = openWith(side)
    assert.deepStrictEqual(codec.request([{ instrument: instrument(exchange, "BAD", token), to: LTP }]), [])
    const [event] = decode(codec, "{}").events
    assert.include(event?.type === "refused" ? event.detail : "", why)
  })
})

describe("firstock: frames", () => {
  it("hands back the very instruments in the frame's order, and says for whom they are news", () => {
    const codec = opened(side, [reliance, future, nifty])
    const found = decode(
      codec,
      JSON.stringify({
        "NFO:2885": { i_last_traded_price: 100, i_open_interest: 0 },
        "NSE:26000": { i_last_traded_price: 200, i_open_price: 150, best_buy: [{}, {}, {}, {}, {}] },
        "NSE:2885": { i_last_traded_price: 300, best_sell: [level(305, 4, 1)] }
      })
    )
    assert.deepStrictEqual(
      found.instruments.map((i) => [future, nifty, reliance].indexOf(i)),
      [0, 1, 2]
    )
    assert.deepStrictEqual(found.refreshes, [refreshes.ltp, refreshes.quote, refreshes.depth])
    assert.strictEqual(found.ticks[0]!.oi, 0)
    assert.notProperty(found.ticks[1], "depth")
  })

  it("shows an emptied book as empty", () => {
    const codec = opened(side, [reliance])
    const found = decode(
      codec,
      frame(reliance, { i_open_price: 100, best_buy: [level(99, 5, 2)] }),
      frame(reliance, { best_buy: [level(0, 0, 0)] })
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => t.mode),
      ["depth", "quote"]
    )
    assert.strictEqual(found.ticks[1]!.depth!.buy.length, 5)
    assert.isTrue(found.ticks[1]!.depth!.buy.every((l) => l.price === 0 && l.quantity === 0))
    assert.deepStrictEqual(found.refreshes, [refreshes.depth, refreshes.depth])
  })

  it("keeps what was not told absent: no zero prices, no zero times, no 2^63", () => {
    const [tick] = decode(
      opened(side, [reliance]),
      frame(reliance, {
        i_last_traded_price: 0,
        i_open_price: 9_223_372_036_854_775_808,
        i_closing_price: 0,
        close_price: 1005,
        i_last_trade_time: 0,
        i_feed_time: 0,
        i_volume_traded_today: 0,
        i_total_open_interest: 7
      })
    ).ticks
    assert.deepStrictEqual(tick, {
      symbol: "RELIANCE",
      exchange: "NSE",
      mode: "quote",
      received_time: NOW,
      close: 10.05,
      volume: 0
    })
  })

  it("reads a number in quotes, and no other text", () => {
    const codec = opened(side, [reliance])
    const [tick] = decode(codec, frame(reliance, { i_last_traded_price: "1005", i_open_price: "abc" })).ticks
    assert.strictEqual(tick!.ltp, 10.05)
    assert.notProperty(tick, "open")
  })

  it("forgets an instrument that was given up, with all that was told of it", () => {
    const codec = opened(side, [reliance])
    decode(codec, frame(reliance, { i_last_traded_price: 100, i_open_price: 90 }))
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, frame(reliance, { i_last_traded_price: 1 })).causes, [
      "not_subscribed"
    ])
    codec.request([{ instrument: reliance, to: DEPTH }])
    assert.notProperty(decode(codec, frame(reliance, { i_last_traded_price: 1 })).ticks[0], "open")
  })

  it("keeps equal tokens of two exchanges apart, in both versions", () => {
    const codec = opened(side, [reliance, future])
    const found = decode(
      codec,
      frame(reliance, { i_last_traded_price: 100, i_open_price: 90 }),
      '{"c_exch_seg":"NFO","c_symbol":"2885","i_last_traded_price":200}',
      '{"c_exch_seg":"BSE","c_symbol":"2885","i_last_traded_price":300}',
      '{"XYZ:2885":{"i_last_traded_price":400}}'
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.exchange, t.ltp, t.open]),
      [
        ["NSE", 1, 0.9],
        ["NFO", 2, undefined]
      ]
    )
    assert.deepStrictEqual(found.causes, ["not_subscribed", "unknown_segment"])
  })

  it("tells greeks, orders, positions and nonsense apart", () => {
    const codec = opened(side, [reliance])
    const found = decode(
      codec,
      frame(reliance, { gamma: 0.1, i_last_traded_price: 5 }),
      '{"norenordno":"1","status":"REJECTED","message":"unauthenticated"}',
      '{"brkname":"x"}',
      "{}",
      frame(reliance, { c_symbol: "2885", best_buy: [{}, {}, {}, {}, {}] }),
      frame(reliance, 5),
      frame(reliance, [1]),
      "[]",
      "<html>",
      new Uint8Array(2)
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      Array.from({ length: 5 }, () => "ignored")
    )
    assert.deepStrictEqual(found.causes, [
      "malformed_text",
      "malformed_text",
      "malformed_text",
      "malformed_text",
      "unknown_packet"
    ])
    assert.strictEqual(found.ticks.length, 0)
  })
})

describe("firstock: both sides", () => {
  it("log in, and carry a moving market", async () => {
    const link = await makeLink(broker)
    assert.deepStrictEqual(link.events, [{ type: "ready" }])
    const names = [
      "NSE:RELIANCE",
      "NFO:" + link.listed.find((l) => l.instrument.type === "CE")!.instrument.symbol
    ]
    for (const name of names) link.subscribe(name, DEPTH)
    link.subscribe("NSE_INDEX:NIFTY", QUOTE)
    for (let i = 0; i < 30; i++) link.step(30)
    assert.deepStrictEqual(link.rejects, [])
    for (const name of [...names, "NSE_INDEX:NIFTY"]) {
      const tick = link.ticks.findLast((t) => t.instrument === link.instrument(name))!.tick
      const hasBook = !name.includes("INDEX")
      assert.deepStrictEqual(disagreements(tick, link.state(name), hasBook ? 5 : 0), [], name)
      assert.strictEqual(tick.mode, hasBook ? "depth" : "quote")
    }
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [DEPTH])
    link.request([{ instrument: link.instrument("NSE:RELIANCE"), from: DEPTH }])
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [])
    // Deltas are shorter than what they are deltas of.
    const sizes = link.inbound.map((f) => f.length)
    assert.isBelow(Math.min(...sizes.slice(4)), 600)
  })

  it("refuse another token, and serve nothing then", async () => {
    const link = await makeLink(broker, { accepted: { ...credentials, clientCode: secret("DEMO01") } })
    const [event] = link.events
    assert.propertyVal(event?.type === "failure" ? event.failure : undefined, "_tag", "AuthRejected")
    link.subscribe("NSE:RELIANCE", DEPTH)
    assert.deepStrictEqual(link.ticks, [])
  })

  it("part on the broker's side after a wrong login, and pass over what is not understood", () => {
    const at = (url: string) =>
      serverProtocol.open(codecOptions(broker), {
        request: { url, headers: {} },
        accepted: () => credentials
      })
    const wrong = at("/V2/ws?userId=A123&jKey=other")
    assert.deepStrictEqual(wrong.greet!(), ['{"status":"failed","message":"unauthenticated"}'])
    assert.deepStrictEqual(wrong.receive("{}", () => reliance).close, { code: 1000, reason: "" })
    const right = at(login().url.slice("wss://socket.firstock.in".length))
    for (const bad of ["", "[]", '{"action":"sell","tokens":"NSE:1"}', '{"action":"subscribe"}']) {
      assert.deepStrictEqual(
        right.receive(bad, () => reliance),
        { answers: [], touched: [] }
      )
    }
    assert.deepStrictEqual(openServer(side).greet!(), wrong.greet!())
  })

  it("spread many instruments over frames that are read alike", () => {
    const many = Array.from({ length: 120 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const server = serverProtocol.open(codecOptions(broker), {
      request: { url: login().url, headers: {} },
      accepted: () => credentials
    })
    const codec = openWith(side)
    const byToken = new Map(many.map((i) => [i.token, i]))
    for (const request of requested(
      codec,
      many.map((i) => ({ instrument: i, to: LTP }))
    )) {
      server.receive(request, (token) => byToken.get(token))
    }
    const tick = { symbol: "", exchange: "", mode: "ltp", received_time: NOW, ltp: 10.05 } as const
    const frames = server.encode(many.map((i) => [i, tick] as const))
    assert.strictEqual(frames.length, 3)
    assert.deepStrictEqual(
      decode(codec, ...frames).ticks.map((t) => `${t.symbol} ${t.ltp}`),
      many.map((i) => `${i.symbol} 10.05`)
    )
  })
})
