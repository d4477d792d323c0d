/**
 * Packets to ticks. `undefined` for a packet with something in a price that is no number.
 *
 * Each kind has its one literal for the everyday case, in which every price and time is there, so that almost all ticks
 * share a few hidden classes. Zero prices and times mean "none yet": ticks with one are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { isNumber, printed } from "../kit/float32.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { BOOK_AT, LEVELS, LEVEL_SIZE, QUOTE_IN_FULL, SCALE } from "./layout.ts"

/** NaN and the infinities stay what they are. */
const price = (v: DataView, at: number): number => printed(v.getFloat32(at, true), SCALE)

/** Epoch milliseconds; 0 where the packet has no time. @param epoch what makes its seconds epoch seconds */
const time = (v: DataView, at: number, epoch: number): number => {
  const seconds = v.getUint32(at, true)
  return seconds === 0 ? 0 : (seconds + epoch) * 1000
}

export const decodeLtp = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  epoch: number,
  isIndex: boolean
): Tick | undefined => {
  const ltp = price(v, at + 1)
  if (!isNumber(ltp)) return undefined
  const tick: TickDraft = { symbol, exchange, mode: "ltp", received_time }
  if (ltp !== 0) tick.ltp = ltp
  const when = time(v, at + 5, epoch)
  // Of an index it is the time of the last update: indices are not traded.
  if (when !== 0) {
    if (isIndex) tick.exchange_time = when
    else tick.ltt = when
  }
  return tick
}

/** @param q where the quote's fields begin; the kind's byte for a quote packet */
const decodeTrade = (
  v: DataView,
  q: number,
  { exchange, symbol }: WireInstrument,
  mode: "quote" | "depth",
  received_time: number,
  epoch: number
): TickDraft | undefined => {
  const ltp = price(v, q + 1)
  const ltt = time(v, q + 5, epoch)
  const ltq = v.getUint32(q + 15, true)
  const average_price = price(v, q + 19)
  const volume = v.getUint32(q + 23, true)
  const total_buy_quantity = v.getUint32(q + 27, true)
  const total_sell_quantity = v.getUint32(q + 31, true)
  // In this order.
  const open = price(v, q + 35)
  const close = price(v, q + 39)
  const high = price(v, q + 43)
  const low = price(v, q + 47)
  // 51 and 55 are the change, which readers can compute from ltp and close.
  const week52_high = price(v, q + 59)
  const week52_low = price(v, q + 63)
  if (!isNumber(ltp + average_price + open + close + high + low + week52_high + week52_low)) return undefined
  const traded = ltp !== 0 && ltt !== 0 && average_price !== 0 && week52_high !== 0 && week52_low !== 0
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
      week52_high,
      week52_low
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
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}

export const decodeQuote = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  epoch: number
): Tick | undefined => decodeTrade(v, at, instrument, "quote", received_time, epoch)

export const decodeFull = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  epoch: number
): Tick | undefined => {
  const buy: Array<Level> = []
  const sell: Array<Level> = []
  for (let i = 0; i < LEVELS; i++) {
    const row = at + BOOK_AT + i * LEVEL_SIZE
    const good = putLevel(buy, v, row, row + 8, row + 12) && putLevel(sell, v, row + 4, row + 10, row + 16)
    if (!good) return undefined
  }
  const tick = decodeTrade(v, at + QUOTE_IN_FULL, instrument, "depth", received_time, epoch)
  if (tick === undefined) return undefined
  // Behind it is the change of open interest, which is signed.
  tick.oi = v.getUint32(at + 167, true)
  tick.depth = { buy, sell }
  return tick
}

/** An empty level is left out. @returns false for one without a price; bad counts are the guard's to see */
const putLevel = (side: Array<Level>, v: DataView, q: number, n: number, p: number): boolean => {
  const quantity = v.getInt32(q, true)
  const orders = v.getInt16(n, true)
  const at = price(v, p)
  if (!isNumber(at)) return false
  if (at !== 0 || quantity !== 0) side.push({ price: at, quantity, orders })
  return true
}

/** Quote and full packets of an index, which differ in what follows the change: year's range, or time. */
export const decodeIndex = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  epoch: number,
  isFull: boolean
): Tick | undefined => {
  const ltp = price(v, at + 1)
  const open = price(v, at + 11)
  const close = price(v, at + 15)
  const high = price(v, at + 19)
  const low = price(v, at + 23)
  const week52_high = isFull ? 0 : price(v, at + 35)
  const week52_low = isFull ? 0 : price(v, at + 39)
  const exchange_time = isFull ? time(v, at + 35, epoch) : 0
  if (!isNumber(ltp + open + close + high + low + week52_high + week52_low)) return undefined
  const tick: TickDraft = { symbol, exchange, mode: "quote", received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, 0)
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}
