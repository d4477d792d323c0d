/**
 * What one connection has given up, and what of it the broker goes on sending: a request may get lost, or be ignored. What
 * still ticks some seconds after its unsubscription is given up once more; if that changes nothing, the connection is
 * replaced, since a new one begins with nothing. Until then it counts as in use, because it does at the broker.
 *
 * Owned by the session's actor. The socket's callback notes ticks here as well, on the same thread.
 */
import type { WireInstrument } from "../market/instrument.ts"
import { nameOf } from "../market/instrument.ts"
import type { Change, Protocol, Want } from "../protocols/protocol.ts"
import type { Entry } from "./subscriptionBook.ts"

export interface Leftover {
  readonly entry: Entry
  /** What was subscribed. */
  readonly want: Want
  /** When it was given up, or the last time that it was given up once more: monotonic milliseconds, here and below. */
  at: number
  /** Its last tick since it was given up; 0: none. */
  ticked: number
  /** How often it was given up once more. */
  asks: number
  /** It is to be given up once more, and that has not left yet. */
  waiting: boolean
}

export interface Tidying {
  /** To be given up once more. */
  readonly again: ReadonlyArray<Leftover>
  /** Asking has not helped: the connection is to be replaced. */
  readonly stubborn: ReadonlyArray<Leftover>
}

/** Packets that were on their way when it was given up have arrived by then. */
export const GOES_ON_MS = 5000
/** Further tries where the connection may not be replaced. */
const LONGEST_PAUSE_MS = 600_000
/** Silent for so long after it went on: it has ended, or is slow, and its next tick says so. */
const ENDED_AFTER_MS = 30_000
/** A broker that cannot be brought to stop must not cost its readers a gap every few seconds. Doubles each time. */
const REPLACE_AGAIN_MS = 60_000
const LONGEST_BETWEEN_MS = 3_600_000
/** Of what was given up and is silent since, the newest are remembered, as the codec does. */
const REMEMBERED = 1000
/** What was to be given up once more has left by then, or was undone by a reader who came and went. */
const LEFT_WITHIN_MS = 60_000

const NONE: Tidying = { again: [], stubborn: [] }

export class Leftovers {
  readonly #cost: Protocol["cost"]
  readonly #byName = new Map<string, Leftover>()
  readonly #goingOn = new Set<Leftover>()
  #replacedAt = 0
  #replacements = 0

  constructor(cost: Protocol["cost"]) {
    this.#cost = cost
  }

  /** Upstream subscriptions that they take of the broker's limit. */
  get used(): number {
    if (this.#goingOn.size === 0) return 0
    let used = 0
    for (const { entry, want } of this.#goingOn) used += this.#cost(want, entry)
    return used
  }

  /** How many go on. */
  get size(): number {
    return this.#goingOn.size
  }

  /** One that goes on, by name. */
  find(name: string): Leftover | undefined {
    const one = this.#byName.get(name)
    return one !== undefined && this.#goingOn.has(one) ? one : undefined
  }

  /** A new connection: the broker holds nothing. */
  clear(): void {
    this.#byName.clear()
    this.#goingOn.clear()
  }

  /** Requests left for the broker. */
  sent(changes: ReadonlyArray<Change>, at: number): void {
    for (const { from, instrument, to } of changes) {
      const name = nameOf(instrument)
      const known = this.#byName.get(name)
      if (known !== undefined && to === undefined) {
        // Once more: had it been wanted in between, it would not be known here.
        known.waiting = false
        known.at = at
        continue
      }
      if (known !== undefined) this.#forget(name, known)
      if (to !== undefined || from === undefined) continue
      const entry = instrument as Entry
      this.#byName.set(name, { entry, want: from, at, ticked: 0, asks: 0, waiting: false })
      if (this.#byName.size > REMEMBERED) this.#forgetOldest()
    }
  }

  /** A packet came of what this connection has given up. */
  ticked(instrument: WireInstrument, at: number): void {
    const one = this.#byName.get(nameOf(instrument))
    if (one === undefined) return
    one.ticked = at
    if (!one.waiting && at - one.at >= GOES_ON_MS) this.#goingOn.add(one)
  }

  /** What is to be done, once a second. Those to be asked for wait from then on. */
  tidy(now: number): Tidying {
    if (this.#goingOn.size === 0) return NONE
    const again: Array<Leftover> = []
    const stubborn: Array<Leftover> = []
    const replaceable = this.#mayBeReplaced(now)
    for (const one of this.#goingOn) {
      if (one.waiting) {
        if (now - one.at < LEFT_WITHIN_MS) continue
        one.waiting = false
        one.asks = 0
      }
      if (now - one.ticked > ENDED_AFTER_MS) {
        this.#goingOn.delete(one)
        continue
      }
      // Again after the first pause, then after the same, then after twice the time, and so on.
      const pause = Math.min(LONGEST_PAUSE_MS, GOES_ON_MS * 2 ** Math.max(0, one.asks - 1))
      if (one.ticked - one.at < pause) continue
      if (one.asks > 0 && replaceable) stubborn.push(one)
      else again.push(one)
    }
    if (stubborn.length > 0) {
      this.#replacements++
      this.#replacedAt = now
      return { again: [], stubborn }
    }
    for (const one of again) {
      one.asks++
      one.waiting = true
      one.at = now
    }
    return { again, stubborn }
  }

  #mayBeReplaced(now: number): boolean {
    const since = now - this.#replacedAt
    if (since > 2 * LONGEST_BETWEEN_MS) this.#replacements = 0
    if (this.#replacements === 0) return true
    return since >= Math.min(LONGEST_BETWEEN_MS, REPLACE_AGAIN_MS * 2 ** (this.#replacements - 1))
  }

  #forget(name: string, one: Leftover): void {
    this.#byName.delete(name)
    this.#goingOn.delete(one)
  }

  #forgetOldest(): void {
    for (const [name, one] of this.#byName) {
      if (this.#goingOn.has(one)) continue
      this.#byName.delete(name)
      return
    }
  }
}
