/**
 * Long lists are handled piece by piece, and of all clients' long lists one piece in each turn of the event loop: huge
 * requests of however many clients hold up each other, and nobody else.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { breathe } from "../market/breathe.ts"

/** Entries that are handled in one go: a millisecond or two. Lists up to here need no turn. */
const SLICE = 250

/** Symbols in the largest request of existing clients. */
const USUAL_BULK = 3000

/** For what should happen at once in a request of the usual size: all of it, and of longer lists the usual pieces. */
export const atOnce = (length: number): number => (length <= USUAL_BULK ? USUAL_BULK : SLICE)

export class Slices {
  readonly #turns = Semaphore.makeUnsafe(1)
  /** Nothing is held while the work itself waits: a feed that is slow to answer one user delays no other. */
  readonly turn = this.#turns.withPermits(1)(breathe)

  /** Waits for its turn where the list is long. */
  before(length: number): Effect.Effect<void> {
    return length > SLICE ? this.turn : Effect.void
  }

  /** The first piece is handled at once, each further one in a turn of its own. */
  over<A, B, E>(
    all: ReadonlyArray<A>,
    f: (some: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>,
    slice = SLICE
  ): Effect.Effect<ReadonlyArray<B>, E> {
    return Effect.gen({ self: this }, function* () {
      const results: Array<B> = []
      for (let at = 0; at < all.length; at += slice) {
        if (at > 0) yield* this.turn
        for (const result of yield* f(all.slice(at, at + slice))) results.push(result)
      }
      return results
    })
  }
}
