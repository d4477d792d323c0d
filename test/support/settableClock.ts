/** A clock whose time of day can be set, back or on, while its monotonic time and its sleepers notice nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface SettableClock {
  readonly clock: Clock.Clock
  /** As an administrator, or a daemon that corrects the time, sets it. */
  readonly step: (ms: number) => void
  /** Time passes by both measures; nobody who sleeps wakes by it. */
  readonly pass: (ms: number) => void
}

export const makeSettableClock: Effect.Effect<SettableClock> = Effect.map(Clock.Clock, (base) => {
  let offset = 0
  let passed = 0n
  const millis = (): number => base.currentTimeMillisUnsafe() + offset
  const nanos = (): bigint => base.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n
  const monotonic = (): bigint => base.monotonicTimeNanosUnsafe() + passed
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => base.sleep(duration)
  }
  return {
    clock,
    step: (ms) => void (offset += ms),
    pass: (ms) => {
      offset += ms
      passed += BigInt(ms) * 1_000_000n
    }
  }
})

/** The steps that a machine's time of day takes: a minute back, an hour on. */
export const STEPS = [
  ["a minute back", -60_000],
  ["an hour on", 3_600_000]
] as const
