import { createRequire } from "node:module"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { codecOptions, streamsOf } from "../../../src/brokers/broker.ts"
import { runVectorFile } from "../../../src/brokers/conformance.ts"
import { broker as fyers } from "../../../src/brokers/data/fyers.ts"
import { modeBit } from "../../../src/market/mode.ts"
import type { Level, Tick } from "../../../src/market/tick.ts"
import { protocol, serverProtocol } from "../../../src/protocols/fyers-tbt/index.ts"
import { unsignedToken } from "../../../src/protocols/kit/jwt.ts"
import type { Handshake, HttpAnswer, HttpRequest } from "../../../src/protocols/protocol.ts"
import type { ServerCodec } from "../../../src/protocols/serverProtocol.ts"
import { nifty, of, reliance, sbin } from "./fyersFrames.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import { NOW, decode, parsed, requested, root, vectorsOf, wireInstruments } from "./support.ts"

const broker = streamsOf(fyers)[1]!
const options = codecOptions(broker)
const DEEP = { mode: "depth", depth: 50 } as const
const future = of("NFO", "RELIANCE28MAR24FUT", "10112403282885", "NSE:RELIANCE24MARFUT")

/** The official SDK's messages and its store of books. */
interface SdkBook {
  readonly tbq: number
  readonly tsq: number
  readonly bidprice: ReadonlyArray<number>
  readonly bidqty: ReadonlyArray<number>
  readonly bidordn: ReadonlyArray<number>
  readonly askprice: ReadonlyArray<number>
  readonly askqty: ReadonlyArray<number>
  readonly askordn: ReadonlyArray<number>
}
interface SdkMessage {
  readonly snapshot?: boolean
  readonly feeds?: Readonly<Record<string, unknown>>
}
const require = createRequire(import.meta.url)
const { SocketMessage } = require("fyers-api-v3/tbtsocket/msg.js") as {
  readonly SocketMessage: {
    readonly encode: (message: unknown) => { readonly finish: () => Uint8Array }
    readonly fromObject: (object: unknown) => unknown
    readonly decode: (bytes: Uint8Array) => SdkMessage
  }
}
const { DataStore } = require("fyers-api-v3/tbtsocket/models.js") as {
  readonly DataStore: new () => {
    readonly updateDepth: (message: SdkMessage, told: (ticker: string, book: SdkBook) => void) => void
  }
}

const encode = (message: unknown): Uint8Array =>
  SocketMessage.encode(SocketMessage.fromObject(message)).finish()
const value = (n: number) => ({ value: n })
const level = (price: number, qty: number, nord: number) => ({
  price: value(price),
  qty: value(qty),
  nord: value(nord)
})
/** A message of one instrument. */
const message = (
  instrument: typeof sbin,
  depth: unknown,
  { sequence = 1, snapshot = false, ...feed }: Readonly<Record<string, unknown>> = {}
): Uint8Array =>
  encode({
    type: 6,
    snapshot,
    feeds: {
      [instrument.token]: {
        depth,
        token: instrument.token,
        ticker: instrument.brokerSymbol,
        sequenceNo: sequence,
        ...feed
      }
    }
  })
const first = (sequence = 1) =>
  message(
    sbin,
    {
      tbq: value(5000),
      tsq: value(7000),
      bids: [level(74_210, 100, 3), level(74_205, 200, 4)],
      asks: [level(74_220, 50, 1), level(74_225, 60, 2)]
    },
    { snapshot: true, sequence }
  )
const change = (sequence: number, depth: unknown = { bids: [{ qty: value(90) }] }) =>
  message(sbin, depth, { sequence })

const holding = (...instruments: ReadonlyArray<typeof sbin>) => {
  const codec = protocol.open(options)
  codec.request(instruments.map((instrument) => ({ instrument, to: DEEP })))
  return codec
}
const subscription = (subs: 1 | -1, ...symbols: ReadonlyArray<string>) => ({
  type: 1,
  data: { subs, symbols, mode: "depth", channel: "1" }
})
const resumption = { type: 2, data: { resumeChannels: ["1"], pauseChannels: [] } }

