/** Fields to ticks. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import {
  ASK_ORDERS,
  ASK_PRICE,
  ASK_QUANTITY,
  AVERAGE,
  BID_ORDERS,
  BID_PRICE,
  BID_QUANTITY,
  CLOSE,
  F64,
  FORMATS,
  HIGH,
  I32,
  KEYS,
  LOW,
  LOWER_CIRCUIT,
  LTP,
  LTQ,
  LTT,
  OI,
  OI_HIGH,
  OI_LOW,
  OPEN,
  PACKET_HEAD,
  SIZE_OF,
  TOTAL_BUY,
  TOTAL_SELL,
  U16,
  U32,
  UPPER_CIRCUIT,
  VOLUME,
  WEEK52_HIGH,
  WEEK52_LOW
} from "./layout.ts"

const valueAt = (v: DataView, at: number, format: number): number => {
  switch (format) {
    case I32:
      return v.getInt32(at, true)
    case U32:
      return v.getUint32(at, true)
    case U16:
      return v.getUint16(at, true)
    case F64:
      return v.getFloat64(at, true)
    default:
      return v.getUint8(at)
  }
}

export type Fault = "unknown key" | "ends within a field"

/** What keeps a packet from being read; nothing of it may be used then, not even what comes before. */
export const faultOf = (v: DataView, from: number, to: number): Fault | undefined => {
  let at = from + PACKET_HEAD
  while (at < to) {
    const format = FORMATS[v.getUint8(at)]!
    if (format === 0) return "unknown key"
    at += 1 + SIZE_OF[format]!
  }
  return at === to ? undefined : "ends within a field"
}

/** The first value of a key in a packet without faults; undefined where it has none. */
export const fieldOf = (v: DataView, from: number, to: number, wanted: number): number | undefined => {
  for (let at = from + PACKET_HEAD; at < to;) {
    const key = v.getUint8(at)
    const format = FORMATS[key]!
    if (key === wanted) return valueAt(v, at + 1, format)
    at += 1 + SIZE_OF[format]!
  }
  return undefined
}

/**
 * What is known of one instrument: after the first packet only the fields that changed are sent. Values as on the wire,
 * by key; NaN for what has not come.
 */
export class Known {
  readonly #values = new Float64Array(KEYS).fill(Number.NaN)

  merge(v: DataView, from: number, to: number): void {
    for (let at = from + PACKET_HEAD; at < to;) {
      const key = v.getUint8(at)
      const format = FORMATS[key]!
      this.#values[key] = valueAt(v, at + 1, format)
      at += 1 + SIZE_OF[format]!
    }
  }

  /** All that is known. A zero price or time means none; a zero count is one. */
  tick({ exchange, symbol }: WireInstrument, received_time: number, divisor: number): Tick {
    const values = this.#values
    const tick: TickDraft = { symbol, exchange, mode: "ltp", received_time }
    const ltt = values[LTT]!
    if (ltt > 0) tick.ltt = ltt * 1000
    const ltp = values[LTP]!
    if (isPrice(ltp)) tick.ltp = ltp / divisor
    const ltq = values[LTQ]!
    if (ltq >= 0) tick.ltq = ltq
    const open = values[OPEN]!
    if (isPrice(open)) tick.open = open / divisor
    const high = values[HIGH]!
    if (isPrice(high)) tick.high = high / divisor
    const low = values[LOW]!
    if (isPrice(low)) tick.low = low / divisor
    const close = values[CLOSE]!
    if (isPrice(close)) tick.close = close / divisor
    const volume = values[VOLUME]!
    if (volume >= 0) tick.volume = volume
    const average = values[AVERAGE]!
    if (isPrice(average)) tick.average_price = average / divisor
    const totalBuy = values[TOTAL_BUY]!
    if (totalBuy >= 0) tick.total_buy_quantity = totalBuy
    const totalSell = values[TOTAL_SELL]!
    if (totalSell >= 0) tick.total_sell_quantity = totalSell
    const oi = values[OI]!
    if (oi >= 0) tick.oi = oi
    const oiHigh = values[OI_HIGH]!
    if (oiHigh >= 0) tick.oi_high = oiHigh
    const oiLow = values[OI_LOW]!
    if (oiLow >= 0) tick.oi_low = oiLow
    const upper = values[UPPER_CIRCUIT]!
    if (isPrice(upper)) tick.upper_circuit = upper / divisor
    const lower = values[LOWER_CIRCUIT]!
    if (isPrice(lower)) tick.lower_circuit = lower / divisor
    const yearHigh = values[WEEK52_HIGH]!
    if (isPrice(yearHigh)) tick.week52_high = yearHigh / divisor
    const yearLow = values[WEEK52_LOW]!
    if (isPrice(yearLow)) tick.week52_low = yearLow / divisor
    if (isPrice(open) || isPrice(high) || isPrice(low) || volume >= 0) tick.mode = "quote"
    return tick
  }
}

/** False for NaN too. */
const isPrice = (value: number): boolean => Math.abs(value) > 0

/** A complete book, which carries no price but those of its levels. */
export const decodeBook = (
  v: DataView,
  from: number,
  to: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  divisor: number
): Tick => {
  const buy = new Side()
  const sell = new Side()
  const tick: TickDraft = { symbol, exchange, mode: "depth", received_time }
  for (let at = from + PACKET_HEAD; at < to;) {
    const key = v.getUint8(at)
    const format = FORMATS[key]!
    const value = valueAt(v, at + 1, format)
    if (key === TOTAL_BUY) tick.total_buy_quantity = value
    else if (key === TOTAL_SELL) tick.total_sell_quantity = value
    else if (key === BID_PRICE) buy.next(value / divisor)
    else if (key === BID_QUANTITY) buy.quantity = value
    else if (key === BID_ORDERS) buy.orders = value
    else if (key === ASK_PRICE) sell.next(value / divisor)
    else if (key === ASK_QUANTITY) sell.quantity = value
    else if (key === ASK_ORDERS) sell.orders = value
    at += 1 + SIZE_OF[format]!
  }
  tick.depth = { buy: buy.finish(), sell: sell.finish() }
  return tick
}

/** Levels as their fields come: each begins with its price. */
class Side {
  quantity = 0
  orders = 0
  #price = 0
  readonly #levels: Array<Level> = []

  next(price: number): void {
    this.#put()
    this.#price = price
    this.quantity = 0
    this.orders = 0
  }

  /** Empty levels are left out. */
  #put(): void {
    const { orders, quantity } = this
    if (this.#price !== 0 || quantity !== 0) this.#levels.push({ price: this.#price, quantity, orders })
  }

  finish(): ReadonlyArray<Level> {
    this.#put()
    return this.#levels
  }
}
