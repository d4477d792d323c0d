/**
 * The clock of durations. The time of day is set now and then, a minute back or an hour on, and whoever measures a pause by
 * it waits an hour too long or not at all. This clock is never set, so its moments compare with each other alone: for
 * timestamps, calendars and what leaves the process there is the time of day.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Whole milliseconds since some moment of the past. Cheap enough for a call per frame. */
export const monotonicOf = (clock: Clock.Clock) => (): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** The same for those who are Effects anyway. */
export const monotonicMillis: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) =>
  Math.floor(Number(nanos) / 1e6)
)

/** The time of day at a moment of this clock, as epoch milliseconds by the time of day as it is set now. */
export const epochOf = (clock: Clock.Clock, at: number): number =>
  clock.currentTimeMillisUnsafe() - (monotonicOf(clock)() - at)

/** A clock whose milliseconds are monotonic too: for code of others that measures durations by them. */
export const steady = (clock: Clock.Clock): Clock.Clock => {
  const millis = monotonicOf(clock)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    currentTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
