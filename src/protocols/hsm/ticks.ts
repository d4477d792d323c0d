/** A topic's values to a tick. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { putPrices } from "../kit/tickDraft.ts"
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

/** Whether all values are there and none has outgrown 31 bits: those ticks are a literal of plain integers. */
const isWhole = (values: Int32Array, at: QuoteFields): boolean =>
  values[at.exchangeTime]! > 0 &&
  values[at.ltt]! > 0 &&
  values[at.ltp]! > 0 &&
  values[at.ltq]! >= 0 &&
  values[at.open]! > 0 &&
  values[at.high]! > 0 &&
  values[at.low]! > 0 &&
  values[at.close]! > 0 &&
  values[at.volume]! >= 0 &&
  values[at.average]! > 0 &&
  values[at.totalBuy]! >= 0 &&
  values[at.totalSell]! >= 0 &&
  values[at.upperCircuit]! > 0 &&
  values[at.lowerCircuit]! > 0 &&
  values[at.week52High]! > 0 &&
  values[at.week52Low]! > 0

export const quoteTick = (
  values: Int32Array,
  at: QuoteFields,
  divisor: number,
  instrument: WireInstrument,
  received_time: number
): Tick => {
  if (!isWhole(values, at)) return partialQuote(values, at, divisor, instrument, received_time)
  const { symbol, exchange } = instrument
  const tick: TickDraft = {
    symbol,
    exchange,
    mode: "quote",
    received_time,
    exchange_time: values[at.exchangeTime]! * 1000 + at.epoch,
    ltt: values[at.ltt]! * 1000 + at.epoch,
    ltp: values[at.ltp]! / divisor,
    ltq: values[at.ltq]!,
    open: values[at.open]! / divisor,
    high: values[at.high]! / divisor,
    low: values[at.low]! / divisor,
    close: values[at.close]! / divisor,
    volume: values[at.volume]!,
    average_price: values[at.average]! / divisor,
    total_buy_quantity: values[at.totalBuy]!,
    total_sell_quantity: values[at.totalSell]!,
    upper_circuit: values[at.upperCircuit]! / divisor,
    lower_circuit: values[at.lowerCircuit]! / divisor,
    week52_high: values[at.week52High]! / divisor,
    week52_low: values[at.week52Low]! / divisor
  }
  // Shares have none.
  const oi = quantity(values, at.oi)
  if (oi >= 0) tick.oi = oi
  return tick
}

const partialQuote = (
  values: Int32Array,
  at: QuoteFields,
  divisor: number,
  { symbol, exchange }: WireInstrument,
  received_time: number
): Tick => {
  const tick: TickDraft = { symbol, exchange, mode: "quote", received_time }
  const exchange_time = time(values, at.exchangeTime, at.epoch)
  const ltt = time(values, at.ltt, at.epoch)
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(
    tick,
    price(values, at.ltp, divisor),
    price(values, at.open, divisor),
    price(values, at.high, divisor),
    price(values, at.low, divisor),
    price(values, at.close, divisor),
    price(values, at.average, divisor)
  )
  const ltq = quantity(values, at.ltq)
  const volume = quantity(values, at.volume)
  const total_buy_quantity = quantity(values, at.totalBuy)
  const total_sell_quantity = quantity(values, at.totalSell)
  const oi = quantity(values, at.oi)
  if (ltq >= 0) tick.ltq = ltq
  if (volume >= 0) tick.volume = volume
  if (total_buy_quantity >= 0) tick.total_buy_quantity = total_buy_quantity
  if (total_sell_quantity >= 0) tick.total_sell_quantity = total_sell_quantity
  if (oi >= 0) tick.oi = oi
  const upper_circuit = price(values, at.upperCircuit, divisor)
  const lower_circuit = price(values, at.lowerCircuit, divisor)
  const week52_high = price(values, at.week52High, divisor)
  const week52_low = price(values, at.week52Low, divisor)
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
  priceAt: number,
  quantityAt: number,
  ordersAt: number,
  divisor: number
): Level => {
  const raw = values[priceAt]!
  const size = values[quantityAt]!
  const orders = values[ordersAt]!
  // Everyday levels stay plain integers up to the division.
  if (raw > 0 && size >= 0 && orders >= 0) return { price: raw / divisor, quantity: size, orders }
  return {
    price: price(values, priceAt, divisor),
    quantity: Math.max(0, quantity(values, quantityAt)),
    orders: Math.max(0, quantity(values, ordersAt))
  }
}

const isEmpty = (l: Level): boolean => l.price === 0
