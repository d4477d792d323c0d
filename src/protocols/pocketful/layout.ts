/**
 * The wire facts of Pocketful's feed that both of its sides share. Binary, big-endian, one packet per frame; byte 0 is
 * the kind, byte 1 the exchange. Longer packets are read up to their length.
 * Source: Pocketful's official Python SDK; what prices are multiplied by after the SDK of a sibling of its platform.
 */
import type { Want } from "../protocol.ts"

/** Three streams, each with a packet of its own; a token may be in several. */
export const MARKET = 1
export const COMPACT = 2
export const SNAPQUOTE = 4
export type Stream = typeof MARKET | typeof COMPACT | typeof SNAPQUOTE
export const streams: ReadonlyArray<Stream> = [MARKET, COMPACT, SNAPQUOTE]

/** What requests call a stream. Its number is the kind of its packets, and happens to serve as a bit. */
export const STREAM_NAMES: Readonly<Record<Stream, string>> = {
  [MARKET]: "marketdata",
  [COMPACT]: "compact_marketdata",
  [SNAPQUOTE]: "full_snapquote"
}

/** The least length of a packet. */
export const SIZES: Readonly<Record<Stream, number>> = { [MARKET]: 102, [COMPACT]: 42, [SNAPQUOTE]: 166 }

/** Five levels, as six arrays of five numbers. */
export const LEVELS = 5
export const BUYERS_AT = 6
export const BID_PRICES_AT = 26
export const BID_QUANTITIES_AT = 46
export const SELLERS_AT = 66
export const ASK_PRICES_AT = 86
export const ASK_QUANTITIES_AT = 106

/**
 * What prices are multiplied by, per exchange code: NSE, NFO, CDS, MCX, BSE, BFO. No default: an unknown code is
 * rejected. That of CDS is UNCONFIRMED on this broker's feed.
 */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 10_000_000,
  4: 100,
  6: 100,
  7: 100
}

/** Tokens are 32-bit unsigned. */
export const MAX_TOKEN = 0xffff_ffff

export const HEARTBEAT = JSON.stringify({ a: "h", v: [], m: "" })

/** The streams that serve a want. The book's packet has no last price, so it takes the other one beside it. */
export const streamsOf = ({ depth, mode }: Want): ReadonlyArray<Stream> => {
  if (mode === "ltp") return [COMPACT]
  // An exchange without a book asks for depth 0.
  return mode === "depth" && depth > 0 ? [MARKET, SNAPQUOTE] : [MARKET]
}
