/**
 * What every request passes before its route sees it: requests that two readers could take for different ones are refused,
 * and an address may ask so often.
 */
import type * as uWS from "uWebSockets.js"
import type { TrustedProxies } from "../connections/address.ts"
import { requestAddress } from "../connections/address.ts"
import { Allowances } from "../limits.ts"
import type { Limit } from "../metrics.ts"
import type { Answer } from "./answer.ts"
import { problem } from "./answer.ts"

export type Handler = (res: uWS.HttpResponse, req: uWS.HttpRequest) => void

/** Where routes are added. */
export interface Routes {
  readonly get: (path: string, handler: Handler) => void
}

export interface GateOptions {
  /** Requests of one address a second, on average. */
  readonly perSecond: number
  readonly trustedProxies: TrustedProxies
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A connection has sent its request. */
  readonly onRequest: (res: uWS.HttpResponse) => void
  readonly onLimited: (limit: Limit) => void
  readonly answer: (res: uWS.HttpResponse, answer: Answer) => void
}

/** So many seconds' worth of requests may come at once. */
const BURST_S = 5

/** Headers that say where a request ends and whom it is for: two of them, and a proxy in front may have read another. */
const ONCE: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "host"])

/** A value that all readers read alike. */
const isPlain = (name: string, value: string): boolean =>
  name === "content-length"
    ? /^\d+$/.test(value)
    : name !== "transfer-encoding" || value.toLowerCase() === "chunked"

/**
 * The header by which a request could be taken for another one, or undefined. The library itself refuses a length beside a
 * transfer coding.
 */
export const ambiguousHeader = (req: uWS.HttpRequest): string | undefined => {
  const seen = new Set<string>()
  let found: string | undefined
  req.forEach((name, value) => {
    if (!ONCE.has(name)) return
    if (seen.has(name) || !isPlain(name, value)) found = name
    seen.add(name)
  })
  return found
}

const ambiguous = (header: string): Answer =>
  problem(
    "400 Bad Request",
    "INVALID_PARAMETERS",
    `The header ${header} is there twice, or with a value that is not known`,
    "Send it once"
  )

const tooOften = (perSecond: number, waitMs: number): Answer => {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return problem(
    "429 Too Many Requests",
    "RATE_LIMITED",
    `An address may ask ${perSecond} times a second, and ${BURST_S * perSecond} times at once`,
    `Try again in ${seconds} s; a WebSocket is told every change and need not ask`,
    { "retry-after": String(seconds) }
  )
}

/** The gate for handlers. Every path upgrades as well: what asks for an upgrade goes on to the WebSocket route. */
export const makeGate = ({
  answer,
  now,
  onLimited,
  onRequest,
  perSecond,
  trustedProxies
}: GateOptions): ((handler: Handler) => Handler) => {
  const allowances = new Allowances(perSecond, BURST_S * perSecond)
  const refusal = (res: uWS.HttpResponse, req: uWS.HttpRequest): Answer | undefined => {
    const header = ambiguousHeader(req)
    if (header !== undefined) {
      onLimited("ambiguous_request")
      return ambiguous(header)
    }
    const waitMs = allowances.takeOrWait(requestAddress(res, req, trustedProxies), 1, now())
    if (waitMs === 0) return undefined
    onLimited("requests")
    return tooOften(perSecond, waitMs)
  }
  return (handler) => (res, req) => {
    if (req.getHeader("upgrade").toLowerCase() === "websocket") {
      req.setYield(true)
      return
    }
    onRequest(res)
    const refused = refusal(res, req)
    if (refused === undefined) handler(res, req)
    else answer(res, refused)
  }
}
