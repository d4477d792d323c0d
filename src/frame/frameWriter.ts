/**
 * Writes the market_data frame of the client protocol: the whole JSON text, once per (view, tick).
 *
 * ```
 * {"type":"market_data","symbol":"INFY","exchange":"NSE","mode":1,
 *  "data":{"symbol":"INFY","exchange":"NSE","ltp":1502.4,"timestamp":1764040501250},"broker":"zerodha"}
 * ```
 *
 * (without the line breaks). What existing clients rely on:
 * - symbol and exchange stand before `data` (AmiBroker searches the text) and again first in `data` (npm and
 *   charting clients are handed only that);
 * - keys come in one order and nothing is ever null: a field that the tick does not have has no key;
 * - `implausible` stands behind the names, and only where a plausibility guard marked the tick;
 * - `timestamp` is `received_time`, an integer (epoch milliseconds);
 * - two fields have two names, the canonical one and the one that the Python SDK reads;
 * - quantities and order counts of book levels are held to 2^31-1, because .NET and Excel clients read them as
 *   32-bit integers and lose the whole tick otherwise. `volume` goes up to 2^53.
 */
import type { Mode } from "../market/mode.ts"
import { modeNumber } from "../market/mode.ts"
import { auctionFields } from "../market/tick.ts"
import type { Depth, Level, Tick } from "../market/tick.ts"
import type { Text } from "./fixedText.ts"
import { TEXT_SIZE, fixed, put } from "./fixedText.ts"
import type { MarketFrame, View } from "./marketFrame.ts"
import { MAX_NUMBER_LENGTH, SLACK, priceDifference, twoDecimals, writeNumberOf } from "./jsonNumbers.ts"
import type { Places, Rare } from "./fieldReaders.ts"
import { fieldsReader } from "./fieldReaders.ts"

const COMMA = 44
const CLOSE_BRACE = 125
const CLOSE_BRACKET = 93

/** The largest value that 32-bit clients can read. */
const MAX_INT32 = 2_147_483_647

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const key = (name: string): Text => fixed(`,"${name}":`)

const LTP = key("ltp")
const LTQ = key("ltq")
const LTT = key("ltt")
const OPEN = key("open")
const HIGH = key("high")
const LOW = key("low")
const CLOSE = key("close")
const VOLUME = key("volume")
const LAST_TRADE_QUANTITY = key("last_trade_quantity")
const LAST_QUANTITY = key("last_quantity")
const AVERAGE_PRICE = key("average_price")
const AVG_TRADE_PRICE = key("avg_trade_price")
const TOTAL_BUY_QUANTITY = key("total_buy_quantity")
const TOTAL_SELL_QUANTITY = key("total_sell_quantity")
const CHANGE = key("change")
const CHANGE_PERCENT = key("change_percent")
const BID_PRICE = key("bid_price")
const BID_SIZE = key("bid_size")
const ASK_PRICE = key("ask_price")
const ASK_SIZE = key("ask_size")
const OI = key("oi")
const OI_HIGH = key("oi_high")
const OI_LOW = key("oi_low")
const UPPER_CIRCUIT = key("upper_circuit")
const LOWER_CIRCUIT = key("lower_circuit")
const WEEK52_HIGH = key("week52_high")
const WEEK52_LOW = key("week52_low")
const EXCHANGE_TIME = key("exchange_time")
const TIMESTAMP = key("timestamp")
const IMPLAUSIBLE = { jump: fixed(`,"implausible":"jump"`), circuit: fixed(`,"implausible":"circuit"`) }
const DEPTH_BUY = fixed(`,"depth":{"buy":[`)
const SELL = fixed(`],"sell":[`)
const PRICE = fixed(`{"price":`)
const QUANTITY = key("quantity")
const ORDERS = key("orders")

/** Room for the fields of a mode but the book: 36 keys at most and their numbers, and the stores that run over. */
const fieldsSize = (mode: Mode): number => (mode === "ltp" ? 7 : 37) * (TEXT_SIZE + MAX_NUMBER_LENGTH + SLACK)
const LEVEL_SIZE = 40 + 3 * MAX_NUMBER_LENGTH

