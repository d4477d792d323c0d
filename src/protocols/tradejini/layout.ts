/**
 * The wire facts of Tradejini's Nxtrad stream that both of its sides share. Binary, little-endian: a frame of packets,
 * a packet of fields, a field of a key and a value whose size the key determines.
 * Source: Tradejini's Nxtrad SDKs and the CubePlus API documentation.
 */
import type { Want } from "../protocol.ts"

/** Total length (4 bytes), version, compression; then packets. */
export const HEADER_SIZE = 6
export const VERSION = 1
export const PLAIN = 0
export const ZLIB = 100

/** Length (2 bytes, these three included) and type; then fields. */
export const PACKET_HEAD = 3
export const L1 = 10
export const L5 = 11
export const AUTH = 13
export const PONG = 16
/** Bars, market status, events, greeks and implied volatility: known, and not this codec's. */
export const OTHER_PACKETS: ReadonlySet<number> = new Set([12, 14, 15, 17, 18])

export const AUTH_STATUS = 25
export const SEGMENT = 26
export const TOKEN = 27
export const LTP = 29
export const OPEN = 30
export const HIGH = 31
export const LOW = 32
export const CLOSE = 33
export const AVERAGE = 36
export const WEEK52_HIGH = 37
export const WEEK52_LOW = 38
export const LTQ = 39
export const VOLUME = 40
export const UPPER_CIRCUIT = 42
export const LOWER_CIRCUIT = 43
export const OI = 44
export const LTT = 46
export const TOTAL_BUY = 47
export const TOTAL_SELL = 48
export const BID_PRICE = 49
export const BID_QUANTITY = 50
export const BID_ORDERS = 51
export const ASK_PRICE = 52
export const ASK_QUANTITY = 53
export const ASK_ORDERS = 54
export const LEVEL_COUNT = 55
export const OI_HIGH = 59
export const OI_LOW = 60
export const PONG_KEY = 62

/** One more than the highest key. */
export const KEYS = 77

/** How a value is written; 0 for a key that does not exist. */
export const U8 = 1
export const U16 = 2
export const U32 = 3
export const I32 = 4
export const F64 = 5
export const SIZE_OF: ReadonlyArray<number> = [0, 1, 2, 4, 4, 8]

/** Prices, and percentages in hundredths, are signed; counts are not. 75 is a text of four characters. */
const formats: ReadonlyArray<readonly [format: number, keys: ReadonlyArray<number>]> = [
  [U8, [25, 26, 28, 55, 57, 62]],
  [U16, [56]],
  [U32, [39, 40, 44, 47, 48, 50, 51, 53, 54, 58, 59, 60, 75, 76]],
  [I32, [27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 42, 43, 45, 46, 49, 52, 70, 71, 74]],
  [F64, [41, 63, 64, 65, 66, 67, 68, 69, 72, 73]]
]

/** By key. The text of key 61 has no size of its own and stands in events alone, so it counts as unknown. */
export const FORMATS: Uint8Array = (() => {
  const byKey = new Uint8Array(256)
  for (const [format, keys] of formats) for (const key of keys) byKey[key] = format
  return byKey
})()

/** What prices are divided by, per segment. No default: an unknown segment is rejected. */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 100,
  4: 100,
  5: 10_000_000,
  6: 10_000,
  7: 10_000,
  8: 100,
  9: 10_000,
  10: 10_000
}

/** What a segment is called in requests. */
export const SEGMENT_NAMES: Readonly<Record<number, string>> = {
  1: "NSE",
  2: "BSE",
  3: "NFO",
  4: "BFO",
  5: "CDS",
  6: "BCD",
  7: "MCD",
  8: "MCX",
  9: "NCO",
  10: "BCO"
}

export const LEVELS = 5

/** A signed 32-bit number in its shortest form: indices have tokens below zero. */
export const tokenOf = (text: string): number | undefined => {
  if (!/^(0|-?[1-9]\d{0,9})$/.test(text)) return undefined
  const n = Number(text)
  return (n | 0) === n ? n : undefined
}

/** The book's packet has no price but those of its levels, so it comes beside the other one. */
export const wantsBook = ({ depth, mode }: Want): boolean => mode === "depth" && depth > 0

/** A line each. */
export const requestLine = (request: unknown): string => `${JSON.stringify(request)}\n`
export const PING = requestLine({ type: "PING" })
