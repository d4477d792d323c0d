/**
 * Facts of XTS's market data feed that both of its sides share.
 * Source: Symphony Fintech's official SDKs (JavaScript, Python, .NET, Java), unless a line says otherwise.
 */
import { INDIA_OFFSET_SECONDS } from "../../kit/indiaTime.ts"
import type { Exchange } from "../../market/exchange.ts"
import type { Want } from "../protocol.ts"
import type { XtsOptions } from "./options.ts"

/** The kinds of messages that we subscribe. They are independent: one instrument may be subscribed in several. */
export const LTP = 1512
/** Prices, sizes and the best bid and ask. */
export const TOUCHLINE = 1501
/** The touchline and five levels of the book. */
export const DEPTH = 1502
/** Nothing but open interest, which the others never carry. */
export const OPEN_INTEREST = 1510
export type MessageCode = 1501 | 1502 | 1510 | 1512
export const messageCodes: ReadonlyArray<MessageCode> = [LTP, TOUCHLINE, DEPTH, OPEN_INTEREST]

export const isMessageCode = (code: number): code is MessageCode => indexOf[code as MessageCode] !== undefined

/** Place of a code among `messageCodes`. */
export const indexOf: Readonly<Record<MessageCode, number>> = { 1512: 0, 1501: 1, 1502: 2, 1510: 3 }

/** Sets of codes are small integers. */
export const bitOf = (code: MessageCode): number => 1 << indexOf[code]

export const BOOK_LEVELS = 5

/** The event of the binary product; its attachment holds packets. */
export const BINARY_EVENT = "xts-binary-packet"

/** Engine.IO 3 marks a binary message with its type; version 4 does not. No packet begins with this byte. */
export const ENGINE_MESSAGE = 4

/** Exchanges whose instruments have open interest. */
const derivatives: ReadonlySet<string> = new Set<Exchange>([
  "NFO",
  "BFO",
  "CDS",
  "BCD",
  "MCX",
  "NCO",
  "NCDEX"
])

/** The messages that serve a want. An exchange without a book (level 0) serves depth by the touchline. */
export const codesOf = (
  { depth, mode }: Want,
  exchange: string,
  { ltpBy, openInterest }: Pick<XtsOptions, "ltpBy" | "openInterest">
): ReadonlyArray<MessageCode> => {
  if (mode === "ltp") return [ltpBy === "touchline" ? TOUCHLINE : LTP]
  const main = mode === "depth" && depth > 0 ? DEPTH : TOUCHLINE
  return openInterest && derivatives.has(exchange) ? [main, OPEN_INTEREST] : [main]
}

/** The clocks show Indian time. NSE's counts from here, the other exchanges' from 1970. Seconds. */
const EPOCH_1980 = 315_532_800
const YEAR_2000 = 946_684_800

const isNse = (segment: number): boolean => segment >= 1 && segment <= 3

/**
 * Wire seconds to epoch milliseconds; 0 for none. Not every segment's rule has been seen live: a time that would
 * lie before the year 2000 counts from 1980.
 */
export const toEpochMs = (seconds: number, segment: number): number => {
  if (!(seconds > 0)) return 0
  const since1970 = seconds - INDIA_OFFSET_SECONDS
  return (isNse(segment) || since1970 < YEAR_2000 ? since1970 + EPOCH_1980 : since1970) * 1000
}

/** The other way, in whole seconds; 0 for an absent time. */
export const toWireSeconds = (epochMs: number | undefined, segment: number): number =>
  epochMs === undefined
    ? 0
    : Math.floor(epochMs / 1000) + INDIA_OFFSET_SECONDS - (isNse(segment) ? EPOCH_1980 : 0)
