/** Tradejini's stream beyond its golden frames: lists that replace one another, merges, zlib, the close code. */
import { zlibSync } from "fflate"
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/tradejini.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import type { Field } from "../../../src/protocols/tradejini/encode.ts"
import {
  encodeFrame,
  encodePacket,
  l1Fields,
  l1Packet,
  l5Packet,
  pongFrame
} from "../../../src/protocols/tradejini/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/tradejini/index.ts"
import {
  HIGH,
  L1,
  LTP as PRICE,
  LTQ,
  OI,
  OPEN,
  TOKEN,
  VOLUME
} from "../../../src/protocols/tradejini/layout.ts"
import type { Codec } from "../../../src/protocols/protocol.ts"
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
  handshakeOf,
  instrument,
  opened,
  openWith,
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }

const reliance = instrument("NSE", "RELIANCE", "2885")
const infy = instrument("NSE", "INFY", "1594")
const dollar = instrument("CDS", "USDINR27AUG26FUT", "1594")
const nifty = instrument("NSE_INDEX", "NIFTY", "-1")

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  ltt: 1_787_031_010_000,
  ltp: 1412.65,
  ltq: 17,
  open: 1405.1,
  high: 1419.9,
  low: 1403.05,
  close: 1401.2,
  volume: 4_875_123,
  average_price: 1410.42,
  total_buy_quantity: 512_345,
  total_sell_quantity: 734_210,
  oi: 77,
  oi_high: 80,
  oi_low: 0,
  upper_circuit: 1543.45,
  lower_circuit: 1262.85,
  week52_high: 1608.95,
  week52_low: 1114.85,
  depth: {
    buy: [{ price: 1412.6, quantity: 250, orders: 4 }],
    sell: [
      { price: 1412.7, quantity: 310, orders: 6 },
      { price: 1412.75, quantity: 317, orders: 7 }
    ]
  }
}
const own = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW }
const l1 = (...fields: ReadonlyArray<Field>): Uint8Array => l1Packet(1, 2885, fields)
const frame = (...packets: ReadonlyArray<Uint8Array>): Uint8Array => encodeFrame(packets)
/** A frame around bytes that are as they are. */
const framed = (compression: number, rest: Uint8Array, version = 1): Uint8Array =>
  Buffer.concat([Buffer.from([0, 0, 0, 0, version, compression]), rest])

const asked = (codec: Codec, ...changes: Parameters<Codec["request"]>[0]): ReadonlyArray<string> =>
  requested(codec, changes).map((text) => {
    assert.match(String(text), /\}\n$/, "every request ends with a newline")
    const { action, tokens, type } = JSON.parse(String(text))
    return [type, action, ...(tokens ?? []).map((one: { t: string }) => one.t)].join(" ")
  })

