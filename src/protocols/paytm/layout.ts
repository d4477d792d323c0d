/**
 * The wire facts of Paytm Money's live broadcast that both of its sides share. Binary, little-endian, packets one after
 * the other without count or length: the first byte says the kind, and so the length.
 * Source: Paytm Money's official SDKs (pyPMClient, jsPMClient) and its API documentation.
 */
import type { Mode } from "../../market/mode.ts"

export const LTP = 61
export const QUOTE = 62
export const FULL = 63
export const INDEX_LTP = 64
export const INDEX_QUOTE = 65
export const INDEX_FULL = 66

/** With the kind's byte. */
export const SIZES: ReadonlyMap<number, number> = new Map([
  [LTP, 23],
  [QUOTE, 67],
  [FULL, 175],
  [INDEX_LTP, 23],
  [INDEX_QUOTE, 43],
  [INDEX_FULL, 39]
])

/** A full packet is a quote packet with the book in front and the open interest behind. */
export const BOOK_AT = 1
export const LEVEL_SIZE = 20
export const LEVELS = 5
export const QUOTE_IN_FULL = LEVELS * LEVEL_SIZE

/** Prices are printed with two decimals: there is no currency here. */
export const SCALE = 100

/** Times count seconds since 1980-01-01 00:00. */
export const EPOCH_SECONDS = 315_532_800
/** What India's clock is ahead of UTC. */
export { INDIA_OFFSET_SECONDS as IST_SECONDS } from "../../kit/indiaTime.ts"

/** Security ids are 32-bit unsigned. */
export const MAX_ID = 0xffff_ffff

/** Paytm Money's names of the modes. */
export const MODE_NAMES: Readonly<Record<Mode, string>> = { ltp: "LTP", quote: "QUOTE", depth: "FULL" }
