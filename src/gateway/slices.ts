/** Long lists are handled piece by piece, so that a huge request of one client holds up nobody else. */
import * as Effect from "effect/Effect"

/** Entries that are handled in one go: a few milliseconds at most, so that a huge request holds up nobody else. */
const SLICE = 250

/** Symbols in the largest request of existing clients. */
export const USUAL_BULK = 3000

/** Lets the event loop turn: sockets are read, ticks go out. */
const breathe = Effect.callback<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

export const inSlices = Effect.fnUntraced(function* <A, B, E>(
  all: ReadonlyArray<A>,
  f: (some: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>,
  slice = SLICE
): Effect.fn.Return<ReadonlyArray<B>, E> {
  const results: Array<B> = []
  for (let at = 0; at < all.length; at += slice) {
    if (at > 0) yield* breathe
    for (const result of yield* f(all.slice(at, at + slice))) results.push(result)
  }
  return results
})
