/** What a tick, and the end of its connection, do to an upstream subscription. */
import type { UpstreamSubscription } from "../model.ts"

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
