/**
 * The wire facts of Dhan's live feed that both of its sides share. Binary, little-endian, several packets to a frame.
 * Source: DhanHQ v2 documentation ("Live Market Feed", "Annexure") and the official Python SDK.
 */
import type { Want } from "../protocol.ts"

/** Offset 0: response code, 1: uint16 length of the whole packet, 3: segment, 4: uint32 security id. */
export const HEADER_SIZE = 8

export const HEARTBEAT = 0
/** Its layout is not published. */
export const INDEX = 1
export const TICKER = 2
export const QUOTE = 4
export const OPEN_INTEREST = 5
export const PREVIOUS_CLOSE = 6
export const MARKET_STATUS = 7
export const FULL = 8
export const DISCONNECT = 50

/** The least length of a packet by its code. */
export const SIZES: Readonly<Record<number, number>> = {
  [TICKER]: 16,
  [QUOTE]: 50,
  [OPEN_INTEREST]: 12,
  [PREVIOUS_CLOSE]: 16,
  [FULL]: 162,
  [DISCONNECT]: 10
}

/** Five rows in the full packet, each with both sides of one level. */
export const BOOK_AT = 62
export const BOOK_ROW = 20
export const BOOK_LEVELS = 5

/** Request codes. Each unsubscribes by the number after it. */
export const ASK_TICKER = 15
export const ASK_QUOTE = 17
export const ASK_FULL = 21
export type Ask = typeof ASK_TICKER | typeof ASK_QUOTE | typeof ASK_FULL
export const asks: ReadonlyArray<Ask> = [ASK_TICKER, ASK_QUOTE, ASK_FULL]
export const ASK_DISCONNECT = 12

/** The code of IDX_I: a full packet of an index carries no book, so a quote serves as well. */
export const INDEX_SEGMENT = 0

export const askOf = ({ mode }: Want, segment: number): Ask => {
  if (mode === "ltp") return ASK_TICKER
  return mode === "quote" || segment === INDEX_SEGMENT ? ASK_QUOTE : ASK_FULL
}

/** Security ids are 32-bit unsigned on the wire. */
export const MAX_ID = 0xffff_ffff

/** India is so far ahead of UTC, in seconds. */
export { INDIA_OFFSET_SECONDS as IST_SECONDS } from "../../kit/indiaTime.ts"
