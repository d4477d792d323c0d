/**
 * Handles long lists in batches. The batches of all clients wait in one line, and each turn of the event loop runs one or
 * two of them. So huge requests delay only each other.
 */
import * as Effect from "effect/Effect"

/** Entries in one batch, which takes a millisecond or less. Lists of up to this length do not wait for a turn. */
export const BATCH = 100

/** Symbols in the largest request of existing clients. */
const USUAL_BULK = 3000

/**
 * The batch size for work that should happen at once. A list of up to `USUAL_BULK` entries is one batch. A longer list is
 * split as usual.
 */
export const atOnce = (length: number): number => (length <= USUAL_BULK ? USUAL_BULK : BATCH)

export class FairBatches {
  /**
   * Waits until a batch may start, behind the batches that wait already. A batch that has started and waits for its feed
   * does not hold up the next: a feed that is slow to answer one user delays no other.
   */
  readonly turn: Effect.Effect<void>

  constructor(turn: Effect.Effect<void>) {
    this.turn = turn
  }

  /** Waits for its turn where the list is long. */
  before(length: number): Effect.Effect<void> {
    return length > BATCH ? this.turn : Effect.void
  }

  /** Handles the first batch at once and each further one in a turn of its own. */
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
