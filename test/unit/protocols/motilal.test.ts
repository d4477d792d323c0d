/** Motilal Oswal's broadcast beyond its golden frames: packets to the broker, heartbeats, the book, refusals. */
import { assert, describe, it } from "@effect/vitest"
import { broker } from "../../../src/brokers/data/motilal.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import type { Codec } from "../../../src/protocols/protocol.ts"
import { encodeHeartbeat, encodeIndex, encodeScrip } from "../../../src/protocols/motilal/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/motilal/index.ts"
import { InvalidVariant } from "../../../src/protocols/kit/variant.ts"
import { disagreements } from "../../support/marketState.ts"
import { makeLink, secret } from "./link.ts"
import {
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  bytes as randomBytes,
  credentials,
  decode,
  handshakeOf,
  instrument,
  requested,
  seeded
} from "./support.ts"

const N = 0x4e
const reliance = instrument("NSE", "RELIANCE", "2885")
const twin = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const dollar = instrument("CDS", "USDINR26APR24FUT", "2885")
const nifty = instrument("NSE_INDEX", "NIFTY", "888801")

const open = (variant: Readonly<Record<string, unknown>> = {}): Codec =>
  protocol.open({ ...codecOptions(broker), variant }, handshakeOf(protocol, "wss://h/p", credentials))

const hex = (frames: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  frames.map((f) => Buffer.from(f as Uint8Array).toString("hex"))
const text = (frame: unknown): string => Buffer.from(frame as Uint8Array).toString("latin1")

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_711_684_801_000,
  ltp: 1423.7,
  ltq: 5,
  open: 1420.05,
  high: 1431.5,
  low: 1409.95,
  close: 1418.1,
  volume: 1000,
  average_price: 1425.25,
  oi: 12,
  oi_high: 20,
  oi_low: 0,
  upper_circuit: 1574.65,
  lower_circuit: 1288.35,
  depth: {
    buy: [
      { price: 1423.65, quantity: 7, orders: 2 },
      { price: 1423.6, quantity: 9, orders: 3 }
    ],
    sell: [{ price: 1423.75, quantity: 11, orders: 4 }]
  }
}
/** One packet of those that a scrip is sent. */
const packet = (kind: string, tick: Tick = state, code = 2885, exchange = N): Uint8Array => {
  const all = encodeScrip(exchange, code, tick)
  for (let at = 0; at < all.length; at += 30) {
    if (all[at + 9] === kind.charCodeAt(0)) return all.subarray(at, at + 30)
  }
  throw new Error(`no packet ${kind}`)
}

