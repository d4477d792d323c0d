/**
 * The way of frames to one client: at once while it reads, by its outbox while it does not, at its own pace where it
 * asked for fewer. Loses nothing but what a newer frame of the same subscription replaces (or what the client chose to
 * lose), and counts that.
 */
import type { Frame } from "../../bus/frame.ts"
import type { GatewayClock } from "../clock.ts"
import type { Seat, Terms } from "../rooms.ts"
import type { Encoding, Extras } from "./encoding.ts"
import { toMsgpack, withExtras } from "./encoding.ts"
import { Intervals } from "./intervals.ts"
import { Outbox } from "./outbox.ts"
import { Parcel } from "./parcel.ts"

/** What a client asked for when it logged in. All off: it sees exactly the older protocol. */
export interface OptIns {
  /** Sequence numbers, notices of loss, and the feed's state. */
  readonly events: boolean
  /** The last known tick right after each subscription. */
  readonly snapshot: boolean
  /** The times of each leg on every tick. */
  readonly clocks: boolean
}

export const noOptIns: OptIns = { events: false, snapshot: false, clocks: false }

export interface DeliveryLimits {
  /** Bytes in the socket from which a client counts as slow: its frames wait in its outbox. */
  readonly slowMarkBytes: number
  /** Frames that wait under "drop-oldest". */
  readonly historyFrames: number
}

/** The socket, as far as delivery needs it. */
export interface Wire {
  /** Bytes that the socket has not got rid of. */
  readonly waiting: () => number
  readonly send: (payload: Uint8Array, binary: boolean) => void
  /** It has fallen behind: from now on its frames must come one by one. */
  readonly behind: () => void
  /** It keeps up again. */
  readonly caughtUp: () => void
  /** The client chose to be closed rather than to miss a frame. */
  readonly tooSlow: () => void
  readonly lost: (conflated: number, dropped: number) => void
}

/** Notices are told no oftener while a client lags. */
const NOTICE_EVERY_MS = 1000
/** Subscriptions that a notice names; beyond, it only counts them. */
const NOTICE_MOST = 500

export class Delivery {
  readonly #encoding: Encoding
  readonly #wire: Wire
  readonly #limits: DeliveryLimits
  readonly #clock: GatewayClock
  readonly #outbox: Outbox<Seat, Parcel>
  readonly #intervals: Intervals<Seat, Parcel>
  #optIns: OptIns = noOptIns
  #seq = 0
  #laggingSince = 0
  #toldAt = 0

  constructor(encoding: Encoding, wire: Wire, limits: DeliveryLimits, clock: GatewayClock) {
    this.#encoding = encoding
    this.#wire = wire
    this.#limits = limits
    this.#clock = clock
    this.#outbox = new Outbox(limits.historyFrames)
    this.#intervals = new Intervals(
      (seat, parcel) => this.#pass(seat, parcel),
      (parcel) => parcel.kept,
      (seat) => seat.terms.intervalMs,
      clock.now
    )
  }

  get optIns(): OptIns {
    return this.#optIns
  }

  choose(optIns: OptIns): void {
    this.#optIns = optIns
  }

  /** Its frames differ from everybody else's. */
  get personal(): boolean {
    return this.#optIns.events || this.#optIns.clocks
  }

  /** Since when it lags, in monotonic milliseconds; 0: it keeps up. */
  get laggingSince(): number {
    return this.#laggingSince
  }

  /** Whether this subscription's frames have to come one by one. */
  wantsEach({ intervalMs }: Terms): boolean {
    return this.personal || intervalMs > 0 || this.#laggingSince > 0
  }

  tick(seat: Seat, parcel: Parcel): void {
    if (seat.terms.intervalMs > 0) this.#intervals.offer(seat, parcel)
    else this.#pass(seat, parcel)
  }

  snapshot(payload: Uint8Array, frame: Frame): void {
    this.#signal(new Parcel(payload, frame, true))
  }

  /** A message about the feed, in its place among the ticks. For clients with events. */
  message(json: string): void {
    const payload = this.#encoding === "json" ? Buffer.from(json) : toMsgpack(json)
    this.#signal(new Parcel(payload, undefined))
  }

  forget(seat: Seat): void {
    this.#intervals.forget(seat)
    this.#outbox.forget(seat)
  }

  close(): void {
    this.#intervals.clear()
  }

  /** Looks whether the socket has fallen behind. */
  check(): void {
    if (this.#laggingSince > 0 || this.#wire.waiting() <= this.#limits.slowMarkBytes) return
    this.#laggingSince = this.#clock.now()
    this.#wire.behind()
  }

  /** The socket has room again, or the time has come to look. */
  drain(): void {
    if (this.#laggingSince === 0) return
    this.#flush()
    const now = this.#clock.now()
    if (now - this.#toldAt >= NOTICE_EVERY_MS || this.#outbox.size === 0) this.#notice(now)
    // The notice itself may have found no room.
    if (this.#outbox.size > 0 || this.#wire.waiting() > this.#limits.slowMarkBytes) return
    this.#laggingSince = 0
    this.#wire.caughtUp()
  }

  #flush(): void {
    while (this.#wire.waiting() <= this.#limits.slowMarkBytes) {
      const item = this.#outbox.next()
      if (item === undefined) return
      this.#write(item.frame)
    }
  }

  #pass(seat: Seat, parcel: Parcel): void {
    this.check()
    if (this.#laggingSince === 0) {
      this.#write(parcel)
      return
    }
    switch (seat.terms.slow) {
      case "close":
        return this.#wire.tooSlow()
      case "drop-oldest":
        return this.#outbox.append(seat, parcel.kept)
      case "conflate":
        return this.#outbox.conflate(seat, parcel.kept)
    }
  }

  #signal(parcel: Parcel): void {
    if (this.#laggingSince === 0) this.#write(parcel)
    else this.#outbox.signal(parcel)
  }

  #write({ payload, snapshot, times }: Parcel): void {
    const { clocks, events } = this.#optIns
    const extras: { -readonly [K in keyof Extras]: Extras[K] } = {}
    if (snapshot) extras["snapshot"] = true
    if (clocks && times !== undefined) {
      extras["times"] = {
        ...(times.exchanged === 0 ? {} : { exchange: times.exchanged }),
        received: times.received,
        published: times.published,
        sent: this.#clock.timeOfDay()
      }
    }
    if (events) extras["seq"] = ++this.#seq
    const own = snapshot || events || (clocks && times !== undefined)
    this.#wire.send(own ? withExtras(payload, this.#encoding, extras) : payload, this.#encoding === "msgpack")
  }

  /** Tells what was lost since the last notice. */
  #notice(now: number): void {
    const losses = this.#outbox.takeLosses()
    const since = this.#toldAt === 0 ? this.#laggingSince : Math.max(this.#toldAt, this.#laggingSince)
    this.#toldAt = now
    if (losses.size === 0) return
    let conflated = 0
    let dropped = 0
    const symbols: Array<object> = []
    for (const [{ spelling }, loss] of losses) {
      conflated += loss.conflated
      dropped += loss.dropped
      if (symbols.length === NOTICE_MOST) continue
      const { exchange, symbol, tag } = spelling
      symbols.push({ symbol, exchange, mode: tag, ...loss })
    }
    this.#wire.lost(conflated, dropped)
    if (!this.#optIns.events) return
    const at = this.#clock.timeOfDay()
    this.message(
      JSON.stringify({
        type: "notice",
        since: at - (now - since),
        at,
        conflated,
        dropped,
        subscriptions: losses.size,
        symbols
      })
    )
  }
}
