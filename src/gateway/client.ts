/**
 * One client: its socket, its place in line, and what it holds. Touched from socket callbacks and from the one
 * fiber that handles its frames, never both at once.
 */
import type * as Fiber from "effect/Fiber"
import type * as uWS from "uWebSockets.js"
import { errorFrame } from "./answers.ts"
import { Delivery } from "./delivery/delivery.ts"
import type { DeliveryLimits } from "./delivery/delivery.ts"
import type { Encoding } from "./delivery/encoding.ts"
import { toMsgpack } from "./delivery/encoding.ts"
import type { Parcel } from "./delivery/parcel.ts"
import type { Holding } from "./holdings.ts"
import { Holdings } from "./holdings.ts"
import { Allowance } from "./limits.ts"
import type { GatewaySettings } from "./options.ts"
import type { CloseReason, GatewayMetrics } from "./metrics.ts"
import type { ErrorCode, Inbound } from "./protocol.ts"
import type { Member, Rooms, Seat, Terms } from "./rooms.ts"

export interface SocketData {
  readonly client: Client
}

/**
 * Frames that wait while an earlier one is handled: room for a few thousand pipelined single subscribes behind
 * a slow login. A client that sends more is closed with INBOX_FULL: it would never catch up, and dropping single
 * requests would leave it waiting for answers.
 */
export const INBOX_FRAMES = 8192
export const INBOX_BYTES = 4 * 1024 * 1024

/** Seconds' worth that may come at once: existing clients pipeline thousands of single subscribes. */
const BURST_S = 5

/** How long a client that is closed for reading too slowly has to read why. */
const LAST_WORDS_MS = 1000

/** WebSocket close codes that the gateway itself uses, with their reasons. */
export const CLOSE = {
  AUTH_TIMEOUT: { code: 4401, reason: "auth timeout" },
  INBOX_FULL: { code: 1013, reason: "too many requests waiting" },
  TOO_BIG: { code: 1009, reason: "message too big" },
  /** It fell behind by more than what may wait for it, or for too long, or chose this rather than a missed frame. */
  NO_PONG: { code: 1011, reason: "no pong in time" },
  /** The API key was revoked, or its user removed. */
  REVOKED: { code: 4403, reason: "API key revoked" },
  TOO_MANY_MESSAGES: { code: 4429, reason: "too many messages" },
  TOO_MANY_WRONG_KEYS: { code: 4429, reason: "too many wrong API keys" },
  TOO_MANY_CLIENTS: { code: 4429, reason: "too many clients with this API key" },
  RESTART: { code: 1012, reason: "service restart" },
  TOO_SLOW: { code: 4408, reason: "reads too slowly" }
} as const

export interface ClientOptions {
  /** Unique among all gateways of a feed: the reader's name there. */
  readonly id: string
  /**
   * Wants every frame in a write of its own. AmiBroker's plugin reads one frame per receive and loses the others when
   * several arrive in one segment, which is how a fan-out by topic sends them.
   */
  readonly solo: boolean
  readonly encoding: Encoding
  /** The remote address, as text. */
  readonly address: string
  readonly metrics: GatewayMetrics
  readonly rooms: Rooms
  /** Those who read by topic: the client is in it while it does. */
  readonly topicReaders: Set<Client>
  readonly limits: DeliveryLimits & Pick<GatewaySettings, "maxMessagesPerSecond" | "maxBytesPerSecond">
  readonly now: () => number
}

/** A frame that waits in line, not looked at yet. */
export interface Unread {
  readonly read: () => Inbound
  readonly bytes: number
}

