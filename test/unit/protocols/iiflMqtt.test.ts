import { assert, describe, it } from "@effect/vitest"
import { generate, parser } from "mqtt-packet"
import type { Packet } from "mqtt-packet"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/iiflcapital.ts"
import { nameOf } from "../../../src/market/instrument.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { encodeFeed, encodeLimit, encodeOpenInterest } from "../../../src/protocols/iifl-mqtt/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/iifl-mqtt/index.ts"
import { unsignedToken } from "../../../src/protocols/kit/jwt.ts"
import type { Frame, Handshake } from "../../../src/protocols/protocol.ts"
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
  requested
} from "./support.ts"

const side = { broker, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const option = instrument("NFO", "NIFTY28MAR2420800CE", "43422")
const nifty: WireInstrument = { ...instrument("NSE_INDEX", "NIFTY", "999920000"), brokerExchange: "NSEEQ" }
const vix: WireInstrument = { ...instrument("NSE_INDEX", "INDIAVIX", "999920019"), brokerExchange: "NSEFO" }

const userSession = unsignedToken({ preferred_username: "Ab12", exp: 2_000_000_000 })
const login = { ...credentials, authToken: secret(userSession) }
const handshakeOf = (authToken: string, endpoint = "tls://broker:8883") =>
  protocol.handshake({
    endpoint,
    services: {},
    credentials: { ...credentials, authToken: secret(authToken) },
    now: NOW,
    random: Uint8Array.from({ length: 64 }, (_, i) => 250 + i),
    options: codecOptions(broker)
  })

/** What a codec sends, as the library reads it. */
const packets = (frames: ReadonlyArray<unknown>): ReadonlyArray<Packet> => {
  const found: Array<Packet> = []
  const reader = parser({ protocolVersion: 4 }).on("packet", (p) => found.push(p))
  for (const frame of frames) reader.parse(Buffer.from(frame as Uint8Array))
  return found
}
const topics = (frames: ReadonlyArray<Frame>): ReadonlyArray<readonly [string, ReadonlyArray<string>]> =>
  packets(frames).map((p) => {
    if (p.cmd === "subscribe") return ["+", p.subscriptions.map((s) => s.topic)]
    return p.cmd === "unsubscribe" ? ["-", p.unsubscriptions] : [p.cmd, []]
  })
const publish = (topic: string, payload: Uint8Array, qos: 0 | 1 = 0): Buffer =>
  generate({
    cmd: "publish",
    topic,
    payload: Buffer.from(payload),
    qos,
    dup: false,
    retain: false,
    ...(qos === 0 ? {} : { messageId: 77 })
  })

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  ltt: 1_711_684_803_000,
  ltp: 1424,
  ltq: 619,
  open: 1432.75,
  high: 1437.05,
  low: 1419.75,
  close: 1431.5,
  volume: 31_814_194,
  average_price: 1428.39,
  total_buy_quantity: 69_711,
  total_sell_quantity: 636_017,
  oi: 500,
  oi_high: 600,
  oi_low: 400,
  depth: {
    buy: [{ price: 1424, quantity: 7688, orders: 17 }],
    sell: [{ price: 1424.05, quantity: 2485, orders: 56 }]
  }
}
const mw = (segment: string, token: string) => `prod/marketfeed/mw/v1/${segment}/${token}`

