/**
 * Packets to ticks, each with what its packet carries.
 *
 * Each kind has its one literal for the everyday case, in which every price and time is there, so that almost all ticks
 * share a few hidden classes. Zero prices and times mean "none": ticks with one are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { unsignedPrice } from "../kit/bytes.ts"
import { putPrices } from "../kit/tickDraft.ts"
import {
  ASK_PRICES_AT,
  ASK_QUANTITIES_AT,
  BID_PRICES_AT,
  BID_QUANTITIES_AT,
  BUYERS_AT,
  LEVELS,
  SELLERS_AT
} from "./layout.ts"

const TWO_32 = 4_294_967_296

const u64 = (v: DataView, at: number): number => v.getUint32(at) * TWO_32 + v.getUint32(at + 4)

/** `undefined` before the first trade: without a last price the packet says nothing. */
export const decodeMarket = (
  v: DataView,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick | undefined => {
  const ltp = unsignedPrice(v.getInt32(6)) / divisor
  if (ltp === 0) return undefined
  const ltt = v.getUint32(10) * 1000
  const ltq = v.getUint32(14)
  const volume = v.getUint32(18)
  // 22 to 37 are the best bid and ask, which are no book.
  const total_buy_quantity = u64(v, 38)
  const total_sell_quantity = u64(v, 46)
  const average_price = unsignedPrice(v.getInt32(54)) / divisor
  const exchange_time = v.getUint32(58) * 1000
  const open = unsignedPrice(v.getInt32(62)) / divisor
  const high = unsignedPrice(v.getInt32(66)) / divisor
  const low = unsignedPrice(v.getInt32(70)) / divisor
  const close = unsignedPrice(v.getInt32(74)) / divisor
  const week52_high = unsignedPrice(v.getInt32(78)) / divisor
  const week52_low = unsignedPrice(v.getInt32(82)) / divisor
  const lower_circuit = unsignedPrice(v.getInt32(86)) / divisor
  const upper_circuit = unsignedPrice(v.getInt32(90)) / divisor
  const oi = v.getUint32(94)
  const mode = "quote"
  const timed = ltt !== 0 && exchange_time !== 0 && average_price !== 0
  const bounded = week52_high !== 0 && week52_low !== 0 && lower_circuit !== 0 && upper_circuit !== 0
  if (timed && bounded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
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
    total_sell_quantity,
    oi
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

/** `undefined` before the first trade. */
export const decodeCompact = (
  v: DataView,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick | undefined => {
  const ltp = unsignedPrice(v.getInt32(6)) / divisor
  if (ltp === 0) return undefined
  // 10 is the change, signed.
  const ltt = v.getUint32(14) * 1000
  const lower_circuit = unsignedPrice(v.getInt32(18)) / divisor
  const upper_circuit = unsignedPrice(v.getInt32(22)) / divisor
  const oi = v.getUint32(26)
  const mode = "ltp"
  if (ltt !== 0 && lower_circuit !== 0 && upper_circuit !== 0) {
    return { symbol, exchange, mode, received_time, ltt, ltp, oi, upper_circuit, lower_circuit }
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time, ltp, oi }
  if (ltt !== 0) tick.ltt = ltt
  if (upper_circuit !== 0) tick.upper_circuit = upper_circuit
  if (lower_circuit !== 0) tick.lower_circuit = lower_circuit
  return tick
}

/** Has no last price, no time and no open interest. */
export const decodeSnapquote = (
  v: DataView,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const average_price = unsignedPrice(v.getInt32(126)) / divisor
  const open = unsignedPrice(v.getInt32(130)) / divisor
  const high = unsignedPrice(v.getInt32(134)) / divisor
  const low = unsignedPrice(v.getInt32(138)) / divisor
  const close = unsignedPrice(v.getInt32(142)) / divisor
  const total_buy_quantity = u64(v, 146)
  const total_sell_quantity = u64(v, 154)
  const volume = v.getUint32(162)
  const depth = {
    buy: decodeSide(v, BUYERS_AT, BID_PRICES_AT, BID_QUANTITIES_AT, divisor),
    sell: decodeSide(v, SELLERS_AT, ASK_PRICES_AT, ASK_QUANTITIES_AT, divisor)
  }
  const mode = "depth"
  if (average_price !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
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
    volume,
    total_buy_quantity,
    total_sell_quantity,
    depth
  }
  putPrices(tick, 0, open, high, low, close, average_price)
  return tick
}

/** Best first, without empty levels. */
const decodeSide = (
  v: DataView,
  ordersAt: number,
  pricesAt: number,
  quantitiesAt: number,
  divisor: number
): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let at = 0; at < 4 * LEVELS; at += 4) {
    const price = unsignedPrice(v.getInt32(pricesAt + at)) / divisor
    const quantity = v.getUint32(quantitiesAt + at)
    if (price !== 0 || quantity !== 0) levels.push({ price, quantity, orders: v.getUint32(ordersAt + at) })
  }
  return levels
}