describe("tradejini: requests", () => {
  it("are a line of JSON each", () => {
    const codec = openWith(side)
    assert.deepStrictEqual(requested(codec, [{ instrument: reliance, to: DEPTH }]), [
      '{"type":"L1","action":"sub","tokens":[{"t":"2885_NSE"}]}\n',
      '{"type":"L5","action":"sub","tokens":[{"t":"2885_NSE"}]}\n'
    ])
    assert.deepStrictEqual(requested(codec, [{ instrument: reliance, from: DEPTH }]), [
      '{"type":"L1","action":"unsub"}\n',
      '{"type":"L5","action":"unsub"}\n'
    ])
    assert.strictEqual(codec.heartbeat!(), '{"type":"PING"}\n')
  })

  it("restate the whole list, and only the one that changed", () => {
    const codec = openWith(side)
    assert.deepStrictEqual(
      asked(codec, { instrument: reliance, to: LTP }, { instrument: nifty, to: QUOTE }),
      ["L1 sub 2885_NSE -1_NSE"]
    )
    assert.deepStrictEqual(asked(codec, { instrument: dollar, to: DEPTH }), [
      "L1 sub 2885_NSE -1_NSE 1594_CDS",
      "L5 sub 1594_CDS"
    ])
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: LTP, to: DEPTH }), [
      "L5 sub 2885_NSE 1594_CDS"
    ])
    assert.deepStrictEqual(
      asked(codec, { instrument: nifty, from: QUOTE, to: { mode: "depth", depth: 0 } }),
      []
    )
    assert.deepStrictEqual(asked(codec, { instrument: dollar, from: DEPTH, to: LTP }), ["L5 sub 2885_NSE"])
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: DEPTH }), [
      "L1 sub -1_NSE 1594_CDS",
      "L5 unsub"
    ])
    assert.deepStrictEqual(
      asked(codec, { instrument: nifty, from: QUOTE, to: QUOTE }, { instrument: infy, from: LTP }),
      []
    )
  })

  it("leave out what cannot be asked for, and say so with the next frame", () => {
    const codec = openWith(side)
    const strange = [
      instrument("NSE", "A", "2147483648"),
      instrument("NSE", "B", "-01"),
      instrument("NCDEX", "C", "1")
    ]
    assert.deepStrictEqual(asked(codec, ...strange.map((i) => ({ instrument: i, to: LTP }))), [])
    assert.deepStrictEqual(
      decode(codec, "").events.map((e) => e.type),
      ["refused", "refused", "refused", "ignored"]
    )
  })

  it("count a book as a subscription of its own", () => {
    assert.deepStrictEqual(
      [LTP, QUOTE, DEPTH, { mode: "depth", depth: 0 } as const].map((want) => protocol.cost(want)),
      [1, 1, 2, 1]
    )
    assert.throws(() => openWith(side, { divisors: "no" }), InvalidVariant)
  })
})

describe("tradejini: packets", () => {
  const codec = (): Codec => opened(side, [reliance, infy, dollar, nifty])

  it("come back as they were written", () => {
    const { depth, total_buy_quantity, total_sell_quantity, ...rest } = state
    const found = decode(codec(), frame(l1(...l1Fields(state, 100)), l5Packet(1, 2885, state, 100)))
    assert.deepStrictEqual(found.ticks, [
      { ...rest, ...own, mode: "quote" },
      { ...own, mode: "depth", total_buy_quantity, total_sell_quantity, depth }
    ] as ReadonlyArray<Tick>)
    assert.deepStrictEqual(found.refreshes, [refreshes.quote, modeBit.depth])
    assert.isTrue(found.instruments.every((i) => i === reliance))
  })

  it("merge by instrument: equal tokens in two segments never meet", () => {
    const some = codec()
    const inr = l1Packet(5, 1594, [[PRICE, 874_325_000]])
    const share = l1Packet(1, 1594, [
      [PRICE, 154_410],
      [VOLUME, 0]
    ])
    const found = decode(
      some,
      frame(inr, share),
      frame(l1Packet(5, 1594, [[OI, 3]])),
      frame(l1Packet(1, -1, [[PRICE, 5]]))
    )
    assert.deepStrictEqual(
      found.ticks.map(({ ltp, mode, oi, symbol, volume }) => [symbol, mode, ltp, volume, oi]),
      [
        ["USDINR27AUG26FUT", "ltp", 87.4325, undefined, undefined],
        ["INFY", "quote", 1544.1, 0, undefined],
        ["USDINR27AUG26FUT", "ltp", 87.4325, undefined, 3],
        ["NIFTY", "ltp", 0.05, undefined, undefined]
      ]
    )
    assert.deepStrictEqual(found.refreshes, [3, 3, 3, 3], "quote readers have no other source")
  })

  it("take a price back with a zero, and forget with the subscription", () => {
    const some = codec()
    decode(some, frame(l1([PRICE, 100], [OPEN, 90], [HIGH, 110], [LTQ, 4])))
    assert.deepStrictEqual(decode(some, frame(l1([OPEN, 0], [PRICE, -5]))).ticks, [
      { ...own, mode: "quote", ltp: -0.05, high: 1.1, ltq: 4 }
    ])
    // In one request the list does not change, so no new snapshot will come.
    some.request([
      { instrument: reliance, from: DEPTH },
      { instrument: reliance, to: DEPTH }
    ])
    assert.property(decode(some, frame(l1([PRICE, 100]))).ticks[0], "high")
    some.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(some, frame(l1([PRICE, 100]))).causes, ["not_subscribed"])
    some.request([{ instrument: reliance, to: DEPTH }])
    assert.deepStrictEqual(decode(some, frame(l1([PRICE, 100]))).ticks, [{ ...own, mode: "ltp", ltp: 1 }])
  })

  it("with a fault are dropped whole, and the rest of the frame goes on", () => {
    const some = codec()
    const unknown = Buffer.from(l1([PRICE, 500], [LTQ, 1]))
    unknown[unknown.length - 5] = 200
    const short = Buffer.from(l1([PRICE, 500], [LTQ, 1])).subarray(0, -1)
    short.writeUInt16LE(short.length, 0)
    const nameless = encodePacket(L1, [[TOKEN, 2885]])
    const nowhere = l1Packet(11, 2885, [[PRICE, 5]])
    const found = decode(some, frame(unknown, short, nameless, nowhere, l1([VOLUME, 7])))
    assert.deepStrictEqual(found.causes, ["unknown_packet", "truncated", "unknown_packet", "unknown_segment"])
    assert.deepStrictEqual(found.ticks, [{ ...own, mode: "quote", volume: 7 }], "nothing of them was kept")
  })

  it("end a frame that claims more than it has", () => {
    const good = l1([PRICE, 100])
    for (const tail of [[1], [2, 0], [255, 0, 10], [2, 0, 10]]) {
      const found = decode(codec(), framed(0, Buffer.concat([good, Buffer.from(tail)])))
      assert.deepStrictEqual([found.ticks.length, found.causes], [1, ["truncated"]], tail.join())
    }
    const stopped = decode(codec(), framed(0, Buffer.concat([good, Buffer.from([0, 0]), good])))
    assert.deepStrictEqual([stopped.ticks.length, stopped.causes], [1, []])
  })

  it("of other kinds are events", () => {
    const some = codec()
    assert.deepStrictEqual(decode(some, pongFrame()).events, [{ type: "heartbeat" }])
    assert.deepStrictEqual(decode(some, frame(encodePacket(13, [[25, 1]]))).events, [{ type: "ready" }])
    assert.deepStrictEqual(decode(some, frame(encodePacket(13, [[25, 0]]))).events[0]?.type, "notice")
    assert.deepStrictEqual(decode(some, frame(encodePacket(14, []))).events[0]?.type, "ignored")
    assert.deepStrictEqual(decode(some, frame(encodePacket(99, []))).causes, ["unknown_packet"])
    assert.deepStrictEqual(decode(some, framed(0, l1([PRICE, 5]), 2)).events[0]?.type, "ignored")
    assert.deepStrictEqual(decode(some, "text").events[0]?.type, "ignored")
  })
})

