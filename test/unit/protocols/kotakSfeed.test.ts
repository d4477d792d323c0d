/** What Kotak's SFeed asks for beyond the golden frames: the login and its address, requests, scales, names of indices. */
import { assert, describe, it } from "@effect/vitest"
import { codecOptions, speaking } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/kotak.ts"
import { applyOverride, wireOf } from "../../../src/brokers/overrides.ts"
import { refreshes } from "../../../src/market/mode.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import { LAST_RESORT, webSocketAddress } from "../../../src/protocols/kotak-sfeed/address.ts"
import { encodeAuction, encodePacket } from "../../../src/protocols/kotak-sfeed/encode.ts"
import type { Topic } from "../../../src/protocols/kotak-sfeed/layout.ts"
import { protocol, serverProtocol } from "../../../src/protocols/kotak-sfeed/index.ts"
import type { Codec, Handshake, HttpAnswer, HttpRequest } from "../../../src/protocols/protocol.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { disagreements } from "../../support/marketState.ts"
import { makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, collecting, decode, instrument, requested } from "./support.ts"

const options = codecOptions(broker)
const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE29DEC26FUT", "2885")
const gbp = instrument("BCD", "GBPINR29DEC26FUT", "10345")
const nifty = { ...instrument("NSE_INDEX", "NIFTY", "Nifty 50"), brokerSymbol: "Nifty 50-IN" }
const numbered = { ...instrument("NSE_INDEX", "NIFTYNXT50", "26013"), brokerSymbol: "Nifty Next 50-IN" }

const open = (variant: Readonly<Record<string, unknown>> = {}, made?: Handshake): Codec =>
  protocol.open({ ...options, variant }, made)

const holding = (...instruments: ReadonlyArray<typeof reliance>): Codec => {
  const codec = open()
  codec.request(instruments.map((one) => ({ instrument: one, to: DEPTH })))
  return codec
}

const answer = (exchanges: object, message_code = 1117) =>
  JSON.stringify({ message_code, format: "native_batch", exchanges })

const state = (more: Partial<Tick> = {}): Tick => ({
  symbol: "X",
  exchange: "NSE",
  mode: "depth",
  received_time: NOW,
  ltp: 100.5,
  close: 99,
  ...more
})
const packet = (topic: Topic, id: number, number: number, divider: number, name = "", more?: Partial<Tick>) =>
  encodePacket(topic, { id, number, name, divider }, state(more))

const login = (more: Credentials = {}): Credentials => ({
  clientCode: secret(" UCC01 "),
  feedToken: secret("the-sid"),
  ...more
})

/** The outcome of a login, and what it asked the REST front. */
const loggedIn = (
  credentials: Credentials,
  answered?: Partial<HttpAnswer> | ((request: HttpRequest) => Partial<HttpAnswer>),
  changes: { readonly endpoint?: string; readonly variant?: object; readonly service?: string } = {}
) => {
  const asked: Array<HttpRequest> = []
  const begun = protocol.handshake({
    endpoint: changes.endpoint ?? broker.endpoint,
    services: { configuration: changes.service ?? broker.services!["configuration"]! },
    credentials,
    now: 1_760_000_000_000,
    random: new Uint8Array(64),
    options: { ...options, variant: { ...changes.variant } }
  })
  let step = begun.next()
  while (step.done !== true) {
    asked.push(step.value)
    const given = typeof answered === "function" ? answered(step.value) : answered
    step = begun.next({ status: 200, headers: {}, body: "", ...given })
  }
  return { asked, outcome: step.value }
}

const urlOf = (outcome: ReturnType<typeof loggedIn>["outcome"]): string =>
  "_tag" in outcome ? `${outcome._tag}: ${outcome.message}` : outcome.url

const configs = (entries: Readonly<Record<string, unknown>>) => ({
  body: JSON.stringify({ data: { configs: entries } })
})

