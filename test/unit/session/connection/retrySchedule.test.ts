import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { ConnectionLost, Displaced, RateLimited } from "../../../../src/market/errors.ts"
import type { ConnectionFailure } from "../../../../src/market/errors.ts"
import { reconnectSchedule } from "../../../../src/session/connection/retrySchedule.ts"

const options = { base: "1 second", cap: "10 seconds", healthyAfter: "1 minute" } as const
const lost = new ConnectionLost({ detail: "reset" })

/** Runs the schedule over attempts that live for the given seconds; answers the pauses, in seconds. */
const pauses = (failures: ReadonlyArray<readonly [livedFor: number, failure: ConnectionFailure]>) =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(reconnectSchedule(options))
    const delays: Array<number> = []
    for (const [lived, failure] of failures) {
      yield* TestClock.adjust(lived * 1000)
      // The time of day says nothing.
      const [, delay] = yield* step(0, failure)
      yield* TestClock.adjust(delay)
      delays.push(Duration.toMillis(delay) / 1000)
    }
    return delays
  })

describe("reconnectSchedule", () => {
  it.effect("tries at once, then doubles with jitter up to the cap, and never ends", () =>
    Effect.gen(function* () {
      const delays = yield* pauses(Array.from({ length: 40 }, () => [0, lost] as const))
      assert.strictEqual(delays[0], 0)
      for (const [i, nominal] of [2, 4, 8, 10, 10].entries()) {
        assert.isAtLeast(delays[i + 1]!, nominal * 0.8)
        assert.isAtMost(delays[i + 1]!, nominal * 1.2)
      }
      assert.isAtMost(Math.max(...delays), 12)
      assert.strictEqual(delays.length, 40)
    })
  )

  it.effect("starts afresh after a healthy period, and only then", () =>
    Effect.gen(function* () {
      const delays = yield* pauses([
        [0, lost],
        [0, lost],
        [0, lost],
        [59, lost],
        [61, lost],
        [0, lost]
      ])
      assert.isAtLeast(delays[3]!, 6)
      assert.strictEqual(delays[4], 0)
      assert.isAtMost(delays[5]!, 2.4)
    })
  )

  it.effect("never comes back at once where that would make matters worse", () =>
    Effect.gen(function* () {
      const [limited] = yield* pauses([[0, new RateLimited({ detail: "429" })]])
      const [displaced] = yield* pauses([[0, new Displaced({ detail: "other login" })]])
      assert.isAtLeast(limited!, 5)
      assert.isAtLeast(displaced!, 30)
    })
  )
})
