/**
 * The Kite ticker's wire facts that both of its sides share. Binary, big-endian.
 * Source: Kite Connect v3 streaming documentation and the official SDKs.
 */
import type { Mode } from "../../market/mode.ts"

/** A packet's kind is its length alone. */
export const LTP_SIZE = 8
export const INDEX_QUOTE_SIZE = 28
export const INDEX_FULL_SIZE = 32
export const QUOTE_SIZE = 44
export const FULL_SIZE = 184

/** Where the book of a full packet begins, one entry's size, and the levels of a side. */
export const BUY_AT = 64
export const SELL_AT = 124
export const LEVEL_SIZE = 12
export const LEVELS = 5

/** The low byte of an instrument token is its segment; this one holds the indices of all exchanges. */
export const INDEX_SEGMENT = 9

/** Tokens are 32-bit unsigned on the wire. */
export const MAX_TOKEN = 0xffff_ffff

/**
 * What a segment's prices are multiplied by on the wire. No default: an unknown segment is rejected.
 * 12 (NCO) after issue 120 of zerodha/kiteconnectjs: raw 3782000 is 378.20.
 */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 10_000_000,
  4: 100,
  5: 100,
  6: 10_000,
  7: 100,
  8: 100,
  9: 100,
  12: 10_000
}

/** Kite's names of the modes. Its quote has no book and its full has five levels. */
export const MODE_NAMES: Readonly<Record<Mode, string>> = { ltp: "ltp", quote: "quote", depth: "full" }