describe("the login", () => {
  const token = unsignedToken({ exp: NOW / 1000 + 60 })
  const services = { tbt: "https://rest/indus/home" }
  const run = (authToken: string, answer?: HttpAnswer, endpoint = "wss://known/versova") => {
    const login = protocol.handshake({
      endpoint,
      services,
      now: NOW,
      credentials: { apiKey: secret("APP-100"), authToken: secret(authToken) }
    })
    const asked: Array<HttpRequest> = []
    let step = login.next()
    while (step.done !== true) {
      asked.push(step.value)
      step = login.next(answer!)
    }
    return { asked, made: step.value }
  }
  const told = (socket_url: unknown, status = 200): HttpAnswer => ({
    status,
    headers: {},
    body: JSON.stringify({ s: "ok", data: { socket_url } })
  })
  const url = (answer: HttpAnswer, endpoint?: string) => (run(token, answer, endpoint).made as Handshake).url

  it("asks where the socket is", () => {
    const { asked, made } = run(token, told("wss://other/versova"))
    const headers = { authorization: `APP-100:${token}` }
    assert.deepStrictEqual(asked, [
      { method: "GET", url: "https://rest/indus/home/tbtws", headers, optional: true }
    ])
    assert.deepStrictEqual(made, { url: "wss://other/versova", headers })
    assert.deepStrictEqual(run(`APP-100:${token}`, told("wss://other/versova")).made, made)
  })

  it("goes by the known address where the answer has none that will do", () => {
    for (const answer of [
      told("wss://other", 401),
      told("wss://other", 500),
      told(5),
      told("nonsense"),
      told("https://other"),
      // The token would go out unprotected.
      told("ws://other"),
      { status: 200, headers: {}, body: "<html>" }
    ]) {
      assert.strictEqual(url(answer), "wss://known/versova")
    }
    assert.strictEqual(
      url(told("ws://127.0.0.1:5/versova"), "ws://127.0.0.1:4/versova"),
      "ws://127.0.0.1:5/versova"
    )
  })

  it("does not try an expired token", () => {
    const { asked, made } = run(unsignedToken({ exp: NOW / 1000 }))
    assert.deepStrictEqual(asked, [])
    assert.isTrue("_tag" in made && made._tag === "AuthRejected")
  })

  it("is declined at the upgrade by the simulated server", async () => {
    const link = await makeLink(broker)
    assert.strictEqual(link.handshake.url, broker.endpoint)
    const accepted = { apiKey: secret("APP-100"), authToken: secret("another") }
    const failed = await makeLink(broker, { accepted }).catch((error: unknown) => error)
    assert.isTrue(failed instanceof LoginFailed && failed.message.includes("401"))
    assert.strictEqual(protocol.refusal({ status: 401, headers: {} })._tag, "AuthRejected")
  })
})

describe("requests", () => {
  it("subscribe by ticker and resume the channel, and restate nothing", () => {
    const codec = protocol.open(options)
    const ask = (...changes: Parameters<typeof codec.request>[0]) => parsed(requested(codec, changes))
    assert.deepStrictEqual(ask({ instrument: sbin, to: DEEP }, { instrument: future, to: DEEP }), [
      subscription(1, "NSE:SBIN-EQ", "NSE:RELIANCE24MARFUT"),
      resumption
    ])
    assert.deepStrictEqual(ask({ instrument: sbin, from: DEEP, to: DEEP }), [])
    assert.deepStrictEqual(ask({ instrument: reliance, to: DEEP }, { instrument: sbin, from: DEEP }), [
      subscription(-1, "NSE:SBIN-EQ"),
      subscription(1, "NSE:RELIANCE-EQ"),
      resumption
    ])
    assert.deepStrictEqual(ask({ instrument: sbin }), [])
    assert.deepStrictEqual(
      ask({ instrument: sbin, from: DEEP }),
      [subscription(-1, "NSE:SBIN-EQ")],
      "it may not have been heard"
    )
    assert.strictEqual(codec.heartbeat(), "ping")
  })

  it("go out in batches, on the channel that is chosen", () => {
    const codec = protocol.open({ ...options, batch: 1, variant: { channel: 7 } })
    const frames = parsed(
      requested(
        codec,
        [sbin, future].map((instrument) => ({ instrument, to: DEEP }))
      )
    )
    assert.deepStrictEqual(frames as ReadonlyArray<unknown>, [
      { type: 1, data: { subs: 1, symbols: ["NSE:SBIN-EQ"], mode: "depth", channel: "7" } },
      { type: 1, data: { subs: 1, symbols: ["NSE:RELIANCE24MARFUT"], mode: "depth", channel: "7" } },
      { type: 2, data: { resumeChannels: ["7"], pauseChannels: [] } }
    ])
  })

  it("name what has no such book", () => {
    const codec = protocol.open(options)
    const wrong = of("NSE", "SBIN", "3045", "NSE:SBIN-EQ")
    assert.deepStrictEqual(codec.request([nifty, wrong].map((instrument) => ({ instrument, to: DEEP }))), [])
    const events = decode(codec, "pong").events
    assert.deepStrictEqual(
      events.map((e) => e.type),
      ["refused", "refused", "heartbeat"]
    )
  })
})

