/** Whole messages in JSON to ticks: events `1501-json-full` and the like, and the snapshots of REST answers. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level } from "../../market/tick.ts"
import { isObject } from "../text.ts"
import type { MessageCode } from "./layout.ts"
import { DEPTH, LTP, OPEN_INTEREST, TOUCHLINE, toEpochMs } from "./layout.ts"
import type { Known } from "./ticks.ts"
import { EMPTY_ROW, NO_ROWS, bookless, filled, openInterestTick, touchlineTick } from "./ticks.ts"

type Message = Readonly<Record<string, unknown>>

/** Zero, and everything that is no number, stands for no price. */
const price = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0)

const quantity = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined

/** The message's own time where the touchline has none. */
const timeOf = (touchline: Message, message: Message, segment: number): number =>
  toEpochMs(price(touchline["LastUpdateTime"]) || price(message["ExchangeTimeStamp"]), segment)

/** @returns undefined when the message lacks what its kind is about */
export const decodeFull = (
  code: MessageCode,
  message: Message,
  instrument: WireInstrument,
  receivedAt: number,
  segment: number
): Known | undefined => {
  switch (code) {
    case LTP:
      return decodeLtp(message, instrument, receivedAt, segment)
    case OPEN_INTEREST: {
      const oi = quantity(message["OpenInterest"])
      if (oi === undefined) return undefined
      const time = toEpochMs(price(message["ExchangeTimeStamp"]), segment)
      return bookless(openInterestTick(oi, time, instrument, receivedAt))
    }
    case TOUCHLINE:
    case DEPTH:
      return decodeTouchline(code, message, instrument, receivedAt, segment)
  }
}

const decodeLtp = (
  message: Message,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  segment: number
): Known | undefined => {
  const ltp = message["LastTradedPrice"]
  if (typeof ltp !== "number") return undefined
  const ltq = quantity(message["LastTradedQunatity"] ?? message["LastTradedQuantity"])
  const time = timeOf(message, message, segment)
  return bookless({
    symbol,
    exchange,
    mode: "ltp",
    received_time,
    ...(time === 0 ? {} : { exchange_time: time }),
    ...(ltp === 0 ? {} : { ltp }),
    ...(ltq === undefined ? {} : { ltq })
  })
}

const decodeTouchline = (
  code: typeof TOUCHLINE | typeof DEPTH,
  message: Message,
  instrument: WireInstrument,
  receivedAt: number,
  segment: number
): Known | undefined => {
  // Usually nested; some servers have the same fields at the root.
  const nested = message["Touchline"]
  const t: Message = isObject(nested) ? nested : message
  const buy = code === DEPTH ? readRows(message["Bids"]) : NO_ROWS
  const sell = code === DEPTH ? readRows(message["Asks"]) : NO_ROWS
  const hasBook = code === DEPTH && (Array.isArray(message["Bids"]) || Array.isArray(message["Asks"]))
  if (t["LastTradedPrice"] === undefined && t["Close"] === undefined && !hasBook) return undefined
  const tick = touchlineTick(
    {
      exchangeTime: timeOf(t, message, segment),
      ltt: toEpochMs(price(t["LastTradedTime"]), segment),
      ltp: price(t["LastTradedPrice"]),
      // Misspelt on the wire.
      ltq: quantity(t["LastTradedQunatity"] ?? t["LastTradedQuantity"]),
      open: price(t["Open"]),
      high: price(t["High"]),
      low: price(t["Low"]),
      close: price(t["Close"]),
      volume: quantity(t["TotalTradedQuantity"]),
      average: price(t["AverageTradedPrice"]),
      totalBuy: quantity(t["TotalBuyQuantity"]),
      totalSell: quantity(t["TotalSellQuantity"])
    },
    instrument,
    receivedAt,
    hasBook ? { buy: filled(buy), sell: filled(sell) } : undefined
  )
  return { tick, buy, sell, whole: true }
}

const readRows = (rows: unknown): ReadonlyArray<Level> => (Array.isArray(rows) ? rows.map(readRow) : NO_ROWS)

const readRow = (row: unknown): Level =>
  isObject(row)
    ? {
        price: price(row["Price"]),
        quantity: quantity(row["Size"]) ?? 0,
        orders: quantity(row["TotalOrders"]) ?? 0
      }
    : EMPTY_ROW

/**
 * JSON as XTS servers write it: with `NaN` and infinities where there is no value (TotalValueTraded), which count as
 * null. `undefined` for anything that is no JSON.
 */
export const parseLoosely = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    if (!NOT_A_NUMBER.test(text)) return undefined
    try {
      return JSON.parse(text.replace(NOT_A_NUMBER, ":null"))
    } catch {
      return undefined
    }
  }
}

const NOT_A_NUMBER = /:\s*-?(?:NaN|Infinity)\b/g