describe("iifl-mqtt: login", () => {
  it("sends the user session as the password, and its user's name", () => {
    const handshake = handshakeOf(userSession) as Handshake
    assert.deepStrictEqual(handshake.url, "tls://broker:8883")
    assert.notProperty(handshake, "subprotocols")
    const codec = protocol.open(codecOptions(broker), handshake)
    assert.isTrue(codec.awaitsReady)
    const [connect, ...more] = codec.hello!()
    assert.deepStrictEqual(more, [])
    const id = "algowaysfafbfcfdfeff0001"
    const bytes = Buffer.from(connect as Uint8Array)
    const rest = [
      Buffer.from([0, 4]),
      Buffer.from("MQTT"),
      // Level 4; user name, password and clean session; 20 seconds.
      Buffer.from([4, 0xc2, 0, 20]),
      ...[id, "Ab12", `OPENID~~${userSession}~`].flatMap((text) => [
        Buffer.from([text.length >> 8, text.length & 0xff]),
        Buffer.from(text)
      ])
    ]
    assert.deepStrictEqual(bytes.subarray(3), Buffer.concat(rest))
    assert.strictEqual(bytes[0], 0x10)
  })

  it("opens a WebSocket as MQTT does, where it is told to", () => {
    assert.deepStrictEqual((handshakeOf(userSession, "wss://broker") as Handshake).subprotocols, ["mqtt"])
    assert.deepStrictEqual(
      [401, 403, 429, 500].map((status) => protocol.refusal({ status, headers: {} })._tag),
      ["AuthRejected", "AuthRejected", "RateLimited", "ConnectionRefused"]
    )
  })

  it.each(["", "plain", "a.b.c", unsignedToken({ sub: "x" }), unsignedToken({ preferred_username: 5 })])(
    "asks for another user session than %j",
    (token) => {
      const failure = handshakeOf(token)
      assert.strictEqual("_tag" in failure ? failure._tag : "", "AuthRejected")
    }
  )

  it.each([
    [0, "ready"],
    [1, "ConnectionRefused"],
    [2, "ConnectionRefused"],
    [3, "ConnectionRefused"],
    [4, "AuthRejected"],
    [5, "AuthRejected"],
    [9, "ConnectionRefused"]
  ])("takes CONNACK %i for %s", (code, what) => {
    const [event] = decode(openWith(side), Buffer.from([0x20, 2, 0, code])).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : event?.type, what)
  })

  it("pings, and hears the answer", () => {
    const codec = openWith(side)
    assert.deepStrictEqual(Buffer.from(codec.heartbeat!() as Uint8Array), Buffer.from([0xc0, 0]))
    assert.deepStrictEqual(decode(codec, Buffer.from([0xd0, 0])).events, [{ type: "heartbeat" }])
  })
})

describe("iifl-mqtt: requests", () => {
  it("subscribes one topic for all modes, and open interest where there is any", () => {
    const codec = openWith(side)
    const changes = [reliance, option, nifty, vix].map((i) => ({ instrument: i, to: LTP }))
    const frames = requested(codec, changes)
    assert.deepStrictEqual(topics(frames), [
      [
        "+",
        [
          "prod/marketfeed/mw/v1/nseeq/2885",
          "prod/marketfeed/mw/v1/nsefo/43422",
          "prod/marketfeed/oi/v1/nsefo/43422",
          "prod/marketfeed/index/v1/nseeq/999920000",
          // Where its master says, which is not the segment of shares.
          "prod/marketfeed/index/v1/nsefo/999920019"
        ]
      ]
    ])
    assert.deepStrictEqual(
      Buffer.from(frames[0] as Uint8Array).subarray(0, 8),
      Buffer.from([0x82, 0xc3, 1, 0, 1, 0, 32, 0x70])
    )
    const deeper = changes.map(({ instrument: i, to }) => ({ instrument: i, from: to, to: DEPTH }))
    assert.deepStrictEqual(requested(codec, deeper), [], "a change of mode needs no traffic")
    // What is given up once more may not have been heard.
    for (const _ of ["once", "once more"]) {
      assert.deepStrictEqual(topics(requested(codec, [{ instrument: option, from: DEPTH }])), [
        ["-", ["prod/marketfeed/mw/v1/nsefo/43422", "prod/marketfeed/oi/v1/nsefo/43422"]]
      ])
    }
    assert.deepStrictEqual(
      [reliance, option, nifty].map((i) => protocol.cost(QUOTE, i)),
      [1, 2, 1]
    )
  })

  it("keeps to the batch, counts its packets, and settles an instrument that changes twice", () => {
    const codec = protocol.open({ ...codecOptions(broker), batch: 2 })
    const sent = requested(codec, [
      { instrument: reliance, to: LTP },
      { instrument: option, to: LTP },
      { instrument: nifty, to: LTP },
      { instrument: nifty, from: LTP }
    ])
    assert.deepStrictEqual(
      packets(sent).map((p) => p.messageId),
      [1, 2]
    )
    assert.deepStrictEqual(
      topics(sent).map(([, list]) => list.length),
      [2, 1]
    )
  })

  it("names the topic that the broker refuses", () => {
    const codec = openWith(side)
    codec.request([
      { instrument: reliance, to: LTP },
      { instrument: nifty, to: LTP }
    ])
    assert.deepStrictEqual(decode(codec, Buffer.from([0x90, 4, 0, 1, 0, 0x80])).events, [
      {
        type: "refused",
        code: "0x80",
        detail: "the broker refused the topic prod/marketfeed/index/v1/nseeq/999920000",
        instruments: [nifty]
      },
      { type: "confirmed", instruments: [reliance] },
      { type: "ignored", what: "SUBACK" }
    ])
  })

  it.each(["", "#", "28/85", "02885", "4294967296"])("refuses the token %j", (token) => {
    const codec = openWith(side)
    assert.deepStrictEqual(requested(codec, [{ instrument: { ...reliance, token }, to: LTP }]), [])
    assert.strictEqual(decode(codec, Buffer.from([0xd0, 0])).events[0]?.type, "refused")
  })

  it("subscribes a segment's limits once, while there is somebody in it, where it is told to", () => {
    const limits = ["uppercircuit", "lowercircuit", "high52week", "low52week"].map(
      (stream) => `prod/marketfeed/${stream}/v1/nseeq`
    )
    const infosys = instrument("NSE", "INFY", "1594")
    const codec = openWith(side, { limits: true })
    const ask = (i: WireInstrument, wanted: boolean) =>
      topics(requested(codec, [wanted ? { instrument: i, to: LTP } : { instrument: i, from: LTP }]))
    assert.deepStrictEqual(ask(reliance, true), [["+", [mw("nseeq", "2885"), ...limits]]])
    assert.deepStrictEqual(ask(infosys, true), [["+", [mw("nseeq", "1594")]]])
    assert.deepStrictEqual(ask(nifty, true), [["+", ["prod/marketfeed/index/v1/nseeq/999920000"]]])
    assert.deepStrictEqual(ask(reliance, false), [["-", [mw("nseeq", "2885")]]])
    assert.deepStrictEqual(ask(infosys, false), [["-", [mw("nseeq", "1594"), ...limits]]])
    assert.throws(() => openWith(side, { limits: 1 }), /limits/)
  })
})

