/**
 * One client: its socket, its place in line, and what it holds. Touched from socket callbacks and from the one
 * fiber that handles its frames, never both at once.
 */
import type * as Fiber from "effect/Fiber"
import type * as uWS from "uWebSockets.js"
import { errorFrame } from "./answers.ts"
import { Holdings } from "./holdings.ts"
import type { CloseReason, GatewayMetrics } from "./metrics.ts"
import type { ErrorCode, Inbound } from "./protocol.ts"
import type { Member } from "./rooms.ts"

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

/** WebSocket close codes that the gateway itself uses, with their reasons. */
export const CLOSE = {
  AUTH_TIMEOUT: { code: 4401, reason: "auth timeout" },
  INBOX_FULL: { code: 1013, reason: "too many requests waiting" },
  TOO_BIG: { code: 1009, reason: "message too big" }
} as const

export class Client implements Member {
  /** Unique among all gateways of a feed: the reader's name there. */
  readonly id: string
  readonly solo: boolean
  readonly holdings = new Holdings()
  readonly #metrics: GatewayMetrics
  /** Undefined once the socket closed: a closed uWebSockets.js socket must not be touched. */
  #socket: uWS.WebSocket<SocketData> | undefined
  #graceTimer: NodeJS.Timeout | undefined
  #user: string | undefined
  readonly #inbox: Array<{ readonly frame: Inbound; readonly bytes: number }> = []
  #inboxBytes = 0
  /** The fiber that handles frames, while there are any. */
  fiber: Fiber.Fiber<void> | undefined
  busy = false
  /** The topic of the account's order updates, while the client reads them. */
  ordersTopic: string | undefined
  /** What waited in the socket when the limit was hit; undefined for a client that keeps up. */
  slowWith: number | undefined

  constructor(id: string, solo: boolean, metrics: GatewayMetrics) {
    this.id = id
    this.solo = solo
    this.#metrics = metrics
  }

  opened(socket: uWS.WebSocket<SocketData>, graceMs: number): void {
    this.#socket = socket
    this.#metrics.connected()
    this.#graceTimer = setTimeout(() => this.end("auth_timeout", CLOSE.AUTH_TIMEOUT), graceMs)
  }

  /** From the close handler: from here on nothing reaches the socket. */
  closed(): void {
    this.#socket = undefined
    clearTimeout(this.#graceTimer)
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

  /** Puts a frame in line. False when the line is full; the client is closed then. */
  enqueue(frame: Inbound, bytes: number): boolean {
    const waiting = this.#inbox.length
    if (waiting >= INBOX_FRAMES || (waiting > 0 && this.#inboxBytes + bytes > INBOX_BYTES)) {
      this.end("inbox_full", CLOSE.INBOX_FULL)
      return false
    }
    this.#inbox.push({ frame, bytes })
    this.#inboxBytes += bytes
    return true
  }

  next(): Inbound | undefined {
    const item = this.#inbox.shift()
    if (item === undefined) return undefined
    this.#inboxBytes -= item.bytes
    return item.frame
  }

  send(text: string): void {
    this.#socket?.send(text, false, false)
  }

  fail(code: ErrorCode, message: string, requestId: string | undefined): void {
    this.#metrics.failed(code)
    this.send(errorFrame(code, message, requestId))
  }

  sendBytes(payload: Uint8Array): void {
    this.#socket?.send(payload, false, false)
  }

  joinTopic(topic: string): void {
    this.#socket?.subscribe(topic)
  }

  leaveTopic(topic: string): void {
    this.#socket?.unsubscribe(topic)
  }

  ping(): void {
    this.#socket?.ping()
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

  /** Drops the connection without a closing handshake, so that every client knows to come back. */
  drop(): void {
    this.#socket?.close()
  }
}