/** The keys of a mode's fields, in their order in the text. */
const LTP_FIELDS = [LTP, LTQ, LAST_TRADE_QUANTITY, LTT, TIMESTAMP]
const QUOTE_FIELDS = [
  LTP,
  OPEN,
  HIGH,
  LOW,
  CLOSE,
  VOLUME,
  LAST_TRADE_QUANTITY,
  LAST_QUANTITY,
  AVERAGE_PRICE,
  AVG_TRADE_PRICE,
  TOTAL_BUY_QUANTITY,
  TOTAL_SELL_QUANTITY,
  CHANGE,
  CHANGE_PERCENT,
  BID_PRICE,
  BID_SIZE,
  ASK_PRICE,
  ASK_SIZE,
  OI,
  OI_HIGH,
  OI_LOW,
  UPPER_CIRCUIT,
  LOWER_CIRCUIT,
  WEEK52_HIGH,
  WEEK52_LOW
]
/** Behind those of QUOTE_FIELDS, in an auction. */
const AUCTION_FIELDS = auctionFields.map(key)
const TIME_FIELDS = [LTT, EXCHANGE_TIME, TIMESTAMP]

/** Their values lie one behind the other. */
const AUCTION = QUOTE_FIELDS.length
const TIMES = AUCTION + AUCTION_FIELDS.length
/** Behind all of them: whether there is anything of an auction. */
const IN_AUCTION = TIMES + TIME_FIELDS.length

/** What a tick has as it is, and its places among the values. */
const LTP_PLACES: Places = [
  ["ltp", 0],
  ["ltq", 1, 2],
  ["ltt", 3],
  ["received_time", 4]
]
const QUOTE_PLACES: Places = [
  ["ltp", 0],
  ["open", 1],
  ["high", 2],
  ["low", 3],
  ["close", 4],
  ["volume", 5],
  ["ltq", 6, 7],
  ["average_price", 8, 9],
  ["total_buy_quantity", 10],
  ["total_sell_quantity", 11],
  ["oi", 18],
  ["oi_high", 19],
  ["oi_low", 20],
  ["upper_circuit", 21],
  ["lower_circuit", 22],
  ["week52_high", 23],
  ["week52_low", 24],
  ["ltt", TIMES],
  ["exchange_time", TIMES + 1],
  ["received_time", TIMES + 2]
]

const AUCTION_PLACES: Rare = {
  flag: IN_AUCTION,
  places: auctionFields.map((field, i) => [field, AUCTION + i] as const)
}

/** The values of a tick's fields, NaN for what it does not have. One for all: writing is synchronous. */
const values = new Float64Array(IN_AUCTION + 1)
const level = new Float64Array(3)

/** What is not finite has no JSON and counts as absent. */
const writeFields = (out: DataView, start: number, keys: ReadonlyArray<Text>, first = 0): number => {
  let at = start
  for (let i = 0; i < keys.length; i++) {
    const value = values[first + i]!
    if (value - value === 0) at = writeNumberOf(out, put(out, at, keys[i]!), values, first + i)
  }
  return at
}

const int32 = (n: number): number => (n > MAX_INT32 ? MAX_INT32 : n)

/** An empty slot (price 0) is no best price. */
const setBest = (best: Level | undefined, at: number): void => {
  const none = best === undefined || best.price === 0
  values[at] = none ? Number.NaN : best.price
  values[at + 1] = none ? Number.NaN : int32(best.quantity)
}

const setChange = (): void => {
  const ltp = values[0]!
  const close = values[4]!
  const change = Number.isNaN(ltp - close) ? Number.NaN : priceDifference(ltp, close)
  values[12] = change
  // Over the magnitude: a spread may close below zero, and its rise is a rise all the same.
  values[13] = twoDecimals((change / Math.abs(close)) * 100)
}

/** Of a tick whose fields have been read: what they say beyond themselves, and all of it. */
const writeQuote = (depth: Depth | undefined, out: DataView, at: number): number => {
  setChange()
  setBest(depth?.buy[0], 14)
  setBest(depth?.sell[0], 16)
  const end = writeFields(out, at, QUOTE_FIELDS)
  return values[IN_AUCTION] === 0 ? end : writeFields(out, end, AUCTION_FIELDS, AUCTION)
}

