/**
 * Samco's broadcast stream: newline-framed JSON texts, every value a text. Two streams for a symbol: `quote` has the
 * prices, `quote2` the book. Source: Samco's Trade API documentation (streaming), unless a line says otherwise.
 */
import { INDIA_OFFSET_MS } from "../../kit/indiaTime.ts"
import type { Credentials } from "../../market/credentials.ts"
import { MIN_TIME } from "../../market/tickRules.ts"
import { reveal } from "../kit/text.ts"

export type Stream = "quote" | "quote2"

/** The server waits for it, and says nothing when it does not come. */
export const FRAME_END = "\n"

export interface StreamRequest {
  readonly type: "subscribe" | "unsubscribe"
  readonly stream: Stream
  /** Symbol codes: `2885_NSE`, or an index's listing id (`-23`). */
  readonly symbols: ReadonlyArray<string>
}

/** The session's token. It is often stored as it came out of a redirect, URL-encoded. */
export const sessionToken = ({ authToken }: Credentials): string => {
  const token = reveal(authToken)
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

export const writeRequest = ({ stream, symbols, type }: StreamRequest): string =>
  `${JSON.stringify({
    request: {
      streaming_type: stream,
      data: { symbols: symbols.map((symbol) => ({ symbol })) },
      request_type: type,
      response_format: "json"
    }
  })}${FRAME_END}`

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i

/** A number out of a text; what is blank, `NaN`, `-` or no decimal number at all is absent. */
export const numberIn = (value: unknown): number | undefined => {
  if (typeof value === "number") return value
  if (typeof value !== "string" || !DECIMAL.test(value)) return undefined
  const n = Number(value)
  return Number.isFinite(n) ? n : undefined
}

/** A count out of a text (`7000`, `7000.00`); no other number is one. */
export const quantityIn = (value: unknown): number | undefined => {
  const n = numberIn(value)
  return n !== undefined && n >= 0 && Number.isSafeInteger(n) ? n : undefined
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** What a clock shows, as epoch milliseconds of UTC; undefined for a day or an hour that does not exist. */
const epoch = (year: number, month: number, day: number, hour: number, minute: number, second: number) => {
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const at = new Date(ms)
  const isDay = at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  return isDay && at.getUTCHours() === hour && minute < 60 && second < 60 ? ms : undefined
}

/**
 * Epoch milliseconds of `01 Oct 2019, 06:47:03 PM` or `05/09/2023 12:33:44` (day first, which is UNCONFIRMED), taken
 * as UTC.
 */
const readClock = (text: unknown): number | undefined => {
  if (typeof text !== "string") return undefined
  const words = /^(\d{2}) ([A-Z][a-z]{2}) (\d{4}), (\d{2}):(\d{2}):(\d{2}) ([AP])M$/.exec(text)
  if (words !== null) {
    const month = MONTHS.indexOf(words[2]!) + 1
    if (month === 0) return undefined
    const hour = (Number(words[4]) % 12) + (words[7] === "P" ? 12 : 0)
    return epoch(Number(words[3]), month, Number(words[1]), hour, Number(words[5]), Number(words[6]))
  }
  const digits = /^(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(\d{2}):(\d{2})$/.exec(text)
  if (digits === null) return undefined
  const [day, month, year, hour, minute, second] = digits.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ]
  return epoch(year, month, day, hour, minute, second)
}

/** The last trade time: in UTC where the frame has it so, else in IST. The clocks' own zeros (1970, 1980) are none. */
export const tradeTime = (utc: unknown, ...ist: ReadonlyArray<unknown>): number | undefined => {
  const exact = readClock(utc)
  if (exact !== undefined && exact >= MIN_TIME) return exact
  for (const text of ist) {
    const local = readClock(text)
    if (local !== undefined && local - INDIA_OFFSET_MS >= MIN_TIME) return local - INDIA_OFFSET_MS
  }
  return undefined
}

const two = (n: number): string => String(n).padStart(2, "0")

/** `28 Mar 2024, 01:09:28 PM` of epoch milliseconds, read as UTC. */
export const wordClock = (ms: number): string => {
  const at = new Date(ms)
  const hour = at.getUTCHours()
  return (
    `${two(at.getUTCDate())} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ` +
    `${two(hour % 12 === 0 ? 12 : hour % 12)}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? "AM" : "PM"}`
  )
}

/** `28/03/2024 13:09:45` of epoch milliseconds, read as UTC. */
export const digitClock = (ms: number): string => {
  const at = new Date(ms)
  return (
    `${two(at.getUTCDate())}/${two(at.getUTCMonth() + 1)}/${at.getUTCFullYear()} ` +
    `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
  )
}

export const toIst = (ms: number): number => ms + INDIA_OFFSET_MS
