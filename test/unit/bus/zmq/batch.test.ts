import { assert, describe, it } from "@effect/vitest"
import type { FeedEvent } from "../../../../src/market/feedEvent.ts"
import type { MarketFrame, View } from "../../../../src/frame/marketFrame.ts"
import { topicOf } from "../../../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../../../src/frame/frameToJson.ts"
import { BATCH_BYTES, BatchReader, BatchWriter } from "../../../../src/bus/zmq/batch.ts"

const viewOf = (symbol: string, broker = "zerodha"): View => ({
  topic: topicOf("asha", "NSE", symbol, "quote", 0),
  user: "asha",
  broker,
  symbol,
  exchange: "NSE",
  mode: "quote",
  levels: 0
})
const frameOf = (view: View, price: number): MarketFrame =>
  makeFrameWriter(view)({
    symbol: view.symbol,
    exchange: view.exchange,
    mode: "quote",
    received_time: 1_764_040_501_250,
    ltp: price
  })
const batchOf = (writer: BatchWriter, ...frames: ReadonlyArray<MarketFrame>): Buffer =>
  writer.write(frames, 0).batch

/** What a frame says, whoever's memory it is in. */
const said = ({ dataEnd, dataStart, payload, view }: MarketFrame) => ({
  view: { ...view },
  text: payload.toString(),
  data: payload.toString("utf8", dataStart, dataEnd)
})

const listen = () => {
  const heard = {
    frames: [] as Array<ReturnType<typeof said>>,
    events: [] as Array<FeedEvent>,
    /** Prices and types of events, as they came. */
    order: [] as Array<string>,
    unknown: [] as Array<number>,
    malformed: [] as Array<string>,
    lost: 0
  }
  const reader = new BatchReader({
    frames: (frames) => {
      heard.frames.push(...frames.map(said))
      heard.order.push(...frames.map((f) => f.view.symbol))
    },
    events: (events) => {
      heard.events.push(...events)
      heard.order.push(...events.map((e) => e.type))
    },
    unknown: (ids) => heard.unknown.push(...ids),
    malformed: (detail) => heard.malformed.push(detail),
    lost: (batches) => (heard.lost += batches)
  })
  return { reader, heard }
}

