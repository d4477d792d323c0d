import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { indexName } from "../../../src/protocols/fyers-hsm/indexNames.ts"
import { protocol, serverProtocol } from "../../../src/protocols/fyers-hsm/index.ts"
import { unsignedToken } from "../../../src/protocols/kit/jwt.ts"
import {
  accepted,
  asked,
  broker,
  bytes,
  data,
  field,
  future,
  hex,
  holding,
  message,
  nifty,
  of,
  open,
  options,
  quote,
  reliance,
  sbin,
  snapshot,
  update
} from "./fyersFrames.ts"
import { makeSdk } from "./hslib.ts"
import { makeLink, secret } from "./link.ts"
import { DEPTH, LTP, NOW, QUOTE, decode } from "./support.ts"

describe("the login", () => {
  const begin = (authToken: string, now = NOW) =>
    protocol.handshake({
      endpoint: "wss://x",
      now,
      credentials: { apiKey: Redacted.make("APP-100"), authToken: Redacted.make(authToken) }
    })
  const token = unsignedToken({ hsm_key: "abcdef0123456789", exp: NOW / 1000 + 60 })

  it("takes the key out of the access token and sends nothing with the upgrade", () => {
    const made = begin(token)
    assert.deepStrictEqual(made, { url: "wss://x", headers: {}, secrets: { key: "abcdef0123456789" } })
    assert.deepStrictEqual(begin(` APP-100:${token}\n`), made)
    assert.deepStrictEqual(hex(open({}, { key: "abcdef0123456789" }).hello!()), [
      "002601040100106162636465663031323334353637383902000150030001010400064a535f415049"
    ])
  })

  it("refuses tokens that cannot work, without quoting them", () => {
    const refused = (authToken: string, now?: number) => {
      const made = begin(authToken, now)
      assert.isTrue("_tag" in made && made._tag === "AuthRejected")
      assert.notInclude((made as Error).message, "abcdef0123456789")
      return (made as Error).message
    }
    assert.include(refused(token, NOW + 60_000), "expired")
    assert.include(refused("abcdef0123456789"), "no JSON web token")
    assert.include(refused(unsignedToken({ exp: NOW })), "hsm_key")
  })

  it("is ready after K, rejected after N, and useless after an answer without a status", () => {
    assert.deepStrictEqual(decode(open(), accepted(5)).events, [{ type: "ready" }])
    const tag = (frame: Uint8Array) => {
      const [event] = decode(open(), frame).events
      return event?.type === "failure" ? event.failure._tag : event?.type
    }
    assert.strictEqual(tag(message(1, [1, ...field(1, bytes("N"))])), "AuthRejected")
    assert.strictEqual(tag(message(1, [0])), "ProtocolViolation")
    assert.deepStrictEqual(decode(open(), message(1, [1, 1, 0])).causes, ["truncated"])
  })

  it("fails at the simulated server with another key", async () => {
    const other = unsignedToken({ hsm_key: "another", exp: 4_102_444_800 })
    const link = await makeLink(broker, { accepted: { authToken: secret(other) } })
    const [event] = link.events
    assert.isTrue(event?.type === "failure" && event.failure._tag === "AuthRejected")
    link.subscribe("NSE:SBIN", QUOTE)
    assert.deepStrictEqual(link.ticks, [])
  })

  it("tells what HTTP says of a declined upgrade", () => {
    const tag = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 500].map(tag), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused"
    ])
  })
})