describe("texts", () => {
  it("are answers, errors, or nothing that is known", () => {
    const event = (text: string) => decode(protocol.open(options), text).events[0]
    assert.deepStrictEqual(event("pong"), { type: "heartbeat" })
    assert.deepStrictEqual(event('{"error":true,"msg":"invalid symbol"}'), {
      type: "refused",
      detail: "invalid symbol"
    })
    assert.strictEqual(event('{"error":false,"msg":"ok"}')?.type, "ignored")
    assert.deepStrictEqual(decode(protocol.open(options), "{").causes, ["malformed_text"])
    const error = decode(holding(sbin), encode({ msg: "limit exceeded", error: true }))
    assert.deepStrictEqual(error.events, [{ type: "refused", detail: "limit exceeded" }])
  })
})

describe("books", () => {
  it("pass the golden frames", () => {
    const json: unknown = JSON.parse(readFileSync(join(root, "test/vectors/fyers_tbt.json"), "utf8"))
    const { failures, passed } = runVectorFile(json, broker, protocol)
    assert.deepStrictEqual(failures, [])
    assert.strictEqual(passed, 19)
  })

  it("change at single values, and are news for depth readers alone", () => {
    const found = decode(holding(sbin), first(), change(2))
    assert.deepStrictEqual(found.refreshes, [modeBit.depth, modeBit.depth])
    assert.deepStrictEqual(found.ticks[1]!.depth?.buy, [
      { price: 742.1, quantity: 90, orders: 3 },
      { price: 742.05, quantity: 200, orders: 4 }
    ])
    assert.strictEqual(found.instruments[0], sbin)
    assert.notStrictEqual(found.ticks[0]!.depth?.buy[0]?.quantity, 90, "the first tick stays as it was")
  })

  it("are forgotten on a snapshot", () => {
    const [, second] = decode(
      holding(sbin),
      first(),
      message(sbin, { bids: [level(74_000, 1, 1)] }, { snapshot: true, sequence: 2 })
    ).ticks
    assert.deepStrictEqual(second!.depth, { buy: [{ price: 740, quantity: 1, orders: 1 }], sell: [] })
    assert.strictEqual(second!.total_buy_quantity, 0)
  })

  it("take the flag of the message or that of the feed for a snapshot", () => {
    const flagged = message(sbin, { bids: [level(74_000, 1, 1)] }, { snapshot: false })
    assert.deepStrictEqual(decode(holding(sbin), flagged).ticks, [])
    const feed = encode({
      feeds: { [sbin.token]: { depth: { bids: [level(74_000, 1, 1)] }, snapshot: true } }
    })
    assert.strictEqual(decode(holding(sbin), feed).ticks.length, 1)
  })

  it("go by the ticker where the key is none that is known", () => {
    const odd = encode({
      snapshot: true,
      feeds: { 3045: { depth: { bids: [level(74_000, 1, 1)] }, ticker: "NSE:SBIN-EQ" } }
    })
    assert.strictEqual(decode(holding(sbin), odd).ticks.length, 1)
    assert.deepStrictEqual(decode(holding(future), odd).causes, ["not_subscribed"])
  })

  it("have the exchange's time in whatever unit it comes", () => {
    const at = (time: number) =>
      decode(holding(sbin), message(sbin, { tbq: value(1) }, { snapshot: true, feedTime: value(time) }))
        .ticks[0]!.exchange_time
    assert.deepStrictEqual(
      [1_711_612_802, 1_711_612_802_123, 1_711_612_802_123_456].map(at),
      [1_711_612_802_000, 1_711_612_802_123, 1_711_612_802_123]
    )
    assert.deepStrictEqual([0, 12, 5e11].map(at), [undefined, undefined, undefined])
  })

  it("begin with a snapshot: a change before it is held back, and one is asked for, once a minute", () => {
    const codec = holding(sbin)
    const found = decode(codec, change(5), change(6))
    assert.deepStrictEqual(found.ticks, [])
    assert.deepStrictEqual(found.causes, ["unknown_packet", "unknown_packet"])
    assert.deepStrictEqual(parsed(found.sent as ReadonlyArray<string>), [
      subscription(-1, "NSE:SBIN-EQ"),
      subscription(1, "NSE:SBIN-EQ")
    ])
    assert.strictEqual(decode(codec, first(7), change(8)).ticks.length, 2)
  })

  it("ask for a snapshot where a message is missing, and go on until it comes", () => {
    const codec = holding(sbin)
    const found = decode(codec, first(), change(2), change(4), change(9))
    assert.strictEqual(found.ticks.length, 4)
    assert.strictEqual(found.sent.length, 2)
    const calm = protocol.open({ ...options, variant: { refreshOnGap: false } })
    calm.request([{ instrument: sbin, to: DEEP }])
    assert.deepStrictEqual(decode(calm, first(), change(9)).sent, [])
    assert.deepStrictEqual(decode(holding(sbin), first(0), change(0), change(0)).sent, [])
  })

  it("that were left half changed wait for a snapshot", () => {
    const codec = holding(sbin)
    // Behind a good price a quantity that is longer than its level.
    const [, half] = [first(), change(2, { bids: [{ price: value(1), qty: value(77) }] })]
    const broken = Uint8Array.from(half)
    const at = Buffer.from(broken).indexOf(Buffer.from([0x12, 0x02, 0x08, 77]))
    assert.isAbove(at, 0)
    broken[at + 1] = 0x70
    const found = decode(codec, first(), broken, change(3))
    assert.strictEqual(found.ticks.length, 1)
    assert.deepStrictEqual(found.causes, ["truncated", "unknown_packet"])
    assert.strictEqual(decode(codec, first(4), change(5)).ticks.length, 2)
  })

  it("end with the subscription", () => {
    const codec = holding(sbin)
    decode(codec, first())
    codec.request([{ instrument: sbin, from: DEEP }])
    assert.deepStrictEqual(decode(codec, change(2)).causes, ["not_subscribed"])
    codec.request([{ instrument: sbin, to: DEEP }])
    assert.deepStrictEqual(decode(codec, change(3)).causes, ["unknown_packet"])
  })

  it("have fifty levels, and no more", () => {
    const bids = Array.from({ length: 60 }, (_, i) => level(74_000 - i, i + 1, 1))
    const [tick] = decode(holding(sbin), message(sbin, { bids }, { snapshot: true })).ticks
    assert.strictEqual(tick?.depth?.buy.length, 50)
  })
})

