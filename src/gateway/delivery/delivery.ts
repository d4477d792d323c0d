/**
 * Delivers frames to one client: at once while it reads, through its outbox while it lags, at its own interval if it asked
 * for one. While the client lags, a frame is lost only if a newer frame of the same subscription replaces it, or if the
 * client chose to lose it. Both are counted.
 */
import type { MarketFrame } from "../../frame/marketFrame.ts"
import type { GatewayClock } from "../clock.ts"
import type { TopicSubscription, SubscriptionOptions } from "../topics/fanOut.ts"
import type { Encoding, Extras } from "./encoding.ts"
import { encoded, withExtras } from "./encoding.ts"
import { Intervals } from "./intervals.ts"
import { lostBetween, isNothing, noticeOf } from "./notice.ts"
import type { Lost, OutboxLimits } from "./outbox.ts"
import { Outbox } from "./outbox.ts"
import { OutboundFrame } from "./outboundFrame.ts"
import { PIECE } from "./turns.ts"
import type { Turns } from "./turns.ts"
import type { Wheel } from "./wheel.ts"

/** The options of the login. With all of them off, the client sees exactly the older protocol. */
export interface OptIns {
  /** Sequence numbers, notices of loss, and the feed's state. */
  readonly events: boolean
  /** The last known tick right after each subscription. */
  readonly snapshot: boolean
  /** The times of each leg on every tick. */
  readonly clocks: boolean
}

export const noOptIns: OptIns = { events: false, snapshot: false, clocks: false }

export interface DeliveryLimits extends OutboxLimits {
  /** Bytes in the socket from which a client counts as slow: its frames wait in its outbox. */
  readonly slowMarkBytes: number
}

/** The part of a socket that delivery needs. */
export interface Wire {
  /** Bytes that the socket has not sent yet. */
  readonly waiting: () => number
  readonly send: (payload: Uint8Array, binary: boolean) => void
  /** Messages sent during the call may leave in one piece. */
  readonly together: (act: () => void) => void
  /** The client lags: its frames must be handed over one by one from now on. */
  readonly behind: () => void
  /** The client keeps up again. */
  readonly caughtUp: () => void
  /** The client chose to be closed rather than to miss a frame. */
  readonly tooSlow: () => void
  readonly lost: (loss: Readonly<Lost>) => void
}

/** What all clients of a gateway share. */
export interface Shared {
  readonly turns: Turns
  readonly wheel: Wheel
}

/** The shortest time between two notices while a client lags. */
const NOTICE_EVERY_MS = 1000

export class Delivery {
  readonly #encoding: Encoding
  readonly #wire: Wire
  readonly #limits: DeliveryLimits
  readonly #clock: GatewayClock
  readonly #turns: Turns
  readonly #outbox: Outbox<TopicSubscription, OutboundFrame>
  readonly #intervals: Intervals<TopicSubscription, OutboundFrame>
  #optIns: OptIns = noOptIns
  #seq = 0
  #laggingSince = 0
  #toldAt = 0
  /** Of what was lost: what the metrics and the client's notices have. */
  #counted: Readonly<Lost>
  #told: Readonly<Lost>
  /** A piece of its outbox waits for its turn. */
  #draining = false
  #closed = false