export class Client implements Member {
  readonly id: string
  readonly solo: boolean
  readonly encoding: Encoding
  readonly holdings = new Holdings()
  readonly delivery: Delivery
  readonly address: string
  /** Is logged in, and not attached to a feed or not served by it in everything: tried again until it is. */
  needsFeed = false
  /** The feed is to be tried when it is this client's turn. */
  mustSettle = false
  /** Tries in a row that failed by a fault, rather than for want of something. */
  feedFaults = 0
  /** What was taken while no feed was there to take it. */
  readonly unserved = new Set<Holding>()
  /** It asked for what its last connection held. */
  asksToResume = false
  /** Since when it has been told that its feed is down; 0: it was not, or has been told that it is up again. */
  toldDownAt = 0
  /** The number of the API key that it logged in with. */
  keyId: number | undefined
  /** Keys that it was not allowed to try. */
  declinedKeys = 0
  /** When the ping was sent that it has not answered; 0: none. */
  awaitsPongSince = 0
  readonly #messages: Allowance
  readonly #bytes: Allowance
  readonly #metrics: GatewayMetrics
  readonly #rooms: Rooms
  readonly #topicReaders: Set<Client>
  #topics = 0
  /** Undefined once the socket closed: a closed uWebSockets.js socket must not be touched. */
  #socket: uWS.WebSocket<SocketData> | undefined
  #graceTimer: NodeJS.Timeout | undefined
  #user: string | undefined
  readonly #inbox: Array<Unread> = []
  #inboxBytes = 0
  /** The fiber that handles frames, while there are any. */
  fiber: Fiber.Fiber<void> | undefined
  busy = false
  /** The topic of the account's order updates, while the client reads them. */
  ordersTopic: string | undefined
  /** What waited in the socket when a limit was hit; undefined for a client that is not to be closed for it. */
  slowWith: number | undefined

  constructor({ address, encoding, id, limits, metrics, now, rooms, solo, topicReaders }: ClientOptions) {
    this.id = id
    this.solo = solo
    this.encoding = encoding
    this.address = address
    const at = now()
    this.#messages = new Allowance(limits.maxMessagesPerSecond, BURST_S * limits.maxMessagesPerSecond, at)
    this.#bytes = new Allowance(limits.maxBytesPerSecond, BURST_S * limits.maxBytesPerSecond, at)
    this.#metrics = metrics
    this.#rooms = rooms
    this.#topicReaders = topicReaders
    this.delivery = new Delivery(
      encoding,
      {
        waiting: () => this.waitingBytes,
        send: (payload, binary) => this.#socket?.send(payload, binary, false),
        behind: () => {
          metrics.fellBehind()
          this.reseat()
        },
        caughtUp: () => this.reseat(),
        tooSlow: () => this.tooSlow(),
        lost: (conflated, dropped) => metrics.lost(conflated, dropped)
      },
      limits,
      now
    )
  }

  wantsEach(terms: Terms): boolean {
    return this.solo || this.delivery.wantsEach(terms)
  }

  deliver(seat: Seat, parcel: Parcel): void {
    this.delivery.tick(seat, parcel)
  }

  /** What it wants of its subscriptions has changed: takes each of them the way that fits now. */
  reseat(): void {
    for (const { seat } of this.holdings) this.#rooms.reseat(seat)
  }

