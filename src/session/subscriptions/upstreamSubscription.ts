/**
 * One instrument on one connection: the state of its subscription and the signs of its life.
 *
 *   wanted ──sent──► sent ──acknowledged or first tick──► confirmed
 *     ▲                └────────refused────► failed ──asked again──┐
 *     └──────────────────the connection ended──────────────────────┘
 *
 * Owned by the session's actor. The socket's callback notes ticks and acknowledgements here as well, on the same
 * thread: plain stores, no message per tick.
 */
import type { SubscriptionState } from "../../market/feedStatus.ts"
import type { Want } from "../../protocols/protocol.ts"
import type { Seen } from "../ticks/plausibility.ts"
import type { Slot } from "./pool.ts"
import type { Entry } from "./subscriptions.ts"

export interface Line {
  readonly entry: Entry
  readonly slot: Slot
  want: Want
  /** What the want took of the broker's limit when it was placed. */
  cost: number
  /** What it cannot be told apart by on one connection, where the wire has such instruments. */
  readonly key: string | undefined
  state: SubscriptionState
  /** When it was first sent on this connection. Monotonic milliseconds, here and below; 0: never. */
  sentAt: number
  confirmedAt: number
  confirmedBy: "broker" | "tick" | undefined
  failure: string | undefined
  /** How often it was sent again on this connection, and when the last time. */
  resends: number
  resentAt: number
  lastTickAt: number
  ticks: number
  /** The modes that something was told for since the subscription was sent, as bits: it may take several upstream. */
  told: number
  /** The kinds of packets that came since it was looked at last: bit `refreshes` of each. */
  kinds: number
  rejected: number
  /** The tick before, on this connection. */
  pacedFrom: number
  /** The usual time between two ticks in ms, learned from them; 0 while it is unknown. */
  gap: number
  /** Should tick and does not. */
  stale: boolean
  /** What the plausibility guard remembers of this connection, where it is on. */
  seen: Seen | undefined
  /** Where it is being moved to; ticks come from here until one comes from there. */
  next: Line | undefined
}

export const makeLine = (
  entry: Entry,
  slot: Slot,
  want: Want,
  cost: number,
  key: string | undefined
): Line => ({
  entry,
  slot,
  want,
  cost,
  key,
  state: "wanted",
  sentAt: 0,
  confirmedAt: 0,
  confirmedBy: undefined,
  failure: undefined,
  resends: 0,
  resentAt: 0,
  lastTickAt: 0,
  ticks: 0,
  told: 0,
  kinds: 0,
  rejected: 0,
  pacedFrom: 0,
  gap: 0,
  stale: false,
  seen: undefined,
  next: undefined
})

/** A new tick weighs one eighth: a rate is learned from some ten ticks and forgets a burst as quickly. */
const WEIGHT = 1 / 8

/** For the tick path. @param refreshes the modes that it is news for, as bits */
export const noteTick = (line: Line, at: number, refreshes: number): void => {
  // An outage or a silence that was noticed is not how the instrument usually ticks.
  if (line.pacedFrom > 0 && !line.stale) {
    const since = at - line.pacedFrom
    line.gap = line.gap === 0 ? since : line.gap + (since - line.gap) * WEIGHT
  }
  line.pacedFrom = at
  line.lastTickAt = at
  line.ticks++
  line.told |= refreshes
  line.kinds |= 1 << refreshes
}

/** The connection ended: all is to be asked for again. What was learned of the rate stays. */
export const reset = (line: Line): void => {
  line.state = "wanted"
  line.sentAt = 0
  line.told = 0
  line.kinds = 0
  line.pacedFrom = 0
  line.confirmedBy = undefined
  line.failure = undefined
  line.resends = 0
  line.resentAt = 0
  line.seen = undefined
}
