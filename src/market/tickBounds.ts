/**
 * Which values a tick's numbers may have. Part of the Tick Schema, as its one check.
 *
 * Written out field by field, because this runs for every tick. Every comparison is false for NaN, so NaN and the
 * infinities are out of bounds too.
 */

/** Beyond this no price is believed; the largest real one (an index) is some six orders smaller. */
export const MAX_PRICE = 1e12
/** 2001-09-09 to 2100-01-01: a time outside is a decoding mistake or a broken clock. */
export const MIN_TIME = 1_000_000_000_000
export const MAX_TIME = 4_102_444_800_000

const isPrice = (n: number): boolean => n >= -MAX_PRICE && n <= MAX_PRICE
const isQuantity = (n: number): boolean => n >= 0 && Number.isSafeInteger(n)
const isTime = (n: number): boolean => n >= MIN_TIME && n <= MAX_TIME && Number.isInteger(n)

interface Level {
  readonly price: number
  readonly quantity: number
  readonly orders: number
}

/** The numbers of a Tick. Declared here, because the Tick type is derived from the Schema that uses this. */
interface Numbers {
  readonly symbol: string
  readonly exchange: string
  readonly received_time: number
  readonly exchange_time?: number
  readonly ltt?: number
  readonly ltp?: number
  readonly ltq?: number
  readonly open?: number
  readonly high?: number
  readonly low?: number
  readonly close?: number
  readonly volume?: number
  readonly average_price?: number
  readonly total_buy_quantity?: number
  readonly total_sell_quantity?: number
  readonly oi?: number
  readonly oi_high?: number
  readonly oi_low?: number
  readonly upper_circuit?: number
  readonly lower_circuit?: number
  readonly week52_high?: number
  readonly week52_low?: number
  readonly depth?: { readonly buy: ReadonlyArray<Level>; readonly sell: ReadonlyArray<Level> }
}

const PRICE = `expected a price between -${MAX_PRICE} and ${MAX_PRICE}`
const QUANTITY = "expected a whole number of 0 or more"
const TIME = "expected epoch milliseconds between 2001 and 2100"
const NAME = "expected a name"

export interface OutOfBounds {
  readonly path: ReadonlyArray<PropertyKey>
  readonly issue: string
}

const at = (field: keyof Numbers, issue: string): OutOfBounds => ({ path: [field], issue })

/** The first field that is out of bounds; undefined for a good tick. */
export const outOfBounds = (t: Numbers): OutOfBounds | undefined => {
  if (t.symbol === "") return at("symbol", NAME)
  if (t.exchange === "") return at("exchange", NAME)
  if (!isTime(t.received_time)) return at("received_time", TIME)
  if (t.exchange_time !== undefined && !isTime(t.exchange_time)) return at("exchange_time", TIME)
  if (t.ltt !== undefined && !isTime(t.ltt)) return at("ltt", TIME)
  if (t.ltp !== undefined && !isPrice(t.ltp)) return at("ltp", PRICE)
  if (t.ltq !== undefined && !isQuantity(t.ltq)) return at("ltq", QUANTITY)
  if (t.open !== undefined && !isPrice(t.open)) return at("open", PRICE)
  if (t.high !== undefined && !isPrice(t.high)) return at("high", PRICE)
  if (t.low !== undefined && !isPrice(t.low)) return at("low", PRICE)
  if (t.close !== undefined && !isPrice(t.close)) return at("close", PRICE)
  if (t.volume !== undefined && !isQuantity(t.volume)) return at("volume", QUANTITY)
  if (t.average_price !== undefined && !isPrice(t.average_price)) return at("average_price", PRICE)
  if (t.total_buy_quantity !== undefined && !isQuantity(t.total_buy_quantity)) {
    return at("total_buy_quantity", QUANTITY)
  }
  if (t.total_sell_quantity !== undefined && !isQuantity(t.total_sell_quantity)) {
    return at("total_sell_quantity", QUANTITY)
  }
  if (t.oi !== undefined && !isQuantity(t.oi)) return at("oi", QUANTITY)
  if (t.oi_high !== undefined && !isQuantity(t.oi_high)) return at("oi_high", QUANTITY)
  if (t.oi_low !== undefined && !isQuantity(t.oi_low)) return at("oi_low", QUANTITY)
  if (t.upper_circuit !== undefined && !isPrice(t.upper_circuit)) return at("upper_circuit", PRICE)
  if (t.lower_circuit !== undefined && !isPrice(t.lower_circuit)) return at("lower_circuit", PRICE)
  if (t.week52_high !== undefined && !isPrice(t.week52_high)) return at("week52_high", PRICE)
  if (t.week52_low !== undefined && !isPrice(t.week52_low)) return at("week52_low", PRICE)
  return t.depth === undefined
    ? undefined
    : (bookOutOfBounds("buy", t.depth.buy) ?? bookOutOfBounds("sell", t.depth.sell))
}

const bookOutOfBounds = (side: "buy" | "sell", levels: ReadonlyArray<Level>): OutOfBounds | undefined => {
  for (let i = 0; i < levels.length; i++) {
    const { orders, price, quantity } = levels[i]!
    if (!isPrice(price)) return { path: ["depth", side, i, "price"], issue: PRICE }
    if (!isQuantity(quantity)) return { path: ["depth", side, i, "quantity"], issue: QUANTITY }
    if (!isQuantity(orders)) return { path: ["depth", side, i, "orders"], issue: QUANTITY }
  }
  return undefined
}
