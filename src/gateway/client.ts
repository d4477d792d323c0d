/**
 * One client: its socket, its place in line, and what it holds. Touched from socket callbacks and from the one
 * fiber that handles its frames, never both at once.
 */
import type * as Fiber from "effect/Fiber"
import type * as uWS from "uWebSockets.js"
import { errorFrame } from "./messages/answerWriter.ts"
import { Delivery } from "./delivery/delivery.ts"
import type { DeliveryLimits, Shared } from "./delivery/delivery.ts"
import type { Encoding } from "./delivery/encoding.ts"
import { encoded, toMsgpack } from "./delivery/encoding.ts"
import type { OutboundFrame } from "./delivery/outboundFrame.ts"
import { PIECE } from "./delivery/turns.ts"
import type { Turns } from "./delivery/turns.ts"
import type { ClientSubscription } from "./topics/subscriptions.ts"
import { ClientSubscriptions } from "./topics/subscriptions.ts"
import type { GatewayClock } from "./clock.ts"
import { INBOX_BYTES, Inbox } from "./requests/inbox.ts"
import type { Inboxes, Unread } from "./requests/inbox.ts"
import { Allowance } from "./limits.ts"
import type { GatewaySettings } from "./options.ts"
import type { CloseReason, GatewayMetrics, Limit } from "./metrics.ts"
import type { ReportedDown } from "./requests/missingFeed.ts"
import type { ErrorCode } from "./messages/words.ts"
import type { Subscriber, SubscriptionOptions, TopicSubscription, Topics } from "./topics/fanOut.ts"
import type { RequestedNames } from "./topics/requestedNames.ts"
import { ClientNames } from "./topics/requestedNames.ts"
import type { OwnShares } from "./requests/shares.ts"

export interface SocketData {
  readonly client: Client
}

/** Seconds' worth that may come at once: existing clients pipeline thousands of single subscribes. */
const BURST_S = 5
const LOGIN_BURST_S = 10
/** What a client may send a second, and at once, whatever others of its key and user send. A new connection has none of it yet. */
const OWN_MESSAGES_PER_S = 20
const OWN_MESSAGES = 100
const ENTRIES_BURST_S = 10

/** Pings and pongs of a client, before and after its login, and seconds' worth that may come at once. */
const NEWCOMER_PINGS_PER_S = 20
const PINGS_PER_S = 200
const PINGS_BURST_S = 2

/** AmiBroker's plugin waits for so long before it logs in. */
const SOLO_HESITATES_MS = 200

/** Silent for so long, it is told why it has to go. Existing clients that are told do not come back, as one that was about to log in should. */
const TOLD_AFTER_MS = 1000

/** WebSocket close codes that the gateway itself uses, with their reasons. */
export const CLOSE = {
  /** Also where others wait, and it has been silent for a second or more. */
  AUTH_TIMEOUT: { code: 4401, reason: "auth timeout" },
  INBOX_FULL: { code: 1013, reason: "too many requests waiting" },
  TOO_BIG: { code: 1009, reason: "message too big" },
  /** It fell behind by more than what may wait for it, or for too long, or chose this rather than a missed frame. */
  NO_PONG: { code: 1011, reason: "no pong in time" },
  /** The API key was revoked, or its user removed. */
  REVOKED: { code: 4403, reason: "API key revoked" },
  TOO_MANY_MESSAGES: { code: 4429, reason: "too many messages" },
  TOO_MANY_MESSAGES_OF_KEY: { code: 4429, reason: "too many messages with this API key" },
  TOO_MANY_MESSAGES_OF_USER: { code: 4429, reason: "too many messages of this user" },
  TOO_MANY_WRONG_KEYS: { code: 4429, reason: "too many wrong API keys" },
  TOO_MANY_REQUESTS: { code: 4429, reason: "too many instruments asked for" },
  TOO_MANY_LOGINS: { code: 4429, reason: "too many logins" },
  TOO_MANY_CLIENTS: { code: 4429, reason: "too many clients with this API key" },
  TOO_MANY_CLIENTS_OF_USER: { code: 4429, reason: "too many clients of this user" },
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
  readonly rooms: Topics
  /** Those who read by topic: the client is in it while it does. */
  readonly topicReaders: Set<Client>
  readonly inboxes: Inboxes
  readonly spellings: RequestedNames
  /** Of the gateway's delivery to all clients. */
  readonly shared: Shared
  readonly limits: DeliveryLimits &
    Pick<
      GatewaySettings,
      | "maxMessagesPerSecond"
      | "maxBytesPerSecond"
      | "maxLoginsPerSecond"
      | "maxMessageBytes"
      | "maxEntriesPerSecond"
      | "maxSubscriptions"
    >
  readonly clock: GatewayClock
  /** Whether one more connection that is not logged in may stay until its other end has read why it is closed. */
  readonly mayLinger: () => boolean
  /** It has sent its first message. */
  readonly onSpoke: (client: Client) => void
  /** It has logged in for the first time. */
  readonly onLogin: (client: Client) => void
}