describe("the login", () => {
  it("is the SDK's first text, with UCC and sid and without the trading token", () => {
    const { outcome } = loggedIn(login({ authToken: secret("trading-token") }))
    const [text] = open({}, outcome as Handshake).hello!()
    assert.deepStrictEqual(JSON.parse(String(text)), {
      user: "UCC01",
      auth: "the-sid",
      format: "native_batch",
      source: "NEOTRADEAPI",
      platform: "Web",
      version: "1.2.3",
      sdk_version: 2,
      sdk_date: "2026-08-07T09:41:17.667Z",
      conn_req_time: 1_760_000_000_000,
      sessionValidation: false
    })
    assert.notInclude(String(text), "trading-token")
    assert.deepStrictEqual((outcome as Handshake).headers, {})
    assert.deepStrictEqual(open().hello!(), [])
  })

  it.each(["clientCode", "feedToken"])("is refused at once with a blank %s", (field) => {
    const { asked, outcome } = loggedIn({ ...login({ dataCenter: secret("E43") }), [field]: secret(" ") })
    assert.match(urlOf(outcome), /^AuthRejected: .*UCC or trading sid/)
    assert.deepStrictEqual(asked, [])
  })

  it("opens at the first of both answers, and a refusal still ends it", () => {
    const codec = holding(reliance)
    const events = decode(
      codec,
      answer({ nse_cm: { value: 1, divider: 100 } }, 1119),
      answer({}, 1117),
      JSON.stringify({ message_code: 1120, message: "Auth failed: invalid credentials" }),
      packet("Depth", 1, 2885, 100)
    ).events
    assert.deepStrictEqual(
      events.map((e) => (e.type === "failure" ? `${e.failure._tag}: ${e.failure.message}` : e.type)),
      [
        "ready",
        "AuthRejected: the broker rejected the credentials (Auth failed: invalid credentials)",
        "ignored"
      ]
    )
  })

  it("fails where the server sends a layout that nobody knows", () => {
    const text = JSON.stringify({ message_code: 1117, format: "native_fallback", exchanges: { nse_cm: {} } })
    const { events, ticks } = decode(holding(reliance), text, packet("Depth", 1, 2885, 100))
    assert.strictEqual(events[0]?.type === "failure" && events[0].failure._tag, "ProtocolViolation")
    assert.deepStrictEqual(ticks, [])
  })

  it.each([
    ["clientCode", { clientCode: "other", feedToken: "demo-feed-token" }],
    ["feedToken", { clientCode: "DEMO01", feedToken: "other" }]
  ])("fails at the simulated server with another %s", async (_, accepted) => {
    const link = await makeLink(broker, {
      accepted: { clientCode: secret(accepted.clientCode), feedToken: secret(accepted.feedToken) }
    })
    assert.deepStrictEqual(
      link.events.map((e) => (e.type === "failure" ? e.failure._tag : e.type)),
      ["ready", "AuthRejected"]
    )
    link.subscribe("NSE:SBIN", QUOTE)
    assert.deepStrictEqual(link.ticks, [])
  })
})