describe("requests", () => {
  it("are the SDK's bytes", () => {
    const sdk = makeSdk()
    sdk.send({ type: "cn", user: "abcdef0123456789", mode: "P" })
    sdk.send({ type: "mws", scrips: "nse_cm|3045&nse_cm|2885", channelnum: 1 })
    sdk.send({ type: "dps", scrips: "nse_cm|3045&nse_cm|2885", channelnum: 1 })
    sdk.send({ type: "mwu", scrips: "nse_cm|3045", channelnum: 1 })
    const codec = open({}, { key: "abcdef0123456789" })
    const own = [
      ...codec.hello!(),
      ...codec.request([
        { instrument: sbin, to: DEPTH },
        { instrument: reliance, to: DEPTH }
      ]),
      ...codec.request([
        { instrument: sbin, from: DEPTH, to: QUOTE },
        { instrument: reliance, from: DEPTH, to: DEPTH }
      ])
    ]
    codec.request([{ instrument: reliance, from: DEPTH }])
    assert.deepStrictEqual(hex(own.slice(0, 3)), hex(sdk.sent).slice(0, 3))
    assert.deepStrictEqual(asked(own.slice(3)), ["5 dp|nse_cm|3045"])
    assert.deepStrictEqual(hex(codec.request([{ instrument: sbin, from: QUOTE }])), [hex(sdk.sent)[3]!])
  })

  it("say a single topic as observed", () => {
    assert.deepStrictEqual(hex(open().request([{ instrument: sbin, to: LTP }])), [
      "001a040201001100010e73667c6e73655f636d7c3330343502000101"
    ])
  })

  it("ask for prices and book in depth mode, for an index under its name, each kind by itself", () => {
    const codec = open()
    assert.deepStrictEqual(
      asked(codec.request([sbin, nifty, future].map((instrument) => ({ instrument, to: DEPTH })))),
      ["4 if|nse_cm|Nifty 50", "4 sf|nse_cm|3045 sf|nse_fo|2885", "4 dp|nse_cm|3045 dp|nse_fo|2885"]
    )
    const same = { instrument: sbin, from: DEPTH, to: DEPTH }
    assert.deepStrictEqual(codec.request([same]), [], "no change asks for nothing")
    assert.deepStrictEqual(asked(codec.request([{ instrument: sbin, from: DEPTH, to: LTP }])), [
      "5 dp|nse_cm|3045"
    ])
    assert.deepStrictEqual(asked(codec.request([{ instrument: sbin, from: LTP, to: DEPTH }])), [
      "4 dp|nse_cm|3045"
    ])
    assert.deepStrictEqual(asked(codec.request([{ instrument: nifty, from: DEPTH }])), [
      "5 if|nse_cm|Nifty 50"
    ])
    assert.deepStrictEqual(
      asked(codec.request([{ instrument: nifty, from: DEPTH }])),
      ["5 if|nse_cm|Nifty 50"],
      "it may not have been heard"
    )
  })

  it("give up before they ask for more", () => {
    const codec = holding(sbin)
    const frames = codec.request([
      { instrument: reliance, to: QUOTE },
      { instrument: sbin, from: DEPTH }
    ])
    assert.deepStrictEqual(asked(frames), ["5 sf|nse_cm|3045", "5 dp|nse_cm|3045", "4 sf|nse_cm|2885"])
  })

  it("hold as many topics as the broker takes, and as the length can say", () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      of("NFO", `X${i}`, `1011240328${100_000_000_000 + i}`, `NSE:X${i}`)
    )
    const changes = many.map((instrument) => ({ instrument, to: QUOTE }))
    const counts = (batch: number) =>
      protocol
        .open({ ...options, batch })
        .request(changes)
        .map((frame) => (frame as Uint8Array)[7]! * 256 + (frame as Uint8Array)[8]!)
    assert.deepStrictEqual(counts(1500), [1500, 1500, 1500, 500])
    const most = counts(5000)
    assert.strictEqual(
      most.reduce((a, b) => a + b),
      5000
    )
    assert.isAbove(most.length, 1)
    for (const frame of protocol.open({ ...options, batch: 5000 }).request(changes)) {
      assert.isAtMost((frame as Uint8Array).length, 0xffff)
    }
  })

  it("name instruments whose token is none of Fyers'", () => {
    const codec = open()
    const wrong = of("NSE", "SBIN", "3045", "NSE:SBIN-EQ")
    const nameless = of("NSE_INDEX", "NIFTY", "101000000026000", "NSE:NIFTY50")
    assert.deepStrictEqual(
      codec.request([wrong, nameless].map((instrument) => ({ instrument, to: QUOTE }))),
      []
    )
    const details = decode(codec, accepted()).events.flatMap((e) => (e.type === "refused" ? [e.detail] : []))
    assert.include(details[0], 'NSE:SBIN has the token "3045"')
    assert.strictEqual(details.length, 2)
  })

  it("know the feed's names of indices", () => {
    assert.deepStrictEqual(
      ["NSE:NIFTYBANK-INDEX", "BSE:SNSX50-INDEX", "NSE:HANGSENG BEES-NAV-INDEX", "NSE:NEW-ONE-INDEX"].map(
        indexName
      ),
      ["Nifty Bank", "SNSX50", "HangSeng BeES-NAV", "NEW-ONE"]
    )
    assert.isUndefined(indexName("NSE:BAJAJ-AUTO-EQ"))
  })

  it("cannot tell two tickers of one index apart", () => {
    const key = (ticker: string, token: string) =>
      protocol.exclusive(of("NSE_INDEX", "MIDCPNIFTY", token, ticker))
    assert.strictEqual(
      key("NSE:MIDCPNIFTY-INDEX", "101000000026074"),
      key("NSE:NIFTYMIDSELECT-INDEX", "101000000026075")
    )
    assert.notStrictEqual(protocol.exclusive(reliance), protocol.exclusive(future))
  })

  it("ping as the SDK does", () => {
    assert.deepStrictEqual(hex([open().heartbeat!()]), ["00010b"])
  })
})