export class Client implements Subscriber {
  readonly id: string
  readonly solo: boolean
  readonly encoding: Encoding
  readonly holdings = new ClientSubscriptions()
  readonly spellings: ClientNames
  readonly delivery: Delivery
  readonly address: string
  /** Is logged in, and not attached to a feed or not served by it in everything: tried again until it is. */
  needsFeed = false
  /** The feed is to be tried when it is this client's turn. */
  mustSettle = false
  /** Tries in a row that failed by a fault, rather than for want of something. */
  feedFaults = 0
  /** What was taken while no feed was there to take it. */
  readonly unserved = new Set<ClientSubscription>()
  /** It asked for what its last connection held. */
  asksToResume = false
  /** How it was told that it has no feed, while it was not told that it has one again. */
  reportedDown: ReportedDown | undefined
  /** Those of the API key that it logged in with, and of its user. */
  shares: OwnShares | undefined
  /** Its subscriptions, as they are counted there. */
  #counted = 0
  /** Keys that it has shown; logins, and requests, that were declined unseen since the last one that was not. */
  shownKeys = 0
  declinedLogins = 0
  declinedRequests = 0
  /** When the ping was sent that it has not answered; 0: none. */
  awaitsPongSince = 0
  /** When something whole came of it last: a message, a ping, a pong. */
  heardAt: number
  readonly #logins: Allowance
  readonly #messages: Allowance
  readonly #bytes: Allowance
  readonly #ownMessages: Allowance
  #pings: Allowance
  readonly #now: () => number
  readonly #entries: Allowance
  readonly #metrics: GatewayMetrics
  readonly #rooms: Topics
  readonly #topicReaders: Set<Client>
  readonly #mayLinger: () => boolean
  readonly #onSpoke: (client: Client) => void
  readonly #onLogin: (client: Client) => void
  readonly #newcomerBytes: number
  readonly #turns: Turns
  /** Those of its subscriptions that are still to take the way that fits now; undefined: all have. */
  #reseating: Iterator<ClientSubscription> | undefined
  #topics = 0
  /** Undefined once the socket closed: a closed uWebSockets.js socket must not be touched. */
  #socket: uWS.WebSocket<SocketData> | undefined
  #graceTimer: NodeJS.Timeout | undefined
  #user: string | undefined
  readonly #inbox: Inbox
  /** The fiber that handles frames, while there are any. */
  fiber: Fiber.Fiber<void> | undefined
  busy = false
  /** It has sent a whole message. */
  hasSpoken = false
  /** How often the next frame was asked for: the first one is done with at the second. */
  #looks = 0
  /** The topic of the account's order updates, while the client reads them. */
  ordersTopic: string | undefined
  /** Why it ends, once the gateway has decided so. */
  endsFor: CloseReason | undefined
  /** What waited in the socket when a limit was hit; undefined for a client that is not to be closed for it. */
  slowWith: number | undefined