describe("iifl-mqtt: packets", () => {
  it("tells which modes a packet is news for", () => {
    const codec = opened(side, [option, nifty], DEPTH)
    const index = Buffer.alloc(20)
    index.writeInt32LE(2_472_020, 3)
    index.writeInt32LE(100, 15)
    const found = decode(
      codec,
      publish(mw("nsefo", "43422"), encodeFeed(state, 100)),
      publish("prod/marketfeed/oi/v1/nsefo/43422", encodeOpenInterest(state)),
      publish("prod/marketfeed/index/v1/nseeq/999920000", index)
    )
    assert.deepStrictEqual(found.refreshes, [
      refreshes.depth,
      modeBit.quote | modeBit.depth,
      // An index has nothing more for its quote readers.
      refreshes.quote
    ])
    assert.deepStrictEqual(
      found.ticks.map((t) => t.mode),
      ["depth", "quote", "ltp"]
    )
    assert.deepInclude(found.ticks[1], { oi: 500, oi_high: 600, oi_low: 400 })
    assert.deepStrictEqual(found.ticks[2], {
      symbol: "NIFTY",
      exchange: "NSE_INDEX",
      mode: "ltp",
      received_time: NOW,
      ltp: 24_720.2
    })
  })

  it("knows an index from a share of the same number in the same segment", () => {
    const share = instrument("NSE", "SHARE", nifty.token)
    const codec = opened(side, [share, nifty], DEPTH)
    const { instruments } = decode(
      codec,
      publish("prod/marketfeed/index/v1/nseeq/999920000", encodeFeed(state, 100)),
      publish(mw("nseeq", "999920000"), encodeFeed(state, 100))
    )
    assert.deepStrictEqual(instruments, [nifty, share])
  })

  it("reads limits of a whole segment for whom they are", () => {
    const codec = opened(side, [reliance, option], DEPTH, { limits: true })
    const to = (stream: string, id: number, limit: number, divisor: number, segment = "nseeq") =>
      publish(`prod/marketfeed/${stream}/v1/${segment}`, encodeLimit(id, limit, divisor))
    const {
      causes,
      refreshes: bits,
      ticks
    } = decode(
      codec,
      to("uppercircuit", 2885, 1500.5, 100),
      to("lowercircuit", 2885, 1200, 10_000),
      to("high52week", 2885, 1600.05, 100),
      to("low52week", 43_422, 10, 100, "nsefo"),
      to("uppercircuit", 1594, 10, 100),
      to("uppercircuit", 2885, 10, -1),
      publish("prod/marketfeed/uppercircuit/v1/nseeq", Buffer.alloc(11))
    )
    assert.deepStrictEqual(
      ticks.map(({ received_time: _received, ...tick }) => tick),
      [
        { symbol: "RELIANCE", exchange: "NSE", mode: "quote", upper_circuit: 1500.5 },
        { symbol: "RELIANCE", exchange: "NSE", mode: "quote", lower_circuit: 1200 },
        { symbol: "RELIANCE", exchange: "NSE", mode: "quote", week52_high: 1600.05 },
        { symbol: "NIFTY28MAR2420800CE", exchange: "NFO", mode: "quote", week52_low: 10 }
      ]
    )
    assert.deepStrictEqual([...new Set(bits)], [modeBit.quote | modeBit.depth])
    assert.deepStrictEqual(causes, ["not_subscribed", "unusable_scale", "truncated"])
  })

  it("answers a packet that asks for it, and passes over orders", () => {
    const codec = opened(side, [reliance])
    const { events, sent, ticks } = decode(
      codec,
      publish(mw("nseeq", "2885"), encodeFeed(state, 100), 1),
      publish("prod/updates/order/v1/ab12", Buffer.from("{}"))
    )
    assert.strictEqual(ticks[0]?.ltp, 1424)
    assert.deepStrictEqual(
      sent.map((s) => Buffer.from(s as Uint8Array)),
      [Buffer.from([0x40, 2, 0, 77])]
    )
    assert.deepStrictEqual(events, [{ type: "ignored", what: "an order update" }])
  })

  it("reads a stream that is cut anywhere, in any pieces", () => {
    const stream = Buffer.concat([
      Buffer.from([0x20, 2, 0, 0]),
      publish(mw("nseeq", "2885"), encodeFeed(state, 100)),
      Buffer.from([0xd0, 0]),
      publish("prod/marketfeed/oi/v1/nsefo/43422", encodeOpenInterest(state)),
      publish(mw("nsefo", "43422"), encodeFeed(state, 10_000))
    ])
    const whole = decode(opened(side, [reliance, option]), stream)
    assert.strictEqual(whole.ticks.length, 3)
    for (const size of [1, 2, 3, 5, 100, 333]) {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
        Buffer.from(stream.subarray(i * size, (i + 1) * size))
      )
      const found = decode(opened(side, [reliance, option]), ...pieces)
      assert.deepStrictEqual([found.ticks, found.events, found.causes], [whole.ticks, whole.events, []])
    }
  })

  it.each([
    ["a length without an end", [0x30, 0xff, 0xff, 0xff, 0xff, 1]],
    ["a length beyond any packet", [0x30, 0xff, 0xff, 0x7f]],
    ["a kind that servers do not send", [0x10, 0]],
    ["flags that are not allowed", [0x21, 2, 0, 0]],
    ["quality of service 3", [0x36, 0]]
  ])("gives up a stream with %s, and takes the next read afresh", (_, broken) => {
    const codec = opened(side, [reliance])
    const good = publish(mw("nseeq", "2885"), encodeFeed(state, 100))
    const { events, ticks } = decode(codec, Buffer.concat([Buffer.from(broken), good]))
    assert.deepStrictEqual(
      events.map((e) => (e.type === "failure" ? e.failure._tag : e.type)),
      ["ProtocolViolation"]
    )
    assert.deepStrictEqual(ticks, [])
    assert.strictEqual(decode(codec, good).ticks.length, 1)
  })

  it.each([
    ["a topic that is longer than its packet", [0x30, 6, 0, 0xff, 0x6e, 0x73, 0x65, 0x65]],
    ["no topic at all", [0x30, 1, 0]],
    ["a missing packet id", [0x32, 3, 0, 1, 0x61]],
    ["a CONNACK of nothing", [0x20, 0]],
    ["a CONNACK of one byte", [0x20, 1, 0]],
    ["a SUBACK with an impossible code", [0x90, 3, 0, 1, 7]],
    ["an UNSUBACK of one byte", [0xb0, 1, 0]],
    ["a PUBACK of nothing", [0x40, 0]]
  ])("goes on behind a packet with %s", (_, broken) => {
    const codec = opened(side, [reliance])
    const good = publish(mw("nseeq", "2885"), encodeFeed(state, 100))
    const { events, ticks } = decode(codec, Buffer.concat([Buffer.from(broken), good]))
    assert.strictEqual(ticks.length, 1)
    assert.isFalse(events.some((e) => e.type === "failure" || e.type === "ready"))
  })
})

