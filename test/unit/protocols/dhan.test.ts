/** Dhan's live feed: what the golden frames do not cover. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { broker } from "../../../src/brokers/data/dhan.ts"
import { modeBit, refreshes } from "../../../src/market/mode.ts"
import type { Tick } from "../../../src/market/tick.ts"
import {
  encodeDisconnect,
  encodeOpenInterest,
  encodePreviousClose,
  encodePrices,
  stacked
} from "../../../src/protocols/dhan/encode.ts"
import { protocol, serverProtocol } from "../../../src/protocols/dhan/index.ts"
import { IST_SECONDS } from "../../../src/protocols/dhan/layout.ts"
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

const dhan: Side = { broker, protocol, serverProtocol }
const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const dollar = instrument("CDS", "USDINR", "2885")
const nifty = instrument("NSE_INDEX", "NIFTY", "13")
const sensex = instrument("BSE_INDEX", "SENSEX", "51")

const TICKER = 15
const QUOTES = 17
const FULL = 21

const state: Tick = {
  symbol: "ANY",
  exchange: "ANY",
  mode: "depth",
  received_time: NOW,
  ltt: 1_711_618_860_000,
  ltp: 742.15,
  ltq: 5,
  open: 740.05,
  high: 750.4,
  low: 733.45,
  close: 744.1,
  volume: 3_000_000_000,
  average_price: 741.9,
  total_buy_quantity: 300,
  total_sell_quantity: 400,
  oi: 12,
  oi_high: 14,
  oi_low: 9,
  depth: {
    buy: [{ price: 742.1, quantity: 7, orders: 2 }],
    sell: [{ price: 742.2, quantity: 4_294_967_295, orders: 65_535 }]
  }
}
const full = (segment: number, id: number, tick: Tick = state): Uint8Array =>
  encodePrices(FULL, segment, id, tick)

describe("dhan: NSE's commodities", () => {
  const gold = instrument("NCO", "GOLD05FEB27FUT", "153964")
  const ticksOf = (segment: number, variant?: Readonly<Record<string, unknown>>) => {
    const { causes, ticks } = decode(opened(dhan, [gold], DEPTH, variant), full(segment, 153_964))
    return ticks.length === 0 ? causes : ticks.map((t) => `${t.exchange}:${t.symbol} ${t.ltp}`)
  }

  it("are asked for by the segment's name, and known by its number", () => {
    const [request] = parsed(requested(openWith(dhan), [{ instrument: gold, to: DEPTH }]))
    assert.deepStrictEqual((request as { InstrumentList: unknown }).InstrumentList, [
      { ExchangeSegment: "NSE_COMM", SecurityId: "153964" }
    ])
  })

  it("come under another number where the settings say so", () => {
    assert.deepStrictEqual(ticksOf(6), ["NCO:GOLD05FEB27FUT 742.15"])
    assert.deepStrictEqual(ticksOf(9, { commoditySegment: 9 }), ["NCO:GOLD05FEB27FUT 742.15"])
    assert.deepStrictEqual(ticksOf(9), ["unknown_segment"])
    assert.deepStrictEqual(ticksOf(6, { commoditySegment: 9 }), ["unknown_segment"])
    for (const taken of [2, 5, 256]) {
      assert.throws(() => ticksOf(taken, { commoditySegment: taken }), /commoditySegment/)
    }
  })
})

describe("dhan: the handshake", () => {
  it("has the login in the query, and no header", () => {
    assert.deepStrictEqual(handshakeOf(protocol, "wss://api-feed.dhan.co", credentials), {
      url: "wss://api-feed.dhan.co?version=2&token=thetoken&clientId=A123&authType=2",
      headers: {}
    })
    const odd = {
      authToken: Redacted.make(" a+b/c= \n"),
      clientCode: Redacted.make("1100:::theapikey")
    }
    assert.strictEqual(
      handshakeOf(protocol, "wss://h/x?y=1", odd).url,
      "wss://h/x?y=1&version=2&token=a%2Bb%2Fc%3D&clientId=1100&authType=2"
    )
  })

  it("knows why an upgrade was declined", () => {
    const cause = (status: number) => protocol.refusal({ status, headers: {} })._tag
    assert.deepStrictEqual([401, 403, 429, 400, 502].map(cause), [
      "AuthRejected",
      "AuthRejected",
      "RateLimited",
      "ConnectionRefused",
      "ConnectionRefused"
    ])
  })
})

describe("dhan: requests", () => {
  it("asks by request codes, segment names and ids as texts", () => {
    const frames = requested(openWith(dhan), [
      { instrument: reliance, to: LTP },
      { instrument: future, to: QUOTE },
      { instrument: sensex, to: QUOTE },
      { instrument: dollar, to: DEPTH }
    ])
    assert.deepStrictEqual(frames, [
      '{"RequestCode":15,"InstrumentCount":1,"InstrumentList":[{"ExchangeSegment":"NSE_EQ","SecurityId":"2885"}]}',
      '{"RequestCode":17,"InstrumentCount":2,"InstrumentList":[{"ExchangeSegment":"NSE_FNO","SecurityId":"2885"},' +
        '{"ExchangeSegment":"IDX_I","SecurityId":"51"}]}',
      '{"RequestCode":21,"InstrumentCount":1,"InstrumentList":[{"ExchangeSegment":"NSE_CURRENCY","SecurityId":"2885"}]}'
    ])
  })

  const codes = (frames: ReadonlyArray<string | Uint8Array>): ReadonlyArray<number> =>
    (parsed(frames) as ReadonlyArray<{ readonly RequestCode: number }>).map((f) => f.RequestCode)

  it.each<readonly [string, Want, Want | undefined, ReadonlyArray<number>]>([
    ["ltp to depth", LTP, DEPTH, [16, 21]],
    ["depth to quote", DEPTH, QUOTE, [22, 17]],
    ["quote to nothing", QUOTE, undefined, [18]],
    ["quote to quote", QUOTE, QUOTE, []]
  ])("changes %s by giving up the old code first", (_, from, to, expected) => {
    const codec = opened(dhan, [reliance], from)
    const change = { instrument: reliance, from, ...(to === undefined ? {} : { to }) }
    assert.deepStrictEqual(codes(requested(codec, [change])), expected)
    // What is given up once more may not have been heard.
    assert.deepStrictEqual(codes(requested(codec, [change])), to === undefined ? expected : [])
  })

  it("asks quotes of an index that a depth reader wants", () => {
    assert.deepStrictEqual(codes(requested(openWith(dhan), [{ instrument: nifty, to: DEPTH }])), [17])
  })

  it("keeps to a hundred instruments a request", () => {
    const many = Array.from({ length: 230 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    const frames = requested(
      openWith(dhan),
      many.map((i) => ({ instrument: i, to: LTP }))
    )
    const sizes = (parsed(frames) as ReadonlyArray<{ InstrumentCount: number; InstrumentList: [] }>).map(
      (f) => [f.InstrumentCount, f.InstrumentList.length]
    )
    assert.deepStrictEqual(sizes, [
      [100, 100],
      [100, 100],
      [30, 30]
    ])
  })

  it.each([
    ["NSE", "02885", "import Dhan's instruments anew"],
    ["NSE", "4294967296", "import Dhan's instruments anew"],
    ["NCDEX", "77", "no known segment"]
  ] as const)("never asks for %s token %j, and says why", (exchange, token, why) => {
    const codec = openWith(dhan)
    assert.deepStrictEqual(codec.request([{ instrument: instrument(exchange, "BAD", token), to: LTP }]), [])
    const [event] = decode(codec, "{}").events
    assert.include(event?.type === "refused" ? event.detail : "", why)
  })
})

describe("dhan: packets", () => {
  it("reads every field of a full packet, without the noise of its floats", () => {
    const found = decode(opened(dhan, [reliance]), full(1, 2885))
    const empty = { price: 0, quantity: 0, orders: 0 }
    assert.deepStrictEqual(found.ticks[0], {
      ...state,
      symbol: "RELIANCE",
      exchange: "NSE",
      depth: {
        buy: [state.depth!.buy[0]!, empty, empty, empty, empty],
        sell: [state.depth!.sell[0]!, empty, empty, empty, empty]
      }
    })
    assert.strictEqual(found.instruments[0], reliance)
    assert.deepStrictEqual(found.refreshes, [refreshes.depth])
  })

  it("keeps four decimals of currency", () => {
    const [tick] = decode(opened(dhan, [dollar]), full(3, 2885, { ...state, ltp: 84.2575 })).ticks
    assert.strictEqual(tick?.ltp, 84.2575)
  })

  it("keeps equal ids of different segments apart", () => {
    const codec = opened(dhan, [reliance, future, dollar])
    const found = decode(
      codec,
      ...stacked([full(2, 2885), full(1, 2885), full(3, 2885), full(4, 2885)], 4096)
    )
    assert.deepStrictEqual(found.instruments, [future, reliance, dollar])
    assert.deepStrictEqual(found.causes, ["not_subscribed"])
  })

  it("takes trade times for India's wall clock, unless told otherwise", () => {
    const frame = encodePrices(TICKER, 1, 2885, state)
    assert.strictEqual(decode(opened(dhan, [reliance], LTP), frame).ticks[0]?.ltt, state.ltt)
    const plain = decode(opened(dhan, [reliance], LTP, { istTimes: false }), frame)
    assert.strictEqual(plain.ticks[0]?.ltt, state.ltt! + 19_800_000)
  })

  it.each([1, IST_SECONDS, Date.UTC(1980, 0, 1) / 1000])("takes a trade time of %i for none", (seconds) => {
    const frame = full(1, 2885)
    new DataView(frame.buffer).setUint32(14, seconds, true)
    for (const istTimes of [true, false]) {
      const [tick] = decode(opened(dhan, [reliance], DEPTH, { istTimes }), frame).ticks
      assert.notProperty(tick, "ltt")
      assert.strictEqual(tick?.ltp, state.ltp)
    }
  })

  it("takes the day close for the previous day's, unless told otherwise", () => {
    const codec = opened(dhan, [reliance], QUOTE, { dayClose: "today" })
    const quote = encodePrices(QUOTES, 1, 2885, state)
    const found = decode(codec, quote, encodePreviousClose(1, 2885, 700.25), quote)
    assert.deepStrictEqual(
      found.ticks.map((t) => t.close),
      [undefined, 700.25, 700.25]
    )
    assert.strictEqual(decode(opened(dhan, [reliance], QUOTE), quote).ticks[0]?.close, 744.1)
    assert.throws(() => openWith(dhan, { dayClose: "yesterday" }), "one of previous, today")
  })

  it("leaves out prices and times that are zero, and keeps quantities that are", () => {
    const nothing: Tick = { symbol: "X", exchange: "X", mode: "ltp", received_time: NOW }
    const found = decode(
      opened(dhan, [reliance]),
      encodePrices(TICKER, 1, 2885, nothing),
      encodePrices(QUOTES, 1, 2885, nothing),
      full(1, 2885, nothing)
    )
    const head = { symbol: "RELIANCE", exchange: "NSE", received_time: NOW }
    const counts = { ltq: 0, volume: 0, total_buy_quantity: 0, total_sell_quantity: 0 }
    const side = Array.from({ length: 5 }, () => ({ price: 0, quantity: 0, orders: 0 }))
    assert.deepStrictEqual(found.ticks as ReadonlyArray<unknown>, [
      { ...head, mode: "ltp" },
      { ...head, mode: "quote", ...counts },
      { ...head, mode: "depth", ...counts, oi: 0, oi_high: 0, oi_low: 0, depth: { buy: side, sell: side } }
    ])
  })

  it.each([8, 18, 46, 50, 54, 58, 62 + 12, 62 + 80 + 16])("takes no number at %i for no packet", (at) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const frame = full(1, 2885)
      new DataView(frame.buffer).setFloat32(at, value, true)
      const found = decode(opened(dhan, [reliance]), frame)
      assert.deepStrictEqual([found.ticks.length, found.causes], [0, ["unknown_packet"]])
    }
  })

  it("counts what it cannot read by its cause, and goes on where it can", () => {
    const codec = opened(dhan, [reliance])
    const with3 = (at: number, value: number): Uint8Array => {
      const frame = full(1, 2885)
      frame[at] = value
      return frame
    }
    const short = new Uint8Array(10)
    short.set([2, 10, 0, 1, 0x45, 0x0b])
    const found = (frame: Uint8Array) => {
      const { causes, ticks } = decode(codec, frame)
      return [causes, ticks.length]
    }
    assert.deepStrictEqual(found(new Uint8Array(0)), [["truncated"], 0])
    assert.deepStrictEqual(found(full(1, 2885).subarray(0, 161)), [["truncated"], 0])
    assert.deepStrictEqual(found(with3(0, 3)), [["unknown_packet"], 0])
    assert.deepStrictEqual(found(with3(3, 9)), [["unknown_segment"], 0])
    assert.deepStrictEqual(found(with3(1, 7)), [["unknown_length"], 0])
    assert.deepStrictEqual(found(Buffer.concat([short, full(1, 2885)])), [["unknown_length"], 1])
    assert.deepStrictEqual(found(Buffer.concat([full(1, 2885), new Uint8Array(4)])), [["truncated"], 1])
  })

  it("reads frames beyond its buffer", () => {
    const frame = Buffer.concat(Array.from({ length: 60 }, () => full(1, 2885)))
    assert.strictEqual(decode(opened(dhan, [reliance]), frame).ticks.length, 60)
  })
})

describe("dhan: packets beside the prices", () => {
  const quote = encodePrices(QUOTES, 2, 2885, { ...state, close: 0 })
  const oi = (value: number): Uint8Array => encodeOpenInterest(2, 2885, value)

  it("gives the last tick again with news of the open interest, and adds it to the next ones", () => {
    const found = decode(opened(dhan, [future], QUOTE), oi(7), quote, oi(7), oi(8), quote)
    assert.deepStrictEqual(
      found.ticks.map((t) => [t.mode, t.oi, t.ltp]),
      [
        ["quote", 7, 742.15],
        ["quote", 8, 742.15],
        ["quote", 8, 742.15]
      ]
    )
    assert.deepStrictEqual(found.refreshes, [3, 3, 3])
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["ignored", "ignored"]
    )
  })

  it("follows the open interest of full packets", () => {
    const found = decode(opened(dhan, [future]), oi(7), full(2, 2885), oi(12), oi(13))
    assert.deepStrictEqual(
      found.ticks.map((t) => t.oi),
      [12, 13]
    )
  })

  it("forgets with the subscription, and the last tick with its mode", () => {
    const codec = opened(dhan, [future], QUOTE)
    decode(codec, quote, oi(7))
    codec.request([{ instrument: future, from: QUOTE, to: LTP }])
    assert.deepStrictEqual(decode(codec, oi(9)).ticks, [])
    assert.strictEqual(decode(codec, encodePrices(TICKER, 2, 2885, state)).ticks[0]?.oi, 9)
    codec.request([{ instrument: future, from: LTP }])
    assert.deepStrictEqual(decode(codec, oi(9), quote).causes, ["not_subscribed", "not_subscribed"])
    codec.request([{ instrument: future, to: QUOTE }])
    assert.notProperty(decode(codec, quote).ticks[0], "oi")
  })

  it("takes a previous close of zero for none, and one that is no number for a reject", () => {
    const codec = opened(dhan, [future], QUOTE)
    const found = decode(codec, quote, encodePreviousClose(2, 2885, 0))
    assert.strictEqual(found.ticks.length, 1)
    assert.deepStrictEqual(decode(codec, encodePreviousClose(2, 2885, Number.NaN)).causes, ["unknown_packet"])
  })
})

describe("dhan: what is no market data", () => {
  it.each([
    [800, "ConnectionLost"],
    [804, "RateLimited"],
    [805, "Displaced"],
    [806, "AuthRejected"],
    [807, "AuthRejected"],
    [808, "AuthRejected"],
    [809, "AuthRejected"],
    [810, "AuthRejected"],
    [814, "ProtocolViolation"],
    [1, "ConnectionLost"]
  ])("understands a disconnection with reason %i as %s", (reason, tag) => {
    const [event] = decode(openWith(dhan), encodeDisconnect(reason)).events
    if (event?.type !== "failure") throw new Error("no failure")
    assert.strictEqual(event.failure._tag, tag)
    assert.include(event.failure.message, String(reason))
  })

  it("tells heartbeats, notes and nonsense apart", () => {
    const header = (code: number): Uint8Array => Uint8Array.from([code, 8, 0, 1, 0, 0, 0, 0])
    const found = decode(
      openWith(dhan),
      header(0),
      header(1),
      header(7),
      '{"status":"ok"}',
      '{"errorCode":"DH-905","errorMessage":"bad values"}',
      "hello"
    )
    assert.deepStrictEqual(
      found.events.map((e) => e.type),
      ["heartbeat", "ignored", "ignored", "ignored", "refused"]
    )
    assert.deepInclude(found.events[4], { code: "DH-905", detail: "bad values" })
    assert.deepStrictEqual(found.causes, ["malformed_text"])
  })
})

describe("dhan server", () => {
  const find: FindByToken = (token, code) =>
    [reliance, future].find((i) => i.token === token && (i === reliance ? 1 : 2) === code)
  const request = (RequestCode: number, ...segments: ReadonlyArray<string>) =>
    JSON.stringify({
      RequestCode,
      InstrumentCount: segments.length,
      InstrumentList: segments.map((ExchangeSegment) => ({ ExchangeSegment, SecurityId: "2885" }))
    })

  it("admits the right token and client id", () => {
    const { url } = handshakeOf(protocol, "ws://h/", credentials)
    const admit = (u: string) =>
      serverProtocol.admit({ url: u.slice("ws://h".length), headers: {} }, credentials)
    assert.isUndefined(admit(url))
    for (const wrong of ["thetoken", "A123", "authType=2"]) {
      assert.strictEqual(admit(url.replace(wrong, "x"))?.status, 401)
    }
  })

  it("keeps request codes and segments apart", () => {
    const server = openServer(dhan)
    assert.deepStrictEqual(server.receive(request(15, "NSE_EQ", "NSE_CURRENCY"), find).touched, [reliance])
    server.receive(request(21, "NSE_EQ"), find)
    assert.deepStrictEqual([server.holds(reliance), server.holds(future)], [[LTP, DEPTH], []])
    server.receive(request(16, "NSE_EQ"), find)
    assert.deepStrictEqual(server.holds(reliance), [DEPTH])
    server.receive(request(22, "NSE_EQ"), find)
    assert.deepStrictEqual([server.holds(reliance), server.encode([[reliance, state]])], [[], []])
  })

  it("tells the previous close once a subscription, and open interest beside quotes when it changes", () => {
    const server = openServer(dhan)
    server.receive(request(17, "NSE_FNO"), find)
    const sent = (tick: Tick) =>
      server.encode([[future, tick]]).flatMap((frame) => {
        const kinds: Array<number> = []
        const v = new DataView((frame as Uint8Array).buffer)
        for (let at = 0; at < v.byteLength; at += v.getUint16(at + 1, true)) kinds.push(v.getUint8(at))
        return kinds
      })
    assert.deepStrictEqual(sent(state), [6, 4, 5])
    assert.deepStrictEqual(sent(state), [4])
    assert.deepStrictEqual(sent({ ...state, oi: 13 }), [4, 5])
    server.receive(request(17, "NSE_FNO"), find)
    assert.deepStrictEqual(sent(state), [6, 4, 5])
  })

  it("disconnects who asks for too much, and who wants to go", () => {
    const tooMany = (received: ReturnType<ReturnType<typeof openServer>["receive"]>) => {
      assert.isDefined(received.close)
      const [event] = decode(openWith(dhan), ...received.answers).events
      assert.strictEqual(event?.type === "failure" ? event.failure._tag : "", "RateLimited")
    }
    tooMany(openServer(dhan).receive(request(15, ...Array.from({ length: 101 }, () => "NSE_EQ")), find))
    tooMany(openServer(dhan, { subscriptionLimit: 1 }).receive(request(15, "NSE_EQ", "NSE_FNO"), find))
    assert.isDefined(openServer(dhan).receive('{"RequestCode":12}', find).close)
  })

  it.each([
    "nonsense",
    "{}",
    '{"RequestCode":99,"InstrumentList":[]}',
    request(15, "LSE"),
    '{"RequestCode":15}'
  ])("passes over %s", (text) => {
    assert.deepStrictEqual(openServer(dhan).receive(text, find), { answers: [], touched: [] })
  })
})

describe("dhan: both sides", () => {
  it("serves a quote reader with open interest, and a depth reader with five levels", async () => {
    const link = await makeLink(broker)
    const name = link.listed.find((l) => l.instrument.type === "FUT" && l.instrument.exchange === "NFO")!
      .listing.name
    link.subscribe(name, QUOTE)
    const last = link.ticks.at(-1)!
    assert.deepStrictEqual([last.tick.mode, last.tick.oi], ["quote", link.state(name).oi])
    link.request([{ instrument: link.instrument(name), from: QUOTE, to: DEPTH }])
    assert.deepStrictEqual(link.server.holds(link.instrument(name)), [DEPTH])
    const deep = link.ticks.at(-1)!
    assert.strictEqual(deep.refreshes & modeBit.depth, modeBit.depth)
    assert.deepStrictEqual(deep.tick.depth?.buy[0], link.state(name).depth?.buy[0])
    assert.deepStrictEqual(link.rejects, [])
  })
})
