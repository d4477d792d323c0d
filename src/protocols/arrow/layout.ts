/**
 * The wire facts of Arrow's standard stream that both of its sides share. Binary, big-endian, one packet to a message,
 * its kind told by its length alone. Source: Arrow's documentation ("WebSocket Market Data API") and the layout of its
 * Python client.
 */
import type { Book } from "../kit/packetLayout.ts"
import { book, changeOf, derived, field, head, layout, reserved } from "../kit/packetLayout.ts"
import { i32, i64, i8, price, seconds, u16 } from "../kit/packetNumbers.ts"
import type { Want } from "../protocol.ts"

export const LTP_SIZE = 13
export const LTPC_SIZE = 17
export const QUOTE_SIZE = 93
export const FULL_SIZE = 249
export const OLD_FULL_SIZE = 241

const HEAD = [
  head("token", 0, 4),
  field("ltp", 4, i32, price),
  derived("direction of the change", 8, i8, (tick) => Math.sign(changeOf(tick) ?? 0)),
  derived("change", 9, i32, changeOf, price)
]

const QUOTE = [
  ...HEAD,
  field("ltq", 13, i32),
  field("average_price", 17, i32, price),
  field("total_buy_quantity", 21, i64),
  field("total_sell_quantity", 29, i64),
  field("open", 37, i32, price),
  field("high", 41, i32, price),
  // The low comes after the close.
  field("close", 45, i32, price),
  field("low", 49, i32, price),
  field("volume", 53, i64),
  field("ltt", 61, i32, seconds),
  field("exchange_time", 65, i32, seconds),
  field("oi", 69, i64),
  field("oi_high", 77, i64),
  field("oi_low", 85, i64)
]

const FULL = [...QUOTE, field("lower_circuit", 93, i32, price), field("upper_circuit", 97, i32, price)]

/** Five buyers, then five sellers. */
const bookAt = (at: number): Book =>
  book(at, 5, 14, {
    quantity: 0,
    price: 8,
    orders: 12,
    types: { quantity: i64, price: i32, orders: u16 },
    scale: price
  })

export const packets = {
  ltp: layout(LTP_SIZE, "big", HEAD),
  ltpc: layout(LTPC_SIZE, "big", [...HEAD, field("close", 13, i32, price)]),
  quote: layout(QUOTE_SIZE, "big", QUOTE),
  full: layout(FULL_SIZE, "big", [...FULL, reserved(101, 8)], bookAt(109)),
  /** An older layout, without the eight reserved bytes in front of the book. */
  oldFull: layout(OLD_FULL_SIZE, "big", FULL, bookAt(101))
}

/**
 * In the closing auction (from about 15:15) packets carry 16 bytes more: the imbalance, the indicative close and the reference
 * price. That a positive imbalance is one of buyers is UNCONFIRMED.
 */
export const AUCTION_TRAILER = 16
export const trailer = layout(AUCTION_TRAILER, "big", [
  field("imbalance", 0, i64),
  field("indicative_price", 8, i32, price),
  field("reference_price", 12, i32, price)
])

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