  constructor(
    encoding: Encoding,
    wire: Wire,
    limits: DeliveryLimits,
    { turns, wheel }: Shared,
    clock: GatewayClock
  ) {
    this.#encoding = encoding
    this.#wire = wire
    this.#limits = limits
    this.#turns = turns
    this.#clock = clock
    this.#outbox = new Outbox(limits)
    this.#counted = { ...this.#outbox.lost }
    this.#told = this.#counted
    this.#intervals = new Intervals(
      wheel,
      (topicSubscription, frame) => this.#pass(topicSubscription, frame),
      (frame) => frame.copy,
      (topicSubscription) => topicSubscription.options.intervalMs
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

  /** When it began to lag, in monotonic milliseconds; 0: it keeps up. */
  get laggingSince(): number {
    return this.#laggingSince
  }

  /** Whether this subscription's frames must be handed over one by one. */
  wantsEach({ intervalMs }: SubscriptionOptions): boolean {
    return this.personal || intervalMs > 0 || this.#laggingSince > 0
  }

  tick(topicSubscription: TopicSubscription, frame: OutboundFrame): void {
    // The subscriptions of a client that left are removed in batches, so ticks still arrive meanwhile.
    if (this.#closed) return
    if (topicSubscription.options.intervalMs > 0) this.#intervals.offer(topicSubscription, frame)
    else this.#pass(topicSubscription, frame)
  }

  snapshot(topicSubscription: TopicSubscription, payload: Uint8Array, frame: MarketFrame): void {
    if (this.#closed) return
    const parcel = new OutboundFrame(payload, frame, true)
    if (this.#keepsUp()) this.#write(parcel)
    else this.#wait(topicSubscription, parcel)
  }

  /** Sends a message about the feed, in order with the ticks. For clients with events. */
  message(payload: Uint8Array): void {
    if (this.#closed) return
    const frame = new OutboundFrame(payload, undefined)
    if (this.#keepsUp()) this.#write(frame)
    else this.#outbox.tell(frame, payload.length)
  }

  forget(topicSubscription: TopicSubscription): void {
    this.#intervals.forget(topicSubscription)
    this.#outbox.forget(topicSubscription)
  }

  /** Gives up all that waits. What is paced leaves with its subscription. */
  clear(): void {
    this.#count()
    this.#outbox.clear()
    this.#told = this.#counted
  }

  /** The client is gone. */
  close(): void {
    this.#closed = true
    this.clear()
  }

  get #hasRoom(): boolean {
    return this.#wire.waiting() <= this.#limits.slowMarkBytes
  }

  /** Checks whether the client lags. */
  check(): void {
    if (this.#laggingSince > 0 || this.#hasRoom) return
    this.#laggingSince = this.#clock.now()
    this.#wire.behind()
  }

  #keepsUp(): boolean {
    this.check()
    return this.#laggingSince === 0
  }

  /** The socket has room again, or the time has come to look. */
  drain(): void {
    if (this.#laggingSince === 0) return
    this.#count()
    if (this.#draining || !this.#hasRoom) return
    this.#draining = true
    this.#turns.add(this.#drainSome)
  }

  readonly #drainSome = (): boolean => {
    if (this.#closed) return false
    this.#wire.together(this.#flushSome)
    this.#draining = this.#hasRoom && this.#goesOn()
    return this.#draining
  }

  readonly #flushSome = (): void => {
    for (let left = PIECE; left > 0 && this.#hasRoom; left--) {
      const frame = this.#outbox.next()
      if (frame === undefined) return
      this.#write(frame)
    }
  }

  /** There is room: whether something waits for it. Ends the lag when nothing does. */
  #goesOn(): boolean {
    const now = this.#clock.now()
    // Straight to the socket: of all that may be told, one notice at a time needs room.
    if (now - this.#toldAt >= NOTICE_EVERY_MS || this.#outbox.size === 0) this.#notice(now)
    if (this.#outbox.size > 0) return true
    // The notice itself may have found no room.
    if (!this.#hasRoom) return false
    this.#laggingSince = 0
    this.#wire.caughtUp()
    return false
  }

  #pass(topicSubscription: TopicSubscription, frame: OutboundFrame): void {
    if (this.#keepsUp()) this.#write(frame)
    else if (topicSubscription.options.slow === "close") this.#wire.tooSlow()
    else this.#wait(topicSubscription, frame)
  }

  #wait(topicSubscription: TopicSubscription, frame: OutboundFrame): void {
    if (topicSubscription.options.slow === "drop-oldest") this.#outbox.append(topicSubscription, frame.copy)
    else this.#outbox.conflate(topicSubscription, frame.copy)
  }

  #write({ payload, snapshot, times }: OutboundFrame): void {
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

  /** Counts losses in the metrics, even for a client that never reads a notice. */
  #count(): void {
    const lost = lostBetween(this.#counted, this.#outbox.lost)
    if (isNothing(lost)) return
    this.#counted = { ...this.#outbox.lost }
    this.#wire.lost(lost)
  }

  /** Sends the client a notice of what it lost since the last one. */
  #notice(now: number): void {
    this.#count()
    const lost = lostBetween(this.#told, this.#counted)
    const losses = this.#outbox.takeLosses()
    const from = this.#toldAt === 0 ? this.#laggingSince : Math.max(this.#toldAt, this.#laggingSince)
    this.#toldAt = now
    this.#told = this.#counted
    if (!this.#optIns.events || isNothing(lost)) return
    const at = this.#clock.timeOfDay()
    const notice = noticeOf(at - (now - from), at, lost, losses)
    this.#write(new OutboundFrame(encoded(notice, this.#encoding), undefined))
  }
}
