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
import type { PriceMemory } from "../ticks/plausibility.ts"
import type { PooledConnection } from "./pool.ts"
import type { SubscribedInstrument } from "./subscriptions.ts"

export interface UpstreamSubscription {
  readonly instrument: SubscribedInstrument
  readonly connection: PooledConnection
  want: Want
  /** What the subscription used of the broker's limit when it was assigned. */
  cost: number
  /** The key by which it cannot be told apart on one connection, if the wire has such instruments. */
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
  /** The modes that packets have arrived for since the subscription was sent, as bits: it may take several upstream. */
  seenModes: number
  /** The kinds of packets since the last check: bit `refreshes` of each. */
  kinds: number
  rejected: number
  /** The previous tick on this connection. */
  previousTickAt: number
  /** The usual time between two ticks in ms, learned from them. 0 while unknown. */
  usualIntervalMs: number
  /** True if it should tick and does not. */
  stale: boolean
  /** The plausibility guard's memory for this connection, if the guard is on. */
  priceMemory: PriceMemory | undefined
  /** The connection that it is being moved to. Ticks come from here until one comes from there. */
  next: UpstreamSubscription | undefined
}

export const makeUpstreamSubscription = (
  instrument: SubscribedInstrument,
  connection: PooledConnection,
  want: Want,
  cost: number,
  key: string | undefined
): UpstreamSubscription => ({
  instrument,
  connection,
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
  seenModes: 0,
  kinds: 0,
  rejected: 0,
  previousTickAt: 0,
  usualIntervalMs: 0,
  stale: false,
  priceMemory: undefined,
  next: undefined
})

/** A new tick weighs one eighth: a rate is learned from about ten ticks and forgets a burst as quickly. */
const WEIGHT = 1 / 8

/**
 * Called on the tick path.
 *
 * @param refreshes the modes that the tick refreshes, as bits
 */
export const noteTick = (upstream: UpstreamSubscription, at: number, refreshes: number): void => {
  // A known outage or silence is not how the instrument usually ticks.
  if (upstream.previousTickAt > 0 && !upstream.stale) {
    const since = at - upstream.previousTickAt
    upstream.usualIntervalMs =
      upstream.usualIntervalMs === 0
        ? since
        : upstream.usualIntervalMs + (since - upstream.usualIntervalMs) * WEIGHT
  }
  upstream.previousTickAt = at
  upstream.lastTickAt = at
  upstream.ticks++
  upstream.seenModes |= refreshes
  upstream.kinds |= 1 << refreshes
}

/** The connection ended: all is to be asked for again. What was learned of the rate stays. */
export const reset = (upstream: UpstreamSubscription): void => {
  upstream.state = "wanted"
  upstream.sentAt = 0
  upstream.seenModes = 0
  upstream.kinds = 0
  upstream.previousTickAt = 0
  upstream.confirmedBy = undefined
  upstream.failure = undefined
  upstream.resends = 0
  upstream.resentAt = 0
  upstream.priceMemory = undefined
}
