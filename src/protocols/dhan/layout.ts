/**
 * The wire facts of Dhan's live feed that both of its sides share. Binary, little-endian, several packets to a frame.
 * Source: DhanHQ v2 documentation ("Live Market Feed", "Annexure") and the official Python SDK.
 */
import { MIN_TIME } from "../../market/tickRules.ts"
import type { Field, Layout, LevelLayout } from "../kit/packetLayout.ts"
import type { Scale } from "../kit/packetNumbers.ts"
import { book, field, head, layout } from "../kit/packetLayout.ts"
import { f32, u16, u32 } from "../kit/packetNumbers.ts"
import type { Want } from "../protocol.ts"

/** The length in it is the whole packet's. */
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

/** India is so far ahead of UTC, in seconds. */
export { INDIA_OFFSET_SECONDS as IST_SECONDS } from "../../kit/indiaTime.ts"

/** Rupees, rounded to the exchange's decimals: the price without the float's noise. */
const rupees: Scale = {
  read: (raw, scale) => Math.round(raw * scale) / scale,
  write: (value) => value,
  zeroIsNone: true,
  mayFail: true,
  code: (raw) => `Math.round(${raw} * divisor) / divisor`
}

/**
 * Seconds that are ahead of UTC by so many. What was never traded may have the exchanges' zero, the beginning of 1980, which
 * is what the documentation's example of a quote shows ("Market Quote").
 */
const secondsAhead: Scale = {
  read: (raw, _scale, ahead) => {
    const ms = (raw - ahead) * 1000
    return ms < MIN_TIME ? 0 : ms
  },
  write: (time, _scale, ahead) => Math.floor(time / 1000) + ahead,
  zeroIsNone: true
}

const HEAD = [head("code", 0, 1), head("length", 1, 2), head("segment", 3, 1), head("security id", 4, 4)]

const LAST_TRADE = [
  field("ltp", 8, f32, rupees),
  field("ltq", 12, u16),
  field("ltt", 14, u32, secondsAhead),
  field("average_price", 18, f32, rupees),
  field("volume", 22, u32),
  // Sellers come first.
  field("total_sell_quantity", 26, u32),
  field("total_buy_quantity", 30, u32)
]

const dayAt = (at: number): ReadonlyArray<Field> => [
  field("open", at, f32, rupees),
  field("close", at + 4, f32, rupees),
  field("high", at + 8, f32, rupees),
  field("low", at + 12, f32, rupees)
]

/** Both sides of a level share a row: quantities, orders, prices, each the buyers' first. */
const level = (side: number): LevelLayout => ({
  quantity: 4 * side,
  orders: 8 + 2 * side,
  price: 12 + 4 * side,
  types: { quantity: u32, orders: u16, price: f32 },
  scale: rupees
})

const OPEN_INTERESTS = [field("oi", 34, u32), field("oi_high", 38, u32), field("oi_low", 42, u32)]

export const ticker = layout(16, "little", [
  ...HEAD,
  field("ltp", 8, f32, rupees),
  field("ltt", 12, u32, secondsAhead)
])
export const quote = layout(50, "little", [...HEAD, ...LAST_TRADE, ...dayAt(34)])
export const full = layout(162, "little", [...HEAD, ...LAST_TRADE, ...OPEN_INTERESTS, ...dayAt(46)], {
  ...book(62, 5, 20, level(0), { sell: level(1) }),
  sellAt: 62
})
export const openInterest = layout(12, "little", [...HEAD, field("oi", 8, u32)])
/** With the previous day's open interest. */
export const previousClose = layout(16, "little", [
  ...HEAD,
  field("close", 8, f32, rupees),
  head("previous open interest", 12, 4)
])
const disconnect = layout(10, "little", [...HEAD, head("reason", 8, 2)])

/** By code. Longer packets are read up to this length. */
export const packets: Readonly<Record<number, Layout>> = {
  [TICKER]: ticker,
  [QUOTE]: quote,
  [OPEN_INTEREST]: openInterest,
  [PREVIOUS_CLOSE]: previousClose,
  [FULL]: full,
  [DISCONNECT]: disconnect
}

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
