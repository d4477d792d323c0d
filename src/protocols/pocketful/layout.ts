/**
 * The wire facts of Pocketful's feed that both of its sides share. Binary, big-endian, one packet per frame; byte 0 is
 * the kind, byte 1 the exchange. Longer packets are read up to their length.
 * Source: Pocketful's official Python SDK; what prices are multiplied by after the SDK of a sibling of its platform.
 */
import type { Layout, LevelLayout, Rest } from "../kit/packetLayout.ts"
import { changeOf, derived, field, head, layout, reserved } from "../kit/packetLayout.ts"
import { i32, price, seconds, u32, u64, unsigned } from "../kit/packetNumbers.ts"
import type { Want } from "../protocol.ts"

/** Three streams, each with a packet of its own; a token may be in several. */
export const MARKET = 1
export const COMPACT = 2
export const SNAPQUOTE = 4
export type Stream = typeof MARKET | typeof COMPACT | typeof SNAPQUOTE
export const streams: ReadonlyArray<Stream> = [MARKET, COMPACT, SNAPQUOTE]

/** What requests call a stream. Its number is the kind of its packets, and happens to serve as a bit. */
export const STREAM_NAMES: Readonly<Record<Stream, string>> = {
  [MARKET]: "marketdata",
  [COMPACT]: "compact_marketdata",
  [SNAPQUOTE]: "full_snapquote"
}

const HEAD = [head("kind", 0, 1), head("exchange code", 1, 1), head("token", 2, 4)]

type Side = "buy" | "sell"
/** The best bid and ask, which are no book. */
const bestPrice = (side: Side, at: number): Rest =>
  derived(`best ${side} price`, at, unsigned, ({ depth }) => depth?.[side][0]?.price, price)
const bestQuantity = (side: Side, at: number): Rest =>
  derived(`best ${side} quantity`, at, u32, ({ depth }) => depth?.[side][0]?.quantity)

export const market = layout(102, "big", [
  ...HEAD,
  field("ltp", 6, unsigned, price),
  field("ltt", 10, u32, seconds),
  field("ltq", 14, u32),
  field("volume", 18, u32),
  bestPrice("buy", 22),
  bestQuantity("buy", 26),
  bestPrice("sell", 30),
  bestQuantity("sell", 34),
  field("total_buy_quantity", 38, u64),
  field("total_sell_quantity", 46, u64),
  field("average_price", 54, unsigned, price),
  field("exchange_time", 58, u32, seconds),
  field("open", 62, unsigned, price),
  field("high", 66, unsigned, price),
  field("low", 70, unsigned, price),
  field("close", 74, unsigned, price),
  field("week52_high", 78, unsigned, price),
  field("week52_low", 82, unsigned, price),
  field("lower_circuit", 86, unsigned, price),
  field("upper_circuit", 90, unsigned, price),
  field("oi", 94, u32),
  reserved(98, 4)
])

export const compact = layout(42, "big", [
  ...HEAD,
  field("ltp", 6, unsigned, price),
  derived("change", 10, i32, changeOf, price),
  field("ltt", 14, u32, seconds),
  field("lower_circuit", 18, unsigned, price),
  field("upper_circuit", 22, unsigned, price),
  field("oi", 26, u32),
  reserved(30, 4),
  bestPrice("buy", 34),
  bestPrice("sell", 38)
])

const LEVEL: LevelLayout = {
  orders: 0,
  price: 20,
  quantity: 40,
  types: { orders: u32, price: unsigned, quantity: u32 },
  scale: price
}

/** Has no last price, no time and no open interest. Its book is six arrays of five numbers, the buyers' three first. */
export const snapquote = layout(
  166,
  "big",
  [
    ...HEAD,
    field("average_price", 126, unsigned, price),
    field("open", 130, unsigned, price),
    field("high", 134, unsigned, price),
    field("low", 138, unsigned, price),
    field("close", 142, unsigned, price),
    field("total_buy_quantity", 146, u64),
    field("total_sell_quantity", 154, u64),
    field("volume", 162, u32)
  ],
  {
    buyAt: 6,
    sellAt: 66,
    buy: LEVEL,
    sell: LEVEL,
    levels: 5,
    stride: 4,
    dense: true
  }
)

/** Longer packets are read up to this length. */
export const packets: Readonly<Record<Stream, Layout>> = {
  [MARKET]: market,
  [COMPACT]: compact,
  [SNAPQUOTE]: snapquote
}

/**
 * What prices are multiplied by, per exchange code: NSE, NFO, CDS, MCX, BSE, BFO. No default: an unknown code is
 * rejected. That of CDS is UNCONFIRMED on this broker's feed.
 */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 10_000_000,
  4: 100,
  6: 100,
  7: 100
}

/** Tokens are 32-bit unsigned. */
export const MAX_TOKEN = 0xffff_ffff

export const HEARTBEAT = JSON.stringify({ a: "h", v: [], m: "" })

/** The streams that serve a want. The book's packet has no last price, so it takes the other one beside it. */
export const streamsOf = ({ depth, mode }: Want): ReadonlyArray<Stream> => {
  if (mode === "ltp") return [COMPACT]
  // An exchange without a book asks for depth 0.
  return mode === "depth" && depth > 0 ? [MARKET, SNAPQUOTE] : [MARKET]
}
