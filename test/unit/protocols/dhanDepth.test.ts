/** Dhan's depth sockets: what the golden frames do not cover. */
import { assert, describe, it } from "@effect/vitest"
import { streamsOf } from "../../../src/brokers/broker.ts"
import { runVectorFile } from "../../../src/brokers/conformance.ts"
import { broker } from "../../../src/brokers/data/dhan.ts"
import { modeBit } from "../../../src/market/mode.ts"
import * as depth20 from "../../../src/protocols/dhan-depth20/index.ts"
import * as depth200 from "../../../src/protocols/dhan-depth200/index.ts"
import { makeLink } from "./link.ts"
import type { Side } from "./support.ts"
import {
  NOW,
  credentials,
  decode,
  framesOf,
  handshakeOf,
  instrument,
  openServer,
  openWith,
  opened,
  requested,
  vectorsOf
} from "./support.ts"

const [, feed20, feed200] = streamsOf(broker)
const twenty: Side = { broker: feed20!, ...depth20 }
const twoHundred: Side = { broker: feed200!, ...depth200 }
const reliance = instrument("NSE", "RELIANCE", "2885")
const future = instrument("NFO", "RELIANCE28MAR24FUT", "2885")
const BOOK = { mode: "depth", depth: 20 } as const

/** A message of a side with prices 1, 2, ... */
const message = (code: number, segment: number, rows: number, count = 0): Uint8Array => {
  const v = new DataView(new ArrayBuffer(12 + rows * 16))
  v.setUint16(0, v.byteLength, true)
  v.setUint8(2, code)
  v.setUint8(3, segment)
  v.setUint32(4, 2885, true)
  v.setUint32(8, count, true)
  for (let i = 0; i < rows; i++) {
    v.setFloat64(12 + i * 16, i + 1, true)
    v.setUint32(20 + i * 16, 10 * (i + 1), true)
    v.setUint32(24 + i * 16, 100_000 + i, true)
  }
  return new Uint8Array(v.buffer)
}

describe.each([
  ["dhan_depth20", twenty],
  ["dhan_depth200", twoHundred]
] as const)("golden frames of %s", (stream, side) => {
  it("decode to the expected ticks", () => {
    const vectors = vectorsOf(stream)
    const { failures, passed } = runVectorFile(vectors, side.broker, side.protocol)
    assert.deepStrictEqual([failures, passed], [[], vectors.cases.length])
    assert.isAbove(framesOf(vectors).length, 10)
  })
})

describe("dhan depth: connecting and asking", () => {
  it("has the login in the query, without a version", () => {
    assert.strictEqual(
      handshakeOf(depth20.protocol, twenty.broker.endpoint, credentials).url,
      "wss://depth-api-feed.dhan.co/twentydepth?token=thetoken&clientId=A123&authType=2"
    )
    assert.strictEqual(
      handshakeOf(depth200.protocol, twoHundred.broker.endpoint, credentials).url,
      "wss://full-depth-api.dhan.co/twohundreddepth?token=thetoken&clientId=A123&authType=2"
    )
  })

  it("asks for 20 levels by a list, and for 200 one by one", () => {
    const both = [reliance, future].map((i) => ({ instrument: i, to: BOOK }))
    assert.deepStrictEqual(requested(openWith(twenty), both), [
      '{"RequestCode":23,"InstrumentCount":2,"InstrumentList":[{"ExchangeSegment":"NSE_EQ","SecurityId":"2885"},' +
        '{"ExchangeSegment":"NSE_FNO","SecurityId":"2885"}]}'
    ])
    assert.deepStrictEqual(requested(openWith(twoHundred), both), [
      '{"RequestCode":23,"ExchangeSegment":"NSE_EQ","SecurityId":"2885"}',
      '{"RequestCode":23,"ExchangeSegment":"NSE_FNO","SecurityId":"2885"}'
    ])
    const many = Array.from({ length: 60 }, (_, i) => instrument("NSE", `S${i}`, String(i + 1)))
    assert.strictEqual(
      requested(
        openWith(twenty),
        many.map((i) => ({ instrument: i, to: BOOK }))
      ).length,
      2
    )
  })

  it("gives up with code 25, or with 24 where that is what works", () => {
    const gone = [{ instrument: reliance, from: BOOK }]
    const code = (side: Side, variant?: Readonly<Record<string, unknown>>) =>
      requested(opened(side, [reliance], BOOK, variant), gone).map(
        (f) => (JSON.parse(String(f)) as { RequestCode: number }).RequestCode
      )
    assert.deepStrictEqual(code(twenty), [25])
    assert.deepStrictEqual(code(twoHundred, { unsubscribeCode: 24 }), [24])
    assert.deepStrictEqual(
      requested(opened(twenty, [reliance], BOOK), [{ instrument: reliance, from: BOOK, to: BOOK }]),
      []
    )
    const codec = openWith(twenty)
    codec.request([{ instrument: instrument("BSE", "X", "1"), to: BOOK }])
    assert.include(JSON.stringify(decode(codec, "{}").events[0]), "no known segment")
  })
})

