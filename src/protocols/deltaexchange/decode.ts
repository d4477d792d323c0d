/** Delta's JSON messages to ticks. Numbers come as numbers and as texts, times in microseconds. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"

export type Message = Readonly<Record<string, unknown>>

/** A number, or a text that is one; undefined for everything else. */
export const numberIn = (value: unknown): number | undefined => {
  const n = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof n === "number" && Number.isFinite(n) ? n : undefined
}

/** The same, where nothing has the value 0. */
const positionIn = (list: unknown, at: number): number | undefined => {
  const n = Array.isArray(list) ? numberIn(list[at]) : undefined
  return n === 0 ? undefined : n
}

const priceIn = (value: unknown): number | undefined => {
  const n = numberIn(value)
  return n === 0 ? undefined : n
}

/** Microseconds as milliseconds; 0 when there are none. */
const millisecondsIn = (value: unknown): number => Math.floor((numberIn(value) ?? 0) / 1000)

/**
 * One element of a ticker. Its window is the last 24 hours: there is no previous close and no volume of a day. What was
 * never traded has the mark price for its price, and the spot price where there is not even that.
 *
 * @param ticker the message around it
 */
export const decodeTicker = (
  element: Message,
  ticker: Message,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => {
  const { oi, ohlc, pb } = element
  const open = positionIn(ohlc, 0)
  const high = positionIn(ohlc, 1)
  const low = positionIn(ohlc, 2)
  const ltp = positionIn(ohlc, 3) ?? priceIn(element["m"]) ?? priceIn(ticker["sp"])
  const mode = open !== undefined || high !== undefined || low !== undefined ? "quote" : "ltp"
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  const time = millisecondsIn(ticker["ts"])
  if (time !== 0) tick.exchange_time = time
  if (ltp !== undefined) tick.ltp = ltp
  if (open !== undefined) tick.open = open
  if (high !== undefined) tick.high = high
  if (low !== undefined) tick.low = low
  const interest = Array.isArray(oi) ? numberIn(oi[0]) : undefined
  if (interest !== undefined) tick.oi = interest
  const lower = positionIn(pb, 0)
  const upper = positionIn(pb, 1)
  if (upper !== undefined) tick.upper_circuit = upper
  if (lower !== undefined) tick.lower_circuit = lower
  return tick
}

/** Undefined for a trade without a price. */
export const decodeTrade = (
  trade: Message,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick | undefined => {
  const ltp = priceIn(trade["p"])
  if (ltp === undefined) return undefined
  const tick: TickDraft = { symbol, exchange, mode: "ltp", received_time, ltp }
  const ltq = numberIn(trade["s"])
  if (ltq !== undefined) tick.ltq = ltq
  const time = millisecondsIn(trade["ts"])
  if (time !== 0) tick.exchange_time = time
  const ltt = millisecondsIn(trade["t"])
  if (ltt !== 0) tick.ltt = ltt
  return tick
}

/** Undefined where a level has no price or no size. */
export const decodeBook = (
  book: Message,
  instrument: WireInstrument,
  received_time: number
): Tick | undefined => {
  const buy = decodeSide(book["b"])
  const sell = decodeSide(book["a"])
  return buy === undefined || sell === undefined
    ? undefined
    : bookTick(buy, sell, book, instrument, received_time)
}

/** The best bid and ask alone. An empty side is null (UNCONFIRMED) or not there. */
export const decodeBest = (
  best: Message,
  instrument: WireInstrument,
  received_time: number
): Tick | undefined => {
  const buy = decodeSide(sideOf(best["bp"], best["bs"]))
  const sell = decodeSide(sideOf(best["ap"], best["as"]))
  return buy === undefined || sell === undefined
    ? undefined
    : bookTick(buy, sell, best, instrument, received_time)
}

const bookTick = (
  buy: ReadonlyArray<Level>,
  sell: ReadonlyArray<Level>,
  message: Message,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => {
  const exchange_time = millisecondsIn(message["ts"])
  const depth = { buy, sell }
  return exchange_time === 0
    ? { symbol, exchange, mode: "depth", received_time, depth }
    : { symbol, exchange, mode: "depth", received_time, exchange_time, depth }
}

const sideOf = (price: unknown, size: unknown): unknown =>
  price === null || price === undefined ? [] : [[price, size]]

/** Pairs of price and size, best first. Those that hold nothing are left out. */
const decodeSide = (side: unknown): ReadonlyArray<Level> | undefined => {
  if (side === null || side === undefined) return []
  if (!Array.isArray(side)) return undefined
  const levels: Array<Level> = []
  for (const pair of side as ReadonlyArray<unknown>) {
    if (!Array.isArray(pair)) return undefined
    const price = numberIn(pair[0])
    const quantity = numberIn(pair[1])
    if (price === undefined || quantity === undefined) return undefined
    if (price !== 0 || quantity !== 0) levels.push({ price, quantity, orders: 0 })
  }
  return levels
}