describe("tradejini: packed frames", () => {
  const codec = (): Codec => opened(side, [reliance])
  const packed = zlibSync(l1([PRICE, 141_265]))

  it("are unpacked", () => {
    assert.strictEqual(decode(codec(), framed(100, packed)).ticks[0]!.ltp, 1412.65)
  })

  it("are rejected when damaged anywhere, or cut", () => {
    const some = codec()
    for (let at = 0; at < packed.length; at++) {
      // The first byte names the method and the window, in which other values may be right; the second has flags.
      const damaged = Buffer.from(packed)
      damaged[at]! ^= 0x55
      assert.deepStrictEqual(decode(some, framed(100, damaged)).causes, ["unknown_packet"], `byte ${at}`)
      assert.deepStrictEqual(decode(some, framed(100, packed.subarray(0, at))).causes, ["unknown_packet"])
    }
    assert.deepStrictEqual(decode(some, framed(7, packed)).causes, ["unknown_packet"])
    assert.strictEqual(decode(some, framed(100, packed)).ticks.length, 1, "the connection stays usable")
  })

  it("are rejected when they unpack to too much", () => {
    const some = codec()
    const filled = (size: number): Uint8Array => framed(100, zlibSync(new Uint8Array(size), { level: 9 }))
    // Zeros end a frame: nothing is found in it, and nothing is wrong.
    assert.deepStrictEqual(decode(some, filled(1_048_576)).causes, [])
    for (const size of [1_048_577, 1_048_578, 20_000_000]) {
      assert.deepStrictEqual(decode(some, filled(size)).causes, ["unknown_packet"], String(size))
    }
    const stored = framed(100, zlibSync(new Uint8Array(70_000), { level: 0 }))
    assert.deepStrictEqual(decode(some, stored).causes, ["unknown_packet"])
  })
})

