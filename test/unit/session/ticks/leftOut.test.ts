/** A count or a time that is none costs that field; a wrong price costs the tick. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { WireInstrument } from "../../../../src/market/instrument.ts"
import { refreshes } from "../../../../src/market/mode.ts"
import type { Tick } from "../../../../src/market/tick.ts"
import { protocol as kite } from "../../../../src/protocols/kite/index.ts"
import type { Protocol, RejectCause } from "../../../../src/protocols/protocol.ts"
import { ConnectionTaps } from "../../../../src/session/references.ts"
import { noTap } from "../../../../src/session/ticks/tap.ts"
import { advance, makeWorld, settle, testBroker } from "../support.ts"

/** Frames are the fields of ticks in JSON; `leave` is what the codec itself leaves out. */
const protocol: Protocol = {
  ...kite,
  open: () => {
    let held: WireInstrument | undefined
    return {
      request: (changes) => {
        held = changes.at(-1)?.instrument
        return []
      },
      decode: (frame, received_time, sink) => {
        const { leave, ...fields } = JSON.parse(
          Buffer.from(frame as Uint8Array).toString()
        ) as Partial<Tick> & {
          readonly leave?: unknown
        }
        const { exchange, symbol } = held!
        if (leave !== undefined) sink.leftOut?.(held!, "volume", leave)
        const tick = { symbol, exchange, mode: "depth", received_time, ...fields } as Tick
        sink.tick(held!, tick, refreshes[tick.mode])
      }
    }
  }
}

const level = { price: 10, quantity: 5, orders: 1 }
const depth = { buy: [level], sell: [level, { ...level, price: 10.05 }] }
const good = { ltp: 10, volume: 700, total_buy_quantity: 5, ltt: 1_764_040_500_000, depth }

const start = Effect.fnUntraced(function* (name: string, of: Protocol = protocol) {
  const kept: Array<{ readonly cause: RejectCause; readonly detail: string }> = []
  const taps = {
    connection: () => ({
      ...noTap.connection({ user: "", broker: "", stream: "", connection: 0 }),
      rejected: (cause: RejectCause, detail: string) => void kept.push({ cause, detail })
    })
  }
  const { adapter, world } = yield* makeWorld({ ...testBroker(), name }, [], { protocol: of }).pipe(
    Effect.provideService(ConnectionTaps, taps)
  )
  yield* adapter.initialise({ user: "asha" })
  yield* adapter.connect
  yield* adapter.subscribe([
    { symbol: "RELIANCE", exchange: "NSE", mode: "depth", depth: 5 },
    { symbol: "RELIANCE", exchange: "NSE", mode: "quote" }
  ])
  yield* advance("2 seconds")
  const deliver = Effect.fnUntraced(function* (fields: object) {
    world.frames.length = 0
    world.sockets[0]!.deliver(Buffer.from(JSON.stringify(fields)).toString("hex"))
    yield* settle
    return world.frames.map(({ payload, view }) => {
      const { symbol: _s, exchange: _e, timestamp: _t, ...data } = JSON.parse(payload.toString()).data
      return [view.mode, data] as const
    })
  })
  return { deliver, kept }
})

const counted = Effect.fnUntraced(function* (metric: string, broker: string, label: string) {
  const all = yield* Metric.snapshot
  return Object.fromEntries(
    all
      .filter((m) => m.id === metric && m.attributes?.["broker"] === broker)
      .map((m) => [m.attributes![label], Number((m.state as { count: number | bigint }).count)])
  )
})
const leftOut = (broker: string) => counted("algoways_feed_fields_left_out_total", broker, "field")
const rejects = (broker: string) => counted("algoways_feed_rejects_total", broker, "cause")

