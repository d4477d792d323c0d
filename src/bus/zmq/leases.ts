/**
 * Which gateways the feed process serves, and what their readers hold of it: the feed process's book of leases.
 *
 * A gateway's readers are known to the feed under the gateway's id (`gateway/reader`), so that two gateways may
 * use the same names.
 */
import type * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** One reader of one gateway. Its requests run one after another, in the order in which they came. */
export interface RemoteReader {
  readonly user: string
  /** The reader's name in the feed. */
  readonly name: string
  readonly turn: Semaphore.Semaphore
}

export interface Lease {
  readonly gateway: string
  readonly id: string
  /** Milliseconds, by the clock that the owner of the book uses. */
  lastSeen: number
  readonly readers: Map<string, RemoteReader>
}

/** The most gateways. A limit, because gateways choose their names freely. Beyond it, new gateways are refused. */
const MOST_GATEWAYS = 256
/** Of all gateways: each may have 20 000 clients, and a reader for each. */
const MOST_READERS = 200_000

const keyOf = (user: string, reader: string): string => JSON.stringify([user, reader])

export class Leases {
  readonly #epoch: number
  readonly #leases = new Map<string, Lease>()
  #count = 0
  #readers = 0

  constructor(epoch: number) {
    this.#epoch = epoch
  }

  get size(): number {
    return this.#leases.size
  }

  /** Readers of all gateways. */
  get readers(): number {
    return this.#readers
  }

  /** The gateway has spoken: its lease goes on, or begins. Undefined: there are too many gateways. */
  touch(gateway: string, now: number): Lease | undefined {
    let lease = this.#leases.get(gateway)
    if (lease === undefined) {
      if (this.#leases.size >= MOST_GATEWAYS) return undefined
      lease = { gateway, id: `${this.#epoch}.${++this.#count}`, lastSeen: now, readers: new Map() }
      this.#leases.set(gateway, lease)
    }
    lease.lastSeen = now
    return lease
  }

  holds(lease: Lease): boolean {
    return this.#leases.get(lease.gateway) === lease
  }

  /** Undefined: there are too many readers. */
  reader(lease: Lease, user: string, reader: string): RemoteReader | undefined {
    const key = keyOf(user, reader)
    let found = lease.readers.get(key)
    if (found === undefined) {
      if (this.#readers >= MOST_READERS) return undefined
      this.#readers++
      found = { user, name: `${lease.gateway}/${reader}`, turn: Semaphore.makeUnsafe(1) }
      lease.readers.set(key, found)
    }
    return found
  }

  forgetReader(lease: Lease, user: string, reader: string): void {
    // Of a lease that is over they have been counted off already.
    if (lease.readers.delete(keyOf(user, reader)) && this.holds(lease)) this.#readers--
  }

  /** Ends a lease. Returns the readers whose subscriptions the feed must remove. */
  end(gateway: string): ReadonlyArray<RemoteReader> {
    const lease = this.#leases.get(gateway)
    if (lease === undefined) return []
    this.#leases.delete(gateway)
    this.#readers -= lease.readers.size
    return [...lease.readers.values()]
  }

  /** Silence that was not the gateways': this process itself stood still. */
  excuse(milliseconds: number): void {
    for (const lease of this.#leases.values()) lease.lastSeen += milliseconds
  }

  /** Gateways that have been silent since before `before`. */
  silentSince(before: number): ReadonlyArray<string> {
    const silent: Array<string> = []
    for (const lease of this.#leases.values()) if (lease.lastSeen < before) silent.push(lease.gateway)
    return silent
  }
}

/** Runs when it is the reader's turn. */
export const inTurn = <A, E, R>(
  reader: RemoteReader,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Semaphore.withPermits(reader.turn, 1)(effect)
