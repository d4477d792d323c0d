/** What background work does with its faults: a fork that fails says nothing by itself in Effect 4. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** For long-lived fibers: one that ends says why. Its interruption is the normal end. */
export const watched =
  (message: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tapCause(self, (cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(message, cause)
    )

/** For one piece of work of many: its fault is logged, and `instead` comes in its place. What is interrupted stays so. */
export const logged =
  <B>(message: string, instead: Effect.Effect<B>) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A | B, E, R> =>
    Effect.catchCause(self, (cause): Effect.Effect<B, E> =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.andThen(Effect.logError(message, cause), instead)
    )
