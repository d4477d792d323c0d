/**
 * When a lost connection is retried: at once, then after exponentially growing pauses with jitter and a cap, for
 * ever. A connection that lived long enough to be healthy resets the pauses.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { ConnectionFailure } from "../../market/errors.ts"
import { monotonicMillis } from "../../kit/monotonic.ts"

export interface ReconnectOptions {
  readonly base: Duration.Input
  readonly cap: Duration.Input
  /** A connection that lived this long was healthy. */
  readonly healthyAfter: Duration.Input
  /** The least pause after `RateLimited`; 5 seconds when not given. */
  readonly limitedPause?: Duration.Input
  /** The first pause after `Displaced`, which doubles; 30 seconds when not given. */
  readonly displacedPause?: Duration.Input
}

export const defaultReconnect: ReconnectOptions = {
  base: "500 millis",
  cap: "10 seconds",
  healthyAfter: "30 seconds"
}

const LONGEST_BACK_OFF_MS = 300_000

/**
 * The least pause after failures that an instant retry would make worse.
 *
 * @param inARow how many failures of this class came one after the other
 */
const atLeast = (
  failure: ConnectionFailure,
  inARow: number,
  options: ReconnectOptions | undefined
): Duration.Duration => {
  switch (failure._tag) {
    case "RateLimited":
      return Duration.fromInputUnsafe(options?.limitedPause ?? "5 seconds")
    case "Displaced": {
      // Another program uses this login: reconnecting at once would disconnect it in turn, for ever.
      const first = Duration.toMillis(options?.displacedPause ?? "30 seconds")
      return Duration.millis(Math.min(LONGEST_BACK_OFF_MS, first * 2 ** (inARow - 1)))
    }
    default:
      return Duration.zero
  }
}

/** Starts the schedule anew when the attempt since its last delay lived long enough. */
export const resetAfter =
  (healthy: Duration.Input) =>
  <O, I, E, R>(self: Schedule.Schedule<O, I, E, R>): Schedule.Schedule<O, I, E, R> =>
    Schedule.fromStep(
      Effect.map(Effect.context<R>(), (context) => {
        const limit = Duration.toMillis(healthy)
        let step: ((now: number, input: I) => Pull.Pull<[O, Duration.Duration], E, O, R>) | undefined
        let attemptStartedAt = Infinity
        return (now: number, input: I) =>
          Effect.gen(function* () {
            const at = yield* monotonicMillis
            if (step === undefined || at - attemptStartedAt >= limit) {
              step = yield* Effect.provideContext(Schedule.toStep(self), context)
            }
            const [out, delay] = yield* step(now, input)
            attemptStartedAt = at + Duration.toMillis(delay)
            return [out, delay] as [O, Duration.Duration]
          })
      })
    )

/**
 * Of one connection: it counts failures.
 *
 * @param leastMs what the broker asks for; options that are given win over it
 */
export const reconnectSchedule = (options?: ReconnectOptions, leastMs = 0) => {
  const { base, cap, healthyAfter } = options ?? defaultReconnect
  const least = Duration.millis(options === undefined ? leastMs : 0)
  let last: ConnectionFailure["_tag"] | undefined
  let inARow = 0
  return Schedule.min([Schedule.exponential(base), Schedule.spaced(cap)]).pipe(
    Schedule.jittered,
    Schedule.setInputType<ConnectionFailure>(),
    Schedule.modifyDelay(({ attempt, duration, input }) =>
      Effect.sync(() => {
        inARow = input._tag === last ? inARow + 1 : 1
        last = input._tag
        const usual = attempt === 1 ? Duration.zero : duration
        return Duration.max(least, Duration.max(usual, atLeast(input, inARow, options)))
      })
    ),
    resetAfter(healthyAfter)
  )
}
