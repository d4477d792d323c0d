/**
 * The Tick Schema's rules written out by hand, for the tick path: which types and which values a tick may have.
 *
 * The Schema stays the truth and uses this for the bounds of its numbers; `test/unit/market/tick.test.ts` proves that
 * both accept and refuse the same. Written out because it runs for every tick: it reads each field once, where the
 * compiled Schema asks for the key, reads the value and calls each check. On ticks of many shapes, as a session sees
 * them over a day, that was three to five times slower (measured: 1700 to 2900 ns a depth tick).
 */

/** Beyond this no price is believed; the largest real one (an index) is some six orders smaller. */
export const MAX_PRICE = 1e12
/** 2001-09-09 to 2100-01-01: a time outside is a decoding mistake or a broken clock. */
export const MIN_TIME = 1_000_000_000_000
export const MAX_TIME = 4_102_444_800_000

// Every comparison is false for NaN, so NaN and the infinities are out of bounds too.
const isPrice = (n: unknown): boolean => typeof n === "number" && n >= -MAX_PRICE && n <= MAX_PRICE
const isQuantity = (n: unknown): boolean =>
  typeof n === "number" && n >= 0 && n <= Number.MAX_SAFE_INTEGER && Math.floor(n) === n
const isTime = (n: unknown): boolean =>
  typeof n === "number" && n >= MIN_TIME && n <= MAX_TIME && Math.floor(n) === n
const isName = (s: unknown): boolean => typeof s === "string" && s !== ""

/** Whatever a decoder made; nothing about it is believed yet. */
type Unchecked = { readonly [field: string]: unknown }

/** The first field that is not as it should be; undefined for a good tick. Absent is fine, `undefined` is not. */
export const badField = (t: Unchecked): string | undefined => {
  if (!isName(t["symbol"])) return "symbol"
  if (!isName(t["exchange"])) return "exchange"
  const mode = t["mode"]
  if (mode !== "ltp" && mode !== "quote" && mode !== "depth") return "mode"
  if (!isTime(t["received_time"])) return "received_time"
  const exchangeTime = t["exchange_time"]
  if (exchangeTime !== undefined && !isTime(exchangeTime)) return "exchange_time"
  const ltt = t["ltt"]
  if (ltt !== undefined && !isTime(ltt)) return "ltt"
  const ltp = t["ltp"]
  if (ltp !== undefined && !isPrice(ltp)) return "ltp"
  const ltq = t["ltq"]
  if (ltq !== undefined && !isQuantity(ltq)) return "ltq"
  const open = t["open"]
  if (open !== undefined && !isPrice(open)) return "open"
  const high = t["high"]
  if (high !== undefined && !isPrice(high)) return "high"
  const low = t["low"]
  if (low !== undefined && !isPrice(low)) return "low"
  const close = t["close"]
  if (close !== undefined && !isPrice(close)) return "close"
  const volume = t["volume"]
  if (volume !== undefined && !isQuantity(volume)) return "volume"
  const averagePrice = t["average_price"]
  if (averagePrice !== undefined && !isPrice(averagePrice)) return "average_price"
  const totalBuyQuantity = t["total_buy_quantity"]
  if (totalBuyQuantity !== undefined && !isQuantity(totalBuyQuantity)) return "total_buy_quantity"
  const totalSellQuantity = t["total_sell_quantity"]
  if (totalSellQuantity !== undefined && !isQuantity(totalSellQuantity)) return "total_sell_quantity"
  const oi = t["oi"]
  if (oi !== undefined && !isQuantity(oi)) return "oi"
  const oiHigh = t["oi_high"]
  if (oiHigh !== undefined && !isQuantity(oiHigh)) return "oi_high"
  const oiLow = t["oi_low"]
  if (oiLow !== undefined && !isQuantity(oiLow)) return "oi_low"
  const upperCircuit = t["upper_circuit"]
  if (upperCircuit !== undefined && !isPrice(upperCircuit)) return "upper_circuit"
  const lowerCircuit = t["lower_circuit"]
  if (lowerCircuit !== undefined && !isPrice(lowerCircuit)) return "lower_circuit"
  const week52High = t["week52_high"]
  if (week52High !== undefined && !isPrice(week52High)) return "week52_high"
  const week52Low = t["week52_low"]
  if (week52Low !== undefined && !isPrice(week52Low)) return "week52_low"
  const implausible = t["implausible"]
  if (implausible !== undefined && implausible !== "jump" && implausible !== "circuit") return "implausible"
  const depth = t["depth"]
  if (depth === undefined) return undefinedField(t)
  if (!isObject(depth)) return "depth"
  if (!isSide((depth as Unchecked)["buy"])) return "depth.buy"
  return isSide((depth as Unchecked)["sell"]) ? undefinedField(t) : "depth.sell"
}

/** The fields that may be absent. */
const optional: ReadonlySet<string> = new Set([
  "exchange_time",
  "ltt",
  "ltp",
  "ltq",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "average_price",
  "total_buy_quantity",
  "total_sell_quantity",
  "oi",
  "oi_high",
  "oi_low",
  "upper_circuit",
  "lower_circuit",
  "week52_high",
  "week52_low",
  "depth",
  "implausible"
])

/**
 * A field that is there and undefined. One walk over the keys that a tick has: to ask `in` for each of those that it
 * has not took an LTP or quote tick twice as long (measured).
 */
const undefinedField = (t: Unchecked): string | undefined => {
  for (const key in t) if (t[key] === undefined && optional.has(key)) return key
  return undefined
}

const isSide = (levels: unknown): boolean => {
  if (!Array.isArray(levels)) return false
  for (let i = 0; i < levels.length; i++) if (!isLevel(levels[i])) return false
  return true
}

const isLevel = (level: unknown): boolean => {
  if (!isObject(level)) return false
  const { orders, price, quantity } = level as Unchecked
  return isPrice(price) && isQuantity(quantity) && isQuantity(orders)
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const EXPECTED = `expected a price within ${MAX_PRICE}, a whole quantity of 0 or more, or epoch milliseconds of 2001 to 2100`

/** The same as the Schema's check, after the Schema has seen to the types. */
export const outOfBounds = (
  t: Unchecked
): { readonly path: ReadonlyArray<PropertyKey>; readonly issue: string } | undefined => {
  const field = badField(t)
  return field === undefined ? undefined : { path: field.split("."), issue: EXPECTED }
}