describe("motilal: requests", () => {
  it("logs in with the client code, in two fields padded with blanks", () => {
    const [login, ...more] = open().hello!()
    assert.strictEqual(more.length, 0)
    assert.strictEqual(
      text(login),
      `Q\x6f\0\x04A123${" ".repeat(11)}\x04A123${" ".repeat(26)}\x01\x01\x01\x07VER 2.0   \0\0\0\0\x01${" ".repeat(45)}`
    )
    assert.strictEqual((login as Uint8Array).length, 114)
    const long = protocol.open(codecOptions(broker), {
      url: "",
      headers: {},
      secrets: { clientCode: "X".repeat(40) }
    })
    const [cut] = long.hello!()
    assert.deepStrictEqual(
      [(cut as Uint8Array).length, (cut as Uint8Array)[3], (cut as Uint8Array)[19]],
      [114, 15, 30]
    )
  })

  it("registers scrip by scrip, each after a login as the SDK does", () => {
    const codec = open()
    const login = hex(codec.hello!())[0]!
    const frames = hex(
      requested(codec, [
        { instrument: reliance, to: LTP },
        { instrument: dollar, to: DEPTH }
      ])
    )
    assert.deepStrictEqual(frames, [
      login,
      // D, 7, N, C, 2885, add
      "4407004e43450b000001",
      login,
      "4407004344450b000001"
    ])
    assert.deepStrictEqual(hex(requested(codec, [{ instrument: reliance, from: LTP }])), [
      login,
      "4407004e43450b000000"
    ])
  })

  it("sends plain registrations and another version where the variant says so", () => {
    const codec = open({ loginBeforeRegister: false, version: "1.0.0" })
    assert.include(text(codec.hello!()[0]), "\x051.0.0     ")
    assert.strictEqual(requested(codec, [{ instrument: reliance, to: LTP }]).length, 1)
    for (const variant of [{ version: 2 }, { loginBeforeRegister: "no" }]) {
      assert.throws(() => open(variant), InvalidVariant)
    }
    const codes = { ...codecOptions(broker).codes, NSE: "N" }
    assert.throws(() => protocol.open({ codes, batch: 1 }), InvalidVariant, /must be a letter followed by/)
  })

  it("asks for nothing when the mode changes, twice the same, or what is not there is given up", () => {
    const codec = open()
    requested(codec, [{ instrument: reliance, to: DEPTH }])
    assert.deepStrictEqual(requested(codec, [{ instrument: reliance, from: DEPTH, to: LTP }]), [])
    assert.deepStrictEqual(requested(codec, [{ instrument: reliance, from: LTP, to: LTP }]), [])
    assert.deepStrictEqual(requested(codec, [{ instrument: dollar, from: LTP }]), [])
  })

  it("asks for no index: they come unasked, and only the wanted ones pass", () => {
    const codec = open()
    assert.deepStrictEqual(requested(codec, [{ instrument: nifty, to: QUOTE }]), [])
    const other = decode(codec, encodeIndex(N, 888_816, state))
    assert.deepStrictEqual([other.ticks, other.causes, other.events.length], [[], [], 1])
    const found = decode(codec, encodeIndex(N, 888_801, { ...state, ltp: 24_612.15 }))
    assert.deepInclude(found.ticks[0], { symbol: "NIFTY", mode: "ltp", ltp: 24_612.15 })
    assert.strictEqual(found.instruments[0], nifty)
    assert.deepStrictEqual(found.refreshes, [refreshes.quote], "quote readers have nothing else")
    assert.deepStrictEqual(requested(codec, [{ instrument: nifty, from: QUOTE }]), [])
    assert.deepStrictEqual(decode(codec, encodeIndex(N, 888_801, state)).ticks, [])
    assert.strictEqual(protocol.cost(DEPTH, nifty), 0)
    assert.strictEqual(protocol.cost(DEPTH, reliance), 1)
  })

  it("gives an index the other kinds of packets where its code can be nothing else", () => {
    const codec = open()
    const small = instrument("NSE_INDEX", "SMALL", "2885")
    codec.request([
      { instrument: nifty, to: QUOTE },
      { instrument: small, to: QUOTE }
    ])
    assert.deepInclude(decode(codec, packet("G", state, 888_801)).ticks[0], {
      symbol: "NIFTY",
      open: 1420.05
    })
    assert.deepStrictEqual(decode(codec, packet("A")).causes, ["not_subscribed"])
  })

  it("tells what it cannot ask for with the next frame", () => {
    const codec = open()
    const strange = [
      instrument("NSE", "A", "02885"),
      instrument("NSE", "B", "2147483648"),
      instrument("BCD", "C", "1")
    ]
    assert.deepStrictEqual(
      requested(
        codec,
        strange.map((i) => ({ instrument: i, to: LTP }))
      ),
      []
    )
    const { events } = decode(codec, encodeHeartbeat())
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["refused", "refused", "refused", "heartbeat"]
    )
    assert.include(JSON.stringify(events[2]), "no known segment for BCD")
  })

  it("keeps two scrips of one letter and code apart", () => {
    assert.strictEqual(protocol.exclusive(reliance), protocol.exclusive(twin))
    assert.notStrictEqual(protocol.exclusive(reliance), protocol.exclusive(dollar))
    const codec = open()
    codec.request([
      { instrument: reliance, to: LTP },
      { instrument: dollar, to: LTP }
    ])
    assert.deepStrictEqual(requested(codec, [{ instrument: twin, to: LTP }]), [])
    assert.deepStrictEqual(requested(codec, [{ instrument: twin, from: LTP }]), [])
    const found = decode(codec, packet("A"), packet("A", state, 2885, 0x43))
    assert.deepStrictEqual(found.instruments, [reliance, dollar])
    assert.include(JSON.stringify(found.events[0]), "cannot be told from NSE:RELIANCE")
    // Given up, it makes room.
    assert.strictEqual(
      requested(codec, [
        { instrument: reliance, from: LTP },
        { instrument: twin, to: LTP }
      ]).length,
      4
    )
    assert.deepStrictEqual(decode(codec, packet("A")).instruments, [twin])
  })
})

