import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { epochOf, monotonicMillis, monotonicOf, steady } from "../../../src/kit/monotonic.ts"
import { makeSettableClock, STEPS } from "../../support/settableClock.ts"

const MORNING = 1_764_040_500_000

describe("the clock of durations", () => {
  it.live("counts whole milliseconds", () =>
    Effect.gen(function* () {
      const now = monotonicOf(yield* Clock.Clock)
      const before = now()
      yield* Effect.sleep("20 millis")
      const after = yield* monotonicMillis
      assert.isTrue(Number.isInteger(before) && Number.isInteger(after))
      assert.isAtLeast(after - before, 19)
    })
  )

  for (const [name, ms] of STEPS) {
    it.effect(`does not notice that the time of day is set ${name}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(MORNING)
        const { clock, step } = yield* makeSettableClock
        const now = monotonicOf(clock)
        const quiet = steady(clock)
        const since = now()
        yield* TestClock.adjust("5 seconds")
        step(ms)
        assert.strictEqual(now() - since, 5000)
        assert.strictEqual(quiet.currentTimeMillisUnsafe(), now())
        assert.strictEqual(yield* quiet.currentTimeMillis, now())
        assert.strictEqual(yield* Effect.provideService(monotonicMillis, Clock.Clock, clock), now())
        assert.strictEqual(
          epochOf(clock, since),
          MORNING + ms,
          "five seconds before the time of day as it is set now"
        )
      })
    )
  }
})