describe("dhan depth: books", () => {
  it("tells a book when both sides have come, and a side for itself to nobody", () => {
    const codec = opened(twenty, [reliance, future], BOOK)
    const bids = message(41, 1, 20)
    const asks = message(51, 1, 20)
    const found = decode(codec, bids, message(51, 2, 20), bids, asks, asks, bids)
    assert.deepStrictEqual(found.instruments, [reliance, reliance])
    assert.deepStrictEqual(found.refreshes, [modeBit.depth, modeBit.depth])
    const [tick] = found.ticks
    assert.deepStrictEqual(Object.keys(tick!).sort(), [
      "depth",
      "exchange",
      "mode",
      "received_time",
      "symbol"
    ])
    assert.deepStrictEqual(tick?.depth?.buy[19], { price: 20, quantity: 200, orders: 100_019 })
    assert.strictEqual(tick?.received_time, NOW)
  })

  it("reads as many of 200 rows as are counted, came and fit", () => {
    const levels = (rows: number, count: number): number => {
      const codec = opened(twoHundred, [reliance], BOOK)
      return decode(codec, message(41, 1, rows, count), message(51, 1, 0)).ticks[0]!.depth!.buy.length
    }
    assert.deepStrictEqual([levels(200, 37), levels(4, 200), levels(230, 230), levels(0, 0)], [37, 4, 200, 0])
  })

  it("forgets a side that waits when the subscription ends", () => {
    const codec = opened(twenty, [reliance], BOOK)
    decode(codec, message(41, 1, 20))
    codec.request([{ instrument: reliance, from: BOOK }])
    codec.request([{ instrument: reliance, to: BOOK }])
    assert.deepStrictEqual(decode(codec, message(51, 1, 20)).ticks, [])
  })

  it("counts what it cannot read by its cause", () => {
    const codec = opened(twenty, [reliance], BOOK)
    const causes = (frame: Uint8Array) => decode(codec, frame).causes
    const nan = message(41, 1, 20)
    new DataView(nan.buffer).setFloat64(12 + 16 * 7, Number.NaN, true)
    assert.deepStrictEqual(causes(nan), ["unknown_packet"])
    assert.deepStrictEqual(causes(message(41, 1, 19)), ["unknown_length"])
    assert.deepStrictEqual(causes(message(41, 9, 20)), ["unknown_segment"])
    assert.deepStrictEqual(causes(message(42, 1, 20)), ["unknown_packet"])
    assert.deepStrictEqual(causes(message(41, 1, 20).subarray(0, 300)), ["truncated"])
    assert.deepStrictEqual(causes(new Uint8Array(12)), ["unknown_length"])
    assert.deepStrictEqual(causes(new Uint8Array(3)), ["truncated"])
    assert.deepStrictEqual(decode(codec, "hello").causes, ["malformed_text"])
  })

  it.each([
    [12, 14],
    [8, 10]
  ])("finds the reason of a disconnection at %i", (at, size) => {
    const v = new DataView(new ArrayBuffer(size))
    v.setUint16(0, size, true)
    v.setUint8(2, 50)
    v.setUint16(at, 807, true)
    const [event] = decode(openWith(twenty), new Uint8Array(v.buffer)).events
    assert.strictEqual(event?.type === "failure" ? event.failure._tag : "", "AuthRejected")
  })
})

describe("dhan depth: both sides", () => {
  it.each([
    [20, twenty],
    [200, twoHundred]
  ] as const)("carry a book of %i levels as the market holds it", async (levels, side) => {
    const link = await makeLink(side.broker)
    const want = { mode: "depth", depth: levels } as const
    link.subscribe("NSE:RELIANCE", want)
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [want])
    const { depth } = link.ticks.at(-1)!.tick
    const held = link.state("NSE:RELIANCE").depth!
    assert.deepStrictEqual(
      depth?.buy,
      held.buy.slice(0, levels).filter((l) => levels < 200 || l.quantity > 0)
    )
    link.request([{ instrument: link.instrument("NSE:RELIANCE"), from: want }])
    assert.deepStrictEqual(link.server.holds(link.instrument("NSE:RELIANCE")), [])
    const before = link.ticks.length
    link.step(200)
    assert.strictEqual(link.ticks.length, before)
  })

  it("lets the client go when it asks", () => {
    assert.isDefined(openServer(twenty).receive('{"RequestCode":12}', () => undefined).close)
    assert.deepStrictEqual(
      openServer(twenty).receive("nonsense", () => undefined),
      { answers: [], touched: [] }
    )
  })
})