describe("motilal: packets", () => {
  const opened = (): Codec => {
    const codec = open()
    codec.request([{ instrument: reliance, to: DEPTH }])
    return codec
  }

  it("answers every heartbeat, in between as well", () => {
    const found = decode(opened(), Buffer.concat([encodeHeartbeat(), packet("A"), encodeHeartbeat()]))
    assert.deepStrictEqual(hex(found.sent), ["310000", "310000"])
    assert.strictEqual(found.ticks.length, 1)
    assert.deepStrictEqual(found.events, [{ type: "heartbeat" }, { type: "heartbeat" }])
  })

  it("carries of each packet what is in it, and says which modes it is news for", () => {
    const found = decode(opened(), encodeScrip(N, 2885, state))
    const { refreshes: news, ticks } = found
    assert.strictEqual(ticks.length, 9)
    assert.deepStrictEqual(news, [
      refreshes.quote,
      ...Array.from({ length: 5 }, () => modeBit.depth),
      modeBit.quote,
      modeBit.quote,
      modeBit.quote
    ])
    const { depth: _, ...prices } = Object.assign({}, ...ticks) as Tick
    const { depth, ...held } = state
    assert.deepStrictEqual(prices, { ...held, symbol: "RELIANCE", exchange: "NSE", mode: "quote" })
    assert.deepStrictEqual(ticks[5]!.depth, depth)
    assert.notProperty(ticks[0], "open")
    assert.notProperty(ticks[6], "ltp")
  })

  it("leaves out zeros, and counts below zero", () => {
    const codec = opened()
    const { depth: _, ...bare } = state
    const nothing: Tick = { symbol: "A", exchange: "A", mode: "ltp", received_time: NOW }
    const empty = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW }
    assert.deepStrictEqual(decode(codec, encodeScrip(N, 2885, nothing)).ticks, [
      { ...empty, mode: "quote", ltq: 0, volume: 0 },
      ...Array.from({ length: 5 }, () => ({
        ...empty,
        mode: "depth" as const,
        depth: { buy: [], sell: [] }
      })),
      { ...empty, mode: "quote" },
      { ...empty, mode: "quote" },
      { ...empty, mode: "quote", oi: 0, oi_high: 0, oi_low: 0 }
    ])
    const overflown = Buffer.from(packet("A", bare))
    overflown.writeInt32LE(-5, 18)
    overflown.writeInt32LE(-1, 5)
    const [tick] = decode(codec, overflown).ticks
    assert.notProperty(tick, "volume")
    assert.notProperty(tick, "exchange_time")
    assert.strictEqual(tick!.ltp, 1423.7)
  })

  it("rejects what is no number, and keeps the book that it had", () => {
    const codec = opened()
    decode(codec, encodeScrip(N, 2885, state))
    for (const [kind, at] of [
      ["A", 10],
      ["A", 22],
      ["B", 10],
      ["B", 20],
      ["G", 22],
      ["W", 14]
    ] as const) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const broken = Buffer.from(packet(kind))
        broken.writeFloatLE(bad, at)
        assert.deepStrictEqual(decode(codec, broken).causes, ["unknown_packet"], `${kind} at ${at}`)
      }
    }
    const negative = Buffer.from(packet("B"))
    negative.writeInt32LE(-1, 14)
    assert.deepStrictEqual(decode(codec, negative).causes, ["unknown_packet"])
    assert.deepStrictEqual(decode(codec, packet("F")).ticks[0]!.depth, state.depth)
  })

  it("forgets the book with the subscription", () => {
    const codec = opened()
    decode(codec, encodeScrip(N, 2885, state))
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, packet("A")).causes, ["not_subscribed"])
    codec.request([{ instrument: reliance, to: DEPTH }])
    assert.deepStrictEqual(decode(codec, packet("C")).ticks[0]!.depth, {
      buy: [state.depth!.buy[1]!],
      sell: []
    })
  })

  it("prints currency with four decimals", () => {
    const codec = open()
    codec.request([{ instrument: dollar, to: LTP }])
    const found = decode(codec, packet("A", { ...state, ltp: 82.6725, average_price: 83.0025 }, 2885, 0x43))
    assert.deepInclude(found.ticks[0], { ltp: 82.6725, average_price: 83.0025 })
  })

  it("knows unknown letters, undocumented kinds and broken lengths", () => {
    const codec = opened()
    const strange = Buffer.from(packet("A"))
    strange[0] = 0x5a
    assert.deepStrictEqual(decode(codec, strange).causes, ["unknown_segment"])
    const kind = Buffer.from(packet("A"))
    kind[9] = 0x58
    assert.deepStrictEqual(decode(codec, kind).events[0]?.type, "ignored")
    for (const length of [0, 3, 29, 31]) {
      assert.deepStrictEqual(decode(codec, randomBytes(seeded(1), length)).causes, ["unknown_length"])
    }
  })
})

