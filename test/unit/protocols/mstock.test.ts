/** m.Stock's dialect of Smart Stream: where it differs from Angel's. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/mstock.ts"
import type { Tick } from "../../../src/market/tick.ts"
import type { Codec, Handshake, Want } from "../../../src/protocols/protocol.ts"
import type { FindByToken } from "../../../src/protocols/serverProtocol.ts"
import { encodePacket } from "../../../src/protocols/smartstream/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/smartstream/index.ts"
import { LoginFailed, makeLink, secret } from "./link.ts"
import {
  DEEP,
  DEPTH,
  LTP,
  NOW,
  QUOTE,
  credentials,
  decode,
  instrument,
  parsed,
  requested
} from "./support.ts"

const options = codecOptions(broker)
const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const login: Handshake = { url: "wss://h", headers: {}, secrets: { token: "thetoken" } }

const open = (variant: Readonly<Record<string, unknown>> = {}): Codec =>
  protocol.open({ ...options, variant: { ...broker.variant, ...variant } }, login)
/** A codec that is logged in and has these subscribed. */
const opened = (to: Want = DEPTH, variant: Readonly<Record<string, unknown>> = {}): Codec => {
  const codec = open(variant)
  decode(codec, "OK")
  codec.request([reliance, future].map((i) => ({ instrument: i, to })))
  return codec
}

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  exchange_time: 1_711_618_871_000,
  ltt: 1_711_618_860_000,
  ltp: 10.05
}
/** 1980-01-01 00:00 in India. */
const EPOCH = Date.UTC(1980, 0, 1) - 19_800_000

/** A packet with times as m.Stock counts them. */
const packet = (mode: 1 | 2 | 3, type = 1): Uint8Array => {
  const frame = encodePacket(mode, type, "2885", state, 100, 1)
  const v = new DataView(frame.buffer)
  v.setBigInt64(35, BigInt((state.exchange_time! - EPOCH) / 1000), true)
  if (mode === 3) v.setBigInt64(123, BigInt((state.ltt! - EPOCH) / 1000), true)
  return frame
}

describe("mstock: the login", () => {
  const handshake = (authToken: string) =>
    protocol.handshake({
      endpoint: "wss://ws.mstock.trade",
      services: {},
      credentials: { ...credentials, apiKey: Redacted.make("a+b"), authToken: Redacted.make(authToken) },
      now: NOW,
      random: new Uint8Array(64),
      options
    } as Parameters<typeof protocol.handshake>[0])

  it("is in the query, and once more in the first message", () => {
    assert.deepStrictEqual(handshake("Bearer j.w.t/1\n"), {
      url: "wss://ws.mstock.trade?API_KEY=a%2Bb&ACCESS_TOKEN=j.w.t%2F1",
      headers: {},
      secrets: { token: "j.w.t/1" }
    })
    assert.deepStrictEqual(open().hello?.(), ["LOGIN:thetoken"])
    assert.isUndefined(open().heartbeat)
  })

  it("is confirmed by the first text, whatever it says", () => {
    assert.isTrue(open().awaitsReady)
    for (const text of ["OK", '{"status":"success"}', '{"order_status":"order"}']) {
      assert.deepStrictEqual(decode(open(), text).events, [{ type: "ready" }])
    }
    assert.deepStrictEqual(decode(open(), Buffer.from('{"status":"success"}')).events, [{ type: "ready" }])
    assert.isFalse(open({ loginAnswer: false }).awaitsReady)
  })

  it.each([
    ["Invalid token", "AuthRejected"],
    ["no idea", "AuthRejected"],
    ["Connection limit exceeded", "RateLimited"]
  ])("is refused by the error %j: %s", (data, tag) => {
    for (const frame of [
      JSON.stringify({ type: "error", data }),
      Buffer.from(JSON.stringify({ type: "error", data }))
    ]) {
      const [event] = decode(open(), frame).events
      assert.strictEqual(event?.type === "failure" ? event.failure._tag : "", tag)
    }
  })
})

describe("mstock: requests", () => {
  interface Request {
    readonly correlationID: string
    readonly action: number
    readonly params: { readonly mode: number; readonly tokenList: unknown }
  }
  const asked = (codec: Codec, from: Want | undefined, to: Want | undefined) =>
    (
      parsed(
        requested(codec, [
          {
            instrument: reliance,
            ...(from === undefined ? {} : { from }),
            ...(to === undefined ? {} : { to })
          }
        ])
      ) as ReadonlyArray<Request>
    ).map(({ action, correlationID, params }) => {
      assert.strictEqual(correlationID, "")
      assert.deepStrictEqual(params.tokenList, [{ exchangeType: 1, tokens: ["2885"] }])
      return [action, params.mode]
    })

  it("gives up the old mode before it takes the new one", () => {
    const codec = open()
    assert.deepStrictEqual(asked(codec, undefined, LTP), [[1, 1]])
    assert.deepStrictEqual(asked(codec, LTP, DEPTH), [
      [0, 1],
      [1, 3]
    ])
    assert.deepStrictEqual(asked(codec, DEPTH, QUOTE), [
      [0, 3],
      [1, 2]
    ])
    assert.deepStrictEqual(asked(codec, QUOTE, undefined), [[0, 2]])
  })

  it("never asks for a book of twenty levels", () => {
    assert.deepStrictEqual(asked(open(), undefined, DEEP), [[1, 3]])
  })

  it("names itself when it cannot ask", () => {
    const codec = open()
    codec.request([{ instrument: instrument("BCD", "USDINR", "1"), to: LTP }])
    assert.include(JSON.stringify(decode(codec, "OK").events), "m.Stock has no known exchange type for BCD")
  })
})

