/**
 * The Kite ticker's wire facts that both of its sides share. Binary, big-endian.
 * Source: Kite Connect v3 streaming documentation and the official SDKs.
 */
import type { Mode } from "../../market/mode.ts"
import type { LevelLayout } from "../kit/packetLayout.ts"
import type { NumberType } from "../kit/packetNumbers.ts"
import { book, changeOf, cut, derived, field, head, layout } from "../kit/packetLayout.ts"
import { i32, price, seconds, u16, u32 } from "../kit/packetNumbers.ts"

/** A packet's kind is its length alone. The shorter ones of tradables begin like the full one, those of indices too. */
export const LTP_SIZE = 8
export const INDEX_QUOTE_SIZE = 28
export const INDEX_FULL_SIZE = 32
export const QUOTE_SIZE = 44
export const FULL_SIZE = 184

const level: LevelLayout = {
  quantity: 0,
  price: 4,
  orders: 8,
  types: { quantity: u32, price: i32, orders: u16 },
  scale: price,
  padding: { at: 10, bytes: 2 }
}

/** @param priceType signed, or not: see `options.ts` */
export const packetsOf = (priceType: NumberType) => {
  const full = layout(
    FULL_SIZE,
    "big",
    [
      head("token", 0, 4),
      field("ltp", 4, priceType, price),
      field("ltq", 8, u32),
      field("average_price", 12, priceType, price),
      field("volume", 16, u32),
      field("total_buy_quantity", 20, u32),
      field("total_sell_quantity", 24, u32),
      field("open", 28, priceType, price),
      field("high", 32, priceType, price),
      field("low", 36, priceType, price),
      field("close", 40, priceType, price),
      field("ltt", 44, u32, seconds),
      field("oi", 48, u32),
      field("oi_high", 52, u32),
      field("oi_low", 56, u32),
      field("exchange_time", 60, u32, seconds)
    ],
    book(64, 5, 12, { ...level, types: { ...level.types, price: priceType } })
  )
  const indexFull = layout(INDEX_FULL_SIZE, "big", [
    head("token", 0, 4),
    field("ltp", 4, priceType, price),
    field("high", 8, priceType, price),
    field("low", 12, priceType, price),
    field("open", 16, priceType, price),
    field("close", 20, priceType, price),
    derived("change", 24, i32, changeOf, price),
    field("exchange_time", 28, u32, seconds)
  ])
  return {
    full,
    quote: cut(full, QUOTE_SIZE),
    ltp: cut(full, LTP_SIZE),
    indexFull,
    indexQuote: cut(indexFull, INDEX_QUOTE_SIZE)
  }
}

/** The low byte of an instrument token is its segment; this one holds the indices of all exchanges. */
export const INDEX_SEGMENT = 9

/** Tokens are 32-bit unsigned on the wire. */
export const MAX_TOKEN = 0xffff_ffff

/**
 * What a segment's prices are multiplied by on the wire. No default: an unknown segment is rejected.
 * 12 (NCO) after issue 120 of zerodha/kiteconnectjs: raw 3782000 is 378.20.
 */
export const DIVISORS: Readonly<Record<number, number>> = {
  1: 100,
  2: 100,
  3: 10_000_000,
  4: 100,
  5: 100,
  6: 10_000,
  7: 100,
  8: 100,
  9: 100,
  12: 10_000
}

/** Kite's names of the modes. Its quote has no book and its full has five levels. */
export const MODE_NAMES: Readonly<Record<Mode, string>> = { ltp: "ltp", quote: "quote", depth: "full" }
