/**
 * What one connection has given up, by what its packets say. A broker may not have heard an unsubscription and go on: then
 * its packets are known by their instrument, and giving up once more asks for it on the wire once more.
 */
import type { Change } from "../protocol.ts"

/** Subscriptions, as a codec finds them: a `Map`, or `ByteKeys`. */
interface Table<K, S> {
  readonly get: (key: K) => S | undefined
  readonly set: (key: K, subscription: S) => unknown
  readonly delete: (key: K) => unknown
}

/** Beyond these the oldest are forgotten: their packets are nobody's again. */
export const MOST_GIVEN_UP = 1000

export class GivenUp<K, S> {
  readonly #held: Table<K, S>
  readonly #gone = new Map<K, S>()

  /** @param held the subscriptions that are in use */
  constructor(held: Table<K, S>) {
    this.#held = held
  }

  inUse(key: K): S | undefined {
    return this.#held.get(key)
  }

  /** Puts a subscription into those in use. */
  put(key: K, subscription: S): void {
    this.#held.set(key, subscription)
  }

  /** Takes a subscription out of those in use. */
  drop(key: K): void {
    const subscription = this.#held.get(key)
    if (subscription === undefined) return
    this.#held.delete(key)
    // The newest at the end.
    this.#gone.delete(key)
    this.#gone.set(key, subscription)
    if (this.#gone.size <= MOST_GIVEN_UP) return
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest)
      return
    }
  }

  /** What the broker has before a change: what is in use; of what is given up once more, what was in use. */
  before(key: K, { from, to }: Change): S | undefined {
    return this.#held.get(key) ?? (from !== undefined && to === undefined ? this.#gone.get(key) : undefined)
  }

  /** Whose packet it is that nobody wants any more. */
  of(key: K): S | undefined {
    return this.#gone.get(key)
  }
}

/** Subscriptions with their memory of those that were given up. */
export class SubscriptionTable<K, S> extends Map<K, S> {
  readonly givenUp = new GivenUp(this)
}
