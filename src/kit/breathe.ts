/** A turn of the event loop between the pieces of long work: sockets are read and written, timers run, ticks go out. */
import * as Effect from "effect/Effect"

export const breathe: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

/** The same for what is no Effect. */
export const breathed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
