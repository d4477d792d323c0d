/** Market states to the values of topics. */
import type { Level, Tick } from "../../market/tick.ts"
import { fitI32 } from "../kit/bytes.ts"
import type { BookFields, Fields, IndexFields, QuoteFields, SideFields } from "./fields.ts"
import { slot } from "./fields.ts"
import type { Kind } from "./layout.ts"
import { LEVELS, NO_VALUE, divisorOf } from "./layout.ts"

/** How a topic's prices are scaled. */
export interface Scale {
  readonly multiplier: number
  readonly precision: number
}

/** Prices of currency and commodity contracts of NSE and BSE have four decimals, all others two. */
export const isFine = (exchange: string): boolean =>
  exchange === "CDS" || exchange === "BCD" || exchange === "NCO"

/** By slot; what a state does not have, and what AlgoWays does not know the meaning of, has no value. */
export const valuesOf = (kind: Kind, fields: Fields, tick: Tick, scale: Scale): Int32Array => {
  const values = new Int32Array(slot(fields.count[kind])).fill(NO_VALUE)
  const divisor = divisorOf(scale.multiplier, scale.precision)
  const put = (at: number, value: number | undefined): void => {
    if (value !== undefined) values[at] = fitI32(value)
  }
  const price = (at: number, value: number | undefined): void =>
    put(at, value === undefined ? undefined : value * divisor)
  const { epoch } = fields[kind === "if" ? "if" : "sf"]
  const seconds = (at: number, time: number | undefined): void =>
    put(at, time === undefined ? undefined : Math.floor((time - epoch) / 1000))

  if (kind === "sf") putQuote(fields.sf, tick, put, price, seconds)
  else if (kind === "if") putIndex(fields.if, tick, price, seconds)
  else putBook(fields.dp, tick, put, price)
  put(fields[kind].multiplier, scale.multiplier)
  put(fields[kind].precision, scale.precision)
  // The slot of fields that this broker does not have.
  values[0] = NO_VALUE
  return values
}

type Put = (at: number, value: number | undefined) => void

const putQuote = (at: QuoteFields, tick: Tick, put: Put, price: Put, seconds: Put): void => {
  price(at.ltp, tick.ltp)
  put(at.ltq, tick.ltq)
  seconds(at.ltt, tick.ltt)
  seconds(at.exchangeTime, tick.exchange_time)
  price(at.open, tick.open)
  price(at.high, tick.high)
  price(at.low, tick.low)
  price(at.close, tick.close)
  put(at.volume, tick.volume)
  price(at.average, tick.average_price)
  put(at.totalBuy, tick.total_buy_quantity)
  put(at.totalSell, tick.total_sell_quantity)
  put(at.oi, tick.exchange === "NSE" || tick.exchange === "BSE" ? undefined : tick.oi)
  price(at.upperCircuit, tick.upper_circuit)
  price(at.lowerCircuit, tick.lower_circuit)
  price(at.week52High, tick.week52_high)
  price(at.week52Low, tick.week52_low)
  const bid = tick.depth?.buy[0]
  const ask = tick.depth?.sell[0]
  price(at.bid, bid?.price)
  price(at.ask, ask?.price)
  put(at.bidQuantity, bid?.quantity)
  put(at.askQuantity, ask?.quantity)
}

const putIndex = (at: IndexFields, tick: Tick, price: Put, seconds: Put): void => {
  price(at.ltp, tick.ltp)
  seconds(at.exchangeTime, tick.exchange_time)
  price(at.open, tick.open)
  price(at.high, tick.high)
  price(at.low, tick.low)
  price(at.close, tick.close)
}

const putBook = (at: BookFields, { depth }: Tick, put: Put, price: Put): void => {
  putSide(at.buy, depth?.buy ?? [], put, price)
  putSide(at.sell, depth?.sell ?? [], put, price)
}

/** A level that is gone is told as zeros: no value would mean that it has not changed. */
const putSide = (at: SideFields, levels: ReadonlyArray<Level>, put: Put, price: Put): void => {
  for (let i = 0; i < LEVELS; i++) {
    const level = levels[i]
    price(at.price[i]!, level?.price ?? 0)
    put(at.quantity[i]!, level?.quantity ?? 0)
    put(at.orders[i]!, level?.orders ?? 0)
  }
}

/**
 * What an update has to tell: values that are as they were have none in it. A value that is gone is told as zero.
 *
 * @param sent the values that the client has; brought up to date
 * @returns the values and how many there are up to the last change; undefined when nothing has changed
 */
export const changesOf = (
  sent: Int32Array,
  now: Int32Array
): { readonly values: Int32Array; readonly count: number } | undefined => {
  const values = new Int32Array(now.length).fill(NO_VALUE)
  let last = 0
  for (let i = 1; i < now.length; i++) {
    const value = now[i] === NO_VALUE && sent[i] !== NO_VALUE ? 0 : now[i]!
    if (value === sent[i]) continue
    values[i] = value
    sent[i] = value
    last = i
  }
  return last === 0 ? undefined : { values, count: last }
}
