/**
 * Smart Stream packets to ticks.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there, so
 * that almost all ticks share a few hidden classes. Zero prices and times mean "none yet": ticks with one are
 * put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { i64le, i64leAt } from "../kit/bytes.ts"
import {
  EXCHANGE_TIME_AT,
  PRICE_AT,
  BOOK_AT,
  BOOK_ENTRY,
  BOOK_LEVELS,
  DEEP_BUY_AT,
  DEEP_ENTRY,
  DEEP_SELL_AT
} from "./layout.ts"
import { putPrices } from "../kit/tickDraft.ts"

/** From the bytes: two numbers are read before a frame would be copied for a view. */
export const decodeLtp = (
  b: Uint8Array,
  instrument: WireInstrument,
  received_time: number,
  divisor: number
): Tick => ltpTick(instrument, received_time, i64leAt(b, EXCHANGE_TIME_AT), i64leAt(b, PRICE_AT) / divisor)

/** @param exchange_time 0 for none; @param ltp likewise */
export const ltpTick = (
  { symbol, exchange }: WireInstrument,
  received_time: number,
  exchange_time: number,
  ltp: number
): Tick => {
  const mode = "ltp"
  if (exchange_time !== 0 && ltp !== 0) return { symbol, exchange, mode, received_time, exchange_time, ltp }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltp !== 0) tick.ltp = ltp
  return tick
}

export const decodeQuote = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const exchange_time = i64le(v, 35)
  const ltp = i64le(v, 43) / divisor
  const ltq = i64le(v, 51)
  const average_price = i64le(v, 59) / divisor
  const volume = i64le(v, 67)
  const total_buy_quantity = v.getFloat64(75, true)
  const total_sell_quantity = v.getFloat64(83, true)
  const open = i64le(v, 91) / divisor
  const high = i64le(v, 99) / divisor
  const low = i64le(v, 107) / divisor
  const close = i64le(v, 115) / divisor
  const mode = "quote"
  const traded = exchange_time !== 0 && ltp !== 0 && average_price !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time,
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
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

export const decodeSnapQuote = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const exchange_time = i64le(v, 35)
  const ltp = i64le(v, 43) / divisor
  const ltq = i64le(v, 51)
  const average_price = i64le(v, 59) / divisor
  const volume = i64le(v, 67)
  const total_buy_quantity = v.getFloat64(75, true)
  const total_sell_quantity = v.getFloat64(83, true)
  const open = i64le(v, 91) / divisor
  const high = i64le(v, 99) / divisor
  const low = i64le(v, 107) / divisor
  const close = i64le(v, 115) / divisor
  // Seconds, where the exchange time counts milliseconds.
  const ltt = i64le(v, 123) * 1000
  const oi = i64le(v, 131)
  // Offset 139, the change of open interest, is a dummy according to the documentation.
  const depth: Depth = {
    buy: decodeSide(v, BOOK_AT, divisor),
    sell: decodeSide(v, BOOK_AT + BOOK_LEVELS * BOOK_ENTRY, divisor)
  }
  const upper_circuit = i64le(v, 347) / divisor
  const lower_circuit = i64le(v, 355) / divisor
  const week52_high = i64le(v, 363) / divisor
  const week52_low = i64le(v, 371) / divisor
  const mode = "depth"
  const traded = exchange_time !== 0 && ltp !== 0 && average_price !== 0 && ltt !== 0
  const bounded = upper_circuit !== 0 && lower_circuit !== 0 && week52_high !== 0 && week52_low !== 0
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
      upper_circuit,
      lower_circuit,
      week52_high,
      week52_low,
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
    depth
  }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  if (upper_circuit !== 0) tick.upper_circuit = upper_circuit
  if (lower_circuit !== 0) tick.lower_circuit = lower_circuit
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}

/**
 * The book of twenty levels. It carries no price: those of the instrument's last quote packet are put in, where
 * one has come, so that a depth reader has them in one tick.
 */
export const decodeDepth20 = (
  v: DataView,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  quote: Tick | undefined
): Tick => {
  // At 27, which in the other modes is the sequence number; 35 holds the time of receipt, a dummy.
  const exchange_time = i64le(v, 27)
  const depth: Depth = {
    buy: decodeDeepSide(v, DEEP_BUY_AT, divisor),
    sell: decodeDeepSide(v, DEEP_SELL_AT, divisor)
  }
  const tick: TickDraft =
    exchange_time === 0
      ? { symbol, exchange, mode: "depth", received_time, depth }
      : { symbol, exchange, mode: "depth", received_time, exchange_time, depth }
  if (quote !== undefined) putQuote(tick, quote)
  return tick
}

const putQuote = (tick: TickDraft, quote: Tick): void => {
  const { ltp, ltq, open, high, low, close, volume, average_price, total_buy_quantity, total_sell_quantity } =
    quote
  if (ltp !== undefined) tick.ltp = ltp
  if (ltq !== undefined) tick.ltq = ltq
  if (open !== undefined) tick.open = open
  if (high !== undefined) tick.high = high
  if (low !== undefined) tick.low = low
  if (close !== undefined) tick.close = close
  if (volume !== undefined) tick.volume = volume
  if (average_price !== undefined) tick.average_price = average_price
  if (total_buy_quantity !== undefined) tick.total_buy_quantity = total_buy_quantity
  if (total_sell_quantity !== undefined) tick.total_sell_quantity = total_sell_quantity
}

/** Five levels, best first, told apart by position: the flag of an empty entry says nothing. */
const decodeSide = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => [
  decodeLevel(v, at, divisor),
  decodeLevel(v, at + BOOK_ENTRY, divisor),
  decodeLevel(v, at + 2 * BOOK_ENTRY, divisor),
  decodeLevel(v, at + 3 * BOOK_ENTRY, divisor),
  decodeLevel(v, at + 4 * BOOK_ENTRY, divisor)
]

const decodeLevel = (v: DataView, at: number, divisor: number): Level => ({
  price: i64le(v, at + 10) / divisor,
  quantity: i64le(v, at + 2),
  orders: v.getUint16(at + 18, true)
})

/** Written out, because growing an array costs more than filling it. */
const decodeDeepSide = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => [
  decodeDeepLevel(v, at, divisor),
  decodeDeepLevel(v, at + DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 2 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 3 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 4 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 5 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 6 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 7 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 8 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 9 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 10 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 11 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 12 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 13 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 14 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 15 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 16 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 17 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 18 * DEEP_ENTRY, divisor),
  decodeDeepLevel(v, at + 19 * DEEP_ENTRY, divisor)
]

/** The documentation has signed counts here; there are no negative ones, so the top bit is magnitude. */
const decodeDeepLevel = (v: DataView, at: number, divisor: number): Level => ({
  price: v.getInt32(at + 4, true) / divisor,
  quantity: v.getUint32(at, true),
  orders: v.getUint16(at + 8, true)
})
