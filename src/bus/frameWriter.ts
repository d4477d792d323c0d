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
import type { Frame, View } from "./frame.ts"
import { MAX_NUMBER_LENGTH, SLACK, priceDifference, twoDecimals, writeNumber } from "./jsonNumbers.ts"

const COMMA = 44
const CLOSE_BRACE = 125
const CLOSE_BRACKET = 93

/** The largest value that 32-bit clients can read. */
const MAX_INT32 = 2_147_483_647

/** The longest fixed text, rounded up to whole doubles. */
const TEXT_SIZE = 24

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** Up to 24 bytes of fixed text as three doubles, which one store each writes. No ASCII text is a NaN. */
interface Text {
  readonly first: number
  readonly second: number
  readonly third: number
  readonly length: number
}

const fixed = (content: string): Text => {
  const padded = Buffer.alloc(TEXT_SIZE)
  padded.write(content, "latin1")
  return {
    first: padded.readDoubleBE(0),
    second: padded.readDoubleBE(8),
    third: padded.readDoubleBE(16),
    length: content.length
  }
}

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

const put = (out: DataView, at: number, text: Text): number => {
  out.setFloat64(at, text.first)
  if (text.length > 8) {
    out.setFloat64(at + 8, text.second)
    if (text.length > 16) out.setFloat64(at + 16, text.third)
  }
  return at + text.length
}

/** A field, unless the tick has none. What is not finite has no JSON and counts as absent. */
const field = (out: DataView, at: number, name: Text, value: number | undefined): number =>
  value === undefined || !Number.isFinite(value) ? at : writeNumber(out, put(out, at, name), value)

const int32 = (n: number): number => (n > MAX_INT32 ? MAX_INT32 : n)

const writeLtp = (tick: Tick, out: DataView, start: number): number => {
  let at = field(out, start, LTP, tick.ltp)
  at = field(out, at, LTQ, tick.ltq)
  at = field(out, at, LAST_TRADE_QUANTITY, tick.ltq)
  at = field(out, at, LTT, tick.ltt)
  return field(out, at, TIMESTAMP, tick.received_time)
}

/** An empty slot (price 0) is no best price. */
const writeBest = (out: DataView, at: number, best: Level | undefined, price: Text, size: Text): number =>
  best === undefined || best.price === 0
    ? at
    : field(out, field(out, at, price, best.price), size, int32(best.quantity))

const writeQuote = (tick: Tick, out: DataView, start: number): number => {
  const { ltp, close, depth } = tick
  let at = field(out, start, LTP, ltp)
  at = field(out, at, OPEN, tick.open)
  at = field(out, at, HIGH, tick.high)
  at = field(out, at, LOW, tick.low)
  at = field(out, at, CLOSE, close)
  at = field(out, at, VOLUME, tick.volume)
  at = field(out, at, LAST_TRADE_QUANTITY, tick.ltq)
  at = field(out, at, LAST_QUANTITY, tick.ltq)
  at = field(out, at, AVERAGE_PRICE, tick.average_price)
  at = field(out, at, AVG_TRADE_PRICE, tick.average_price)
  at = field(out, at, TOTAL_BUY_QUANTITY, tick.total_buy_quantity)
  at = field(out, at, TOTAL_SELL_QUANTITY, tick.total_sell_quantity)
  if (ltp !== undefined && close !== undefined) {
    const change = priceDifference(ltp, close)
    at = field(out, at, CHANGE, change)
    // Over the magnitude: a spread may close below zero, and its rise is a rise all the same.
    at = field(out, at, CHANGE_PERCENT, twoDecimals((change / Math.abs(close)) * 100))
  }
  if (depth !== undefined) {
    at = writeBest(out, at, depth.buy[0], BID_PRICE, BID_SIZE)
    at = writeBest(out, at, depth.sell[0], ASK_PRICE, ASK_SIZE)
  }
  at = field(out, at, OI, tick.oi)
  at = field(out, at, OI_HIGH, tick.oi_high)
  at = field(out, at, OI_LOW, tick.oi_low)
  at = field(out, at, UPPER_CIRCUIT, tick.upper_circuit)
  at = field(out, at, LOWER_CIRCUIT, tick.lower_circuit)
  at = field(out, at, WEEK52_HIGH, tick.week52_high)
  return field(out, at, WEEK52_LOW, tick.week52_low)
}

const writeSide = (out: DataView, start: number, side: ReadonlyArray<Level>, levels: number): number => {
  const count = side.length < levels ? side.length : levels
  let at = start
  for (let i = 0; i < count; i++) {
    const level = side[i]!
    if (i > 0) out.setUint8(at++, COMMA)
    at = writeNumber(out, put(out, at, PRICE), level.price)
    at = writeNumber(out, put(out, at, QUANTITY), int32(level.quantity))
    at = writeNumber(out, put(out, at, ORDERS), int32(level.orders))
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

const writeTimes = (tick: Tick, out: DataView, start: number): number => {
  const at = field(out, field(out, start, LTT, tick.ltt), EXCHANGE_TIME, tick.exchange_time)
  return field(out, at, TIMESTAMP, tick.received_time)
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
