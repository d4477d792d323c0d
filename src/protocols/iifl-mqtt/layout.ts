/**
 * The binary payloads of IIFL Capital's market data. Little-endian, packed; the divisor of prices is in the packet.
 * Source: IIFL Capital's binary decoding guide and the official BridgePy, unless a line says otherwise.
 */
import type { Layout, LevelLayout, NumberField } from "../kit/packetLayout.ts"
import { book, derived, field, head, layout, reserved } from "../kit/packetLayout.ts"
import { i32, positive, price, seconds, u16, u32, unsigned } from "../kit/packetNumbers.ts"
import type { SegmentStream } from "./topics.ts"

/** Sides are told apart by position: the flag of a level is 0 in many segments. */
const level: LevelLayout = {
  quantity: 0,
  price: 4,
  orders: 8,
  types: { quantity: u32, price: i32, orders: u16 },
  scale: price,
  padding: { at: 10, bytes: 2 }
}

export const DIVISOR_AT = 58

export const feed = layout(
  188,
  "little",
  [
    field("ltp", 0, i32, price),
    field("ltq", 4, u32),
    field("volume", 8, u32),
    field("high", 12, i32, price),
    field("low", 16, i32, price),
    field("open", 20, i32, price),
    field("close", 24, i32, price),
    field("average_price", 28, i32, price),
    reserved(32, 2),
    // The best of the book once more.
    derived("bid quantity", 34, u32, ({ depth }) => depth?.buy[0]?.quantity),
    derived("bid", 38, i32, ({ depth }) => depth?.buy[0]?.price, price),
    derived("ask quantity", 42, u32, ({ depth }) => depth?.sell[0]?.quantity),
    derived("ask", 46, i32, ({ depth }) => depth?.sell[0]?.price, price),
    field("total_buy_quantity", 50, u32),
    field("total_sell_quantity", 54, u32),
    derived("divisor", DIVISOR_AT, i32, (_tick, divisor) => divisor),
    field("ltt", 62, i32, positive(seconds)),
    reserved(186, 2)
  ],
  book(66, 5, 12, level, { dense: true })
)
/** The last two bytes are padding that some packets lack. */
export const FEED_LEAST = 186

/**
 * Index: the documentation describes the market feed's packet, without a book. Live packets are these 20 bytes, by
 * third-party analysis (UNCONFIRMED).
 */
export const INDEX_DIVISOR_AT = 15
export const index = layout(20, "little", [
  reserved(0, 3),
  field("ltp", 3, i32, positive(price)),
  reserved(7, 4),
  field("close", 11, i32, positive(price)),
  derived("divisor", INDEX_DIVISOR_AT, i32, (_tick, divisor) => divisor),
  reserved(19, 1)
])

export const openInterest = layout(16, "little", [
  field("oi", 0, i32),
  field("oi_high", 4, i32),
  field("oi_low", 8, i32),
  // Of the exchange.
  derived("open interest", 12, i32, ({ oi }) => oi)
])

export const LIMIT_DIVISOR_AT = 8
/** Circuits and 52-week extremes. */
const limitOf = (name: NumberField): Layout =>
  layout(12, "little", [
    head("instrument", 0, 4),
    field(name, 4, unsigned, price),
    derived("divisor", LIMIT_DIVISOR_AT, i32, (_tick, divisor) => divisor)
  ])
export const limits: Readonly<Record<SegmentStream, Layout>> = {
  uppercircuit: limitOf("upper_circuit"),
  lowercircuit: limitOf("lower_circuit"),
  high52week: limitOf("week52_high"),
  low52week: limitOf("week52_low")
}

/** Of prices in the market feed where a packet says 0. */
export const DEFAULT_DIVISOR = 100

export const indexDivisors: ReadonlySet<number> = new Set([1, 10, 100, 1000, 10_000])
