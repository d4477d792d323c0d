/**
 * Remembers what one connection has given up, by the keys of its packets. The broker may have missed an
 * unsubscription and keep sending. Then these packets still find their instrument, and giving up once more sends the
 * request again.
 */
import type { Change } from "../protocol.ts"

/** Subscriptions, as a codec finds them: a `Map`, or `ByteKeys`. */
interface Table<K, S> {
  readonly get: (key: K) => S | undefined
  readonly set: (key: K, subscription: S) => unknown
  readonly delete: (key: K) => unknown
}

/** Beyond this many the oldest are forgotten, and their packets belong to no instrument again. */
export const MOST_GIVEN_UP = 1000

export class GivenUp<K, S> {
  readonly #current: Table<K, S>
  readonly #gone = new Map<K, S>()

  /** @param current the subscriptions that are in use */
  constructor(current: Table<K, S>) {
    this.#current = current
  }

  inUse(key: K): S | undefined {
    return this.#current.get(key)
  }

  /** Adds a subscription to those in use. */
  put(key: K, subscription: S): void {
    this.#current.set(key, subscription)
  }

  /** Removes a subscription from those in use. */
  drop(key: K): void {
    const subscription = this.#current.get(key)
    if (subscription === undefined) return
    this.#current.delete(key)
    // The newest at the end.
    this.#gone.delete(key)
    this.#gone.set(key, subscription)
    if (this.#gone.size <= MOST_GIVEN_UP) return
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest)
      return
    }
  }

  /** What the broker has before a change: the subscription in use or, if it is given up once more, the former one. */
  before(key: K, { from, to }: Change): S | undefined {
    return (
      this.#current.get(key) ?? (from !== undefined && to === undefined ? this.#gone.get(key) : undefined)
    )
  }

  /** The given-up subscription that a packet belongs to. */
  of(key: K): S | undefined {
    return this.#gone.get(key)
  }
}

/** Subscriptions with their memory of those that were given up. */
export class SubscriptionTable<K, S> extends Map<K, S> {
  readonly givenUp = new GivenUp(this)
}
