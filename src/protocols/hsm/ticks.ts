/** A topic's values to a tick. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { putPrices } from "../tickDraft.ts"
import type { BookFields, IndexFields, QuoteFields, SideFields } from "./fields.ts"
import { NO_VALUE } from "./layout.ts"

/** 0 where there is none. */
const price = (values: Int32Array, slot: number, divisor: number): number => {
  const raw = values[slot]!
  return raw === NO_VALUE ? 0 : raw / divisor
}

const TWO_32 = 4_294_967_296

/**
 * -1 where there is none. No quantity is negative, so one that looks it has outgrown 31 bits (UNCONFIRMED: what the
 * servers do beyond 2^31 - 1 is not documented).
 */
const quantity = (values: Int32Array, slot: number): number => {
  const raw = values[slot]!
  if (raw >= 0) return raw
  return raw === NO_VALUE ? -1 : raw + TWO_32
}

/** Seconds to epoch milliseconds; 0 where there is none. */
const time = (values: Int32Array, slot: number, epoch: number): number => {
  const raw = values[slot]!
  return raw > 0 ? raw * 1000 + epoch : 0
}

export const quoteTick = (
  values: Int32Array,
  at: QuoteFields,
  divisor: number,
  { symbol, exchange }: WireInstrument,
  received_time: number
): Tick => {
  const exchange_time = time(values, at.exchangeTime, at.epoch)
  const ltt = time(values, at.ltt, at.epoch)
  const ltp = price(values, at.ltp, divisor)
  const ltq = quantity(values, at.ltq)
  const open = price(values, at.open, divisor)
  const high = price(values, at.high, divisor)
  const low = price(values, at.low, divisor)
  const close = price(values, at.close, divisor)
  const volume = quantity(values, at.volume)
  const average_price = price(values, at.average, divisor)
  const total_buy_quantity = quantity(values, at.totalBuy)
  const total_sell_quantity = quantity(values, at.totalSell)
  const oi = quantity(values, at.oi)
  const upper_circuit = price(values, at.upperCircuit, divisor)
  const lower_circuit = price(values, at.lowerCircuit, divisor)
  const week52_high = price(values, at.week52High, divisor)
  const week52_low = price(values, at.week52Low, divisor)
  const mode = "quote"
  const counted = ltq >= 0 && volume >= 0 && total_buy_quantity >= 0 && total_sell_quantity >= 0
  const traded = ltp !== 0 && ltt !== 0 && exchange_time !== 0 && average_price !== 0
  const bounded = upper_circuit !== 0 && lower_circuit !== 0 && week52_high !== 0 && week52_low !== 0
  if (counted && traded && bounded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    const tick: TickDraft = {
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
      upper_circuit,
      lower_circuit,
      week52_high,
      week52_low
    }
    // Shares have none.
    if (oi >= 0) tick.oi = oi
    return tick
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  if (ltq >= 0) tick.ltq = ltq
  if (volume >= 0) tick.volume = volume
  if (total_buy_quantity >= 0) tick.total_buy_quantity = total_buy_quantity
  if (total_sell_quantity >= 0) tick.total_sell_quantity = total_sell_quantity
  if (oi >= 0) tick.oi = oi
  if (upper_circuit !== 0) tick.upper_circuit = upper_circuit
  if (lower_circuit !== 0) tick.lower_circuit = lower_circuit
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}

export const indexTick = (
  values: Int32Array,
  at: IndexFields,
  divisor: number,
  { symbol, exchange }: WireInstrument,
  received_time: number
): Tick => {
  const exchange_time = time(values, at.exchangeTime, at.epoch)
  const ltp = price(values, at.ltp, divisor)
  const open = price(values, at.open, divisor)
  const high = price(values, at.high, divisor)
  const low = price(values, at.low, divisor)
  const close = price(values, at.close, divisor)
  const mode = "quote"
  if (exchange_time !== 0 && ltp !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return { symbol, exchange, mode, received_time, exchange_time, ltp, open, high, low, close }
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, 0)
  return tick
}

/** A book and nothing else: these topics carry no price of a trade. */
export const bookTick = (
  values: Int32Array,
  at: BookFields,
  divisor: number,
  { symbol, exchange }: WireInstrument,
  received_time: number
): Tick => ({
  symbol,
  exchange,
  mode: "depth",
  received_time,
  depth: {
    buy: side(values, at.buy, divisor, at.dropEmpty),
    sell: side(values, at.sell, divisor, at.dropEmpty)
  }
})

const side = (
  values: Int32Array,
  { orders, price: prices, quantity: quantities }: SideFields,
  divisor: number,
  dropEmpty: boolean
): ReadonlyArray<Level> => {
  // Written out: growing an array costs more than filling it.
  const levels = [
    level(values, prices[0]!, quantities[0]!, orders[0]!, divisor),
    level(values, prices[1]!, quantities[1]!, orders[1]!, divisor),
    level(values, prices[2]!, quantities[2]!, orders[2]!, divisor),
    level(values, prices[3]!, quantities[3]!, orders[3]!, divisor),
    level(values, prices[4]!, quantities[4]!, orders[4]!, divisor)
  ]
  return dropEmpty && levels.some(isEmpty) ? levels.filter((l) => !isEmpty(l)) : levels
}

const level = (
  values: Int32Array,
  at: number,
  quantityAt: number,
  ordersAt: number,
  divisor: number
): Level => {
  const size = quantity(values, quantityAt)
  const orders = quantity(values, ordersAt)
  return { price: price(values, at, divisor), quantity: size < 0 ? 0 : size, orders: orders < 0 ? 0 : orders }
}

const isEmpty = (l: Level): boolean => l.price === 0