const writeSide = (out: DataView, start: number, side: ReadonlyArray<Level>, levels: number): number => {
  const count = side.length < levels ? side.length : levels
  let at = start
  for (let i = 0; i < count; i++) {
    const { orders, price, quantity } = side[i]!
    level[0] = price
    level[1] = int32(quantity)
    level[2] = int32(orders)
    if (i > 0) out.setUint8(at++, COMMA)
    at = writeNumberOf(out, put(out, at, PRICE), level, 0)
    at = writeNumberOf(out, put(out, at, QUANTITY), level, 1)
    at = writeNumberOf(out, put(out, at, ORDERS), level, 2)
    out.setUint8(at++, CLOSE_BRACE)
  }
  return at
}

const writeDepth = (depth: Depth | undefined, out: DataView, start: number, levels: number): number => {
  if (depth === undefined || levels === 0) return start
  let at = writeSide(out, put(out, start, DEPTH_BUY), depth.buy, levels)
  at = writeSide(out, put(out, at, SELL), depth.sell, levels)
  out.setUint8(at++, CLOSE_BRACKET)
  out.setUint8(at++, CLOSE_BRACE)
  return at
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Texts of a view differ by a few digits in length: so many lengths are remembered. */
const LENGTHS = 16

/**
 * The writer of one view. Make it once, when the view gets its first reader. Its frames share one piece of memory, which
 * holds the text's beginning from the first frame on, so that a tick costs neither an allocation nor a copy.
 * `published` is epoch milliseconds.
 */
export const makeFrameWriter = (view: View): ((tick: Tick, published?: number) => MarketFrame) => {
  const symbol = JSON.stringify(view.symbol)
  const exchange = JSON.stringify(view.exchange)
  const head = `{"type":"market_data","symbol":${symbol},"exchange":${exchange},"mode":${modeNumber[view.mode]},"data":`
  const label = view.simulated === true ? `,"simulated":true` : ""
  const prefix = bytes(`${head}{"symbol":${symbol},"exchange":${exchange}${label}`)
  const suffix = bytes(`},"broker":${JSON.stringify(view.broker)}}`)
  const { levels, mode } = view
  const memory = Buffer.allocUnsafeSlow(
    prefix.length + fieldsSize(mode) + 2 * levels * LEVEL_SIZE + suffix.length
  )
  memory.set(prefix)
  const out = new DataView(memory.buffer)
  const read =
    mode === "ltp"
      ? fieldsReader(view.broker, mode, LTP_PLACES)
      : fieldsReader(view.broker, mode, QUOTE_PLACES, AUCTION_PLACES)
  const lengths: Array<Buffer | undefined> = Array.from({ length: LENGTHS })
  const frame: Mutable<MarketFrame> = {
    view,
    payload: memory,
    dataStart: Buffer.byteLength(head),
    dataEnd: 0,
    received: 0,
    exchanged: 0,
    published: 0
  }

  return (tick, published = 0) => {
    let at = prefix.length
    if (tick.implausible !== undefined) at = put(out, at, IMPLAUSIBLE[tick.implausible])
    const depth = read(tick, values)
    if (mode === "ltp") {
      at = writeFields(out, at, LTP_FIELDS)
    } else {
      at = writeQuote(depth, out, at)
      if (mode === "depth") at = writeDepth(depth, out, at, levels)
      at = writeFields(out, at, TIME_FIELDS, TIMES)
    }
    memory.set(suffix, at)
    const length = at + suffix.length
    let payload = lengths[length % LENGTHS]
    if (payload === undefined || payload.length !== length) {
      payload = memory.subarray(0, length)
      lengths[length % LENGTHS] = payload
    }
    frame.payload = payload
    frame.dataEnd = at + 1
    frame.received = tick.received_time
    frame.exchanged = tick.exchange_time ?? 0
    frame.published = published
    return frame
  }
}
