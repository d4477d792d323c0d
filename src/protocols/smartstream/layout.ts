/**
 * The Smart Stream 2.0 wire facts that both of its sides share. Binary, little-endian, one packet per frame.
 * Source: Angel One's Streaming 2.0 documentation and its official SDKs.
 */
import type { Layout, LevelLayout } from "../kit/packetLayout.ts"
import { book, cut, derived, field, head, layout, offsetOf, reserved } from "../kit/packetLayout.ts"
import { f64, i32, i64, milliseconds, price, seconds, u16, u32 } from "../kit/packetNumbers.ts"
import type { Want } from "../protocol.ts"

/** The wire's modes. They are independent: one token may be subscribed in several, and each counts. */
export const LTP = 1
export const QUOTE = 2
export const SNAP_QUOTE = 3
export const DEPTH_20 = 4
export type WireMode = 1 | 2 | 3 | 4
export const wireModes: ReadonlyArray<WireMode> = [LTP, QUOTE, SNAP_QUOTE, DEPTH_20]

/** The token in ASCII, up to the first NUL or 25 bytes. */
export const TOKEN_AT = 2
export const HEAD_SIZE = 27
const HEAD = [head("mode", 0, 1), head("exchange type", 1, 1), head("token", TOKEN_AT, 25)]

export const BOOK_LEVELS = 5

/** The mark is 1 for buyers, but 0 in empty levels: sides are told apart by position. */
const level = (side: number): LevelLayout => ({
  quantity: 2,
  price: 10,
  orders: 18,
  types: { quantity: i64, price: i64, orders: u16 },
  scale: price,
  mark: { at: 0, type: u16, value: side }
})

/** 8 bytes a number. The JavaScript SDK's 4 for the price are wrong from 21 474 836.48 on. */
const snapQuote = layout(
  379,
  "little",
  [
    ...HEAD,
    head("sequence number", 27, 8),
    field("exchange_time", 35, i64, milliseconds),
    field("ltp", 43, i64, price),
    field("ltq", 51, i64),
    field("average_price", 59, i64, price),
    field("volume", 67, i64),
    field("total_buy_quantity", 75, f64),
    field("total_sell_quantity", 83, f64),
    field("open", 91, i64, price),
    field("high", 99, i64, price),
    field("low", 107, i64, price),
    field("close", 115, i64, price),
    // Seconds, where the exchange time counts milliseconds.
    field("ltt", 123, i64, seconds),
    field("oi", 131, i64),
    // The change of open interest, a dummy according to the documentation.
    reserved(139, 8),
    field("upper_circuit", 347, i64, price),
    field("lower_circuit", 355, i64, price),
    field("week52_high", 363, i64, price),
    field("week52_low", 371, i64, price)
  ],
  book(147, BOOK_LEVELS, 20, level(1), { sell: level(0) })
)

/** The documentation has signed counts here; there are no negative ones, so the top bit is magnitude. */
const depth20 = layout(
  443,
  "little",
  [
    ...HEAD,
    field("exchange_time", 27, i64, milliseconds),
    // A dummy on the real wire.
    derived("time of receipt", 35, i64, (tick) => tick.received_time)
  ],
  book(43, 20, 10, {
    quantity: 0,
    price: 4,
    orders: 8,
    types: { quantity: u32, price: i32, orders: u16 },
    scale: price
  })
)

/** By mode. Longer packets are read up to this length. */
export const packets: Readonly<Record<WireMode, Layout>> = {
  [LTP]: cut(snapQuote, 51),
  [QUOTE]: cut(snapQuote, 123),
  [SNAP_QUOTE]: snapQuote,
  [DEPTH_20]: depth20
}
export const SIZES: Readonly<Record<WireMode, number>> = { 1: 51, 2: 123, 3: 379, 4: 443 }

export const EXCHANGE_TIME_AT = offsetOf(snapQuote, "exchange_time")
export const PRICE_AT = offsetOf(snapQuote, "ltp")
export const TRADE_TIME_AT = offsetOf(snapQuote, "ltt")

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

/** True where a want needs the deeper book, which carries no price and so takes a second subscription. */
export const isDeep = ({ mode, depth }: Want): boolean => mode === "depth" && depth > BOOK_LEVELS

/** The wire modes that serve a want. */
export const modesOf = (want: Want, exchangeType: number): ReadonlyArray<WireMode> => {
  if (want.mode === "ltp") return [LTP]
  if (want.mode === "quote") return [QUOTE]
  return isDeep(want) && exchangeType === DEEP_EXCHANGE_TYPE ? [QUOTE, DEPTH_20] : [SNAP_QUOTE]
}
