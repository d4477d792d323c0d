/** A broker that does not hear unsubscriptions: what it goes on sending is noticed, given up once more, and then ended. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Broker } from "../../../../src/brokers/broker.ts"
import { INFY, NIFTY, RELIANCE, TCS } from "../instruments.ts"
import type { FakeSocket, World } from "../support.ts"
import { advance, makeWorld, packet, settle, subscribeTokens, testBroker } from "../support.ts"

const MORNING = 1_764_040_500_000
const ltp = ({ exchange, symbol }: { readonly symbol: string; readonly exchange: string }) => ({
  symbol,
  exchange,
  mode: "ltp" as const
})

const started = Effect.fnUntraced(function* (broker: Broker = testBroker({ connections: 1 })) {
  yield* TestClock.setTime(MORNING)
  const made = yield* makeWorld(broker)
  yield* made.adapter.initialise({ user: "asha" })
  yield* made.adapter.connect
  return made
})

/** So many seconds in which these tick, twice a second. */
const flow = Effect.fnUntraced(function* (
  seconds: number,
  socket: () => FakeSocket,
  instruments: ReadonlyArray<{ readonly token: string }>
) {
  for (let i = 0; i < 2 * seconds; i++) {
    yield* advance("500 millis")
    socket().options.onFrame(packet(instruments), yield* Clock.currentTimeMillis)
  }
  yield* settle
})

const newest = (world: World) => () => world.sockets.at(-1)!
const unsubscribed = ({ sent }: FakeSocket): ReadonlyArray<number> =>
  sent
    .map((text) => JSON.parse(text) as { a: string; v: Array<number> })
    .flatMap((m) => (m.a === "unsubscribe" ? m.v : []))
const decisions = (world: World) =>
  world.events.flatMap((e) => (e.type === "supervisor" ? [`${e.decision}: ${e.cause}`] : []))
const INFY_TOKEN = Number(INFY.token)