describe("the SDK's store of books", () => {
  const side = (
    prices: ReadonlyArray<number>,
    quantities: ReadonlyArray<number>,
    orders: ReadonlyArray<number>
  ): ReadonlyArray<Level> => {
    const levels = prices.map((price, i) => ({ price, quantity: quantities[i]!, orders: orders[i]! }))
    return levels.slice(0, levels.findLastIndex((l) => l.price !== 0 || l.quantity !== 0) + 1)
  }
  const agree = (ticks: ReadonlyArray<Tick>, frames: ReadonlyArray<Uint8Array>): number => {
    const store = new DataStore()
    let i = 0
    for (const frame of frames) {
      store.updateDepth(SocketMessage.decode(frame), (_, book) => {
        const { depth, total_buy_quantity, total_sell_quantity } = ticks[i++]!
        assert.deepStrictEqual(depth, {
          buy: side(book.bidprice, book.bidqty, book.bidordn),
          sell: side(book.askprice, book.askqty, book.askordn)
        })
        assert.strictEqual(total_buy_quantity, book.tbq)
        assert.strictEqual(total_sell_quantity, book.tsq)
      })
    }
    assert.strictEqual(i, ticks.length)
    return i
  }

  it("holds the same after what the simulated server sends", async () => {
    const link = await makeLink(broker)
    for (const { instrument } of link.listed.slice(0, 12)) {
      link.request([{ instrument, to: DEEP }])
    }
    for (let i = 0; i < 60; i++) link.step(30)
    const frames = link.inbound.filter((f) => typeof f !== "string")
    assert.isAbove(
      agree(
        link.ticks.map((t) => t.tick),
        frames
      ),
      100
    )
  })

  it("holds the same after golden frames", () => {
    const vectors = vectorsOf("fyers_tbt")
    let compared = 0
    for (const { expect, frames, name } of vectors.cases) {
      if (typeof expect === "string") continue
      const codec = protocol.open(options)
      codec.request(wireInstruments(vectors).map((instrument) => ({ instrument, to: DEEP })))
      const bytes = frames.map((f) => Buffer.from(f.hex!, "hex"))
      assert.isAbove(agree(decode(codec, ...bytes).ticks, bytes), 0, name)
      compared++
    }
    assert.isAbove(compared, 8)
  })
})

