/**
 * The wire facts of Arrow's standard stream that both of its sides share. Binary, big-endian, one packet to a message,
 * its kind told by its length alone. Source: Arrow's documentation ("WebSocket Market Data API") and the layout of its
 * Python client.
 */
import type { Want } from "../protocol.ts"

export const LTP_SIZE = 13
export const LTPC_SIZE = 17
export const QUOTE_SIZE = 93
export const FULL_SIZE = 249
/** An older layout, without the eight reserved bytes in front of the book. */
export const OLD_FULL_SIZE = 241

/**
 * In the closing auction (from about 15:15) packets carry 16 bytes more: the imbalance (signed, 64 bits), the indicative close
 * and the reference price. That a positive imbalance is one of buyers is UNCONFIRMED.
 */
export const AUCTION_TRAILER = 16

export const BOOK_AT = 109
export const OLD_BOOK_AT = 101
/** Five buyers, then five sellers. */
export const LEVEL_SIZE = 14
export const BOOK_LEVELS = 5

/** Tokens are 32-bit unsigned on the wire. */
export const MAX_TOKEN = 0xffff_ffff

/** Prices are in paise. */
export const PAISE = 100

/** The stream's modes; each is a subscription of its own. */
export const wireModes = ["ltp", "ltpc", "quote", "full"] as const
export type WireMode = (typeof wireModes)[number]

/** @param ltpMode what serves readers of the last price */
export const wireModeOf = ({ mode }: Want, ltpMode: WireMode): WireMode =>
  mode === "ltp" ? ltpMode : mode === "quote" ? "quote" : "full"