describe("an unsubscription that the broker does not hear", () => {
  it.effect("is sent once more after five seconds, and the connection is replaced after five more", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* flow(2, newest(world), [RELIANCE, INFY])
      yield* adapter.unsubscribe([ltp(INFY)])
      const frames = world.frames.length

      yield* flow(4, newest(world), [RELIANCE, INFY])
      assert.deepStrictEqual(unsubscribed(world.sockets[0]!), [INFY_TOKEN], "late packets are everyday")
      assert.deepStrictEqual(decisions(world), [])

      yield* flow(3, newest(world), [RELIANCE, INFY])
      assert.deepStrictEqual(unsubscribed(world.sockets[0]!), [INFY_TOKEN, INFY_TOKEN])
      assert.deepStrictEqual(decisions(world), [
        "unsubscribe_again: given up 5 s ago and still ticking: NSE:INFY"
      ])
      const report = yield* adapter.report
      assert.deepInclude(report.connections[0], { used: 2, unwanted: 1 })
      assert.include((yield* adapter.inspect("NSE", "INFY")).verdict, "the broker goes on sending it")

      yield* flow(6, newest(world), [RELIANCE, INFY])
      assert.strictEqual(world.sockets.length, 2)
      assert.isTrue(world.sockets[0]!.dropped)
      assert.include(decisions(world)[1], "replace_connection: given up twice and still ticking: NSE:INFY")
      assert.deepStrictEqual(subscribeTokens(world.sockets[1]!), [Number(RELIANCE.token)])
      yield* flow(1, newest(world), [RELIANCE])
      assert.notProperty((yield* adapter.report).connections[0], "unwanted")
      assert.isTrue(world.frames.slice(frames).every(({ view }) => view.symbol === "RELIANCE"))
    })
  )

  it.effect("is content when the second one is heard", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* adapter.unsubscribe([ltp(INFY)])
      yield* flow(7, newest(world), [RELIANCE, INFY])
      assert.strictEqual(unsubscribed(world.sockets[0]!).length, 2)
      yield* flow(60, newest(world), [RELIANCE])
      assert.strictEqual(world.sockets.length, 1)
      assert.strictEqual(decisions(world).length, 1)
      assert.notProperty((yield* adapter.report).connections[0], "unwanted")
    })
  )

  it.effect("counts against the limit, as it does at the broker", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started(testBroker({ perConnection: 2, connections: 1 }))
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* adapter.unsubscribe([ltp(INFY)])
      yield* flow(7, newest(world), [RELIANCE, INFY])
      const [full] = yield* adapter.subscribe([ltp(TCS)])
      assert.deepInclude(full, { status: "error", code: "MAX_CAPACITY_REACHED" })
      yield* flow(8, newest(world), [RELIANCE, INFY])
      const [placed] = yield* adapter.subscribe([ltp(TCS)])
      assert.deepInclude(placed, { status: "success" })
    })
  )

  it.effect("does not matter where the instrument is wanted again", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
      yield* adapter.unsubscribe([ltp(INFY)])
      yield* flow(3, newest(world), [RELIANCE, INFY])
      yield* adapter.subscribe([ltp(INFY)])
      yield* flow(30, newest(world), [RELIANCE, INFY])
      assert.strictEqual(unsubscribed(world.sockets[0]!).length, 1)
      assert.deepStrictEqual(decisions(world), [])
    })
  )

  it.effect("never loops where a broker cannot be brought to stop", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([ltp(RELIANCE)])
      for (let i = 0; i < 20; i++) {
        yield* adapter.subscribe([ltp(INFY)])
        yield* flow(2, newest(world), [RELIANCE, INFY])
        yield* adapter.unsubscribe([ltp(INFY)])
        yield* flow(13, newest(world), [RELIANCE, INFY])
      }
      // Five minutes: at once, after one more, and after two more.
      assert.isAtMost(world.sockets.length, 4)
      assert.isAtLeast(world.sockets.length, 3)
    })
  )

  it.effect(
    "is noticed on the connection that an instrument was moved from, though it is wanted on another",
    () =>
      Effect.gen(function* () {
        const { adapter, world } = yield* started(testBroker({ perConnection: 3, connections: 2 }))
        yield* adapter.subscribe([RELIANCE, INFY, TCS, NIFTY].map(ltp))
        yield* advance("2 seconds")
        const [first, second] = world.sockets as [FakeSocket, FakeSocket]
        yield* flow(1, () => first, [RELIANCE, INFY, TCS])
        yield* flow(1, () => second, [NIFTY])
        yield* adapter.unsubscribe([ltp(RELIANCE)])
        yield* advance("2 seconds")
        assert.include(subscribeTokens(first), Number(NIFTY.token), "moved off the second one")
        // Which stays, for whoever comes meanwhile.
        yield* adapter.subscribe([ltp(RELIANCE)])
        first.options.onFrame(packet([NIFTY]), yield* Clock.currentTimeMillis)
        yield* advance("1 second")
        assert.deepStrictEqual(unsubscribed(second), [Number(NIFTY.token)])

        const both = Effect.gen(function* () {
          yield* advance("500 millis")
          const at = yield* Clock.currentTimeMillis
          first.options.onFrame(packet([INFY, TCS, NIFTY]), at)
          world.sockets.at(-1)!.options.onFrame(packet([RELIANCE, NIFTY]), at)
          yield* settle
        })
        const before = world.frames.length
        yield* Effect.repeat(both, { times: 13 })
        assert.strictEqual(
          world.frames.slice(before).filter(({ view }) => view.symbol === "NIFTY").length,
          14,
          "published once all the time"
        )
        assert.deepStrictEqual(unsubscribed(second), [Number(NIFTY.token), Number(NIFTY.token)])
        yield* Effect.repeat(both, { times: 13 })
        assert.strictEqual(world.sockets.length, 3)
        assert.isTrue(second.dropped)
        assert.isFalse(first.dropped)
        assert.deepStrictEqual(subscribeTokens(world.sockets[2]!), [Number(RELIANCE.token)])
      })
  )
})

/** Kite's packets of each mode: an LTP, a quote, and a quote with its book. */
const sizes = { ltp: 8, quote: 44, depth: 184 }
const modePacket = (mode: keyof typeof sizes): Buffer => {
  const frame = Buffer.alloc(4 + sizes[mode])
  frame.writeUInt16BE(1, 0)
  frame.writeUInt16BE(sizes[mode], 2)
  frame.writeUInt32BE(INFY_TOKEN, 4)
  frame.writeUInt32BE(150_000, 8)
  return frame
}
const infy = (mode: keyof typeof sizes) => ({ symbol: "INFY", exchange: "NSE", mode })
const modesSet = ({ sent }: FakeSocket): ReadonlyArray<string> =>
  sent
    .map((text) => JSON.parse(text) as { a: string; v: [string, ReadonlyArray<number>] })
    .flatMap((m) => (m.a === "mode" ? [m.v[0]] : []))
