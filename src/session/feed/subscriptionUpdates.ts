/**
 * What the sockets' callbacks learn about subscriptions, gathered until the session's actor tells it: one event for many
 * instruments instead of one each.
 */
import type { Mode } from "../../market/mode.ts"
import type { Change } from "../../protocols/protocol.ts"
import type { PooledConnection, SubscribedInstrument, UpstreamSubscription } from "../model.ts"

export interface Updates {
  readonly confirmed: ReadonlyArray<UpstreamSubscription>
  readonly failed: ReadonlyArray<UpstreamSubscription>
  readonly fresh: ReadonlyArray<UpstreamSubscription>
  /** Ticked at their second place: the first one can be given up. */
  readonly moved: ReadonlyArray<UpstreamSubscription>
}

/** An instrument's name and mode, as events carry it. */
export const nameAndMode = ({
  instrument,
  want
}: UpstreamSubscription): { symbol: string; exchange: string; mode: Mode } => ({
  symbol: instrument.symbol,
  exchange: instrument.exchange,
  mode: want.mode
})

export class SubscriptionUpdates {
  #confirmed: Array<UpstreamSubscription> = []
  #failed: Array<UpstreamSubscription> = []
  #fresh: Array<UpstreamSubscription> = []
  #moved: Array<UpstreamSubscription> = []
  #waiting = false
  readonly #wake: () => void

  /** @param wake called once when there is something to be taken, until it is */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Requests left for the broker. */
  sent(connection: PooledConnection, changes: ReadonlyArray<Change>, at: number): void {
    for (const { from, instrument, to } of changes) {
      const upstream = connection.subscriptions.get(instrument as SubscribedInstrument)
      if (upstream === undefined || to === undefined) continue
      // One that is silent and asked for again stays confirmed: that it is silent is told otherwise.
      if (upstream.state !== "confirmed" || from !== undefined) upstream.state = "sent"
      if (upstream.sentAt === 0) upstream.sentAt = at
      if (from === undefined) continue
      // Another mode: what it tells is still to come.
      upstream.seenModes = 0
      upstream.resends = 0
      upstream.resentAt = at
    }
  }

  confirmed(upstream: UpstreamSubscription, by: "broker" | "tick", at: number): void {
    if (upstream.state === "confirmed") return
    upstream.state = "confirmed"
    upstream.confirmedAt = at
    upstream.confirmedBy = by
    upstream.failure = undefined
    upstream.resends = 0
    this.#confirmed.push(upstream)
    this.#called()
  }

  failed(upstream: UpstreamSubscription, reason: string): void {
    // A reader that stays subscribed is told once.
    const repeated = upstream.failure === reason
    upstream.state = "failed"
    upstream.failure = reason
    if (repeated) return
    this.#failed.push(upstream)
    this.#called()
  }

  fresh(upstream: UpstreamSubscription): void {
    upstream.stale = false
    upstream.resends = 0
    this.#fresh.push(upstream)
    this.#called()
  }

  moved(upstream: UpstreamSubscription): void {
    this.#moved.push(upstream)
    this.#called()
  }

  take(): Updates {
    const told = { confirmed: this.#confirmed, failed: this.#failed, fresh: this.#fresh, moved: this.#moved }
    this.#confirmed = []
    this.#failed = []
    this.#fresh = []
    this.#moved = []
    this.#waiting = false
    return told
  }

  #called(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.#wake()
  }
}
