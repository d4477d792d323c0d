/**
 * What the sockets' callbacks learn about subscriptions, gathered until the session's actor tells it: one event for many
 * instruments instead of one each.
 */
import type { Mode } from "../../market/mode.ts"
import type { Change } from "../../protocols/protocol.ts"
import type { Line } from "../subscriptions/upstreamSubscription.ts"
import type { Slot } from "../subscriptions/pool.ts"
import type { Entry } from "../subscriptions/subscriptions.ts"

export interface Told {
  readonly confirmed: ReadonlyArray<Line>
  readonly failed: ReadonlyArray<Line>
  readonly fresh: ReadonlyArray<Line>
  /** Ticked at their second place: the first one can be given up. */
  readonly moved: ReadonlyArray<Line>
}

/** An instrument's name and mode, as events carry it. */
export const nameAndMode = ({ entry, want }: Line): { symbol: string; exchange: string; mode: Mode } => ({
  symbol: entry.symbol,
  exchange: entry.exchange,
  mode: want.mode
})

export class News {
  #confirmed: Array<Line> = []
  #failed: Array<Line> = []
  #fresh: Array<Line> = []
  #moved: Array<Line> = []
  #waiting = false
  readonly #wake: () => void

  /** @param wake called once when there is something to be taken, until it is */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Requests left for the broker. */
  sent(slot: Slot, changes: ReadonlyArray<Change>, at: number): void {
    for (const { from, instrument, to } of changes) {
      const line = slot.lines.get(instrument as Entry)
      if (line === undefined || to === undefined) continue
      // One that is silent and asked for again stays confirmed: that it is silent is told otherwise.
      if (line.state !== "confirmed" || from !== undefined) line.state = "sent"
      if (line.sentAt === 0) line.sentAt = at
      if (from === undefined) continue
      // Another mode: what it tells is still to come.
      line.told = 0
      line.resends = 0
      line.resentAt = at
    }
  }

  confirmed(line: Line, by: "broker" | "tick", at: number): void {
    if (line.state === "confirmed") return
    line.state = "confirmed"
    line.confirmedAt = at
    line.confirmedBy = by
    line.failure = undefined
    line.resends = 0
    this.#confirmed.push(line)
    this.#called()
  }

  failed(line: Line, reason: string): void {
    // A reader that stays subscribed is told once.
    const repeated = line.failure === reason
    line.state = "failed"
    line.failure = reason
    if (repeated) return
    this.#failed.push(line)
    this.#called()
  }

  fresh(line: Line): void {
    line.stale = false
    line.resends = 0
    this.#fresh.push(line)
    this.#called()
  }

  moved(line: Line): void {
    this.#moved.push(line)
    this.#called()
  }

  take(): Told {
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