describe("the simulated server", () => {
  const open = (): ServerCodec =>
    serverProtocol.open(options, {
      request: { url: "", headers: {} },
      accepted: () => ({}),
      instruments: [sbin, future, nifty]
    })
  const receive = (server: ServerCodec, frame: unknown) =>
    server.receive(typeof frame === "string" ? frame : JSON.stringify(frame), () => undefined)

  it("holds books back until their channel is resumed", () => {
    const server = open()
    const state: Tick = {
      symbol: "SBIN",
      exchange: "NSE",
      mode: "depth",
      received_time: NOW,
      depth: { buy: [{ price: 742.1, quantity: 5, orders: 1 }], sell: [] }
    }
    receive(server, subscription(1, "NSE:SBIN-EQ"))
    assert.deepStrictEqual(server.encode([[sbin, state]]), [])
    assert.deepStrictEqual(receive(server, resumption).touched, [sbin])
    assert.strictEqual(server.encode([[sbin, state]]).length, 1)
    assert.deepStrictEqual(server.encode([[sbin, state]]), [], "nothing has changed")
    assert.deepStrictEqual(receive(server, resumption).touched, [])
    receive(server, { type: 2, data: { resumeChannels: [], pauseChannels: ["1"] } })
    assert.deepStrictEqual(server.encode([[sbin, { ...state, total_buy_quantity: 9 }]]), [])
  })

  it("answers pings and refuses what it does not know", () => {
    const server = open()
    assert.deepStrictEqual(receive(server, "ping").answers, ["pong"])
    for (const bad of [
      "{",
      { type: 3, data: {} },
      { type: 1, data: { subs: 2, symbols: [], mode: "depth", channel: "1" } },
      subscription(1, "NSE:NOSUCH-EQ"),
      subscription(1, nifty.brokerSymbol)
    ]) {
      assert.propertyVal(parsed(receive(server, bad).answers)[0], "error", true)
    }
    assert.deepStrictEqual(server.holds(sbin), [])
    assert.deepStrictEqual(receive(server, subscription(1, "NSE:SBIN-EQ")).touched, [sbin])
    assert.deepStrictEqual(server.holds(sbin), [DEEP])
    receive(server, subscription(-1, "NSE:SBIN-EQ"))
    assert.deepStrictEqual(server.holds(sbin), [])
  })
})