describe("mstock: packets", () => {
  it("counts times from 1980 in India, unless told otherwise", () => {
    const [tick] = decode(opened(), packet(3)).ticks
    assert.deepStrictEqual([tick?.exchange_time, tick?.ltt], [state.exchange_time, state.ltt])
    const [utc] = decode(opened(DEPTH, { istTimes: false }), packet(3)).ticks
    assert.strictEqual(utc?.ltt, state.ltt! + 19_800_000)
    const none = encodePacket(3, 1, "2885", { ...state, exchange_time: 0, ltt: 0 }, 100, 1)
    const [absent] = decode(opened(), none).ticks
    assert.notProperty(absent, "exchange_time")
    assert.notProperty(absent, "ltt")
  })

  it.each([state.exchange_time!, -1, 1, Number.MAX_SAFE_INTEGER])(
    "leaves out %i, which is no time by its epoch, and keeps the prices",
    (time) => {
      const frame = packet(3)
      const v = new DataView(frame.buffer)
      for (const at of [35, 123]) v.setBigInt64(at, BigInt(time), true)
      const [tick] = decode(opened(), frame).ticks
      assert.strictEqual(tick?.ltp, state.ltp)
      assert.notProperty(tick, "exchange_time")
      assert.notProperty(tick, "ltt")
    }
  )

  it("leaves the frame as it came", () => {
    const frame = packet(3)
    const before = Buffer.from(frame)
    decode(opened(), frame)
    assert.deepStrictEqual(Buffer.from(frame), before)
  })

  it("keeps equal tokens of different exchange types apart", () => {
    const found = decode(opened(), packet(1, 2), packet(1, 1), packet(1, 3))
    assert.deepStrictEqual(found.instruments, [future, reliance])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
  })

  it("takes exact lengths only", () => {
    const causes = (frame: Uint8Array) => decode(opened(), frame).causes
    for (const frame of [packet(1), packet(2), packet(3)]) {
      assert.deepStrictEqual(causes(frame), [])
      assert.deepStrictEqual(causes(frame.subarray(1)), ["unknown_length"])
      assert.deepStrictEqual(causes(Buffer.concat([frame, Buffer.alloc(1)])), ["unknown_length"])
    }
    assert.deepStrictEqual(causes(new Uint8Array(0)), ["unknown_length"])
    assert.deepStrictEqual(causes(packet(1, 6)), ["unknown_segment"])
  })

  describe("behind the documentation's header of count and size", () => {
    const sizes = { 1: 51, 2: 123, 3: 379 } as const
    const headed = (count: number, size: number, ...packets: ReadonlyArray<Uint8Array>): Buffer =>
      Buffer.concat([Buffer.from([count, 0, size & 255, size >> 8]), ...packets])

    it.each([1, 2, 3] as const)("one of mode %i is what it is without", (mode) => {
      const bare = decode(opened(), packet(mode))
      const found = decode(opened(), headed(1, sizes[mode], packet(mode)))
      assert.strictEqual(headed(1, sizes[mode], packet(mode)).length, sizes[mode] + 4)
      assert.deepStrictEqual(found, bare)
      assert.strictEqual(found.ticks[0]?.ltp, 10.05)
      assert.strictEqual(found.ticks[0]?.exchange_time, state.exchange_time)
    })

    it("several of one size are read in their order, and one that is nobody's holds up none", () => {
      const codec = opened()
      const found = decode(codec, headed(3, 379, packet(3), packet(3, 3), packet(3, 2)))
      assert.deepStrictEqual(found.instruments, [reliance, future])
      assert.deepStrictEqual(found.causes, ["not_subscribed"])
      // Bare ones come on the same connection, and texts in binary frames do.
      assert.deepStrictEqual(decode(codec, packet(1), headed(1, 51, packet(1, 2))).instruments, [
        reliance,
        future
      ])
    })

    it("as many as begin with a brace are no text", () => {
      const many = Array.from({ length: 0x7b }, () => packet(1))
      const { causes, events, ticks } = decode(opened(), headed(0x7b, 51, ...many))
      assert.deepStrictEqual([ticks.length, causes, events], [0x7b, [], []])
    })

    it("other lengths than it declares are refused whole, and bare lengths are never taken for it", () => {
      const causes = (frame: Uint8Array) => {
        const found = decode(opened(), frame)
        assert.deepStrictEqual(found.ticks, [])
        return found.causes
      }
      assert.deepStrictEqual(causes(headed(2, 379, packet(3))), ["truncated"])
      assert.deepStrictEqual(causes(headed(1, 379, packet(3)).subarray(0, 382)), ["truncated"])
      assert.deepStrictEqual(causes(headed(0, 51)), ["unknown_length"])
      assert.deepStrictEqual(causes(headed(1, 50, packet(1).subarray(1))), ["unknown_length"])
      assert.deepStrictEqual(causes(Buffer.alloc(3)), ["unknown_length"])
      for (const size of Object.values(sizes)) {
        for (const bare of Object.values(sizes)) assert.notStrictEqual((bare - 4) % size, 0)
      }
    })
  })
})