/** So many seconds in which the newest connection gets packets of this mode, twice a second. */
const goesOnIn = Effect.fnUntraced(function* (world: World, seconds: number, mode: keyof typeof sizes) {
  for (let i = 0; i < 2 * seconds; i++) {
    yield* advance("500 millis")
    newest(world)().options.onFrame(modePacket(mode), yield* Clock.currentTimeMillis)
  }
  yield* settle
})

describe("a change of mode that the broker does not hear", () => {
  for (const [from, to, was, is] of [
    ["depth", "ltp", "full", "ltp"],
    ["ltp", "depth", "ltp", "full"]
  ] as const) {
    it.effect(
      `is asked for once more after five seconds, and by a new connection after five more: ${from} to ${to}`,
      () =>
        Effect.gen(function* () {
          const { adapter, world } = yield* started()
          yield* adapter.subscribe([infy(from)])
          yield* goesOnIn(world, 2, from)
          yield* adapter.subscribe([infy(to)], "another")
          yield* adapter.unsubscribe([infy(from)])
          yield* goesOnIn(world, 5, from)
          assert.deepStrictEqual(modesSet(world.sockets[0]!), [was, is], "late packets are everyday")
          yield* goesOnIn(world, 3, from)
          assert.deepStrictEqual(modesSet(world.sockets[0]!).slice(0, 4), [was, is, was, is])
          assert.deepStrictEqual(decisions(world), [
            `unsubscribe_again: given up 5 s ago and still ticking: NSE:INFY in ${from} mode`
          ])
          assert.deepInclude((yield* adapter.report).connections[0], { unwanted: 1 })
          yield* goesOnIn(world, 6, from)
          assert.strictEqual(world.sockets.length, 2)
          assert.include(
            decisions(world)[1],
            `replace_connection: given up twice and still ticking: NSE:INFY in ${from} mode`
          )
          assert.deepStrictEqual(modesSet(world.sockets[1]!), [is])
          yield* goesOnIn(world, 20, to)
          assert.notProperty((yield* adapter.report).connections[0], "unwanted")
          assert.strictEqual(world.sockets.length, 2)
        })
    )
  }

  it.effect("is no concern where the second request is heard, or the first", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([infy("depth")])
      yield* goesOnIn(world, 2, "depth")
      yield* adapter.subscribe([infy("quote")], "another")
      yield* adapter.unsubscribe([infy("depth")])
      yield* goesOnIn(world, 2, "depth")
      yield* goesOnIn(world, 40, "quote")
      assert.deepStrictEqual(decisions(world), [])
      yield* adapter.subscribe([infy("depth")])
      yield* goesOnIn(world, 40, "depth")
      yield* adapter.unsubscribe([infy("depth")])
      yield* goesOnIn(world, 7, "depth")
      yield* goesOnIn(world, 60, "quote")
      assert.strictEqual(decisions(world).length, 1)
      assert.notProperty((yield* adapter.report).connections[0], "unwanted")
      assert.strictEqual(world.sockets.length, 1)
    })
  )

  it.effect("ends with the instrument, or with a further change", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* started()
      yield* adapter.subscribe([infy("depth")])
      yield* adapter.subscribe([infy("ltp")], "another")
      yield* adapter.unsubscribe([infy("depth")])
      yield* goesOnIn(world, 4, "depth")
      yield* adapter.subscribe([infy("depth")])
      yield* goesOnIn(world, 30, "depth")
      assert.deepStrictEqual(decisions(world), [])
      yield* adapter.unsubscribe([infy("depth")])
      yield* goesOnIn(world, 4, "depth")
      yield* adapter.unsubscribe([infy("ltp")], "another")
      yield* goesOnIn(world, 7, "depth")
      assert.deepStrictEqual(decisions(world), [
        "unsubscribe_again: given up 5 s ago and still ticking: NSE:INFY"
      ])
    })
  )
})
