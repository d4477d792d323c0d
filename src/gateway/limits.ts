/** What one client, one address and one key may take of the gateway. Pure; the numbers are in `options.ts`. */

import { nameOf } from "../market/instrument.ts"
import type { ClientSubscriptions } from "./topics/subscriptions.ts"
import type { Limit } from "./metrics.ts"
import type { ModeChoice, Named, Unusable } from "./messages/requestReader.ts"

/** So many a second on average, and a burst at once. */
export class Allowance {
  readonly #perSecond: number
  readonly #burst: number
  #left: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#left = burst
    this.#at = now
  }

  /** False when it is used up. */
  take(amount: number, now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) * this.#perSecond) / 1000)
    this.#at = now
    this.#left -= amount
    return this.#left >= 0
  }

  /**
   * For one who may come again: what is refused costs nothing.
   *
   * @returns 0 where it is taken, else the milliseconds until there is enough
   */
  takeOrWait(amount: number, now: number): number {
    this.take(0, now)
    // More than ever fits at once is taken when all of it is there.
    const needed = Math.min(amount, this.#burst)
    if (this.#left >= needed) {
      this.#left -= amount
      return 0
    }
    return ((needed - this.#left) * 1000) / this.#perSecond
  }
}

/** How many names are remembered; beyond, the one that came first is forgotten. */
const MOST_NAMES = 10_000

/** An allowance for each name. */
export class Allowances {
  readonly #perSecond: number
  readonly #burst: number
  readonly #byName = new Map<string, Allowance>()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** @returns 0 where it is taken, else the milliseconds until there is enough */
  takeOrWait(name: string, amount: number, now: number): number {
    let allowance = this.#byName.get(name)
    if (allowance === undefined) {
      const oldest = this.#byName.keys().next()
      if (this.#byName.size >= MOST_NAMES && oldest.done !== true) this.#byName.delete(oldest.value)
      this.#byName.set(name, (allowance = new Allowance(this.#perSecond, this.#burst, now)))
    }
    return allowance.takeOrWait(amount, now)
  }
}

/** Counts what is there under each name, and forgets names of which nothing is there. */
export class Tally<K> {
  readonly #counts = new Map<K, number>()

  of(name: K): number {
    return this.#counts.get(name) ?? 0
  }

  add(name: K): void {
    this.#counts.set(name, this.of(name) + 1)
  }

  remove(name: K): void {
    const left = this.of(name) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }

  get names(): number {
    return this.#counts.size
  }
}

/**
 * Whether a page of this origin may connect. Programs send no origin; browsers always do.
 *
 * @param allowed undefined: any page where only this machine can connect, else pages of the host that was asked for
 */
export const originMay = (
  origin: string,
  host: string,
  allowed: ReadonlyArray<string> | undefined,
  loopback: boolean
): boolean => {
  if (origin === "") return true
  if (allowed !== undefined) return allowed.includes("*") || allowed.includes(origin.toLowerCase())
  if (loopback) return true
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

/** Whether nobody but this machine reaches an address that the gateway binds to. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)

/** Whose subscriptions are counted together, how many there are, and how many there may be. */
export interface SubscriptionBound {
  readonly whose: string
  readonly held: number
  readonly most: number
  readonly limit: Limit
}

/**
 * Judges the entries of one request in their order: which bound an entry goes beyond, or undefined. What the client
 * holds already, or names twice, does not count; another spelling of it does, because it is served frames of its own.
 */
export const boundReached = (
  subscriptions: ClientSubscriptions,
  { tag }: ModeChoice,
  bounds: ReadonlyArray<SubscriptionBound>
): ((entry: Named | Unusable) => SubscriptionBound | undefined) => {
  const fresh = new Set<string>()
  return (entry) => {
    if (!entry.ok || subscriptions.find(entry, tag) !== undefined) return undefined
    const name = nameOf(entry)
    if (fresh.has(name)) return undefined
    const full = bounds.find(({ held, most }) => held + fresh.size >= most)
    if (full === undefined) fresh.add(name)
    return full
  }
}
