/** One named client of a case: everything it received over all its connections, in order, and what is used up of it. */
import { WebSocket } from "ws"
import { matches } from "./jsonMatcher.ts"
import type { Expectation } from "./caseFile.ts"

export type Received =
  | { readonly kind: "frame"; readonly text: string; readonly json: unknown }
  | { readonly kind: "pong" }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }

/** Stands for a frame that is no JSON: matches nothing but `$any`. */
const notJson = Symbol("not JSON")

const OPEN_WITHIN_MS = 5000

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return notJson
  }
}

export class CaseClient {
  readonly received: Array<Received> = []
  readonly used = new Set<number>()
  #socket: WebSocket | undefined
  #left = false
  readonly #waiting = new Set<() => void>()

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** It was not opened yet, or left by itself. */
  get mayOpen(): boolean {
    return this.#socket === undefined || this.#left
  }

  open(url: string): Promise<void> {
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: OPEN_WITHIN_MS })
    this.#socket = socket
    this.#left = false
    socket.on("message", (data: Buffer) => {
      const text = data.toString("utf8")
      this.#add({ kind: "frame", text, json: parse(text) })
    })
    socket.on("pong", () => this.#add({ kind: "pong" }))
    socket.on("close", (code, reason) => this.#add({ kind: "closed", code, reason: reason.toString() }))
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve())
      // Later errors show as a close.
      socket.on("error", (error) => reject(new Error(`${url} cannot be opened: ${error.message}`)))
    })
  }

  send(payload: string | Buffer): void {
    if (!this.isOpen) throw new Error("the connection is closed, nothing can be sent")
    this.#socket?.send(payload)
  }

  ping(): void {
    if (!this.isOpen) throw new Error("the connection is closed, nothing can be pinged")
    this.#socket?.ping()
  }

  /** Ends at the latest when the library gives up on the closing handshake. */
  close(): Promise<void> {
    const socket = this.#socket
    this.#left = true
    return new Promise((resolve) => {
      if (socket === undefined || socket.readyState === WebSocket.CLOSED) return resolve()
      socket.once("close", () => resolve())
      socket.close(1000)
    })
  }

  #add(item: Received): void {
    this.received.push(item)
    for (const wake of this.#waiting) wake()
  }

  /** Resolves when something arrives, or when the time is over. */
  arrival(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.max(0, ms))
      this.#waiting.add(wake)
    })
  }
}

export const meets = (
  item: Received,
  { closed, frame, max_bytes, none, pong, text }: Expectation
): boolean => {
  if (pong === true) return item.kind === "pong"
  if (closed !== undefined) {
    return (
      item.kind === "closed" &&
      (closed.code === undefined || matches(item.code, closed.code)) &&
      (closed.reason === undefined || matches(item.reason, closed.reason))
    )
  }
  if (item.kind !== "frame") return false
  if (none !== undefined) return matches(item.json, none)
  return (
    (frame === undefined || matches(item.json, frame)) &&
    (max_bytes === undefined || Buffer.byteLength(item.text) <= max_bytes) &&
    (text === undefined || new RegExp(text).test(item.text))
  )
}

const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}…`

export const summary = (item: Received): string =>
  item.kind === "frame"
    ? shorten(item.text, 300)
    : item.kind === "pong"
      ? "a pong"
      : `a close (${item.code} ${item.reason})`

export const describe = ({ after, on, ...rest }: Expectation): string =>
  `after step ${after} on ${on ?? "c1"}, expected ${shorten(JSON.stringify(rest), 400)}`
