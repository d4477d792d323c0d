/** What a whole message in JSON tells, number by number, before it becomes a tick. */
import type { Level } from "../../market/tick.ts"
import { isObject } from "../kit/text.ts"
import type { MessageCode } from "./layout.ts"
import { LTP } from "./layout.ts"
import { EMPTY_ROW, NO_ROWS } from "./ticks.ts"

/** The numbers of a message by their places in `Fields`. */
export const SEGMENT = 0
export const ID = 1
export const TIME_STAMP = 2
export const INTEREST = 3
/** From here on they are the touchline's: nested as a rule, at the root of LTP messages and of some servers. */
export const UPDATED = 4
export const TRADED = 5
export const PRICE = 6
/** Misspelt on the wire. */
export const SIZE = 7
export const SIZE_SPELT = 8
export const OPEN = 9
export const HIGH = 10
export const LOW = 11
export const CLOSE = 12
export const VOLUME = 13
export const AVERAGE = 14
export const BUYERS = 15
export const SELLERS = 16
export const NUMBERS = 17

export const numberKeys: ReadonlyArray<string> = [
  "ExchangeSegment",
  "ExchangeInstrumentID",
  "ExchangeTimeStamp",
  "OpenInterest",
  "LastUpdateTime",
  "LastTradedTime",
  "LastTradedPrice",
  "LastTradedQunatity",
  "LastTradedQuantity",
  "Open",
  "High",
  "Low",
  "Close",
  "TotalTradedQuantity",
  "AverageTradedPrice",
  "TotalBuyQuantity",
  "TotalSellQuantity"
]
export const rowKeys = ["Size", "Price", "TotalOrders"] as const

/** Reused from message to message. */
export interface Fields {
  /** NaN for what is not there, or no number. */
  readonly numbers: Float64Array
  /** Whether there is a touchline at all. */
  hasTouchline: boolean
  hasBook: boolean
  buy: ReadonlyArray<Level>
  sell: ReadonlyArray<Level>
}

export const makeFields = (): Fields => ({
  numbers: new Float64Array(NUMBERS),
  hasTouchline: false,
  hasBook: false,
  buy: NO_ROWS,
  sell: NO_ROWS
})

export const clear = (fields: Fields): void => {
  fields.numbers.fill(NaN)
  fields.hasTouchline = false
  fields.hasBook = false
  fields.buy = NO_ROWS
  fields.sell = NO_ROWS
}

type Message = Readonly<Record<string, unknown>>

const numberIn = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : NaN

/** The fields of any message that `JSON.parse` has read; `Scanner` does the same for the everyday ones. */
export const pick = (code: MessageCode, message: Message, fields: Fields): void => {
  const { numbers } = fields
  const nested = message["Touchline"]
  const touchline: Message = code !== LTP && isObject(nested) ? nested : message
  for (let i = 0; i < NUMBERS; i++) {
    numbers[i] = numberIn((i < UPDATED ? message : touchline)[numberKeys[i]!])
  }
  const { Asks, Bids } = message
  fields.hasTouchline = touchline["LastTradedPrice"] !== undefined || touchline["Close"] !== undefined
  fields.hasBook = Array.isArray(Bids) || Array.isArray(Asks)
  fields.buy = readRows(Bids)
  fields.sell = readRows(Asks)
}

const readRows = (rows: unknown): ReadonlyArray<Level> => (Array.isArray(rows) ? rows.map(readRow) : NO_ROWS)

const readRow = (row: unknown): Level =>
  isObject(row)
    ? {
        price: numberIn(row["Price"]) || 0,
        quantity: numberIn(row["Size"]) || 0,
        orders: numberIn(row["TotalOrders"]) || 0
      }
    : EMPTY_ROW