describe("batches of frames", () => {
  it("carry every frame and its view, over as many batches as it takes", () => {
    const views = Array.from({ length: 300 }, (_, i) => viewOf(`S${i}&"रू`))
    const frames = Array.from({ length: 2000 }, (_, i) => frameOf(views[i % 300]!, 100 + i / 20))
    const writer = new BatchWriter(7)
    const { heard, reader } = listen()
    let batches = 0
    for (let next = 0; next < frames.length; batches++) {
      const written = writer.write(frames, next)
      assert.isBelow(written.batch.length, BATCH_BYTES + 2000)
      assert.isAbove(written.next, next)
      next = written.next
      reader.read(written.batch)
    }
    assert.isAbove(batches, 3)
    assert.deepStrictEqual(heard.frames, frames.map(said))
    assert.deepStrictEqual([heard.unknown, heard.malformed, heard.lost], [[], [], 0])
  })

  it("announce a view once; an equal view of the same topic keeps its number, another broker's does not", () => {
    const writer = new BatchWriter(7)
    const { heard, reader } = listen()
    const first = batchOf(writer, frameOf(viewOf("INFY"), 1))
    const again = batchOf(writer, frameOf(viewOf("INFY"), 1))
    assert.isBelow(again.length, first.length)
    const moved = batchOf(writer, frameOf(viewOf("INFY", "angel"), 1))
    for (const batch of [first, again, moved]) reader.read(batch)
    assert.deepStrictEqual(
      heard.frames.map((f) => f.view.broker),
      ["zerodha", "zerodha", "angel"]
    )
    assert.deepStrictEqual(writer.describe([1, 2]), [{ id: 2, view: viewOf("INFY", "angel") }])
  })

  it("let a late reader ask, and give it the newest frame of what it did not know", () => {
    const writer = new BatchWriter(7)
    const view = viewOf("INFY")
    batchOf(writer, frameOf(view, 1))
    const { heard, reader } = listen()
    reader.read(batchOf(writer, frameOf(view, 2)))
    reader.read(batchOf(writer, frameOf(view, 3)))
    assert.deepStrictEqual(heard.unknown, [1], "asked once")
    assert.deepStrictEqual(heard.frames, [])
    reader.learn(8, writer.describe([1]))
    assert.deepStrictEqual(heard.frames, [], "an answer of another life of the feed process is not believed")
    reader.learn(7, writer.describe([1]))
    assert.deepStrictEqual(heard.frames, [said(frameOf(view, 3))])
    reader.read(batchOf(writer, frameOf(view, 4)))
    assert.strictEqual(heard.frames.length, 2)
  })

  it("ask again for a view whose description did not come", () => {
    const writer = new BatchWriter(7)
    const view = viewOf("INFY")
    batchOf(writer, frameOf(view, 1))
    const { heard, reader } = listen()
    reader.read(batchOf(writer, frameOf(view, 2)))
    reader.forget([1])
    reader.read(batchOf(writer, frameOf(view, 3)))
    assert.deepStrictEqual(heard.unknown, [1, 1])
  })

  it("do not let a late answer bring back a view that the stream has replaced", () => {
    const writer = new BatchWriter(7)
    batchOf(writer, frameOf(viewOf("INFY"), 1))
    const old = writer.describe([1])
    const { heard, reader } = listen()
    reader.read(batchOf(writer, frameOf(viewOf("INFY", "angel"), 2)))
    reader.learn(7, old)
    reader.read(batchOf(writer, frameOf(viewOf("INFY", "angel"), 3)))
    assert.deepStrictEqual(
      heard.frames.map((f) => f.view.broker),
      ["angel", "angel"]
    )
    assert.deepStrictEqual(heard.unknown, [])
  })

  it("count what was lost, and start afresh with a new life of the feed process", () => {
    const view = viewOf("INFY")
    const writer = new BatchWriter(7)
    const batches = [1, 2, 3, 4].map((price) => batchOf(writer, frameOf(view, price)))
    const { heard, reader } = listen()
    reader.read(batches[0]!)
    reader.read(batches[3]!)
    assert.strictEqual(heard.lost, 2)
    const restarted = new BatchWriter(8)
    batchOf(restarted, frameOf(viewOf("TCS"), 9))
    reader.read(batchOf(restarted, frameOf(viewOf("TCS"), 10)))
    assert.strictEqual(heard.lost, 2, "numbers of different lives are not compared")
    assert.deepStrictEqual(heard.unknown, [1], "number 1 was INFY in the life before")
    assert.deepStrictEqual(
      heard.frames.map((f) => f.view.symbol),
      ["INFY", "INFY"]
    )
  })

  it("survive any bytes: prefixes, single wrong bytes and noise", () => {
    const writer = new BatchWriter(7)
    const frames = ["INFY", "TCS", "M&M"].map((symbol) => frameOf(viewOf(symbol), 1502.4))
    const good = batchOf(writer, ...frames)
    let reported = 0
    const feed = (bytes: Buffer) => {
      const { heard, reader } = listen()
      reader.read(bytes)
      reported += heard.malformed.length
      return heard
    }
    for (let length = 0; length < good.length; length++) {
      const { frames: got, malformed } = feed(good.subarray(0, length))
      assert.strictEqual(malformed.length, 1)
      assert.deepStrictEqual(got, frames.slice(0, got.length).map(said))
    }
    let seed = 5
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return seed % below
    }
    for (let i = 0; i < 5000; i++) {
      const bytes = Buffer.from(good)
      bytes[(random(1 << 30) >>> 8) % bytes.length] = random(1 << 30) >>> 16
      for (const frame of feed(bytes).frames) assert.isAtMost(frame.text.length, good.length)
      feed(Buffer.from(Array.from({ length: random(1 << 20) >>> 12 }, () => random(1 << 30) >>> 16)))
    }
    assert.isAbove(reported, good.length)
  })

  const down = (detail: string): FeedEvent => ({
    type: "feed_down",
    user: "asha",
    broker: "zerodha",
    at: 1_764_040_501_250,
    connection: 1,
    cause: "ConnectionLost",
    detail,
    since: 1_764_040_501_000
  })
  const up: FeedEvent = {
    type: "feed_up",
    user: "asha",
    broker: "zerodha",
    at: 1_764_040_509_000,
    connection: 1,
    gap_ms: 7750,
    restored: 3,
    failed: 0
  }

  it("let events through between them, in their order, and count a lost one", () => {
    const writer = new BatchWriter(7)
    const { heard, reader } = listen()
    const messages = [
      batchOf(writer, frameOf(viewOf("INFY"), 1)),
      writer.writeEvents([down('broken & "रू"'), up]),
      batchOf(writer, frameOf(viewOf("TCS"), 1)),
      writer.writeEvents([up]),
      batchOf(writer, frameOf(viewOf("INFY"), 2))
    ]
    for (const message of messages.filter((_, i) => i !== 3)) reader.read(message)
    assert.deepStrictEqual(heard.order, ["INFY", "feed_down", "feed_up", "TCS", "INFY"])
    assert.deepStrictEqual(heard.events, [down('broken & "रू"'), up])
    assert.deepStrictEqual([heard.malformed, heard.lost], [[], 1])
  })

  it("take the events of a message that they understand, and report the others", () => {
    const writer = new BatchWriter(7)
    const { heard, reader } = listen()
    reader.read(writer.writeEvents([down("x"), { ...up, type: "of_tomorrow" } as never, up]))
    assert.deepStrictEqual(heard.order, ["feed_down", "feed_up"])
    assert.deepStrictEqual(heard.malformed, ["1 of 3 events of an unknown kind or shape"])
  })

  it("survive any bytes in a message of events", () => {
    const good = new BatchWriter(7).writeEvents([down("x"), up])
    const feed = (bytes: Buffer) => {
      const { heard, reader } = listen()
      reader.read(bytes)
      return heard
    }
    for (let length = 0; length < good.length; length++) {
      const heard = feed(good.subarray(0, length))
      assert.deepStrictEqual([heard.events.length, heard.malformed.length], [0, 1])
    }
    for (let at = 0; at < good.length; at++) {
      for (const value of [0, 0x22, 0x2c, 0x5d, 0xff]) {
        const bytes = Buffer.from(good)
        bytes[at] = value
        assert.isAtMost(feed(bytes).events.length, 2)
      }
    }
  })
})
