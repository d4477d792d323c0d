/**
 * What one connection has given up, and which of it the broker keeps sending: a request may get lost or be ignored.
 * What still ticks some seconds after its unsubscription is given up once more. If that changes nothing, the
 * connection is replaced, because a new one starts with nothing. Until then it counts as in use, because the broker
 * counts it. The former mode of an instrument is given up like a subscription, and recognised by its kinds of packets
 * (`packetKinds.ts`).
 *
 * Owned by the session's actor. The socket's callback also notes ticks here, on the same thread.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Change, Protocol, Want } from "../../protocols/protocol.ts"
import type {
  Leftover,
  Leftovers,
  NewMode,
  SubscribedInstrument,
  Tidying,
  UpstreamSubscription
} from "../model.ts"
import type { StrayKinds } from "./packetKinds.ts"
import { sameWant } from "../model.ts"

/** Packets in flight when it was given up have arrived by then. */
export const GOES_ON_MS = 5000
/** Further requests if the connection may not be replaced. */
const LONGEST_PAUSE_MS = 600_000
/** If it is silent for this long after it kept ticking, it has ended, or is slow, and its next tick will show it. */
const ENDED_AFTER_MS = 30_000
/** A broker that does not stop must not cost its readers a gap every few seconds. Doubles each time. */
const REPLACE_AGAIN_MS = 60_000
const LONGEST_BETWEEN_MS = 3_600_000
/** The newest instruments that were given up and are silent since are remembered, as in the codec. */
const REMEMBERED = 1000
/** By then the second request was sent, or undone by a reader that came and went. */
const LEFT_WITHIN_MS = 60_000

/** The time between two checks of the kinds of packets. */
const LOOK_EVERY_MS = 1000

/**
 * Whether a change gives it up again: if it had been wanted in between, or wanted otherwise, it would not be known
 * like this.
 */
const isAgain = ({ now, waiting, want }: Leftover, from: Want | undefined, to: Want | undefined): boolean =>
  now === undefined
    ? to === undefined
    : // The mode is asked for back, and then changed again.
      waiting && from !== undefined && to !== undefined && (sameWant(to, want) || sameWant(from, want))

const NONE: Tidying = { again: [], stubborn: [] }

export class LeftoverTracker implements Leftovers {
  readonly #cost: Protocol["cost"]
  readonly #strayKinds: StrayKinds
  readonly #byName = new Map<string, Leftover>()
  readonly #goingOn = new Set<Leftover>()
  #replacedAt = 0
  #replacements = 0

  constructor(cost: Protocol["cost"], strayKinds: StrayKinds) {
    this.#cost = cost
    this.#strayKinds = strayKinds
  }

  /** How much of the broker's limit they use, in upstream subscriptions. */
  get used(): number {
    if (this.#goingOn.size === 0) return 0
    let used = 0
    for (const { instrument, now, want } of this.#goingOn) {
      const cost = this.#cost(want, instrument)
      used += now === undefined ? cost : Math.max(0, cost - this.#cost(now.want, instrument))
    }
    return used
  }

  /** How many keep ticking. */
  get size(): number {
    return this.#goingOn.size
  }

  /** Finds one that keeps ticking, by name. For an instrument that is still wanted, it is a mode. */
  find(name: string): Leftover | undefined {
    const one = this.#byName.get(name)
    return one !== undefined && this.#goingOn.has(one) ? one : undefined
  }

  /** Call for a new connection: the broker has no subscriptions on it. */
  clear(): void {
    this.#byName.clear()
    this.#goingOn.clear()
  }

  /**
   * Requests were sent to the broker.
   *
   * @param upstreams what is wanted on the connection
   */
  sent(
    changes: ReadonlyArray<Change>,
    at: number,
    upstreams: ReadonlyMap<SubscribedInstrument, UpstreamSubscription>
  ): void {
    for (const { from, instrument, to } of changes) {
      const name = nameOf(instrument)
      const known = this.#byName.get(name)
      if (known !== undefined && isAgain(known, from, to)) {
        known.waiting = known.now !== undefined && !sameWant(to, known.now.want)
        known.at = at
        continue
      }
      if (known?.now !== undefined && from === undefined && sameWant(to, known.now.want)) {
        // The watchdog has requested the new mode, in place of the waiting change.
        if (known.waiting) known.at = at
        known.waiting = false
        continue
      }
      if (known !== undefined) this.#forget(name, known)
      if (from === undefined) continue
      const subscribed = instrument as SubscribedInstrument
      const now = to === undefined ? undefined : this.#newMode(subscribed, from, to, upstreams)
      if (to !== undefined && now === undefined) continue
      this.#byName.set(name, {
        instrument: subscribed,
        now,
        want: from,
        at,
        ticked: 0,
        asks: 0,
        waiting: false
      })
      if (this.#byName.size > REMEMBERED) this.#forgetOldest()
    }
  }

  /** Undefined where the packets of the former mode are none that one could tell by. */
  #newMode(
    instrument: SubscribedInstrument,
    from: Want,
    want: Want,
    upstreams: ReadonlyMap<SubscribedInstrument, UpstreamSubscription>
  ): NewMode | undefined {
    const upstream = upstreams.get(instrument)
    const strays = this.#strayKinds(from, want, instrument)
    return upstream === undefined || strays === 0 ? undefined : { upstream, want, strays }
  }

  /** Looks at the packets that came of what is wanted in another mode now. */
  #lookAtModes(now: number): void {
    for (const [name, one] of this.#byName) {
      if (one.now === undefined) continue
      const { upstream, strays, want } = one.now
      const { kinds } = upstream
      upstream.kinds = 0
      if (
        upstream.connection.subscriptions.get(one.instrument) !== upstream ||
        !sameWant(upstream.want, want)
      )
        continue
      // What has come so far was on its way.
      if (one.waiting || now - one.at < GOES_ON_MS + LOOK_EVERY_MS) continue
      if ((kinds & strays) !== 0) {
        one.ticked = now
        this.#goingOn.add(one)
      } else if (!this.#goingOn.has(one) && now - one.at > ENDED_AFTER_MS) this.#forget(name, one)
    }
  }

  /** A packet came of what this connection has given up. */
  ticked(instrument: WireInstrument, at: number): void {
    const one = this.#byName.get(nameOf(instrument))
    if (one === undefined || one.now !== undefined) return
    one.ticked = at
    if (!one.waiting && at - one.at >= GOES_ON_MS) this.#goingOn.add(one)
  }

  /** What is to be done, once a second. Those to be asked for wait from then on. */
  tidy(now: number): Tidying {
    this.#lookAtModes(now)
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