describe("what a tick is good without", () => {
  it.effect("is left out and counted by field, and the tick goes on", () =>
    Effect.gen(function* () {
      const { deliver, kept } = yield* start("mended")
      const whole = Object.fromEntries(yield* deliver(good))
      assert.deepStrictEqual(whole["quote"], {
        ltp: 10,
        volume: 700,
        total_buy_quantity: 5,
        bid_price: 10,
        bid_size: 5,
        ask_price: 10,
        ask_size: 5,
        ltt: good.ltt
      })
      assert.deepStrictEqual(kept, [])
      const mended = Object.fromEntries(
        yield* deliver({ ...good, total_buy_quantity: -5, ltt: 5000, oi: 1.5 })
      )
      const { ltt: _l, total_buy_quantity: _b, ...rest } = whole["depth"]
      assert.deepStrictEqual(mended["depth"], rest)
      assert.notProperty(mended["quote"], "total_buy_quantity")
      assert.deepStrictEqual(yield* leftOut("mended"), { total_buy_quantity: 1, ltt: 1, oi: 1 })
      assert.deepStrictEqual(kept, [
        { cause: "field", detail: "NSE:RELIANCE: total_buy_quantity is -5" },
        { cause: "field", detail: "NSE:RELIANCE: ltt is 5000" },
        { cause: "field", detail: "NSE:RELIANCE: oi is 1.5" }
      ])
      assert.deepStrictEqual(yield* rejects("mended"), {})
    })
  )

  it.effect("takes a whole book with it where one level has a bad count", () =>
    Effect.gen(function* () {
      const { deliver, kept } = yield* start("bookless")
      const sell = [level, { ...level, quantity: -1 }]
      const frames = Object.fromEntries(yield* deliver({ ...good, depth: { ...depth, sell } }))
      const left = { ltp: 10, volume: 700, total_buy_quantity: 5, ltt: good.ltt }
      assert.deepStrictEqual(frames, { depth: left, quote: left })
      assert.deepStrictEqual(yield* leftOut("bookless"), { depth: 1 })
      assert.deepStrictEqual(kept, [
        { cause: "field", detail: "NSE:RELIANCE: depth has a bad quantity of level 2 to sell" }
      ])
      // And nothing else to tell.
      const alone = yield* deliver({ depth: { ...depth, sell } })
      assert.deepStrictEqual(alone, [])
      assert.deepStrictEqual(yield* rejects("bookless"), { guard: 1 })
    })
  )

  it.effect("is never a price", () =>
    Effect.gen(function* () {
      const { deliver, kept } = yield* start("prices")
      const bad = 2e12
      const wrong: ReadonlyArray<object> = [
        { ltp: bad },
        { close: bad },
        { upper_circuit: bad },
        { reference_price: bad },
        { depth: { buy: [{ ...level, price: bad }], sell: [] } },
        { symbol: "" },
        { ltp: bad, volume: -1 }
      ]
      for (const fields of wrong) assert.deepStrictEqual(yield* deliver({ ...good, ...fields }), [])
      assert.deepStrictEqual(yield* rejects("prices"), { guard: wrong.length })
      assert.deepStrictEqual(yield* leftOut("prices"), {})
      assert.isTrue(kept.every(({ cause }) => cause === "guard"))
    })
  )

  it.effect("leaves nothing old beside the new price, where packets are joined", () =>
    Effect.gen(function* () {
      const { deliver } = yield* start("joined", { ...protocol, partial: true })
      yield* deliver({ ...good, oi: 40 })
      const sell = [level, { ...level, quantity: -1 }]
      const changed = { mode: "depth", ltp: 15, volume: -3, depth: { ...depth, sell } }
      const left = { ltp: 15, total_buy_quantity: 5, oi: 40, ltt: good.ltt }
      assert.deepStrictEqual(Object.fromEntries(yield* deliver(changed)), { depth: left, quote: left })
      // And what the codec has left out itself.
      yield* deliver(good)
      const frames = Object.fromEntries(yield* deliver({ mode: "quote", ltp: 16, leave: -7 }))
      assert.strictEqual(frames["quote"].ltp, 16)
      assert.notProperty(frames["quote"], "volume")
      assert.strictEqual(frames["quote"].bid_price, 10)
    })
  )

  it.effect("may be left out by the codec already, and counts the same", () =>
    Effect.gen(function* () {
      const { deliver, kept } = yield* start("codec")
      const frames = yield* deliver({ ...good, leave: -7 })
      assert.strictEqual(frames.length, 2)
      assert.deepStrictEqual(yield* leftOut("codec"), { volume: 1 })
      assert.deepStrictEqual(kept, [{ cause: "field", detail: "NSE:RELIANCE: volume is -7" }])
    })
  )
})
