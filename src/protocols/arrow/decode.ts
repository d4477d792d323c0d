/**
 * Arrow's packets to ticks.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there. Zero prices and
 * times mean "none yet": ticks with one are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { i64be } from "../kit/bytes.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { BOOK_LEVELS, LEVEL_SIZE } from "./layout.ts"

/** @param closes whether the packet has the previous close */
export const decodeLtp = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  closes: boolean
): Tick => {
  const ltp = v.getInt32(4) / divisor
  // 8 is the sign of the change and 9 the change, which readers can compute.
  const close = closes ? v.getInt32(13) / divisor : 0
  const mode = "ltp"
  if (ltp !== 0 && close !== 0) return { symbol, exchange, mode, received_time, ltp, close }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (ltp !== 0) tick.ltp = ltp
  if (close !== 0) tick.close = close
  return tick
}

export const decodeQuote = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const ltp = v.getInt32(4) / divisor
  const ltq = v.getInt32(13)
  const average_price = v.getInt32(17) / divisor
  const total_buy_quantity = i64be(v, 21)
  const total_sell_quantity = i64be(v, 29)
  const open = v.getInt32(37) / divisor
  const high = v.getInt32(41) / divisor
  // The low comes after the close.
  const close = v.getInt32(45) / divisor
  const low = v.getInt32(49) / divisor
  const volume = i64be(v, 53)
  const ltt = v.getInt32(61) * 1000
  const exchange_time = v.getInt32(65) * 1000
  const oi = i64be(v, 69)
  const oi_high = i64be(v, 77)
  const oi_low = i64be(v, 85)
  const mode = "quote"
  const traded = ltp !== 0 && average_price !== 0 && ltt !== 0 && exchange_time !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time,
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
      oi_low
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
    oi_low
  }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** @param bookAt where the book begins, by the packet's length */
export const decodeFull = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  bookAt: number
): Tick => {
  const ltp = v.getInt32(4) / divisor
  const ltq = v.getInt32(13)
  const average_price = v.getInt32(17) / divisor
  const total_buy_quantity = i64be(v, 21)
  const total_sell_quantity = i64be(v, 29)
  const open = v.getInt32(37) / divisor
  const high = v.getInt32(41) / divisor
  const close = v.getInt32(45) / divisor
  const low = v.getInt32(49) / divisor
  const volume = i64be(v, 53)
  const ltt = v.getInt32(61) * 1000
  const exchange_time = v.getInt32(65) * 1000
  const oi = i64be(v, 69)
  const oi_high = i64be(v, 77)
  const oi_low = i64be(v, 85)
  const lower_circuit = v.getInt32(93) / divisor
  const upper_circuit = v.getInt32(97) / divisor
  const depth = {
    buy: decodeSide(v, bookAt, divisor),
    sell: decodeSide(v, bookAt + BOOK_LEVELS * LEVEL_SIZE, divisor)
  }
  const mode = "depth"
  const traded = ltp !== 0 && average_price !== 0 && ltt !== 0 && exchange_time !== 0
  const bounded = upper_circuit !== 0 && lower_circuit !== 0
  if (traded && bounded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time,
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
      upper_circuit,
      lower_circuit,
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
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  if (upper_circuit !== 0) tick.upper_circuit = upper_circuit
  if (lower_circuit !== 0) tick.lower_circuit = lower_circuit
  return tick
}

/**
 * Adds what the closing auction's trailer says. A price of 0 is none yet; without any there is no auction to be out of
 * balance.
 * @param at where the trailer begins
 */
export const withAuction = (v: DataView, at: number, divisor: number, tick: TickDraft): Tick => {
  const imbalance = i64be(v, at)
  const indicative = v.getInt32(at + 8) / divisor
  const reference = v.getInt32(at + 12) / divisor
  if (indicative !== 0) tick.indicative_price = indicative
  if (reference !== 0) tick.reference_price = reference
  if (imbalance !== 0 || indicative !== 0 || reference !== 0) tick.imbalance = imbalance
  return tick
}

/** Five levels, best first; a slot that is empty on the wire stays as zeros. */
const decodeSide = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => [
  decodeLevel(v, at, divisor),
  decodeLevel(v, at + LEVEL_SIZE, divisor),
  decodeLevel(v, at + 2 * LEVEL_SIZE, divisor),
  decodeLevel(v, at + 3 * LEVEL_SIZE, divisor),
  decodeLevel(v, at + 4 * LEVEL_SIZE, divisor)
]

const decodeLevel = (v: DataView, at: number, divisor: number): Level => ({
  price: v.getInt32(at + 8) / divisor,
  quantity: i64be(v, at),
  orders: v.getUint16(at + 12)
})
