/** What the gateway counts: Prometheus metrics, and the same numbers for `Gateway.stats`. */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { MarketFrame } from "../frame/marketFrame.ts"
import { ofLeg } from "../bus/latency.ts"
import type { FeedEvent } from "../market/feedEvent.ts"
import type { Lost } from "./delivery/outbox.ts"
import type { ErrorCode } from "./messages/words.ts"

const counter = (name: string, description: string) =>
  Metric.counter(`algoways_gateway_${name}`, { description, incremental: true })
const gauge = (name: string, description: string) => Metric.gauge(`algoways_gateway_${name}`, { description })

const clients = gauge("clients", "Open client connections")
const loggedIn = gauge("authenticated", "Clients that are logged in")
const topics = gauge("topics", "Topics that at least one client reads")
const unread = gauge("waiting_bytes", "Bytes of clients' messages that wait for their turn")
const waiting = gauge(
  "waiting_subscriptions",
  "Subscriptions of clients that wait for a feed to be there for them"
)
const resumed = counter("resumed_total", "Clients that got the subscriptions of their last connection back")
const kept = gauge("kept_sets", "Sets of subscriptions that wait for their client to reconnect")
const connects = counter("connects_total", "Client connections that were opened")
const messagesIn = counter("messages_in_total", "Messages received from clients")
const bytesIn = counter("bytes_in_total", "Bytes received from clients in messages")
const framesOut = counter("frames_out_total", "Market data frames handed to client sockets")
const bytesOut = counter("bytes_out_total", "Bytes of market data handed to client sockets")
const errors = counter("errors_total", "Error frames sent to clients, by code")
const slowClosed = counter("slow_closed_total", "Clients closed because they read too slowly")
const fellBehind = counter("slow_total", "Times that a client fell behind and its frames began to wait")
const conflated = counter(
  "conflated_total",
  "Frames that a newer one replaced while they waited for a slow client"
)
const dropped = counter(
  "dropped_total",
  "Frames that slow clients lost because they chose to lose the oldest"
)
const statusesLost = counter(
  "statuses_lost_total",
  "Messages about the feed that slow clients lost for want of room"
)
const limited = counter("limited_total", "Upgrades and requests that were declined by a limit")
const closed = counter(
  "closed_total",
  "Client connections that ended, by reason: client and lost are theirs, all others the gateway's"
)
const events = counter("events_total", "Events of users' feeds that reached this gateway, by type")
const httpAnswers = counter("http_answers_total", "Answers to /ready and /status, by route and status")
const keysRefused = counter("http_keys_refused_total", "Wrong API keys that came over HTTP")

const openDescriptors = gauge("descriptors", "Files and sockets that the process has open")
const mostDescriptors = gauge("descriptors_limit", "Files and sockets that the process may have open")
const acceptPauses = counter(
  "accept_pauses_total",
  "Times that no connections were accepted because the process had hardly a descriptor left"
)
const certificateSeconds = gauge(
  "certificate_expires_seconds",
  "Seconds until the TLS certificate in use expires; below 0: since"
)

export interface GatewayStats {
  readonly clients: number
  readonly authenticated: number
  readonly messagesIn: number
  /** Market data frames and bytes handed to sockets, each receiver counted. */
  readonly framesOut: number
  readonly bytesOut: number
  readonly slowClosed: number
  /** Frames that slow clients did not get, for a newer one or for none. */
  readonly conflated: number
  readonly dropped: number
}

const handshakes = gauge("handshakes", "Connections that have not become WebSockets (yet)")
export type Limit =
  | "connections"
  | "connections_per_address"
  | "origin"
  | "descriptors"
  | "handshakes"
  | "handshakes_per_address"
  | "logging_in"
  | "requests"
  | "ambiguous_request"
  | "failed_keys"
  | "logins"
  | "logins_per_key"
  | "searches"
  | "messages_per_key"
  | "messages_per_user"
  | "subscriptions"
  | "spellings"
  | "subscriptions_per_key"
  | "subscriptions_per_user"
  | "entries"
  | "entries_per_second"
  | "entries_per_key"
  | "entries_per_user"
  | "waiting_bytes"

/** Why a client's connection ended. */
export type CloseReason =
  /** By the client: with a closing handshake, or without one. */
  | "client"
  | "lost"
  /** The gateway shuts down. */
  | "shutdown"
  /** The library saw no byte of it for longer than any live client is silent. */
  | "idle"
  | "invalid_frame"
  | "invalid_text"
  /** It had not logged in, and others waited. */
  | "made_room"
  | "auth_timeout"
  | "inbox_full"
  | "too_big"
  | "too_slow"
  | "too_many_messages"
  | "too_many_messages_of_key"
  | "too_many_messages_of_user"
  | "too_many_wrong_keys"
  | "too_many_logins"
  | "too_many_requests"
  | "too_many_clients"
  | "too_many_clients_of_user"
  | "no_pong"
  | "revoked"

