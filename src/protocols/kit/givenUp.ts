/**
 * Remembers what one connection has given up, by the keys of its packets. The broker may have missed an
 * unsubscription and keep sending. Then these packets still find their instrument, and giving up once more sends the
 * request again.
 */
import type { Change } from "../protocol.ts"

/** Subscriptions, as a codec finds them: a `Map`, or `ByteKeys`. */
interface Table<K, S> {
  readonly get: (key: K) => S | undefined
  readonly delete: (key: K) => unknown
}

/** Beyond this many the oldest are forgotten, and their packets belong to no instrument again. */
export const MOST_GIVEN_UP = 1000

export class GivenUp<K, S> {
  readonly #inUse: Table<K, S>
  readonly #gone = new Map<K, S>()

  /** @param inUse the subscriptions that are in use */
  constructor(inUse: Table<K, S>) {
    this.#inUse = inUse
  }

  /** Removes a subscription from those in use. */
  drop(key: K): void {
    const subscription = this.#inUse.get(key)
    if (subscription === undefined) return
    this.#inUse.delete(key)
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
    return this.#inUse.get(key) ?? (from !== undefined && to === undefined ? this.#gone.get(key) : undefined)
  }

  /** Whose packet it is that nobody wants any more. */
  of(key: K): S | undefined {
    return this.#gone.get(key)
  }
}