describe("iifl-mqtt: both ends", () => {
  it("logs in, serves every field, and nothing after the unsubscribe", async () => {
    const link = await makeLink(broker)
    assert.deepStrictEqual(link.events, [{ type: "ready" }])
    const names = ["NSE:RELIANCE", "MCX", "CDS", "NFO", "NSE_INDEX:NIFTY", "NSE_INDEX:INDIAVIX"].map((part) =>
      nameOf(link.listed.find((l) => nameOf(l.instrument).startsWith(part))!.instrument)
    )
    for (const name of names) {
      const before = link.ticks.length
      link.subscribe(name, LTP, QUOTE, DEPTH)
      const own = link.ticks.slice(before)
      assert.isAbove(own.length, 0, name)
      for (const { tick } of own) {
        const found = disagreements(tick, link.state(name), 0).filter((f) => f !== "no ltp")
        assert.deepStrictEqual(found, [], name)
      }
    }
    const [contract] = names.filter((name) => name.startsWith("NFO:"))
    assert.deepStrictEqual(link.server.holds(link.instrument(contract!)), [
      { mode: "depth", depth: 5 },
      { mode: "quote", depth: 0 }
    ])
    link.request(names.map((name) => ({ instrument: link.instrument(name), from: DEPTH })))
    const before = link.ticks.length
    link.step(500)
    assert.strictEqual(link.ticks.length, before)
    assert.deepStrictEqual(link.rejects, [])
  })

  it("serves a segment's limits where they are asked for", async () => {
    const link = await makeLink({ ...broker, variant: { limits: true } })
    link.subscribe("NSE:RELIANCE", DEPTH)
    const known = Object.assign({}, ...link.ticks.map((t) => t.tick)) as Tick
    const state_ = link.state("NSE:RELIANCE")
    assert.deepStrictEqual(
      [known.upper_circuit, known.lower_circuit, known.week52_high, known.week52_low],
      [state_.upper_circuit, state_.lower_circuit, state_.week52_high, state_.week52_low]
    )
  })

  it("tells a wrong user from a wrong session, and sends both away", async () => {
    const events = async (session: string) =>
      (await makeLink(broker, { accepted: { ...login, authToken: secret(session) } })).events.map((e) =>
        e.type === "failure" ? e.failure.message : e.type
      )
    assert.match((await events(userSession))[0]!, /rejected the credentials.*CONNACK 4/)
    const renewed = unsignedToken({ preferred_username: "DEMO01", exp: 1 })
    assert.match((await events(renewed))[0]!, /rejected the credentials.*CONNACK 5/)
  })

  it("sends away who does not log in first, logs in twice, publishes or talks nonsense", () => {
    const open = () => openServer(side)
    const ends = (server: ReturnType<typeof open>, packet: Buffer) =>
      server.receive(packet, () => undefined).close !== undefined
    assert.isTrue(ends(open(), generate({ cmd: "pingreq" })))
    assert.isTrue(ends(open(), Buffer.from("GET / HTTP/1.1\r\n\r\n")))
    const server = serverProtocol.open(codecOptions(broker), {
      request: { url: "", headers: {} },
      accepted: () => login
    })
    const [connect] = protocol.open(codecOptions(broker), handshakeOf(userSession) as Handshake).hello()
    assert.isFalse(ends(server, connect as Buffer))
    const subscribe = generate({
      cmd: "subscribe",
      messageId: 9,
      subscriptions: ["prod/marketfeed/marketstatus/v1/nseeq", "#", mw("nseeq", "1")].map((topic) => ({
        topic,
        qos: 0
      }))
    })
    const { answers } = server.receive(subscribe, () => undefined)
    assert.deepStrictEqual(Buffer.from(answers[0] as Uint8Array), Buffer.from([0x90, 5, 0, 9, 0, 0x80, 0x80]))
    assert.isTrue(ends(server, connect as Buffer))
    assert.isTrue(ends(open(), publish("a", Buffer.from("b"))))
  })
})