describe("the address", () => {
  const dc = login({ dataCenter: secret("E43") })
  const both = login({ dataCenter: secret("E43"), feedUrl: secret("https://own.kotaksecurities.com/feed") })

  it("is the configuration service's for the data centre", () => {
    const { asked, outcome } = loggedIn(
      both,
      configs({
        E43_broadcast_source: "sh",
        E43_sh_broadcast_endpoint: "https://e43.kotaksecurities.com/apifeed",
        E43_ks_broadcast_endpoint: "https://other"
      })
    )
    assert.strictEqual(urlOf(outcome), "wss://e43.kotaksecurities.com/apifeed")
    const [request, ...more] = asked
    assert.deepStrictEqual(more, [])
    assert.strictEqual(
      request!.url,
      "https://lapi.kotaksecurities.com/5config/config?appVersion=3.0.7&platform=api&environment=prod"
    )
    assert.deepInclude(request, { method: "GET", optional: true, timeoutMs: 5000 })
    assert.notInclude(JSON.stringify(request), "the-sid")
  })

  it.each<readonly [string, Partial<HttpAnswer>]>([
    ["does not answer", { status: 0 }],
    ["fails", { status: 503, body: "Service Unavailable" }],
    ["answers no JSON", { body: "<html>" }],
    ["answers something else", { body: '{"data":[]}' }],
    ["answers null", { body: '{"data":{"configs":null}}' }],
    ["does not know the data centre", configs({ E41_broadcast_source: "sh" })],
    ["has no address for its source", configs({ E43_broadcast_source: "sh" })],
    ["has a number for an address", configs({ E43_broadcast_source: "sh", E43_sh_broadcast_endpoint: 1 })],
    ["names no TLS", configs({ E43_broadcast_source: "sh", E43_sh_broadcast_endpoint: "http://a.b/c" })],
    ["names no address", configs({ E43_broadcast_source: "sh", E43_sh_broadcast_endpoint: "https://a b" })]
  ])("is the login's when the service %s, and else the last resort", (_, answered) => {
    assert.strictEqual(urlOf(loggedIn(both, answered).outcome), "wss://own.kotaksecurities.com/feed")
    assert.strictEqual(urlOf(loggedIn(dc, answered).outcome), LAST_RESORT)
  })

  it("is not asked for without a data centre, or without a service", () => {
    for (const { asked, outcome } of [loggedIn(login()), loggedIn(dc, {}, { service: "" })]) {
      assert.deepStrictEqual(asked, [])
      assert.strictEqual(urlOf(outcome), LAST_RESORT)
    }
  })

  it("is the user's own when there is one; without a lookup the stored one or the last resort", () => {
    const { endpoint } = applyOverride(broker, { endpoint: "wss://mine/feed" })
    for (const [expected, { asked, outcome }] of [
      ["wss://mine/feed", loggedIn(both, {}, { endpoint })],
      ["wss://own.kotaksecurities.com/feed", loggedIn(both, {}, { variant: { lookUp: false } })],
      [LAST_RESORT, loggedIn(dc, {}, { variant: { lookUp: false } })]
    ] as const) {
      assert.deepStrictEqual(asked, [])
      assert.strictEqual(urlOf(outcome), expected)
    }
  })

  it("is none where the data centre is served by the old feed: that says how to switch", () => {
    const { outcome } = loggedIn(both, configs({ E43_broadcast_source: "hs" }))
    assert.match(urlOf(outcome), /^ConnectionRefused: .*data centre E43.*"protocol": "kotak-hsm"/)
    const old = wireOf(broker, { protocol: "kotak-hsm" })
    assert.strictEqual(old.endpoint, "wss://mlhsm.kotaksecurities.com")
    assert.strictEqual(old.exchanges.BCD?.code, "bcs-fo")
    assert.deepStrictEqual(
      old.credentials.map((need) => need.field),
      ["authToken", "feedToken"]
    )
    assert.throws(
      () => speaking(broker, "fax"),
      /does not speak "fax" but kotak-sfeed, kotak-hsm.*brokers.json/
    )
  })

  const handshakeOf = (...of: Parameters<typeof loggedIn>): Handshake => {
    const { outcome } = loggedIn(...of)
    if ("_tag" in outcome) throw outcome
    return outcome
  }

  it("is told with where it came from, who was asked in vain, and the remedy", () => {
    const remedy = "Check the network, or see docs/configuration.md#kotak"
    const unanswered = "GET lapi.kotaksecurities.com: ENOTFOUND, the server's name is not known"
    const asked = "Kotak's configuration service at lapi.kotaksecurities.com was asked and"
    const builtIn = "The address is from AlgoWays' own data (built in);"
    const service = configs({ E43_broadcast_source: "sh", E43_sh_broadcast_endpoint: "https://e43.kotak/f" })
    const { endpoint } = applyOverride(broker, { endpoint: "wss://mine/feed" })
    for (const [expected, { addressNote }] of [
      [
        `The address is from the stored feedUrl; ${asked} did not answer (${unanswered}). ${remedy}`,
        handshakeOf(both, { status: 0, unanswered })
      ],
      [`${builtIn} ${asked} failed (HTTP 503). ${remedy}`, handshakeOf(dc, { status: 503 })],
      [
        `${builtIn} ${asked} names no feed for data centre E43. ${remedy}`,
        handshakeOf(dc, configs({ E41_broadcast_source: "sh" }))
      ],
      [
        `${builtIn} ${asked} names no usable address for data centre E43. ${remedy}`,
        handshakeOf(dc, configs({ E43_broadcast_source: "sh", E43_sh_broadcast_endpoint: "http://a.b/c" }))
      ],
      [
        `${builtIn} Kotak's configuration service was not asked, because no dataCenter is stored. ${remedy}`,
        handshakeOf(login())
      ],
      [
        `${builtIn} lookUp is false, so no other one was asked for. ${remedy}`,
        handshakeOf(dc, {}, { variant: { lookUp: false } })
      ],
      [`The address is from Kotak's configuration service. ${remedy}`, handshakeOf(both, service)],
      [
        `The address is from "endpoint" of kotak in brokers.json. ${remedy}`,
        handshakeOf(both, {}, { endpoint })
      ]
    ] as const) {
      assert.strictEqual(addressNote, expected)
    }
  })

  it("is not the stored one where that is none: said with the field and the forms, without the value", () => {
    const forms = "store https://host/path, wss://host/path, or a bare host such as feed.example.com"
    for (const [stored, problem] of [
      ["notaurl", "it is not an address"],
      ["a-token-of-somebody", "it is not an address"],
      ["ws://a-token-of-somebody/feed", "it begins with ws://, which would send the login without TLS"],
      ["HTTP://a-token-of-somebody", "it begins with http://, which would send the login without TLS"],
      ["a-token-of-somebody://x", "it is not an address"]
    ] as const) {
      const said = `the stored feedUrl is not used: ${problem}; ${forms}`
      const { addressNote, notices, url } = handshakeOf(login({ feedUrl: secret(stored) }))
      assert.strictEqual(url, LAST_RESORT, stored)
      assert.deepStrictEqual(notices, [said])
      assert.include(addressNote, said)
      assert.notInclude(`${addressNote}${notices!.join("")}`, "somebody")
    }
    assert.deepStrictEqual(handshakeOf(both, { status: 503 }).notices, [])
    assert.deepStrictEqual(handshakeOf(login()).notices, [])
  })

  it("becomes one of a WebSocket by its scheme alone", () => {
    assert.strictEqual(
      webSocketAddress("cdtstream.kotaksecurities.com", false),
      "wss://cdtstream.kotaksecurities.com"
    )
    assert.strictEqual(webSocketAddress("wss://a/b", false), "wss://a/b")
    assert.strictEqual(webSocketAddress("http://127.0.0.1:1/b", true), "ws://127.0.0.1:1/b")
    const none = ["", "ws://a/b", "ftp://a/b", "https://", "a b", "notaurl", ".x", "a/b.c"]
    const odd = ["user:pw@a.com", "https://u@a.com/b", "a.com#x", "wss://a.com/b#", "a.com:0", "https:/oops"]
    // Tokens that were stored in its place.
    odd.push("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl_x-9", `https://${"a".repeat(64)}.com/x`)
    for (const text of [...none, ...odd]) {
      assert.isUndefined(webSocketAddress(text, false), text)
    }
  })
})