describe("tradejini: the login", () => {
  it("is key and token in the address, and a close code when it is wrong", () => {
    const { headers, url } = handshakeOf(protocol, "wss://h/p", credentials)
    assert.deepStrictEqual([url, headers], ["wss://h/p?token=thekey:thetoken&version=3.1", {}])
    const pair = { ...credentials, authToken: secret("thekey:thetoken") }
    assert.strictEqual(handshakeOf(protocol, "wss://h/p", pair).url, url)
    const failure = protocol.closed({ code: 4001, reason: "Unauthorized Access" })
    assert.deepInclude(failure, { _tag: "AuthRejected", detail: "code 4001: Unauthorized Access" })
    assert.isUndefined(protocol.closed({ code: 1006, reason: "" }))
    const causes = [401, 403, 429, 500].map((status) => protocol.refusal({ status, headers: {} })._tag)
    assert.deepStrictEqual(causes, ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"])
  })

  it("is let in, and shown out with its first message", async () => {
    const link = await makeLink(broker, { accepted: { ...credentials, apiKey: secret("other") } })
    assert.deepStrictEqual(link.events, [])
    link.subscribe("NSE:RELIANCE", LTP)
    assert.deepStrictEqual([link.ticks, link.server.holds(link.instrument("NSE:RELIANCE"))], [[], []])
    assert.strictEqual(link.server.receive('{"type":"PING"}\n', () => undefined).close?.code, 4001)
    const welcome = await makeLink(broker)
    assert.deepStrictEqual(welcome.events, [{ type: "ready" }])
  })
})

describe("tradejini: the broker's side", () => {
  it("passes over what it does not understand", async () => {
    const { server } = await makeLink(broker)
    const nobody = () => undefined
    for (const text of [
      "x",
      '{"type":"L9","action":"sub"}',
      '{"type":"L1","action":"sub"}',
      '{"type":"L1"}'
    ]) {
      assert.deepStrictEqual(server.receive(text, nobody), { answers: [], touched: [] })
    }
    const odd = '{"type":"L1","action":"sub","tokens":[1,{"t":5},{"t":"1_XYZ"},{"t":"1_NSE"},{"t":"1"}]}'
    assert.deepStrictEqual(server.receive(odd, nobody).touched, [])
  })

  it("tells changes after a snapshot, and agrees with the client on a moving market", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", LTP)
    const snapshot = link.inbound.at(-1)!.length
    link.subscribe("NSE_INDEX:NIFTY", QUOTE)
    for (let i = 0; i < 30; i++) link.step(30)
    assert.isBelow(link.inbound.at(-1)!.length, snapshot + 60)
    const scrip = link.instrument("NSE:RELIANCE")
    link.request([{ instrument: scrip, from: LTP, to: DEPTH }])
    for (let i = 0; i < 30; i++) link.step(30)
    for (const [name, levels] of [
      ["NSE:RELIANCE", 5],
      ["NSE_INDEX:NIFTY", 0]
    ] as const) {
      const all = link.ticks.filter((t) => `${t.tick.exchange}:${t.tick.symbol}` === name)
      const joined = Object.assign({}, ...all.map((t) => t.tick)) as Tick
      assert.deepStrictEqual(disagreements(joined, link.state(name), levels), [])
      const last = all.findLast((t) => t.tick.ltp !== undefined)!
      assert.deepStrictEqual(disagreements(last.tick, link.state(name), 0), [], "a merged tick is whole")
    }
    assert.deepStrictEqual(link.server.holds(scrip), [QUOTE, DEPTH])
    link.request([{ instrument: scrip, from: DEPTH, to: LTP }])
    assert.deepStrictEqual(link.server.holds(scrip), [QUOTE])
    link.request([{ instrument: scrip, from: LTP }])
    assert.deepStrictEqual([link.server.holds(scrip), link.rejects], [[], []])
  })
})