describe("mstock: texts after the login", () => {
  it("tells orders, errors and nonsense apart, in texts and in binary frames", () => {
    const order = '{"order_status":"trade","orderData":{"order_id":"1"}}'
    const found = decode(
      opened(),
      order,
      Buffer.from(order),
      '{"type":"error","data":"Subscription limit exceeded"}',
      '{"type":"error","data":"Token has expired"}',
      "hello",
      '{"order_st'
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored", "ignored", "refused", "failure"]
    )
    assert.deepStrictEqual(found.causes, ["malformed_text", "malformed_text"])
  })
})

describe("mstock server", () => {
  const find: FindByToken = (token, code) => (token === "2885" && code === 1 ? reliance : undefined)
  const serve = () =>
    serverProtocol.open(options, { request: { url: "/", headers: {} }, accepted: () => credentials })
  const subscribe = (mode: number) =>
    JSON.stringify({ action: 1, params: { mode, tokenList: [{ exchangeType: 1, tokens: ["2885"] }] } })

  it("admits by the query, Angel's clients by their headers", () => {
    const admit = (url: string) => serverProtocol.admit({ url, headers: {} }, credentials)
    assert.isUndefined(admit("/?ACCESS_TOKEN=thetoken&API_KEY=thekey"))
    assert.deepStrictEqual(admit("/?API_KEY=thekey&ACCESS_TOKEN=old"), { status: 401, headers: {} })
    assert.deepStrictEqual(admit("/?API_KEY=thekey"), { status: 401, headers: {} })
    assert.isDefined(admit("/")?.headers["x-error-message"])
  })

  it("wants the login first, and the right one", () => {
    const failed = (received: ReturnType<ReturnType<typeof serve>["receive"]>) => {
      assert.isDefined(received.close)
      assert.strictEqual(decode(open(), ...received.answers).events[0]?.type, "failure")
    }
    failed(serve().receive(subscribe(1), find))
    failed(serve().receive("LOGIN:wrong", find))
    const server = serve()
    const { answers } = server.receive("LOGIN:thetoken", find)
    assert.deepStrictEqual(decode(open(), ...answers).events, [{ type: "ready" }])
    assert.deepStrictEqual(server.receive(subscribe(3), find), { answers: [], touched: [reliance] })
    assert.deepStrictEqual(server.holds(reliance), [DEPTH])
    const codec = opened()
    const [tick] = decode(codec, ...server.encode([[reliance, state]])).ticks
    assert.deepStrictEqual([tick?.ltt, tick?.exchange_time], [state.ltt, state.exchange_time])
  })

  it("answers bad requests in its own form of an error", () => {
    const server = serve()
    server.receive("LOGIN:thetoken", find)
    for (const text of ["nonsense", "{}", "ping", subscribe(4), subscribe(9)]) {
      const { answers } = server.receive(text, find)
      assert.deepStrictEqual(
        decode(opened(), ...answers).events.map((e) => e.type),
        ["refused"]
      )
    }
  })
})

describe("mstock: both sides", () => {
  it("log in, and carry every mode as the market holds it", async () => {
    const link = await makeLink(broker)
    assert.deepStrictEqual(link.events, [{ type: "ready" }])
    link.subscribe("CDS:" + link.listed.find((l) => l.listing.exchange === "CDS")!.listing.symbol, QUOTE)
    link.subscribe("NSE:RELIANCE", LTP, DEPTH)
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [DEPTH])
    const held = link.state("NSE:RELIANCE")
    const { depth, ltt } = link.ticks.at(-1)!.tick
    assert.deepStrictEqual([depth?.buy, ltt], [held.depth!.buy.slice(0, 5), held.ltt])
    assert.deepStrictEqual(link.rejects, [])
  })

  it("part over a wrong token", async () => {
    const failure = await makeLink(broker, { accepted: { ...credentials, authToken: secret("new") } }).catch(
      (error: unknown) => error
    )
    assert.instanceOf(failure, LoginFailed)
  })
})