describe("acknowledgements", () => {
  const first = snapshot(1, "sf|nse_cm|3045", quote())

  it("go out after every so many data messages, with the number of the last", () => {
    const codec = holding(sbin)
    const found = decode(
      codec,
      accepted(3),
      data(1001, first),
      ...[2, 3, 4, 5, 6, 7].map((i) => data(1000 + i, update(1, [73_000 + i])))
    )
    assert.strictEqual(found.ticks.length, 7)
    assert.deepStrictEqual(hex(found.sent), ["00090301010004000003eb", "00090301010004000003ee"])
  })

  it("cover a message that cannot be read as well", () => {
    const found = decode(holding(sbin), accepted(1), data(7, [83, 0]))
    assert.deepStrictEqual(found.causes, ["truncated"])
    assert.deepStrictEqual(hex(found.sent), ["0009030101000400000007"])
  })

  it("are not wanted by a server that asks for none, whose messages have no numbers", () => {
    for (const answer of [accepted(0), accepted()]) {
      const found = decode(holding(sbin), answer, data(undefined, first))
      assert.strictEqual(found.ticks.length, 1)
      assert.deepStrictEqual(found.sent, [])
    }
    const always = open({ messageNumbers: "always" })
    always.request([{ instrument: sbin, to: QUOTE }])
    assert.strictEqual(decode(always, accepted(0), data(1, first)).ticks.length, 1)
  })
})

describe("answers to requests", () => {
  it("are passed over when they say K and told when they say N", () => {
    const codec = open()
    for (const type of [4, 5, 7, 8, 9, 10, 12]) {
      assert.strictEqual(
        decode(codec, message(type, [1, ...field(1, bytes("K"))])).events[0]?.type,
        "ignored"
      )
    }
    const code = (type: number) => {
      const [event] = decode(codec, message(type, [1, ...field(1, bytes("N"))])).events
      return event?.type === "refused" ? event.code : event?.type
    }
    assert.deepStrictEqual([4, 5, 9, 7, 8].map(code), ["11011", "11012", "11013", "11031", "11032"])
    assert.deepStrictEqual(decode(codec, message(4, [1, 1, 0])).causes, ["truncated"])
    assert.deepStrictEqual(decode(codec, "hello").causes, ["malformed_text"])
  })
})

describe("the simulated server", () => {
  it("sends a snapshot, then what changed, and a snapshot again after another subscription", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:SBIN", QUOTE)
    const kinds = () =>
      link.inbound.flatMap((f) =>
        (f as Uint8Array)[2] === 6 ? [String.fromCharCode((f as Uint8Array)[9]!)] : []
      )
    assert.deepStrictEqual(kinds(), ["S"])
    for (let i = 0; i < 50; i++) link.step(5)
    assert.isTrue(
      kinds()
        .slice(1)
        .every((kind) => kind === "U")
    )
    const instrument = link.instrument("NSE:SBIN")
    assert.deepStrictEqual(link.server.holds(instrument), [{ mode: "quote", depth: 0 }])
    link.request([{ instrument, from: QUOTE, to: DEPTH }])
    assert.deepStrictEqual(link.server.holds(instrument), [
      { mode: "quote", depth: 0 },
      { mode: "depth", depth: 5 }
    ])
    assert.strictEqual(kinds().at(-1), "S")
    link.request([{ instrument, from: DEPTH }])
    const before = link.ticks.length
    for (let i = 0; i < 20; i++) link.step(20)
    assert.strictEqual(link.ticks.length, before)
    assert.deepStrictEqual(link.rejects, [])
  })

  it("answers N before the login, to lists that it cannot read, and passes over unknown topics", () => {
    const server = serverProtocol.open(options, {
      request: { url: "", headers: {} },
      accepted: () => ({ authToken: secret(serverProtocol.demo.authToken) }),
      instruments: [sbin]
    })
    const receive = (frame: Uint8Array) => server.receive(frame)
    const [subscribe] = open().request([{ instrument: sbin, to: QUOTE }]) as ReadonlyArray<Uint8Array>
    assert.deepStrictEqual(hex(receive(subscribe!).answers), ["000604010100014e"])
    const login = open({}, { key: "demo-hsm-key" }).hello!()[0] as Uint8Array
    assert.strictEqual((receive(login).answers[0] as Uint8Array)[7], 0x4b)
    assert.deepStrictEqual(receive(subscribe!).touched, [sbin])
    const [unknown] = open().request([{ instrument: reliance, to: QUOTE }]) as ReadonlyArray<Uint8Array>
    assert.deepStrictEqual(receive(unknown!).touched, [])
    assert.deepStrictEqual(hex(receive(message(4, [1, ...field(1, [0, 9, 1])])).answers), [
      "000604010100014e"
    ])
    assert.deepStrictEqual(receive(Uint8Array.of(0, 1, 11)).answers, [])
  })
})