  /** Once: the closing handshake stands behind all that waits, so the connection is dropped a little later anyway. */
  tooSlow(): void {
    if (this.slowWith !== undefined || this.#socket === undefined) return
    this.slowWith = this.waitingBytes
    this.#metrics.tooSlow()
    this.end("too_slow", CLOSE.TOO_SLOW)
    setTimeout(() => this.drop(), LAST_WORDS_MS).unref()
  }

  opened(socket: uWS.WebSocket<SocketData>, graceMs: number): void {
    this.#socket = socket
    this.#metrics.connected()
    this.#graceTimer = setTimeout(() => this.end("auth_timeout", CLOSE.AUTH_TIMEOUT), graceMs)
  }

  /** From the close handler: from here on nothing reaches the socket. */
  closed(): void {
    this.#socket = undefined
    this.#topicReaders.delete(this)
    clearTimeout(this.#graceTimer)
    this.delivery.close()
    this.#inbox.length = 0
    this.#inboxBytes = 0
    this.#metrics.disconnected()
    if (this.#user !== undefined) this.#metrics.loggedOut()
  }

  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  get user(): string | undefined {
    return this.#user
  }

  /** Ends the grace period, whatever becomes of the user's feed. */
  logIn(user: string): void {
    clearTimeout(this.#graceTimer)
    if (this.#user === undefined && this.isOpen) this.#metrics.loggedIn()
    this.#user = user
  }

  /** False when it sends more than it may; it is closed then. */
  mayReceive(bytes: number, now: number): boolean {
    const messages = this.#messages.take(1, now)
    if (messages && this.#bytes.take(bytes, now)) return true
    this.end("too_many_messages", CLOSE.TOO_MANY_MESSAGES)
    return false
  }

  /** Puts a frame in line. False when the line is full; the client is closed then. */
  enqueue(read: () => Inbound, bytes: number): boolean {
    const waiting = this.#inbox.length
    if (waiting >= INBOX_FRAMES || (waiting > 0 && this.#inboxBytes + bytes > INBOX_BYTES)) {
      this.end("inbox_full", CLOSE.INBOX_FULL)
      return false
    }
    this.#inbox.push({ read, bytes })
    this.#inboxBytes += bytes
    return true
  }

  next(): Unread | undefined {
    const item = this.#inbox.shift()
    if (item !== undefined) this.#inboxBytes -= item.bytes
    return item
  }

  send(text: string): void {
    if (this.encoding === "json") this.#socket?.send(text, false, false)
    else this.#socket?.send(toMsgpack(text), true, false)
  }

  fail(code: ErrorCode, message: string, requestId: string | undefined): void {
    this.#metrics.failed(code)
    this.send(errorFrame(code, message, requestId))
  }

  /** Reads order updates under this topic, or none any more. */
  readOrders(topic: string | undefined): void {
    if (topic === this.ordersTopic) return
    if (this.ordersTopic !== undefined) this.leaveTopic(this.ordersTopic)
    this.ordersTopic = topic
    if (topic !== undefined) this.joinTopic(topic)
  }

  joinTopic(topic: string): void {
    if (++this.#topics === 1 && this.isOpen) this.#topicReaders.add(this)
    this.#socket?.subscribe(topic)
  }

  leaveTopic(topic: string): void {
    if (--this.#topics === 0) this.#topicReaders.delete(this)
    this.#socket?.unsubscribe(topic)
  }

  ping(now: number): void {
    if (this.awaitsPongSince === 0) this.awaitsPongSince = now
    this.#socket?.ping()
  }

  ponged(): void {
    this.awaitsPongSince = 0
  }

  get waitingBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0
  }

  /** A closing handshake: clients take it as an answer and some do not come back. */
  end(reason: CloseReason, { code, reason: text }: { readonly code: number; readonly reason: string }): void {
    if (this.#socket === undefined) return
    this.#metrics.closed(reason)
    this.#socket.end(code, text)
  }

  /** Its key is out of use. What waits in the socket would still reach it in front of a closing handshake. */
  expel(): void {
    if (this.waitingBytes === 0) return this.end("revoked", CLOSE.REVOKED)
    this.#metrics.closed("revoked")
    this.drop()
  }

  /**
   * The gateway stops. Several existing clients come back only after a connection that ended without a close frame, while
   * others want to know why: whoever asked for something that those clients do not know hears it. True: it does.
   */
  sayRestart(): boolean {
    if (!this.knowsMore || this.#socket === undefined) {
      if (this.isOpen) this.#metrics.closed("restart")
      this.drop()
      return false
    }
    this.end("restart", CLOSE.RESTART)
    return true
  }

  /** It speaks more than the older protocol: it chose an option, or MessagePack. */
  get knowsMore(): boolean {
    const { clocks, events, snapshot } = this.delivery.optIns
    return this.encoding === "msgpack" || this.asksToResume || events || snapshot || clocks
  }

  /** Drops the connection without a closing handshake, so that every client knows to come back. */
  drop(): void {
    this.#socket?.close()
  }
}
