/**
 * Dhan's packets to ticks.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there. Zero prices and
 * times mean "none yet": ticks with one are put together field by field. A packet with a price that is no number gives
 * `undefined`.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { MIN_TIME } from "../../market/tickRules.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { BOOK_AT, BOOK_ROW } from "./layout.ts"

/** The price without the float's noise. */
const price = (v: DataView, at: number, scale: number): number =>
  Math.round(v.getFloat32(at, true) * scale) / scale

/**
 * Epoch milliseconds, or 0 for none. What was never traded may have the exchanges' zero, the beginning of 1980, which is
 * what the documentation's example of a quote shows ("Market Quote").
 *
 * @param ahead seconds that the wire's time is ahead of UTC
 */
const time = (v: DataView, at: number, ahead: number): number => {
  const ms = (v.getUint32(at, true) - ahead) * 1000
  return ms < MIN_TIME ? 0 : ms
}

export const decodePrice = (v: DataView, at: number, scale: number): number => price(v, at + 8, scale)

export const decodeTicker = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  scale: number,
  ahead: number
): TickDraft | undefined => {
  const ltp = price(v, at + 8, scale)
  const ltt = time(v, at + 12, ahead)
  if (!Number.isFinite(ltp)) return undefined
  const mode = "ltp"
  if (ltp !== 0 && ltt !== 0) return { symbol, exchange, mode, received_time, ltt, ltp }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (ltt !== 0) tick.ltt = ltt
  if (ltp !== 0) tick.ltp = ltp
  return tick
}

/** @param closes whether the packet's day close is the previous day's */
export const decodeQuote = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  scale: number,
  ahead: number,
  closes: boolean
): TickDraft | undefined => {
  const ltp = price(v, at + 8, scale)
  const ltq = v.getUint16(at + 12, true)
  const ltt = time(v, at + 14, ahead)
  const average_price = price(v, at + 18, scale)
  const volume = v.getUint32(at + 22, true)
  // Sellers come first.
  const total_sell_quantity = v.getUint32(at + 26, true)
  const total_buy_quantity = v.getUint32(at + 30, true)
  const open = price(v, at + 34, scale)
  const close = closes ? price(v, at + 38, scale) : 0
  const high = price(v, at + 42, scale)
  const low = price(v, at + 46, scale)
  // What is no number stays none in a sum.
  if (!Number.isFinite(ltp + average_price + open + close + high + low)) return undefined
  const mode = "quote"
  const traded = ltp !== 0 && ltt !== 0 && average_price !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      ltt,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price,
      total_buy_quantity,
      total_sell_quantity
    }
  }
  const tick: TickDraft = {
    symbol,
    exchange,
    mode,
    received_time,
    ltq,
    volume,
    total_buy_quantity,
    total_sell_quantity
  }
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** The same fields up to 33, then open interest, the day's prices and the book. */
export const decodeFull = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  scale: number,
  ahead: number,
  closes: boolean
): TickDraft | undefined => {
  const ltp = price(v, at + 8, scale)
  const ltq = v.getUint16(at + 12, true)
  const ltt = time(v, at + 14, ahead)
  const average_price = price(v, at + 18, scale)
  const volume = v.getUint32(at + 22, true)
  const total_sell_quantity = v.getUint32(at + 26, true)
  const total_buy_quantity = v.getUint32(at + 30, true)
  const oi = v.getUint32(at + 34, true)
  const oi_high = v.getUint32(at + 38, true)
  const oi_low = v.getUint32(at + 42, true)
  const open = price(v, at + 46, scale)
  const close = closes ? price(v, at + 50, scale) : 0
  const high = price(v, at + 54, scale)
  const low = price(v, at + 58, scale)
  const depth: Depth = {
    buy: decodeSide(v, at + BOOK_AT, BUY, scale),
    sell: decodeSide(v, at + BOOK_AT, SELL, scale)
  }
  const sum = ltp + average_price + open + close + high + low + sumOf(depth.buy) + sumOf(depth.sell)
  if (!Number.isFinite(sum)) return undefined
  const mode = "depth"
  const traded = ltp !== 0 && ltt !== 0 && average_price !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      ltt,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price,
      total_buy_quantity,
      total_sell_quantity,
      oi,
      oi_high,
      oi_low,
      depth
    }
  }
  const tick: TickDraft = {
    symbol,
    exchange,
    mode,
    received_time,
    ltq,
    volume,
    total_buy_quantity,
    total_sell_quantity,
    oi,
    oi_high,
    oi_low,
    depth
  }
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** Both sides of a level share a row: quantities, orders, prices, each the buyers' first. */
const BUY = 0
const SELL = 1

/** Five levels, written out: growing an array costs more than filling it. */
const decodeSide = (v: DataView, at: number, side: number, scale: number): ReadonlyArray<Level> => [
  decodeLevel(v, at, side, scale),
  decodeLevel(v, at + BOOK_ROW, side, scale),
  decodeLevel(v, at + 2 * BOOK_ROW, side, scale),
  decodeLevel(v, at + 3 * BOOK_ROW, side, scale),
  decodeLevel(v, at + 4 * BOOK_ROW, side, scale)
]

const decodeLevel = (v: DataView, row: number, side: number, scale: number): Level => ({
  price: price(v, row + 12 + 4 * side, scale),
  quantity: v.getUint32(row + 4 * side, true),
  orders: v.getUint16(row + 8 + 2 * side, true)
})

const sumOf = (levels: ReadonlyArray<Level>): number =>
  levels[0]!.price + levels[1]!.price + levels[2]!.price + levels[3]!.price + levels[4]!.price

/** The last tick again, with a value that came in a packet of its own. */
export const withOpenInterest = (last: Tick, oi: number, received_time: number): TickDraft => ({
  ...last,
  received_time,
  oi
})

export const withClose = (last: Tick, close: number, received_time: number): TickDraft => ({
  ...last,
  received_time,
  close
})
