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
import type { Depth, Level, Tick } from "../market/tick.ts"
import type { Text } from "./fixedText.ts"
import { TEXT_SIZE, fixed, put } from "./fixedText.ts"
import type { MarketFrame, View } from "./marketFrame.ts"
import { MAX_NUMBER_LENGTH, SLACK, priceDifference, twoDecimals, writeNumberOf } from "./jsonNumbers.ts"
import { fieldsReader } from "./fieldReaders.ts"
import { VALUES, keyText, ltpLayout, placeOf, quoteLayout } from "./frameLayout.ts"

const COMMA = 44
const CLOSE_BRACE = 125
const CLOSE_BRACKET = 93

/** The largest value that 32-bit clients can read. */
const MAX_INT32 = 2_147_483_647

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const IMPLAUSIBLE = { jump: fixed(`,"implausible":"jump"`), circuit: fixed(`,"implausible":"circuit"`) }
const DEPTH_BUY = fixed(`,"depth":{"buy":[`)
const SELL = fixed(`],"sell":[`)
const PRICE = fixed(`{"price":`)
const QUANTITY = keyText("quantity")
const ORDERS = keyText("orders")

/** Room for the fields of a mode but the book: their keys and numbers, the mark, and the stores that run over. */
const fieldsSize = (mode: Mode): number =>
  ((mode === "ltp" ? ltpLayout.keys.length : VALUES) + 2) * (TEXT_SIZE + MAX_NUMBER_LENGTH + SLACK)
const LEVEL_SIZE = 40 + 3 * MAX_NUMBER_LENGTH

const LTP_KEYS = ltpLayout.keys
const { auction: AUCTION_KEYS, day: DAY_KEYS, times: TIME_KEYS } = quoteLayout
const { auctionAt: AUCTION, inAuction: IN_AUCTION, timesAt: TIMES } = quoteLayout
const LTP = placeOf("ltp")
const CLOSE = placeOf("close")
const CHANGE = placeOf("change")
const CHANGE_PERCENT = placeOf("change_percent")
const BID_PRICE = placeOf("bid_price")
const BID_SIZE = placeOf("bid_size")
const ASK_PRICE = placeOf("ask_price")
const ASK_SIZE = placeOf("ask_size")

/** The values of a tick's fields, NaN for what it does not have. One for all: writing is synchronous. */
const values = new Float64Array(VALUES)
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
const setBest = (best: Level | undefined, price: number, size: number): void => {
  const none = best === undefined || best.price === 0
  values[price] = none ? Number.NaN : best.price
  values[size] = none ? Number.NaN : int32(best.quantity)
}

const setChange = (): void => {
  const ltp = values[LTP]!
  const close = values[CLOSE]!
  const change = Number.isNaN(ltp - close) ? Number.NaN : priceDifference(ltp, close)
  values[CHANGE] = change
  // Over the magnitude: a spread may close below zero, and its rise is a rise all the same.
  values[CHANGE_PERCENT] = twoDecimals((change / Math.abs(close)) * 100)
}

/** Of a tick whose fields have been read: what they say beyond themselves, and all of it. */
const writeQuote = (depth: Depth | undefined, out: DataView, at: number): number => {
  setChange()
  setBest(depth?.buy[0], BID_PRICE, BID_SIZE)
  setBest(depth?.sell[0], ASK_PRICE, ASK_SIZE)
  const end = writeFields(out, at, DAY_KEYS)
  return values[IN_AUCTION] === 0 ? end : writeFields(out, end, AUCTION_KEYS, AUCTION)
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
      ? fieldsReader(view.broker, mode, ltpLayout.places)
      : fieldsReader(view.broker, mode, quoteLayout.places, quoteLayout.rare)
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
      at = writeFields(out, at, LTP_KEYS)
    } else {
      at = writeQuote(depth, out, at)
      if (mode === "depth") at = writeDepth(depth, out, at, levels)
      at = writeFields(out, at, TIME_KEYS, TIMES)
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
