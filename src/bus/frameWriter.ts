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
import type { Level, Tick } from "../market/tick.ts"
import type { Text } from "./fixedText.ts"
import { TEXT_SIZE, fixed, put } from "./fixedText.ts"
import type { Frame, View } from "./frame.ts"
import { MAX_NUMBER_LENGTH, SLACK, priceDifference, twoDecimals, writeNumberOf } from "./jsonNumbers.ts"

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

/** Room for the fields of a mode but the book: 31 keys at most and their numbers, and the stores that run over. */
const fieldsSize = (mode: Mode): number => (mode === "ltp" ? 7 : 32) * (TEXT_SIZE + MAX_NUMBER_LENGTH + SLACK)
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
const TIME_FIELDS = [LTT, EXCHANGE_TIME, TIMESTAMP]

/** The values of the fields that are written next, NaN for what the tick does not have. One for all: writing is synchronous. */
const values = new Float64Array(QUOTE_FIELDS.length)

/** What is not finite has no JSON and counts as absent. */
const writeFields = (out: DataView, start: number, keys: ReadonlyArray<Text>): number => {
  let at = start
  for (let i = 0; i < keys.length; i++) {
    const value = values[i]!
    if (value - value === 0) at = writeNumberOf(out, put(out, at, keys[i]!), values, i)
  }
  return at
}

const int32 = (n: number): number => (n > MAX_INT32 ? MAX_INT32 : n)

const writeLtp = (tick: Tick, out: DataView, at: number): number => {
  values[0] = tick.ltp ?? Number.NaN
  values[2] = values[1] = tick.ltq ?? Number.NaN
  values[3] = tick.ltt ?? Number.NaN
  values[4] = tick.received_time
  return writeFields(out, at, LTP_FIELDS)
}

/** An empty slot (price 0) is no best price. */
const setBest = (best: Level | undefined, at: number): void => {
  const none = best === undefined || best.price === 0
  values[at] = none ? Number.NaN : best.price
  values[at + 1] = none ? Number.NaN : int32(best.quantity)
}

const setChange = ({ close, ltp }: Tick, at: number): void => {
  if (ltp === undefined || close === undefined) {
    values[at] = values[at + 1] = Number.NaN
    return
  }
  const change = priceDifference(ltp, close)
  values[at] = change
  // Over the magnitude: a spread may close below zero, and its rise is a rise all the same.
  values[at + 1] = twoDecimals((change / Math.abs(close)) * 100)
}

/** In the order of QUOTE_FIELDS. */
const writeQuote = (tick: Tick, out: DataView, at: number): number => {
  const { depth } = tick
  values[0] = tick.ltp ?? Number.NaN
  values[1] = tick.open ?? Number.NaN
  values[2] = tick.high ?? Number.NaN
  values[3] = tick.low ?? Number.NaN
  values[4] = tick.close ?? Number.NaN
  values[5] = tick.volume ?? Number.NaN
  values[7] = values[6] = tick.ltq ?? Number.NaN
  values[9] = values[8] = tick.average_price ?? Number.NaN
  values[10] = tick.total_buy_quantity ?? Number.NaN
  values[11] = tick.total_sell_quantity ?? Number.NaN
  setChange(tick, 12)
  setBest(depth?.buy[0], 14)
  setBest(depth?.sell[0], 16)
  values[18] = tick.oi ?? Number.NaN
  values[19] = tick.oi_high ?? Number.NaN
  values[20] = tick.oi_low ?? Number.NaN
  values[21] = tick.upper_circuit ?? Number.NaN
  values[22] = tick.lower_circuit ?? Number.NaN
  values[23] = tick.week52_high ?? Number.NaN
  values[24] = tick.week52_low ?? Number.NaN
  return writeFields(out, at, QUOTE_FIELDS)
}

const writeSide = (out: DataView, start: number, side: ReadonlyArray<Level>, levels: number): number => {
  const count = side.length < levels ? side.length : levels
  let at = start
  for (let i = 0; i < count; i++) {
    const level = side[i]!
    values[0] = level.price
    values[1] = int32(level.quantity)
    values[2] = int32(level.orders)
    if (i > 0) out.setUint8(at++, COMMA)
    at = writeNumberOf(out, put(out, at, PRICE), values, 0)
    at = writeNumberOf(out, put(out, at, QUANTITY), values, 1)
    at = writeNumberOf(out, put(out, at, ORDERS), values, 2)
    out.setUint8(at++, CLOSE_BRACE)
  }
  return at
}

const writeDepth = (tick: Tick, out: DataView, start: number, levels: number): number => {
  const { depth } = tick
  if (depth === undefined || levels === 0) return start
  let at = writeSide(out, put(out, start, DEPTH_BUY), depth.buy, levels)
  at = writeSide(out, put(out, at, SELL), depth.sell, levels)
  out.setUint8(at++, CLOSE_BRACKET)
  out.setUint8(at++, CLOSE_BRACE)
  return at
}

const writeTimes = (tick: Tick, out: DataView, at: number): number => {
  values[0] = tick.ltt ?? Number.NaN
  values[1] = tick.exchange_time ?? Number.NaN
  values[2] = tick.received_time
  return writeFields(out, at, TIME_FIELDS)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Texts of a view differ by a few digits in length: so many lengths are remembered. */
const LENGTHS = 16

/**
 * The writer of one view. Make it once, when the view gets its first reader. Its frames share one piece of memory, which
 * holds the text's beginning from the first frame on, so that a tick costs neither an allocation nor a copy.
 * `published` is epoch milliseconds.
 */
export const makeFrameWriter = (view: View): ((tick: Tick, published?: number) => Frame) => {
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
  const lengths: Array<Buffer | undefined> = Array.from({ length: LENGTHS })
  const frame: Mutable<Frame> = {
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
    if (mode === "ltp") {
      at = writeLtp(tick, out, at)
    } else {
      at = writeQuote(tick, out, at)
      if (mode === "depth") at = writeDepth(tick, out, at, levels)
      at = writeTimes(tick, out, at)
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
