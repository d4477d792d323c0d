import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { FeedInfo } from "../../../../src/bus/feed.ts"
import { FeedError } from "../../../../src/bus/feed.ts"
import { makeFeedWatch } from "../../../../src/bus/zmq/feedWatch.ts"
import type { FeedEvent } from "../../../../src/market/feedEvent.ts"
import { STEPS, makeSettableClock } from "../../../support/settableClock.ts"

const silence = new FeedError({ code: "BROKER_CONNECTION_ERROR", detail: "no answer" })

/** A gateway with asha's and bina's readers, and a feed process that the test plays. One ping a second. */
const makeOn = Effect.fnUntraced(function* (clock: Clock.Clock) {
  const told: Array<FeedEvent> = []
  const state = {
    answers: true,
    epoch: 1,
    users: new Set(["asha", "bina"]),
    infos: {} as Record<string, FeedInfo["state"]>,
    asked: 0
  }
  const watch = makeFeedWatch({
    endpoint: "tcp://feed",
    ping: Effect.suspend(() =>
      state.answers
        ? Effect.succeed({ id: 1, lease: "1", epoch: state.epoch, result: "ok" as const })
        : Effect.fail(silence)
    ),
    pingEvery: "1 second",
    giveUp: Effect.void,
    onAnswer: Effect.suspend(() => watch.settle),
    info: (user) =>
      Effect.sync((): FeedInfo => {
        state.asked++
        return { broker: "zerodha", state: state.infos[user] ?? "connected", modes: [], reason: "why" }
      }),
    brokerSetFor: (user) => Effect.succeed(`set for ${user}`),
    users: () => state.users,
    heldBy: () => Effect.succeed({ instruments: 3, failed: 1 }),
    tell: (event) => void told.push(event),
    clock
  })
  watch.note("asha", { broker: "zerodha", state: "connected" })
  yield* watch.run
  yield* TestClock.adjust("1 second")
  const take = () => told.splice(0).map((e) => `${e.type} ${e.user}`)
  return { watch, state, told, take }
})
const make = Effect.flatMap(Clock.Clock, makeOn)

describe("the watch over the feed process", () => {
  it.effect("tells each user of a gap once, and of its end with its length", () =>
    Effect.gen(function* () {
      const { state, take, told } = yield* make
      assert.deepStrictEqual([take(), state.asked], [[], 0])
      state.answers = false
      yield* TestClock.adjust("3 seconds")
      assert.deepInclude(told[0], {
        broker: "zerodha",
        connection: 0,
        cause: "FeedProcessSilent",
        at: 2000,
        since: 1000
      })
      // Nothing was heard of bina yet.
      assert.deepInclude(told[1], { user: "bina", broker: "set for bina" })
      assert.deepStrictEqual(take(), ["feed_down asha", "feed_down bina"])
      state.users.add("chitra")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(take(), ["feed_down chitra"])
      state.users.delete("bina")
      state.answers = true
      yield* TestClock.adjust("2 seconds")
      assert.deepInclude(told[0], { connection: 0, gap_ms: 5000, restored: 3, failed: 1 })
      // She had no feed before, as far as is known here.
      assert.deepInclude(told[1], { user: "chitra", restored: 3 })
      assert.notProperty(told[1], "gap_ms")
      assert.deepStrictEqual(take(), ["feed_up asha", "feed_up chitra"])
    })
  )

  for (const [name, ms] of STEPS) {
    it.effect(`measures a gap by the time that passed, also when the time of day is set ${name}`, () =>
      Effect.gen(function* () {
        const { clock, step } = yield* makeSettableClock
        const { state, take, told } = yield* makeOn(clock)
        state.answers = false
        yield* TestClock.adjust("2 seconds")
        take()
        step(ms)
        state.answers = true
        yield* TestClock.adjust("2 seconds")
        assert.deepInclude(told[0], {
          type: "feed_up",
          gap_ms: 3000,
          at: clock.currentTimeMillisUnsafe() - 1000
        })
      })
    )
  }

  it.effect("does not call a feed up that is not, and says when it waits for a login", () =>
    Effect.gen(function* () {
      const { state, take } = yield* make
      state.answers = false
      yield* TestClock.adjust("1 second")
      take()
      state.answers = true
      state.infos = { asha: "waiting_for_login", bina: "reconnecting" }
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(take(), ["waiting_for_login asha"])
      state.infos = {}
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(take(), ["feed_up asha", "feed_up bina"])
    })
  )

  it.effect("takes a session's own feed_up for the end of the gap, with the gap's length", () =>
    Effect.gen(function* () {
      const { state, take, told, watch } = yield* make
      state.answers = false
      yield* TestClock.adjust("1 second")
      take()
      watch.heard({
        type: "feed_up",
        user: "asha",
        broker: "zerodha",
        // The feed process may live on another machine, whose time of day is its own.
        at: 9000,
        connection: 1,
        restored: 3,
        failed: 0
      })
      assert.deepInclude(told[0], { connection: 1, gap_ms: 1000 })
      take()
      state.answers = true
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(take(), ["feed_up bina"])
    })
  )

  it.effect("begins the gap of one that waited for its login when that wait began, and invents none", () =>
    Effect.gen(function* () {
      const { state, told, watch } = yield* make
      const waits = { broker: "zerodha", at: 1000, reason: "yesterday's login" }
      watch.heard({ type: "waiting_for_login", user: "asha", ...waits })
      watch.heard({ type: "waiting_for_login", user: "bina", ...waits })
      yield* TestClock.adjust("4 seconds")
      state.answers = false
      yield* TestClock.adjust("2 seconds")
      told.length = 0
      // The login comes while the next feed process starts.
      for (const user of ["asha", "bina"]) {
        const up = { type: "feed_up", user, broker: "zerodha", at: 0, connection: 1, restored: 3, failed: 0 }
        watch.heard(up as FeedEvent)
      }
      assert.deepInclude(told[0], { user: "asha", gap_ms: 6000 })
      assert.deepInclude(told[1], { user: "bina" })
      assert.notProperty(told[1], "gap_ms", "she has had no feed yet")
      // From now on she has.
      told.length = 0
      state.answers = true
      yield* TestClock.adjust("1 second")
      state.epoch = 2
      yield* TestClock.adjust("1 second")
      assert.deepInclude(told.at(-1), { type: "feed_up", user: "bina", gap_ms: 1000 })
    })
  )

  it.effect("notices a restart between two pings", () =>
    Effect.gen(function* () {
      const { state, take } = yield* make
      state.epoch = 2
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(take(), ["feed_down asha", "feed_down bina", "feed_up asha", "feed_up bina"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(take(), [])
    })
  )
})
