/** Pocketful's feed beyond its golden frames: streams, keep-alive, refusals. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/pocketful.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodePacket } from "../../../src/protocols/pocketful/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/pocketful/index.ts"
import { COMPACT, MARKET, SNAPQUOTE } from "../../../src/protocols/pocketful/layout.ts"
import type { Codec, Want } from "../../../src/protocols/protocol.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
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
  opened,
  openWith,
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }

const reliance = instrument("NSE", "RELIANCE", "2885")
const infy = instrument("NSE", "INFY", "1594")
const dollar = instrument("CDS", "USDINR27AUG26FUT", "1594")
const nifty = instrument("NSE_INDEX", "NIFTY", "26000")

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_787_031_012_000,
  ltt: 1_787_031_010_000,
  ltp: 87.4325,
  ltq: 17,
  open: 87.41,
  high: 87.47,
  low: 87.4025,
  close: 87.405,
  volume: 4_875_123,
  average_price: 87.42,
  total_buy_quantity: 18_446_744_073,
  total_sell_quantity: 734_210,
  oi: 77,
  upper_circuit: 90.6275,
  lower_circuit: 85.3475,
  week52_high: 88.95,
  week52_low: 81.85,
  depth: {
    buy: [{ price: 87.43, quantity: 250, orders: 4 }],
    sell: [
      { price: 87.435, quantity: 310, orders: 6 },
      { price: 87.4375, quantity: 317, orders: 7 }
    ]
  }
}
const CDS = 10_000_000
const packet = (stream: 1 | 2 | 4, tick: Tick = state): Uint8Array => encodePacket(stream, 3, 1594, tick, CDS)

describe("pocketful: requests", () => {
  it("name a stream each, with pairs of exchange code and token", () => {
    assert.deepStrictEqual(
      requested(openWith(side), [
        { instrument: reliance, to: LTP },
        { instrument: dollar, to: LTP },
        { instrument: infy, to: QUOTE },
        { instrument: nifty, to: { mode: "depth", depth: 0 } }
      ]),
      [
        '{"a":"subscribe","v":[[1,1594],[1,26000]],"m":"marketdata"}',
        '{"a":"subscribe","v":[[1,2885],[3,1594]],"m":"compact_marketdata"}'
      ]
    )
  })

  it.each<readonly [string, Want, Want | undefined, ReadonlyArray<string>]>([
    ["ltp to quote", LTP, QUOTE, ["subscribe marketdata", "unsubscribe compact_marketdata"]],
    [
      "ltp to depth",
      LTP,
      DEPTH,
      ["subscribe marketdata", "subscribe full_snapquote", "unsubscribe compact_marketdata"]
    ],
    ["quote to depth", QUOTE, DEPTH, ["subscribe full_snapquote"]],
    ["depth to quote", DEPTH, QUOTE, ["unsubscribe full_snapquote"]],
    [
      "depth to ltp",
      DEPTH,
      LTP,
      ["subscribe compact_marketdata", "unsubscribe marketdata", "unsubscribe full_snapquote"]
    ],
    ["depth to nothing", DEPTH, undefined, ["unsubscribe marketdata", "unsubscribe full_snapquote"]],
    ["the same again", DEPTH, DEPTH, []]
  ])("change %s by adding the new before giving up the old", (_, from, to, expected) => {
    const codec = opened(side, [reliance], from)
    const frames = requested(codec, [{ instrument: reliance, from, ...(to === undefined ? {} : { to }) }])
    assert.deepStrictEqual(
      frames.map((f) => {
        const { a, m, v } = JSON.parse(String(f))
        assert.deepStrictEqual(v, [[1, 2885]])
        return `${a} ${m}`
      }),
      expected
    )
  })

  it("hold as many pairs as a batch allows, and none that is not there", () => {
    const codec = protocol.open({ ...codecOptions(broker), batch: 1 })
    assert.strictEqual(
      requested(codec, [
        { instrument: reliance, to: LTP },
        { instrument: infy, to: LTP }
      ]).length,
      2
    )
    assert.deepStrictEqual(requested(codec, [{ instrument: dollar, from: LTP }]), [])
    const strange = [instrument("NSE", "A", "-1"), instrument("BCD", "B", "1")]
    assert.deepStrictEqual(
      requested(
        codec,
        strange.map((i) => ({ instrument: i, to: LTP }))
      ),
      []
    )
    assert.deepStrictEqual(
      decode(codec, Buffer.alloc(0)).events.map((e) => e.type),
      ["refused", "refused", "ignored"]
    )
  })

  it("count a book as a subscription of its own", () => {
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH, { mode: "depth", depth: 0 } as const].map((want) => protocol.cost(want)),
      [1, 1, 2, 1]
    )
  })

  it("keep the connection alive", () => {
    assert.strictEqual(openWith(side).heartbeat!(), '{"a":"h","v":[],"m":""}')
    assert.deepStrictEqual(openServer(side).receive('{"a":"h","v":[],"m":""}', () => undefined).answers, [])
  })
})

describe("pocketful: packets", () => {
  const codec = (): Codec => opened(side, [infy, dollar])
  const own = { symbol: "USDINR27AUG26FUT", exchange: "CDS", received_time: NOW }

  it("come back as they were written, by kind", () => {
    const { depth: _, ...quote } = state
    const { close, depth, high, low, lower_circuit, ltp, ltt, oi, open, upper_circuit, volume } = state
    const { average_price, total_buy_quantity, total_sell_quantity } = state
    const found = decode(codec(), packet(MARKET), packet(COMPACT), packet(SNAPQUOTE))
    const totals = { average_price, total_buy_quantity, total_sell_quantity }
    assert.deepStrictEqual(found.ticks, [
      { ...quote, ...own, mode: "quote" },
      { ...own, mode: "ltp", ltp, ltt, oi, lower_circuit, upper_circuit },
      { ...own, mode: "depth", open, high, low, close, volume, ...totals, depth }
    ] as ReadonlyArray<Tick>)
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, refreshes.ltp, modeBit.depth])
    assert.isTrue(found.instruments.every((i) => i === dollar))
  })

  it("say nothing without a last price, and leave out other zeros", () => {
    const nothing: Tick = { symbol: "A", exchange: "A", mode: "ltp", received_time: NOW }
    const silent = decode(codec(), packet(MARKET, nothing), packet(COMPACT, nothing))
    assert.deepStrictEqual([silent.ticks, silent.causes], [[], []])
    const bare: Tick = { ...nothing, ltp: 5 }
    const counts = { ltq: 0, volume: 0, total_buy_quantity: 0, total_sell_quantity: 0, oi: 0 }
    const found = decode(codec(), packet(MARKET, bare), packet(COMPACT, bare), packet(SNAPQUOTE, bare))
    assert.deepStrictEqual(found.ticks, [
      { ...own, mode: "quote", ltp: 5, ...counts },
      { ...own, mode: "ltp", ltp: 5, oi: 0 },
      {
        ...own,
        mode: "depth",
        volume: 0,
        total_buy_quantity: 0,
        total_sell_quantity: 0,
        depth: { buy: [], sell: [] }
      }
    ])
  })

  it("are rejected when short, and passed over when of another kind", () => {
    for (const stream of [MARKET, COMPACT, SNAPQUOTE] as const) {
      const whole = packet(stream)
      assert.deepStrictEqual(decode(codec(), whole.subarray(0, whole.length - 1)).causes, ["truncated"])
    }
    const circuit = Buffer.from(packet(MARKET))
    circuit[0] = 7
    assert.deepStrictEqual(decode(codec(), circuit).events, [{ type: "ignored", what: "packet 7" }])
    circuit[0] = 99
    assert.deepStrictEqual(decode(codec(), circuit).causes, ["unknown_packet"])
    const nowhere = Buffer.from(packet(MARKET))
    nowhere[1] = 5
    assert.deepStrictEqual(decode(codec(), nowhere).causes, ["unknown_segment"])
  })

  it("have the scale that the variant says", () => {
    const other = opened(side, [dollar], LTP, { divisors: { 3: 100 } })
    assert.strictEqual(decode(other, packet(COMPACT)).ticks[0]!.ltp, 8_743_250)
    assert.throws(() => openWith(side, { divisors: { 3: 0 } }), InvalidVariant)
  })

  it("are for nobody after an unsubscribe", () => {
    const some = codec()
    some.request([{ instrument: dollar, from: DEPTH }])
    assert.deepStrictEqual(decode(some, packet(MARKET)).causes, ["not_subscribed"])
    assert.deepStrictEqual(decode(some, encodePacket(MARKET, 1, 1594, state, 100)).instruments, [infy])
  })
})

describe("pocketful: the login", () => {
  it("is client id and access token in the address", () => {
    const { headers, url } = handshakeOf(protocol, "wss://h/p", credentials)
    assert.deepStrictEqual([url, headers], ["wss://h/p?login_id=A123&access_token=thetoken", {}])
    const causes = [401, 403, 429, 500].map((status) => protocol.refusal({ status, headers: {} })._tag)
    assert.deepStrictEqual(causes, ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"])
  })

  it.each([
    ['{"message":"unauthorized"}', "AuthRejected"],
    ['{"error":"access token expired"}', "AuthRejected"],
    ['{"message":"too many instruments"}', "refused"]
  ])("takes %s for %s", (words, kind) => {
    const [event] = decode(openWith(side), words).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, kind)
    assert.deepStrictEqual(decode(openWith(side), "words").causes, ["malformed_text"])
  })

  it.each(["clientCode", "authToken"] as const)("is refused with another %s", async (field) => {
    const outcome = await makeLink(broker, {
      accepted: { clientCode: secret("DEMO01"), authToken: secret("demo-access-token"), [field]: secret("x") }
    }).then(
      () => "accepted",
      (error: unknown) => error
    )
    assert.instanceOf(outcome, LoginFailed)
    assert.notInclude(String(outcome), "demo-access-token")
  })
})

describe("pocketful: the broker's side", () => {
  it("complains about what it does not understand", () => {
    const server = openServer(side)
    for (const frame of ["x", "[]", '{"a":"subscribe"}', '{"a":"subscribe","v":[1],"m":"marketdata"}']) {
      assert.strictEqual(server.receive(frame, () => reliance).answers.length, 1, frame)
    }
    const all = '{"a":"subscribe","v":[[1,2885],[1,5]],"m":"marketdata"}'
    const { answers, touched } = server.receive(all, (token) => (token === "2885" ? reliance : undefined))
    assert.deepStrictEqual([answers, touched], [[], [reliance]])
  })

  it("agrees with the client on a moving market, and on what is held", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", LTP, QUOTE, DEPTH)
    link.subscribe("NSE_INDEX:NIFTY", { mode: "depth", depth: 0 })
    for (let i = 0; i < 30; i++) link.step(30)
    for (const [name, levels] of [
      ["NSE:RELIANCE", 5],
      ["NSE_INDEX:NIFTY", 0]
    ] as const) {
      const own = link.ticks.filter((t) => `${t.tick.exchange}:${t.tick.symbol}` === name)
      const joined = Object.assign({}, ...own.map((t) => t.tick)) as Tick
      assert.deepStrictEqual(disagreements(joined, link.state(name), levels), [])
    }
    const scrip = link.instrument("NSE:RELIANCE")
    assert.deepStrictEqual(link.server.holds(scrip), [QUOTE, DEPTH])
    link.request([{ instrument: scrip, from: DEPTH, to: LTP }])
    assert.deepStrictEqual(link.server.holds(scrip), [LTP])
    link.request([{ instrument: scrip, from: LTP }])
    assert.deepStrictEqual([link.server.holds(scrip), link.rejects], [[], []])
  })
})