describe("requests", () => {
  const asked = (codec: Codec, ...changes: Parameters<Codec["request"]>[0]) =>
    requested(codec, changes).map((text) => JSON.parse(String(text)) as Readonly<Record<string, unknown>>)

  it("have a topic for each mode, one text for each, and give the old one up first", () => {
    const codec = open()
    assert.deepStrictEqual(
      asked(
        codec,
        { instrument: reliance, to: LTP },
        { instrument: nifty, to: DEPTH },
        { instrument: future, to: LTP },
        { instrument: gbp, to: DEPTH }
      ),
      [
        { event: "subscribeScripsLite", inputtoken: "nse_cm|2885,nse_fo|2885", ack_symbol: true },
        { event: "subscribeDepth", inputtoken: "bse_cd|10345", ack_symbol: true },
        { event: "subscribeIndices", inputtoken: "nse_cm|Nifty 50", ack_symbol: true }
      ]
    )
    assert.deepStrictEqual(asked(codec, { instrument: reliance, from: LTP, to: DEPTH }), [
      { event: "unsubscribeScripsLite", inputtoken: "nse_cm|2885" },
      { event: "subscribeDepth", inputtoken: "nse_cm|2885", ack_symbol: true }
    ])
    // Asking once more under the same topic does not count again.
    assert.deepStrictEqual(asked(codec, { instrument: reliance, to: DEPTH }), [
      { event: "subscribeDepth", inputtoken: "nse_cm|2885", ack_symbol: true }
    ])
    assert.deepStrictEqual(asked(codec, { instrument: nifty, from: DEPTH, to: LTP }), [])
    assert.deepStrictEqual(asked(codec, { instrument: nifty, from: LTP }), [
      { event: "unsubscribeIndices", inputtoken: "nse_cm|Nifty 50" }
    ])
  })

  it("keep an index and a share of one number apart", () => {
    const codec = open()
    const share = instrument("NSE", "S", "26013")
    asked(codec, { instrument: share, to: DEPTH }, { instrument: numbered, to: QUOTE })
    const told = answer({})
    const index = packet("Indices", 1, 26013, 100, "Nifty Next 50")
    const found = decode(codec, told, packet("Depth", 1, 26013, 100), index)
    assert.deepStrictEqual(found.instruments, [share, numbered])
    assert.deepStrictEqual(asked(codec, { instrument: share, from: DEPTH }), [
      { event: "unsubscribeDepth", inputtoken: "nse_cm|26013" }
    ])
    assert.deepStrictEqual(decode(codec, index).instruments, [numbered])
  })

  it("hold as many as the broker's data says", () => {
    const many = Array.from({ length: 1100 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const sizes = asked(open(), ...many.map((one) => ({ instrument: one, to: QUOTE }))).map(
      ({ inputtoken }) => String(inputtoken).split(",").length
    )
    assert.deepStrictEqual(sizes, [500, 500, 100])
    assert.strictEqual(protocol.cost(), 1)
  })

  it("name what Kotak has no key for", () => {
    const codec = open()
    const wrong = [
      instrument("NSE", "ODD", "28|85"),
      instrument("NSE", "LONG", "4294967296"),
      instrument("NCDEX", "GUAR", "1"),
      instrument("NSE_INDEX", "COMMA", "Nifty, 50"),
      instrument("NSE_INDEX", "BLANK", " ")
    ]
    assert.deepStrictEqual(codec.request(wrong.map((one) => ({ instrument: one, to: QUOTE }))), [])
    assert.deepStrictEqual(
      decode(codec, answer({})).events.map((e) =>
        e.type === "refused" ? e.instruments![0]!.symbol : e.type
      ),
      ["ODD", "LONG", "GUAR", "COMMA", "BLANK", "ready"]
    )
  })
})

describe("prices", () => {
  it("have the scale of the newest answer that names their segment, and 100 where none does", () => {
    const codec = holding(reliance, future)
    const ltps = (...frames: ReadonlyArray<string | Uint8Array>) =>
      decode(codec, ...frames).ticks.map((t) => t.ltp)
    const raw = (id: number) => packet("Depth", id, 2885, 100)
    assert.deepStrictEqual(
      ltps(answer({ nse_cm: { value: 1, divider: 10_000 } }, 1119), raw(1), raw(2)),
      [1.005, 100.5]
    )
    assert.deepStrictEqual(
      ltps(answer({ nse_fo: { value: 2, divider: 1000 } }), raw(1), raw(2)),
      [1.005, 10.05]
    )
    assert.deepStrictEqual(ltps(answer({ nse_cm: { value: 1, divider: 0 } }), raw(1)), [100.5])
  })

  it("are not read where the server told a scale that is none", () => {
    const codec = holding(reliance)
    for (const divider of ["100", -1, true, {}, 1e308, 1e16, 0.01, 250]) {
      const found = decode(codec, answer({ nse_cm: { value: 1, divider } }), packet("Depth", 1, 2885, 100))
      assert.deepStrictEqual([found.ticks, found.causes], [[], ["unusable_scale"]])
    }
  })

  it("belong to the segment that the answer gives the number to", () => {
    const codec = holding(reliance, gbp)
    const found = decode(
      codec,
      answer({ bse_cd: { value: 77, divider: 10_000_000 }, nse_cm: { value: "1", divider: 100 } }),
      packet("Depth", 77, 10345, 10_000_000),
      packet("Depth", 1, 2885, 100),
      packet("Depth", 78, 2885, 100),
      packet("Depth", -1, 2885, 100)
    )
    assert.deepStrictEqual(found.instruments, [gbp, reliance])
    assert.deepStrictEqual(found.causes, ["unknown_segment", "unknown_segment"])
  })

  it("are not read before any answer had dividers", () => {
    const codec = holding(reliance)
    const bare = JSON.stringify({ message_code: 1119 })
    assert.deepStrictEqual(decode(codec, bare, packet("Depth", 1, 2885, 100)).ticks, [])
    assert.strictEqual(decode(codec, answer({}), packet("Depth", 1, 2885, 100)).ticks.length, 1)
  })
})

describe("packets", () => {
  it("serve the modes of their level; a second level with one row a side is a quote", () => {
    const codec = holding(reliance)
    const depth = (rows: number) => {
      const side = Array.from({ length: rows }, (_, i) => ({ price: 100 - i, quantity: 5, orders: 1 }))
      const bytes = packet("Depth", 1, 2885, 100, "", { depth: { buy: side, sell: [] } })
      bytes[5] = 2
      return bytes
    }
    const found = decode(
      codec,
      answer({}),
      packet("ScripsLite", 1, 2885, 100),
      packet("Scrips", 1, 2885, 100),
      packet("Depth", 1, 2885, 100),
      depth(1),
      depth(2)
    )
    assert.deepStrictEqual(
      found.ticks.map((t) => `${t.mode} ${t.depth?.buy.length}`),
      ["ltp undefined", "quote undefined", "depth 0", "quote undefined", "depth 2"]
    )
    const { depth: all, ltp, quote } = refreshes
    assert.deepStrictEqual(found.refreshes, [ltp, quote, all, quote, all])
  })

  it("may count times from 1980 in a segment that is said to", () => {
    const codec = open({ timesSince: { nse_fo: 1980, nse_cm: 1970 } })
    codec.request([reliance, future].map((one) => ({ instrument: one, to: QUOTE })))
    const time = 1_795_584_877_000
    const at = (ltt: number, id: number) => packet("Scrips", id, 2885, 100, "", { ltt })
    const found = decode(codec, answer({}), at(time, 1), at(time - 315_513_000_000, 2))
    assert.deepStrictEqual(
      found.ticks.map((t) => t.ltt),
      [time, time]
    )
    assert.throws(() => open({ timesSince: { nse_fo: 2000 } }), /"timesSince".*1970 or 1980/)
    assert.throws(() => open({ timesSince: 1980 }), /"timesSince"/)
    assert.throws(() => open({ timesSince: { nse_fp: 1980 } }), /"timesSince".*nse_cm, nse_fo/)
    assert.throws(() => loggedIn(login(), {}, { variant: { lookUp: "no" } }), /"lookUp"/)
  })

  it("that are no market data are known, and unknown ones counted", () => {
    const codec = holding(reliance)
    const of = (code: number, level: number, size = 16) => {
      const bytes = new Uint8Array(size)
      const view = new DataView(bytes.buffer)
      view.setUint16(0, size, true)
      view.setUint16(2, code, true)
      view.setInt8(4, 1)
      view.setUint8(5, level)
      return bytes
    }
    const found = decode(
      codec,
      answer({}),
      of(105, 0),
      of(6511, 0, 9),
      of(6521, 0, 9),
      of(7208, 3),
      of(7207, 0)
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ready", "ignored", "ignored", "ignored"]
    )
    assert.deepStrictEqual(found.causes, ["unknown_packet", "truncated"])
  })

  it("too large for the codec's own memory are read where they lie", () => {
    const codec = holding(reliance)
    const one = packet("Depth", 1, 2885, 100)
    const frame = Buffer.alloc(one.length * 100)
    for (let i = 0; i < 100; i++) frame.set(one, i * one.length)
    // Not at the beginning of its memory either.
    const moved = Buffer.concat([Buffer.alloc(3), frame]).subarray(3)
    assert.strictEqual(decode(codec, answer({}), moved).ticks.length, 100)
  })
})

describe("closing auctions", () => {
  const auction = (number: number, divider: number, more: Partial<Tick> = {}, id = 1) =>
    encodeAuction({ id, number, name: "", divider }, state(more))
  const told = { reference_price: 100.25, imbalance: -3000, market_imbalance: 5_000_000_000 }
  const said = ({ imbalance, market_imbalance, reference_price }: Tick) => [
    reference_price,
    imbalance,
    market_imbalance
  ]

  it("are forgotten a while after the last word of them, whether zeros come or not", () => {
    const codec = holding(reliance)
    const at = (time: number, ...frames: ReadonlyArray<Uint8Array | string>) => {
      const { found, sink } = collecting()
      for (const frame of frames) codec.decode(frame, NOW + time, sink)
      return found.ticks.map(said)
    }
    const picture = packet("Depth", 1, 2885, 100)
    const auctioned = [100.25, -3000, 5_000_000_000]
    assert.deepStrictEqual(at(0, answer({}), auction(2885, 100, told), picture), [auctioned])
    assert.deepStrictEqual(at(120_000, picture), [auctioned])
    assert.deepStrictEqual(at(120_001, picture), [[undefined, undefined, undefined]])
    assert.deepStrictEqual(at(120_002, auction(2885, 100, told), picture), [auctioned])
  })

  it("make no tick, and go out with the pictures that follow until there is no news of them", () => {
    const codec = holding(reliance, future)
    const found = decode(
      codec,
      answer({}),
      packet("Depth", 1, 2885, 100),
      auction(2885, 100, told),
      packet("Depth", 1, 2885, 100),
      packet("Scrips", 1, 2885, 100),
      packet("ScripsLite", 1, 2885, 100),
      // The same number elsewhere.
      packet("Depth", 2, 2885, 100),
      auction(2885, 100, { imbalance: 7 }),
      packet("Depth", 1, 2885, 100),
      auction(2885, 100),
      packet("Depth", 1, 2885, 100)
    )
    const none = [undefined, undefined, undefined]
    assert.deepStrictEqual(found.ticks.map(said), [
      none,
      [100.25, -3000, 5_000_000_000],
      [100.25, -3000, 5_000_000_000],
      none,
      none,
      [undefined, 7, 0],
      none
    ])
    assert.notProperty(found.ticks[0], "imbalance")
    assert.notProperty(found.ticks.at(-1), "imbalance")
  })

  it("outlast a change of mode, and not a subscription", () => {
    const codec = holding(reliance)
    decode(codec, answer({}), auction(2885, 100, told))
    codec.request([{ instrument: reliance, from: DEPTH, to: QUOTE }])
    const one = packet("Scrips", 1, 2885, 100)
    assert.strictEqual(decode(codec, one).ticks[0]!.imbalance, -3000)
    codec.request([{ instrument: reliance, from: QUOTE }])
    codec.request([{ instrument: reliance, to: QUOTE }])
    assert.isUndefined(decode(codec, one).ticks[0]!.imbalance)
  })

  it("are longer in the guide, by reserved bytes; those that are cut or of others count as such", () => {
    const codec = holding(reliance)
    const longer = new Uint8Array(48)
    longer.set(auction(2885, 100, told))
    longer[0] = 48
    const cut = auction(2885, 100, told).slice(0, 32)
    cut[0] = 32
    const found = decode(
      codec,
      answer({}),
      longer,
      cut,
      auction(1, 100, told),
      auction(2885, 100, told, 11),
      packet("Depth", 1, 2885, 100)
    )
    assert.deepStrictEqual(found.causes, ["truncated", "not_subscribed", "unknown_segment"])
    assert.deepStrictEqual(found.ticks.map(said), [[100.25, -3000, 5_000_000_000]])
  })

  it("there and back", () => {
    const server = serverProtocol.open(options, {
      request: { url: "", headers: {} },
      accepted: () => ({ clientCode: secret("UCC01"), feedToken: secret("the-sid") })
    })
    const { outcome } = loggedIn(login())
    server.receive(String(open({}, outcome as Handshake).hello!()[0]), () => reliance)
    const codec = open()
    for (const text of requested(codec, [{ instrument: reliance, to: DEPTH }]))
      server.receive(text, () => reliance)
    const ticks = [{}, told, {}, {}].flatMap(
      (more) => decode(codec, answer({}), ...server.encode([[reliance, state(more)]])).ticks
    )
    assert.deepStrictEqual(
      ticks.map((t) => t.imbalance),
      [undefined, -3000, undefined, undefined]
    )
  })
})

describe("indices", () => {
  const named = (number: number, name: string) => packet("Indices", 1, number, 100, name)

  it("are known by number first, then by name, whatever its letters and blanks", () => {
    const codec = holding(nifty, numbered)
    const found = decode(
      codec,
      answer({}),
      named(4_247_863_880, "NIFTY 50"),
      named(26013, "Nifty 50"),
      named(4_000_000_001, " nifty next 50 "),
      named(4_000_000_002, "Nifty Bank"),
      // The names of other segments are no concern of this one.
      packet("Indices", 5, 26013, 100, "Nifty 50")
    )
    assert.deepStrictEqual(
      found.instruments.map((i) => i.symbol),
      ["NIFTY", "NIFTYNXT50", "NIFTYNXT50"]
    )
    assert.deepStrictEqual(found.causes, ["not_subscribed", "not_subscribed"])
    codec.request([{ instrument: nifty, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, named(1, "Nifty 50")).ticks, [])
  })

  it("that were asked for by a name keep it from one that has it for a symbol", () => {
    const twin = { ...numbered, symbol: "TWIN", brokerSymbol: "Nifty 50-IN" }
    const codec = holding(nifty, twin)
    decode(codec, answer({}))
    assert.deepStrictEqual(decode(codec, named(1, "Nifty 50")).instruments, [nifty])
    codec.request([{ instrument: twin, from: DEPTH }])
    assert.deepStrictEqual(decode(codec, named(1, "Nifty 50")).instruments, [nifty])
  })
})

describe("the simulated server", () => {
  const sessionOf = (variant: Readonly<Record<string, unknown>> = {}) => {
    const server = serverProtocol.open(
      { ...options, variant },
      {
        request: { url: "", headers: {} },
        accepted: () => ({ clientCode: secret("UCC01"), feedToken: secret("the-sid") })
      }
    )
    const all = [reliance, future, gbp, nifty]
    const receive = (frame: unknown) =>
      server.receive(String(frame), (token, code) =>
        all.find((i) => i.token === token && options.codes[i.exchange] === code)
      )
    const { outcome } = loggedIn(login())
    const entered = receive(open({}, outcome as Handshake).hello!()[0])
    return { entered, receive, server }
  }

  it("serves the whole market as it is", async () => {
    const link = await makeLink(broker)
    const names = link.listed.map((l) => `${l.instrument.exchange}:${l.instrument.symbol}`)
    for (const name of names) link.subscribe(name, DEPTH)
    for (let i = 0; i < 60; i++) link.step(40)
    assert.deepStrictEqual(link.rejects, [])
    for (const name of names) {
      const { tick } = link.ticks.findLast((t) => `${t.instrument.exchange}:${t.instrument.symbol}` === name)!
      const levels = name.includes("_INDEX") ? 0 : 5
      assert.deepStrictEqual(disagreements(tick, link.state(name), levels), [], name)
    }
    assert.strictEqual(link.handshake.url, LAST_RESORT, "what its configuration service says")
  })

  it("leaves out of an acknowledgement what it does not have", () => {
    const { entered, receive, server } = sessionOf()
    assert.strictEqual(JSON.parse(String(entered.answers[0])).message_code, 1117)
    const { answers, touched } = receive(
      '{"event":"subscribeScrips","inputtoken":"nse_cm|2885,nse_cm|1,nse_cm|Nifty 50","ack_symbol":true}'
    )
    assert.deepStrictEqual(touched, [reliance])
    assert.deepStrictEqual(Object.keys(JSON.parse(String(answers[0])).data), ["nse_cm|2885"])
    assert.deepStrictEqual(server.holds(reliance), [QUOTE])
    receive('{"event":"unsubscribeScrips","inputtoken":"nse_cm|2885,nse_cm|1"}')
    assert.deepStrictEqual(server.holds(reliance), [])
  })

  it("counts a token under each topic, and refuses a request beyond the limit as a whole", () => {
    const { receive, server } = sessionOf({ subscriptionLimit: 2 })
    const subscribe = (topic: string, keys: string) =>
      JSON.parse(
        String(receive(`{"event":"subscribe${topic}","inputtoken":"${keys}"}`).answers[0])
      ) as Readonly<Record<string, unknown>>
    assert.strictEqual(subscribe("Scrips", "nse_cm|2885")["error_code"], 0)
    assert.strictEqual(subscribe("Scrips", "nse_cm|2885")["error_code"], 0, "no more than before")
    assert.strictEqual(subscribe("Depth", "nse_cm|2885,nse_fo|2885")["error_code"], 1)
    assert.deepStrictEqual(server.holds(future), [])
    assert.strictEqual(subscribe("Depth", "nse_cm|2885")["error_code"], 0)
    assert.deepStrictEqual(server.holds(reliance), [QUOTE, DEPTH])
  })

  it("passes over what it does not understand", () => {
    const { receive } = sessionOf()
    for (const text of [
      "",
      "x",
      "[]",
      "{}",
      '{"event":"buy","inputtoken":"nse_cm|2885"}',
      '{"event":"subscribeDepth"}'
    ]) {
      assert.deepStrictEqual(receive(text), { answers: [], touched: [] }, text)
    }
  })

  it("has a configuration service, and nothing else behind HTTP", () => {
    const served = (method: string, url: string) =>
      serverProtocol.http({ method, url, headers: {}, body: "" }, { endpoint: "ws://127.0.0.1:1/apifeed" })
    const { outcome } = loggedIn(
      login({ dataCenter: secret("E210") }),
      ({ method, url }) => served(method, new URL(url).pathname + new URL(url).search)!,
      { service: "http://127.0.0.1:1" }
    )
    assert.strictEqual(urlOf(outcome), "ws://127.0.0.1:1/apifeed")
    assert.isUndefined(served("POST", "/5config/config"))
    assert.isUndefined(served("GET", "/instruments"))
  })
})
