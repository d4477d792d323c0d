/** What a session does when the time of day is set under it: nothing. Durations are measured by the clock that nobody sets. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { ConnectionLost } from "../../../src/market/errors.ts"
import type { FeedEvent } from "../../../src/market/feedEvent.ts"
import { makeSampledLog } from "../../../src/kit/sampledLog.ts"
import { STEPS, makeSettableClock } from "../../support/settableClock.ts"
import { INFY, RELIANCE } from "./instruments.ts"
import { advance, makeWorld, packet, settle, subscribeTokens, testBroker } from "./support.ts"
import type { World } from "./support.ts"

const MORNING = 1_764_040_500_000
const lost = new ConnectionLost({ detail: "reset" })
const ltp = ({ symbol }: { readonly symbol: string }) => ({ symbol, exchange: "NSE", mode: "ltp" as const })

/** A session on a clock that can be set, with a broker that pings and wants to be heard of. */
const started = Effect.fnUntraced(function* (options: Parameters<typeof makeWorld>[2] = {}) {
  yield* TestClock.setTime(MORNING)
  const { clock, step } = yield* makeSettableClock
  const broker = testBroker()
  const made = yield* makeWorld(
    { ...broker, heartbeat: { ...broker.heartbeat, pingEveryMs: 1000, pongWithinMs: 3000 } },
    [],
    options
  ).pipe(Effect.provideService(Clock.Clock, clock))
  yield* made.adapter.initialise({ user: "asha" })
  yield* made.adapter.connect
  const { world } = made
  /** So many seconds in which these tick twice a second, and pings are answered. */
  const flow = Effect.fnUntraced(function* (seconds: number, instruments: ReadonlyArray<typeof RELIANCE>) {
    for (let i = 0; i < 2 * seconds; i++) {
      yield* advance("500 millis")
      const socket = world.sockets.at(-1)!
      socket.options.onAlive?.("pong")
      socket.options.onFrame(packet(instruments), clock.currentTimeMillisUnsafe())
    }
    yield* settle
  })
  return { ...made, clock, flow, step }
})

const told = <T extends FeedEvent["type"]>(world: World, type: T) =>
  world.events.filter((e): e is Extract<FeedEvent, { type: T }> => e.type === type)

for (const [name, ms] of STEPS) {
  describe(`the time of day is set ${name}`, () => {
    it.effect(
      "while ticks flow: no connection is blamed, nothing goes stale, nothing is asked for again",
      () =>
        Effect.gen(function* () {
          const { adapter, clock, flow, step, world } = yield* started()
          yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
          yield* flow(20, [RELIANCE, INFY])
          step(ms)
          yield* flow(30, [RELIANCE, INFY])
          assert.strictEqual(world.sockets.length, 1)
          assert.deepStrictEqual(told(world, "supervisor"), [])
          assert.deepStrictEqual(told(world, "stale"), [])
          assert.lengthOf(subscribeTokens(world.sockets[0]!), 2)
          const { connections, last_tick } = yield* adapter.report
          const now = clock.currentTimeMillisUnsafe()
          assert.strictEqual(last_tick, now, "told in the time of day as it is set now")
          assert.strictEqual(connections[0]!.since, now - 50_000)
          assert.include((yield* adapter.inspect("NSE", "INFY")).verdict, "less than a second ago")
        })
    )

    it.effect("while nothing comes: the silence is noticed as soon as ever", () =>
      Effect.gen(function* () {
        const { adapter, flow, step, world } = yield* started()
        yield* adapter.subscribe([ltp(RELIANCE)])
        yield* flow(20, [RELIANCE])
        step(ms)
        yield* flow(9, [])
        assert.strictEqual(world.sockets.length, 1)
        yield* flow(6, [])
        assert.strictEqual(world.sockets.length, 2)
        // Not even a heartbeat.
        step(-ms)
        yield* advance("15 seconds")
        // The pause before the next attempt is drawn, so a fourth may have been made.
        assert.isAtLeast(world.sockets.length, 3)
      })
    )

    it.effect("during a gap: its length and its pauses are what they were", () =>
      Effect.gen(function* () {
        const { adapter, clock, flow, step, world } = yield* started()
        yield* adapter.subscribe([ltp(RELIANCE)])
        yield* flow(70, [RELIANCE])
        world.refuse = lost
        yield* world.sockets[0]!.fail(lost)
        yield* settle
        step(ms)
        yield* advance("500 millis")
        world.refuse = undefined
        yield* advance("5 seconds")
        assert.strictEqual(world.sockets.length, 2)
        const [up] = told(world, "feed_up").slice(-1)
        assert.isAbove(up!.gap_ms!, 0)
        assert.isAtMost(up!.gap_ms!, 5500)
        assert.isAtMost(up!.at, clock.currentTimeMillisUnsafe())
        assert.isAtLeast(up!.at, clock.currentTimeMillisUnsafe() - 5500)
        // A healthy while starts the ladder of pauses afresh, a step of the clock does not.
        for (let i = 0; i < 5; i++) {
          step(ms)
          yield* world.sockets.at(-1)!.fail(lost)
          yield* settle
        }
        assert.isAtMost(world.sockets.length, 4, "at once, and then after pauses")
      })
    )

    it.effect("after the last reader left: what lingers lingers as long as it should", () =>
      Effect.gen(function* () {
        const { adapter, flow, step, world } = yield* started({ lingerMs: 3000 })
        yield* adapter.subscribe([ltp(RELIANCE), ltp(INFY)])
        yield* flow(2, [RELIANCE, INFY])
        const given = () => world.sockets[0]!.sent.filter((text) => text.includes("unsubscribe")).length
        yield* adapter.unsubscribe([ltp(INFY)])
        step(ms)
        yield* flow(2, [RELIANCE, INFY])
        assert.strictEqual(given(), 0)
        yield* flow(3, [RELIANCE])
        assert.strictEqual(given(), 1)
      })
    )

    it.effect("between faults: as many as ever make the session unavailable, for as long as ever", () =>
      Effect.gen(function* () {
        const intensity = { connectionFaults: 2, sessionRestarts: 1, withinMs: 30_000, pauseMs: 20_000 }
        const { adapter, flow, step, world } = yield* started({ intensity })
        const hostile = new Proxy(new Uint8Array(12), {
          get: (_, key) => {
            if (key === "length") return 12
            throw new Error("a fault of the decoder")
          }
        })
        for (let i = 0; i < 2; i++) {
          for (let k = 0; k < 20; k++) world.sockets.at(-1)!.options.onFrame(hostile, MORNING)
          yield* settle
          step(ms)
          if (i === 0) yield* flow(5, [RELIANCE])
        }
        assert.strictEqual((yield* adapter.status).state, "unavailable")
        step(ms)
        yield* advance("15 seconds")
        assert.strictEqual((yield* adapter.status).state, "unavailable")
        yield* advance("6 seconds")
        assert.strictEqual((yield* adapter.status).state, "connected")
      })
    )

    it.effect("between lines of a sampled log: one per ten seconds", () =>
      Effect.gen(function* () {
        const { clock, step } = yield* makeSettableClock
        const lines: Array<string> = []
        const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
        const log = yield* makeSampledLog.pipe(
          Effect.provideService(Clock.Clock, clock),
          Effect.provide(logger)
        )
        log.warn("a", () => "one")
        step(ms)
        log.warn("a", () => "two")
        yield* TestClock.adjust("11 seconds")
        log.warn("a", () => "three")
        yield* settle
        assert.deepStrictEqual(lines, ["a: one", "a: three (and 1 more since the last line)"])
      })
    )
  })
}
