/**
 * IIFL Capital's payloads to ticks. The market feed has its one literal for the everyday case, in which every price is
 * there; before the first trade some are zero, which means "none yet", and those ticks are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { unsignedPrice } from "../kit/bytes.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { BOOK_AT, LEVELS, LEVEL_SIZE, indexDivisors } from "./layout.ts"
import type { SegmentStream } from "./topics.ts"

/** @param divisor above 0, of the packet */
export const decodeFeed = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const ltp = v.getInt32(at, true) / divisor
  const ltq = v.getUint32(at + 4, true)
  const volume = v.getUint32(at + 8, true)
  const high = v.getInt32(at + 12, true) / divisor
  const low = v.getInt32(at + 16, true) / divisor
  const open = v.getInt32(at + 20, true) / divisor
  const close = v.getInt32(at + 24, true) / divisor
  const average_price = v.getInt32(at + 28, true) / divisor
  // 34 to 49 are the best bid and ask, which are in the book.
  const total_buy_quantity = v.getUint32(at + 50, true)
  const total_sell_quantity = v.getUint32(at + 54, true)
  const ltt = v.getInt32(at + 62, true) * 1000
  const depth: Depth = {
    buy: decodeSide(v, at + BOOK_AT, divisor),
    sell: decodeSide(v, at + BOOK_AT + LEVELS * LEVEL_SIZE, divisor)
  }
  const mode = "depth"
  const traded = ltp !== 0 && average_price !== 0 && ltt > 0
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
    depth
  }
  if (ltt > 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** Told apart by position: the flag of a row is 0 in many segments. Rows that hold nothing are left out. */
const decodeSide = (v: DataView, at: number, divisor: number): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let i = 0; i < LEVELS; i++, at += LEVEL_SIZE) {
    const quantity = v.getUint32(at, true)
    const price = v.getInt32(at + 4, true) / divisor
    if (price === 0 && quantity === 0) continue
    levels.push({ price, quantity, orders: v.getUint16(at + 8, true) })
  }
  return levels
}

/** The short packet of an index; undefined where it cannot be one. */
export const decodeIndex = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick | undefined => {
  const value = v.getInt32(at + 3, true)
  const close = v.getInt32(at + 11, true)
  const divisor = v.getInt32(at + 15, true)
  if (value <= 0 || !indexDivisors.has(divisor)) return undefined
  const ltp = value / divisor
  return close > 0
    ? { symbol, exchange, mode: "ltp", received_time, ltp, close: close / divisor }
    : { symbol, exchange, mode: "ltp", received_time, ltp }
}

export const decodeOpenInterest = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => ({
  symbol,
  exchange,
  mode: "quote",
  received_time,
  oi: v.getInt32(at, true),
  oi_high: v.getInt32(at + 4, true),
  oi_low: v.getInt32(at + 8, true)
})

const limitFields = {
  uppercircuit: "upper_circuit",
  lowercircuit: "lower_circuit",
  high52week: "week52_high",
  low52week: "week52_low"
} as const satisfies Readonly<Record<SegmentStream, keyof Tick>>

/** @param divisor above 0, of the packet */
export const decodeLimit = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  stream: SegmentStream,
  divisor: number
): Tick => {
  const tick: TickDraft = { symbol, exchange, mode: "quote", received_time }
  const limit = unsignedPrice(v.getInt32(at + 4, true)) / divisor
  if (limit !== 0) tick[limitFields[stream]] = limit
  return tick
}
