/**
 * What waits for a client that reads too slowly: per subscription its newest frame, or its last few frames where the
 * client asked for that, and everything else in its order. Bounded by what the client holds. Pure.
 */

/** What a client wants to happen to a subscription's frames while it lags. */
export type SlowPolicy = "conflate" | "drop-oldest" | "close"

export interface Waiting<K, F> {
  /** Undefined for what belongs to no subscription: it is never lost. */
  readonly key: K | undefined
  readonly frame: F
}

export interface Loss {
  conflated: number
  dropped: number
}

export class Outbox<K extends object, F> {
  /** In the order of leaving. A newer frame of a conflated subscription goes to the end: never before what is older. */
  readonly #items = new Map<object, Waiting<K, F>>()
  /** The places of frames that wait as history, oldest first. */
  readonly #history: Array<object> = []
  #historyHead = 0
  readonly #mostHistory: number
  readonly #losses = new Map<K, Loss>()

  /** @param mostHistory frames that may wait under "drop-oldest", over all subscriptions */
  constructor(mostHistory: number) {
    this.#mostHistory = mostHistory
  }

  get size(): number {
    return this.#items.size
  }

  conflate(key: K, frame: F): void {
    if (this.#items.delete(key)) this.#lossOf(key).conflated++
    this.#items.set(key, { key, frame })
  }

  append(key: K, frame: F): void {
    const place = {}
    this.#items.set(place, { key, frame })
    this.#history.push(place)
    while (this.#history.length - this.#historyHead > this.#mostHistory) this.#dropOldest()
  }

  /** For what must arrive in its place among the others. */
  signal(frame: F): void {
    this.#items.set({}, { key: undefined, frame })
  }

  #dropOldest(): void {
    const place = this.#history[this.#historyHead++]!
    const item = this.#items.get(place)
    // One that has left meanwhile.
    if (item === undefined) return
    this.#items.delete(place)
    if (item.key !== undefined) this.#lossOf(item.key).dropped++
    if (this.#historyHead > 1024) {
      this.#history.splice(0, this.#historyHead)
      this.#historyHead = 0
    }
  }

  /** The oldest item, taken out; undefined when nothing waits. */
  next(): Waiting<K, F> | undefined {
    for (const [place, item] of this.#items) {
      this.#items.delete(place)
      if (this.#items.size === 0) {
        this.#history.length = 0
        this.#historyHead = 0
      }
      return item
    }
    return undefined
  }

  /** The subscription is gone, and what waits of it. */
  forget(key: K): void {
    this.#items.delete(key)
    this.#losses.delete(key)
    for (const [place, item] of this.#items) if (item.key === key) this.#items.delete(place)
  }

  #lossOf(key: K): Loss {
    let loss = this.#losses.get(key)
    if (loss === undefined) this.#losses.set(key, (loss = { conflated: 0, dropped: 0 }))
    return loss
  }

  /** What was lost by subscription since the last call. */
  takeLosses(): ReadonlyMap<K, Loss> {
    const losses = new Map(this.#losses)
    this.#losses.clear()
    return losses
  }
}
