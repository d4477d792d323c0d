/**
 * The binary payloads of IIFL Capital's market data. Little-endian, packed; the divisor of prices is in the packet.
 * Source: IIFL Capital's binary decoding guide and the official BridgePy, unless a line says otherwise.
 */

/** Market feed: 188 bytes, of which the last two are padding that some packets lack. */
export const FEED_SIZE = 188
export const FEED_LEAST = 186
export const BOOK_AT = 66
export const LEVEL_SIZE = 12
export const LEVELS = 5

/**
 * Index: the documentation describes the market feed's packet, without a book. Live packets are these 20 bytes, by
 * third-party analysis (UNCONFIRMED): value at 3, previous close at 11, divisor at 15.
 */
export const INDEX_SIZE = 20

export const OI_SIZE = 16
/** Circuits and 52-week extremes: instrument, value, divisor. */
export const LIMIT_SIZE = 12

/** Of prices in the market feed where a packet says 0. */
export const DEFAULT_DIVISOR = 100

export const indexDivisors: ReadonlySet<number> = new Set([1, 10, 100, 1000, 10_000])