describe("motilal: the login", () => {
  it("keeps the client code out of the address", () => {
    const { headers, secrets, url } = handshakeOf(protocol, "wss://h/p", credentials)
    assert.deepStrictEqual([url, headers, secrets], ["wss://h/p", {}, { clientCode: "A123" }])
    const causes = [401, 403, 429, 503].map((status) => protocol.refusal({ status, headers: {} })._tag)
    assert.deepStrictEqual(causes, ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"])
  })

  it.each([
    ['{"status":"ERROR","message":"Invalid client"}', "AuthRejected"],
    ['{"status":"FAILED","message":"Authorization is invalid"}', "AuthRejected"],
    ['{"status":"ERROR","message":"Scrip limit reached","errorcode":"MO1"}', "refused"],
    ['{"status":"SUCCESS","message":"hello"}', "ignored"]
  ])("takes %s for %s", (words, kind) => {
    const [event] = decode(open(), words).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, kind)
  })

  it("rejects texts that are none of the broker's", () => {
    assert.deepStrictEqual(decode(open(), "<html>", "[]").causes, ["malformed_text", "malformed_text"])
  })

  it("is refused by the broker's side for another client, before any registration", async () => {
    const link = await makeLink(broker, { accepted: { clientCode: secret("OTHER") } })
    const failure = link.events.find((e) => e.type === "failure")
    assert.strictEqual(failure?.type === "failure" && failure.failure._tag, "AuthRejected")
    const [login] = open().hello!()
    const server = serverProtocol.open(codecOptions(broker), {
      request: { url: "/", headers: {} },
      accepted: () => ({ clientCode: secret("OTHER") })
    })
    assert.strictEqual(server.receive(login as Uint8Array, () => reliance).close?.code, 1008)
    assert.strictEqual(
      server.receive(Buffer.from("4407004e43450b000001", "hex"), () => reliance).touched.length,
      0
    )
    assert.deepStrictEqual(server.encode([[reliance, state]]), [])
  })
})

describe("motilal: both sides", () => {
  it("agree on a moving market, and on what is held", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:RELIANCE", LTP, QUOTE, DEPTH)
    link.subscribe("NSE_INDEX:NIFTY", LTP)
    const scrip = link.instrument("NSE:RELIANCE")
    assert.deepStrictEqual(link.server.holds(scrip), [{ mode: "depth", depth: 5 }])
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE_INDEX:NIFTY")), [])
    for (let i = 0; i < 30; i++) link.step(30)
    for (const name of ["NSE:RELIANCE", "NSE_INDEX:NIFTY"]) {
      const own = link.ticks.filter((t) => `${t.tick.exchange}:${t.tick.symbol}` === name)
      const joined = Object.assign({}, ...own.map((t) => t.tick)) as Tick
      const found = disagreements(joined, link.state(name), name === "NSE:RELIANCE" ? 5 : 0)
      assert.deepStrictEqual(found, [])
    }
    link.request([{ instrument: scrip, from: DEPTH }])
    assert.deepStrictEqual(link.server.holds(scrip), [])
    assert.deepStrictEqual(link.rejects, [])
  })
})
