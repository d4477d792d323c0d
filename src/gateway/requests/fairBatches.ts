/**
 * Long lists are handled piece by piece, and of all clients' long lists one piece in each turn of the event loop: huge
 * requests of however many clients hold up each other, and nobody else.
 */
import * as Effect from "effect/Effect"

/** Entries that are handled in one go: a millisecond or less. Lists up to here need no turn. */
export const BATCH = 100

/** Symbols in the largest request of existing clients. */
const USUAL_BULK = 3000

/** For what should happen at once in a request of the usual size: all of it, and of longer lists the usual pieces. */
export const atOnce = (length: number): number => (length <= USUAL_BULK ? USUAL_BULK : BATCH)

export class FairBatches {
  /**
   * Of all clients' long lists one piece at a time. Nothing is held while the work itself waits: a feed that is slow to answer
   * one user delays no other.
   */
  readonly turn: Effect.Effect<void>

  constructor(turn: Effect.Effect<void>) {
    this.turn = turn
  }

  /** Waits for its turn where the list is long. */
  before(length: number): Effect.Effect<void> {
    return length > BATCH ? this.turn : Effect.void
  }

  /** The first piece is handled at once, each further one in a turn of its own. */
  inBatches<A, B, E>(
    all: ReadonlyArray<A>,
    f: (some: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>,
    slice = BATCH
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
