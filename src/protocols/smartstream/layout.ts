/**
 * The Smart Stream 2.0 wire facts that both of its sides share. Binary, little-endian, one packet per frame.
 * Source: Angel One's Streaming 2.0 documentation and its official SDKs.
 */
import type { Want } from "../protocol.ts"

/** The wire's modes. They are independent: one token may be subscribed in several, and each counts. */
export const LTP = 1
export const QUOTE = 2
export const SNAP_QUOTE = 3
export const DEPTH_20 = 4
export type WireMode = 1 | 2 | 3 | 4
export const wireModes: ReadonlyArray<WireMode> = [LTP, QUOTE, SNAP_QUOTE, DEPTH_20]

/** The least length of a packet by mode; longer ones are read up to it. */
export const SIZES: Readonly<Record<WireMode, number>> = { 1: 51, 2: 123, 3: 379, 4: 443 }

/** Offset 0: mode. 1: exchange type. 2: the token in ASCII, up to the first NUL or 25 bytes. */
export const HEAD_SIZE = 27
export const TOKEN_AT = 2

/** In every mode but depth-20, 8 bytes each. The JavaScript SDK's 4 for the price are wrong from 21 474 836.48 on. */
export const EXCHANGE_TIME_AT = 35
export const PRICE_AT = 43

/** Ten entries in the snap quote, five of buyers and then five of sellers. */
export const BOOK_AT = 147
export const BOOK_ENTRY = 20
export const BOOK_LEVELS = 5

/** Twenty buyers, then twenty sellers. */
export const DEEP_BUY_AT = 43
export const DEEP_SELL_AT = 243
export const DEEP_ENTRY = 10
export const DEEP_LEVELS = 20

/** The documentation gives depth-20 for NSE's cash segment only. */
export const DEEP_EXCHANGE_TYPE = 1

/**
 * What prices are multiplied by, per exchange type. No default: an unknown type is rejected. 13 is currency
 * (in both official SDKs; the present documentation lists 1 to 5 only).
 */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 100,
  4: 100,
  5: 100,
  7: 100,
  13: 10_000_000
}

/** Largest token that stays exact as a number, together with room for a tag. */
export const MAX_TOKEN = 0xffff_ffff_ffff

export const ACTION_SUBSCRIBE = 1
export const ACTION_UNSUBSCRIBE = 0

/** Sets of wire modes are small integers. */
export const bitOf = (mode: WireMode): number => 1 << mode

/** True where a want needs the deeper book, which carries no price and so takes a second subscription. */
export const isDeep = ({ mode, depth }: Want): boolean => mode === "depth" && depth > BOOK_LEVELS

/** The wire modes that serve a want. */
export const modesOf = (want: Want, exchangeType: number): ReadonlyArray<WireMode> => {
  if (want.mode === "ltp") return [LTP]
  if (want.mode === "quote") return [QUOTE]
  return isDeep(want) && exchangeType === DEEP_EXCHANGE_TYPE ? [QUOTE, DEPTH_20] : [SNAP_QUOTE]
}