export class GatewayMetrics {
  readonly #context: Context.Context<never>
  readonly #stats = {
    clients: 0,
    authenticated: 0,
    messagesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    slowClosed: 0,
    conflated: 0,
    dropped: 0
  }
  #handshakes = 0
  readonly #legs = new Map<string, (ms: number) => void>()

  constructor(context: Context.Context<never>) {
    this.#context = context
    clients.updateUnsafe(0, context)
    loggedIn.updateUnsafe(0, context)
  }

  get stats(): GatewayStats {
    return { ...this.#stats }
  }

  connected(): void {
    connects.updateUnsafe(1, this.#context)
    clients.updateUnsafe(++this.#stats.clients, this.#context)
  }

  disconnected(): void {
    clients.updateUnsafe(--this.#stats.clients, this.#context)
  }

  loggedIn(): void {
    loggedIn.updateUnsafe(++this.#stats.authenticated, this.#context)
  }

  loggedOut(): void {
    loggedIn.updateUnsafe(--this.#stats.authenticated, this.#context)
  }

  received(bytes: number): void {
    this.#stats.messagesIn++
    messagesIn.updateUnsafe(1, this.#context)
    bytesIn.updateUnsafe(bytes, this.#context)
  }

  /** Once per chunk of frames, with the totals so far. */
  delivered(frames: number, bytes: number): void {
    framesOut.updateUnsafe(frames - this.#stats.framesOut, this.#context)
    bytesOut.updateUnsafe(bytes - this.#stats.bytesOut, this.#context)
    this.#stats.framesOut = frames
    this.#stats.bytesOut = bytes
  }

  reading(count: number, waitingForFeed: number, keptSets: number): void {
    topics.updateUnsafe(count, this.#context)
    waiting.updateUnsafe(waitingForFeed, this.#context)
    kept.updateUnsafe(keptSets, this.#context)
  }

  /** Bytes of clients' messages that nobody has looked at yet. */
  unread(bytes: number): void {
    unread.updateUnsafe(bytes, this.#context)
  }

  resumed(): void {
    resumed.updateUnsafe(1, this.#context)
  }

  failed(code: ErrorCode): void {
    Metric.withAttributes(errors, { code }).updateUnsafe(1, this.#context)
  }

  fellBehind(): void {
    fellBehind.updateUnsafe(1, this.#context)
  }

  lost(lost: Readonly<Lost>): void {
    this.#stats.conflated += lost.conflated
    this.#stats.dropped += lost.dropped
    conflated.updateUnsafe(lost.conflated, this.#context)
    dropped.updateUnsafe(lost.dropped, this.#context)
    statusesLost.updateUnsafe(lost.statuses, this.#context)
  }

  /** Of one frame per chunk. */
  latency(frame: MarketFrame, now: number): void {
    if (frame.published === 0) return
    const { broker } = frame.view
    let update = this.#legs.get(broker)
    if (update === undefined)
      this.#legs.set(broker, (update = ofLeg("published_to_sent", broker, this.#context)))
    update(now - frame.published)
  }

  /** A connection came, or went, or became a WebSocket. */
  handshakes(change: number): void {
    handshakes.updateUnsafe((this.#handshakes += change), this.#context)
  }

  /** A limit was hit: an upgrade or a request that was declined. Those that close a client are counted as such. */
  limited(limit: Limit): void {
    Metric.withAttributes(limited, { limit }).updateUnsafe(1, this.#context)
  }

  tooSlow(): void {
    this.#stats.slowClosed++
    slowClosed.updateUnsafe(1, this.#context)
  }

  closed(reason: CloseReason): void {
    Metric.withAttributes(closed, { reason }).updateUnsafe(1, this.#context)
  }

  /** What the process has open, and where connections are refused for it. */
  descriptors(used: number, limit: number): void {
    openDescriptors.updateUnsafe(used, this.#context)
    if (Number.isFinite(limit)) mostDescriptors.updateUnsafe(limit, this.#context)
  }

  paused(): void {
    acceptPauses.updateUnsafe(1, this.#context)
  }

  /** Seconds until the TLS certificate expires. */
  certificate(seconds: number): void {
    certificateSeconds.updateUnsafe(seconds, this.#context)
  }

  heard(type: FeedEvent["type"]): void {
    Metric.withAttributes(events, { type }).updateUnsafe(1, this.#context)
  }

  answered(route: string, status: string): void {
    Metric.withAttributes(httpAnswers, { route, status }).updateUnsafe(1, this.#context)
  }

  keyRefused(): void {
    keysRefused.updateUnsafe(1, this.#context)
  }
}