  constructor(options: ClientOptions) {
    const {
      address,
      clock,
      encoding,
      id,
      limits,
      metrics,
      onLogin,
      rooms: topics,
      shared,
      solo,
      topicReaders
    } = options
    this.id = id
    this.solo = solo
    this.encoding = encoding
    this.address = address
    this.#now = clock.now
    const at = clock.now()
    this.heardAt = at
    this.#logins = new Allowance(limits.maxLoginsPerSecond, LOGIN_BURST_S * limits.maxLoginsPerSecond, at)
    this.#messages = new Allowance(limits.maxMessagesPerSecond, BURST_S * limits.maxMessagesPerSecond, at)
    this.#bytes = new Allowance(limits.maxBytesPerSecond, BURST_S * limits.maxBytesPerSecond, at)
    this.#ownMessages = new Allowance(OWN_MESSAGES_PER_S, OWN_MESSAGES, at)
    this.#ownMessages.take(OWN_MESSAGES, at)
    this.#pings = new Allowance(NEWCOMER_PINGS_PER_S, PINGS_BURST_S * NEWCOMER_PINGS_PER_S, at)
    this.#entries = new Allowance(
      limits.maxEntriesPerSecond,
      ENTRIES_BURST_S * limits.maxEntriesPerSecond + limits.maxSubscriptions,
      at
    )
    this.#inbox = new Inbox(options.inboxes, () => {
      metrics.limited("waiting_bytes")
      this.end("inbox_full", CLOSE.INBOX_FULL)
    })
    this.#metrics = metrics
    this.#rooms = topics
    this.#topicReaders = topicReaders
    this.#mayLinger = options.mayLinger
    this.#onSpoke = options.onSpoke
    this.#onLogin = onLogin
    this.#newcomerBytes = limits.maxMessageBytes
    this.#turns = shared.turns
    this.spellings = new ClientNames(options.spellings)
    this.delivery = new Delivery(
      encoding,
      {
        waiting: () => this.waitingBytes,
        send: (payload, binary) => this.#socket?.send(payload, binary, false),
        // Corked frames share a segment, which a solo reader does not read.
        together: (act) => void (solo || this.#socket === undefined ? act() : this.#socket.cork(act)),
        behind: () => {
          metrics.fellBehind()
          this.reseat()
        },
        caughtUp: () => this.reseat(),
        tooSlow: () => this.tooSlow(),
        lost: (loss) => metrics.lost(loss)
      },
      limits,
      shared,
      clock
    )
  }

  wantsEach(options: SubscriptionOptions): boolean {
    return this.solo || this.delivery.wantsEach(options)
  }

  deliver(topicSubscription: TopicSubscription, frame: OutboundFrame): void {
    this.delivery.tick(topicSubscription, frame)
  }

  /** What it wants of its subscriptions has changed: each of them takes the way that fits now, piece by piece. */
  reseat(): void {
    if (this.holdings.count === 0) return
    const underWay = this.#reseating !== undefined
    this.#reseating = this.holdings[Symbol.iterator]()
    if (!underWay) this.#turns.add(this.#reseatSome)
  }

  get isReseating(): boolean {
    return this.#reseating !== undefined
  }

  readonly #reseatSome = (): boolean => {
    for (let left = PIECE; left > 0 && this.isOpen; left--) {
      const next = this.#reseating!.next()
      if (next.done === true) break
      this.#rooms.resubscribe(next.value.topicSubscription)
      if (left === 1) return true
    }
    this.#reseating = undefined
    return false
  }

  /**
   * Once. The closing handshake stands behind all that waits; what is not read within some seconds the library drops, together
   * with the connection.
   */
  tooSlow(): void {
    if (this.slowWith !== undefined || this.#socket === undefined) return
    this.slowWith = this.waitingBytes
    this.#metrics.tooSlow()
    this.end("too_slow", CLOSE.TOO_SLOW)
  }

  opened(socket: uWS.WebSocket<SocketData>, graceMs: number): void {
    this.#socket = socket
    this.#metrics.connected()
    this.#graceTimer = setTimeout(() => this.end("auth_timeout", CLOSE.AUTH_TIMEOUT), graceMs)
  }

  /**
   * From the close handler: from here on nothing reaches the socket.
   *
   * @param reason where it is not the gateway that ended it
   */
  closed(reason: CloseReason): void {
    this.#metrics.closed(this.endsFor ?? reason)
    this.#socket = undefined
    this.#topicReaders.delete(this)
    clearTimeout(this.#graceTimer)
    this.delivery.close()
    this.#inbox.clear()
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
    const first = this.#user === undefined && this.isOpen
    this.#user = user
    if (!first) return
    this.#pings = new Allowance(PINGS_PER_S, PINGS_BURST_S * PINGS_PER_S, this.#now())
    this.#metrics.loggedIn()
    this.#onLogin(this)
  }

  /** The number of its API key; undefined while it is not logged in. */
  get keyId(): number | undefined {
    return this.shares?.keyId
  }

  /** What it holds has changed. */
  recount(): void {
    this.countFor(this.shares)
  }

  /** What it holds counts for these, in place of those that it counted for. */
  countFor(shares: OwnShares | undefined): void {
    if (this.shares !== undefined) {
      this.shares.ofKey.subscriptions -= this.#counted
      this.shares.ofUser.subscriptions -= this.#counted
    }
    this.shares = shares
    this.#counted = shares === undefined ? 0 : this.holdings.count
    if (shares === undefined) return
    shares.ofKey.subscriptions += this.#counted
    shares.ofUser.subscriptions += this.#counted
  }

  /** Milliseconds until it may log in (again); 0: it does now. */
  loginWaitMs(now: number): number {
    return this.#logins.takeOrWait(1, now)
  }

  /** False when it sends more than it may; it is closed then. */
  mayReceive(bytes: number, now: number): boolean {
    this.heardAt = now
    if (!this.#messages.take(1, now) || !this.#bytes.take(bytes, now)) {
      this.end("too_many_messages", CLOSE.TOO_MANY_MESSAGES)
      return false
    }
    const { shares } = this
    if (shares === undefined) return true
    const [ofKeyMay, ofUserMay] = [shares.ofKey.messages.take(1, now), shares.ofUser.messages.take(1, now)]
    if ((ofKeyMay && ofUserMay) || this.#ownMessages.takeOrWait(1, now) === 0) return true
    this.#metrics.limited(ofKeyMay ? "messages_per_user" : "messages_per_key")
    if (ofKeyMay) this.end("too_many_messages_of_user", CLOSE.TOO_MANY_MESSAGES_OF_USER)
    else this.end("too_many_messages_of_key", CLOSE.TOO_MANY_MESSAGES_OF_KEY)
    return false
  }

  /** The same for a ping or a pong: nobody needs many, and thousands in one go would all be answered in one go. */
  mayPing(bytes: number, now: number): boolean {
    if (this.#pings.take(1, now)) return this.mayReceive(bytes, now)
    this.end("too_many_messages", CLOSE.TOO_MANY_MESSAGES)
    return false
  }

  /** Puts a frame in line. False when the line is full; the client is closed then. */
  enqueue(item: Unread): boolean {
    if (!this.hasSpoken) {
      this.hasSpoken = true
      this.#onSpoke(this)
    }
    if (this.#inbox.add(item, this.#user === undefined ? this.#newcomerBytes : INBOX_BYTES))
      return this.isOpen
    this.end("inbox_full", CLOSE.INBOX_FULL)
    return false
  }

  next(): Unread | undefined {
    this.#looks++
    return this.#inbox.next()
  }

  /** Milliseconds until it may name so many instruments, and which limit says so; 0: it does now. */
  entriesWaitMs(amount: number, now: number): readonly [number, Limit] {
    const shares = this.shares
    const own = this.#entries.takeOrWait(amount, now)
    if (own > 0 || shares === undefined) return [own, "entries_per_second"]
    const ofKey = shares.ofKey.entries.takeOrWait(amount, now)
    if (ofKey > 0) return [ofKey, "entries_per_key"]
    return [shares.ofUser.entries.takeOrWait(amount, now), "entries_per_user"]
  }

  send(text: string): void {
    if (this.encoding === "json") this.#socket?.send(text, false, false)
    else this.#socket?.send(toMsgpack(text), true, false)
  }

  fail(code: ErrorCode, message: string, requestId: string | undefined): void {
    this.#metrics.failed(code)
    this.send(errorFrame(code, message, requestId))
  }

  /** A message about the feed, in its place among the ticks. For clients with events. */
  message(json: string): void {
    this.delivery.message(encoded(json, this.encoding))
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

  /** It was the gateway that did not listen. */
  excuse(now: number): void {
    this.ponged()
    this.heardAt = now
  }

  get waitingBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0
  }

  /** A closing handshake: clients take it as an answer and some do not come back. */
  end(reason: CloseReason, { code, reason: text }: { readonly code: number; readonly reason: string }): void {
    if (this.#socket === undefined) return
    if (this.#user === undefined && !this.#mayLinger()) return this.drop(reason)
    this.endsFor = reason
    this.#socket.end(code, text)
  }

  /** Its key is out of use. What waits in the socket would still reach it in front of a closing handshake. */
  expel(): void {
    if (this.waitingBytes === 0) return this.end("revoked", CLOSE.REVOKED)
    this.drop("revoked")
  }

  /**
   * The gateway stops. Several existing clients come back only after a connection that ended without a close frame, while
   * others want to know why: whoever asked for something that those clients do not know hears it. True: it does.
   */
  sayRestart(): boolean {
    if (this.knowsMore && this.isOpen) {
      this.end("shutdown", CLOSE.RESTART)
      return true
    }
    this.drop("shutdown")
    return false
  }

  /** It speaks more than the older protocol: it chose an option, or MessagePack. */
  get knowsMore(): boolean {
    const { clocks, events, snapshot } = this.delivery.optIns
    return this.encoding === "msgpack" || this.asksToResume || events || snapshot || clocks
  }

  /** Drops the connection without a closing handshake, so that every client knows to come back. */
  drop(reason: CloseReason): void {
    this.endsFor = reason
    this.#socket?.close()
  }

  /** Its first request waits, or is being handled. */
  get isHeard(): boolean {
    return this.busy && this.#looks < 2
  }

  /** So long it waits by nature before it logs in. */
  get hesitatesMs(): number {
    return this.solo ? SOLO_HESITATES_MS : 0
  }

  /** For another one, together with the message that it may have begun. */
  makeRoom(afterMs: number): void {
    if (afterMs < TOLD_AFTER_MS) this.drop("made_room")
    else this.end("made_room", CLOSE.AUTH_TIMEOUT)
  }
}
