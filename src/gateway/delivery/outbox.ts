/**
 * What waits for a client that reads too slowly: the newest frame of each subscription, or its last few frames if the
 * client asked for those, and messages about the feed in order. Bounded by the client's subscriptions and by two limits.
 * Pure.
 *
 * The cost of a call does not depend on how much else waits.
 */
import type { Link } from "./chain.ts"
import { Chain } from "./chain.ts"

/** What a client wants to happen to a subscription's frames while it lags. */
export type SlowPolicy = "conflate" | "drop-oldest" | "close"

export interface OutboxLimits {
  /** Frames that may wait under "drop-oldest", over all subscriptions. */
  readonly historyFrames: number
  /** Bytes of messages about the feed that may wait; the newest one always may. */
  readonly statusBytes: number
}

/** Of one subscription. */
export interface Loss {
  conflated: number
  dropped: number
}

/** What did not and will not arrive, of all subscriptions and of the messages about the feed. */
export interface Lost extends Loss {
  statuses: number
}

class Waiting<K, F> {
  /** Undefined for a message about the feed. */
  readonly key: K | undefined
  frame: F
  /** Of messages about the feed, which are bounded by it. */
  readonly bytes: number
  /** Among all that waits. */
  place!: Link<Waiting<K, F>>
  /** Among its like, of which the oldest goes first; undefined for what is conflated. */
  rank: Link<Waiting<K, F>> | undefined

  constructor(key: K | undefined, frame: F, bytes: number) {
    this.key = key
    this.frame = frame
    this.bytes = bytes
  }
}

export class Outbox<K extends object, F> {
  /** In the order of leaving. A newer frame of a conflated subscription goes to the end: never before what is older. */
  readonly #all = new Chain<Waiting<K, F>>()
  readonly #history = new Chain<Waiting<K, F>>()
  readonly #statuses = new Chain<Waiting<K, F>>()
  /** By subscription: the frame that waits of a conflated one, and those of a history. */
  readonly #newest = new Map<K, Waiting<K, F>>()
  readonly #histories = new Map<K, Set<Waiting<K, F>>>()
  readonly #limits: OutboxLimits
  #statusBytes = 0
  #losses = new Map<K, Loss>()
  /** Since the beginning. */
  readonly lost: Readonly<Lost>
  readonly #lost: Lost = { conflated: 0, dropped: 0, statuses: 0 }

  constructor(limits: OutboxLimits) {
    this.#limits = limits
    this.lost = this.#lost
  }

  get size(): number {
    return this.#all.size
  }

  conflate(key: K, frame: F): void {
    const waiting = this.#newest.get(key)
    if (waiting === undefined) {
      this.#newest.set(key, this.#enter(key, frame))
      return
    }
    this.#lossOf(key).conflated++
    this.#lost.conflated++
    waiting.frame = frame
    this.#all.remove(waiting.place)
    waiting.place = this.#all.append(waiting)
  }

  append(key: K, frame: F): void {
    const entered = this.#enter(key, frame, this.#history)
    const own = this.#histories.get(key)
    if (own === undefined) this.#histories.set(key, new Set([entered]))
    else own.add(entered)
    while (this.#history.size > this.#limits.historyFrames) {
      const oldest = this.#history.first!
      this.#remove(oldest)
      this.#lossOf(oldest.key!).dropped++
      this.#lost.dropped++
    }
  }

  /** Adds a message about the feed, in order with the frames. */
  tell(frame: F, bytes: number): void {
    this.#enter(undefined, frame, this.#statuses, bytes)
    this.#statusBytes += bytes
    while (this.#statusBytes > this.#limits.statusBytes && this.#statuses.size > 1) {
      this.#remove(this.#statuses.first!)
      this.#lost.statuses++
    }
  }

  /** The oldest frame, taken out; undefined when nothing waits. */
  next(): F | undefined {
    const oldest = this.#all.first
    if (oldest === undefined) return undefined
    this.#remove(oldest)
    return oldest.frame
  }

  /** Removes the waiting frames of a subscription that ended. */
  forget(key: K): void {
    const newest = this.#newest.get(key)
    if (newest !== undefined) this.#remove(newest)
    for (const item of this.#histories.get(key) ?? []) this.#remove(item)
    this.#losses.delete(key)
  }

  /** Removes everything. */
  clear(): void {
    this.#all.clear()
    this.#history.clear()
    this.#statuses.clear()
    this.#newest.clear()
    this.#histories.clear()
    this.#statusBytes = 0
    this.takeLosses()
  }

  /** What subscriptions that are still there lost since the last call. */
  takeLosses(): ReadonlyMap<K, Readonly<Loss>> {
    const losses = this.#losses
    this.#losses = new Map()
    return losses
  }

  #enter(key: K | undefined, frame: F, like?: Chain<Waiting<K, F>>, bytes = 0): Waiting<K, F> {
    const item = new Waiting(key, frame, bytes)
    item.place = this.#all.append(item)
    item.rank = like?.append(item)
    return item
  }

  #remove(item: Waiting<K, F>): void {
    const { bytes, key, place, rank } = item
    this.#all.remove(place)
    if (key === undefined) {
      this.#statuses.remove(rank!)
      this.#statusBytes -= bytes
    } else if (rank === undefined) {
      this.#newest.delete(key)
    } else {
      this.#history.remove(rank)
      const own = this.#histories.get(key)!
      own.delete(item)
      if (own.size === 0) this.#histories.delete(key)
    }
  }

  #lossOf(key: K): Loss {
    let loss = this.#losses.get(key)
    if (loss === undefined) this.#losses.set(key, (loss = { conflated: 0, dropped: 0 }))
    return loss
  }
}
