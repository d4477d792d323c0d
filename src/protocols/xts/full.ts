/** Whole messages in JSON to ticks: events `1501-json-full` and the like, and the snapshots of REST answers. */
import type { WireInstrument } from "../../market/instrument.ts"
import { parseJson } from "../kit/text.ts"
import type { Fields } from "./fields.ts"
import {
  AVERAGE,
  BUYERS,
  CLOSE,
  HIGH,
  INTEREST,
  LOW,
  OPEN,
  PRICE,
  SELLERS,
  SIZE,
  SIZE_SPELT,
  TIME_STAMP,
  TRADED,
  UPDATED,
  VOLUME
} from "./fields.ts"
import type { MessageCode } from "./layout.ts"
import { DEPTH, LTP, OPEN_INTEREST, TOUCHLINE, toEpochMs } from "./layout.ts"
import type { Known } from "./ticks.ts"
import { NO_ROWS, bookless, filled, openInterestTick, touchlineTick } from "./ticks.ts"

const isTold = (n: number): boolean => n === n

/** Zero stands for no price; NaN is falsy. */
const price = (n: number): number => n || 0

const quantity = (n: number): number | undefined => (isTold(n) ? n : undefined)

const sizeOf = (numbers: Float64Array): number | undefined =>
  quantity(isTold(numbers[SIZE]!) ? numbers[SIZE]! : numbers[SIZE_SPELT]!)

/** The message's own time where the touchline has none. */
const timeOf = (numbers: Float64Array, segment: number): number =>
  toEpochMs(price(numbers[UPDATED]!) || price(numbers[TIME_STAMP]!), segment)

/** @returns undefined when the message lacks what its kind is about */
export const decodeFull = (
  code: MessageCode,
  fields: Fields,
  instrument: WireInstrument,
  receivedAt: number,
  segment: number
): Known | undefined => {
  const { numbers } = fields
  switch (code) {
    case LTP:
      return decodeLtp(numbers, instrument, receivedAt, segment)
    case OPEN_INTEREST: {
      const oi = quantity(numbers[INTEREST]!)
      if (oi === undefined) return undefined
      const time = toEpochMs(price(numbers[TIME_STAMP]!), segment)
      return bookless(openInterestTick(oi, time, instrument, receivedAt))
    }
    case TOUCHLINE:
    case DEPTH:
      return decodeTouchline(code, fields, instrument, receivedAt, segment)
  }
}

const decodeLtp = (
  numbers: Float64Array,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  segment: number
): Known | undefined => {
  const ltp = numbers[PRICE]!
  if (!isTold(ltp)) return undefined
  const ltq = sizeOf(numbers)
  const exchange_time = timeOf(numbers, segment)
  // One literal for the everyday case, in which everything is there.
  if (exchange_time !== 0 && ltp !== 0 && ltq !== undefined) {
    return bookless({ symbol, exchange, mode: "ltp", received_time, exchange_time, ltp, ltq })
  }
  return bookless({
    symbol,
    exchange,
    mode: "ltp",
    received_time,
    ...(exchange_time === 0 ? {} : { exchange_time }),
    ...(ltp === 0 ? {} : { ltp }),
    ...(ltq === undefined ? {} : { ltq })
  })
}

const decodeTouchline = (
  code: typeof TOUCHLINE | typeof DEPTH,
  fields: Fields,
  instrument: WireInstrument,
  receivedAt: number,
  segment: number
): Known | undefined => {
  const { hasTouchline, numbers } = fields
  const hasBook = code === DEPTH && fields.hasBook
  if (!hasTouchline && !hasBook) return undefined
  const buy = hasBook ? fields.buy : NO_ROWS
  const sell = hasBook ? fields.sell : NO_ROWS
  const tick = touchlineTick(
    {
      exchangeTime: timeOf(numbers, segment),
      ltt: toEpochMs(price(numbers[TRADED]!), segment),
      ltp: price(numbers[PRICE]!),
      ltq: sizeOf(numbers),
      open: price(numbers[OPEN]!),
      high: price(numbers[HIGH]!),
      low: price(numbers[LOW]!),
      close: price(numbers[CLOSE]!),
      volume: quantity(numbers[VOLUME]!),
      average: price(numbers[AVERAGE]!),
      totalBuy: quantity(numbers[BUYERS]!),
      totalSell: quantity(numbers[SELLERS]!)
    },
    instrument,
    receivedAt,
    hasBook ? { buy: filled(buy), sell: filled(sell) } : undefined
  )
  return { tick, buy, sell, whole: true }
}

/**
 * JSON as XTS servers write it: with `NaN` and infinities where there is no value (TotalValueTraded), which count as
 * null. `undefined` for anything that is no JSON.
 */
export const parseLoosely = (text: string): unknown => {
  const value = parseJson(text)
  if (value !== undefined || !NOT_A_NUMBER.test(text)) return value
  return parseJson(text.replace(NOT_A_NUMBER, ":null"))
}

const NOT_A_NUMBER = /:\s*-?(?:NaN|Infinity)\b/g
