/** Market states to XTS messages in JSON and text. What a state does not have goes out as zero, as the real one does. */
import type { Level, Tick } from "../../market/tick.ts"
import type { MessageCode } from "./layout.ts"
import { BOOK_LEVELS, DEPTH, LTP, OPEN_INTEREST, toWireSeconds } from "./layout.ts"
import type { Address } from "./requests.ts"
import { EMPTY_ROW } from "./ticks.ts"

/** A whole message, as the events of `-json-full` and the snapshots of REST answers have it. */
export const fullMessage = (code: MessageCode, address: Address, tick: Tick, sequence: number): string => {
  const { exchangeInstrumentID, exchangeSegment } = address
  const time = toWireSeconds(tick.exchange_time, exchangeSegment)
  const head = {
    MessageCode: code,
    MessageVersion: 4,
    ApplicationType: 0,
    TokenID: 0,
    ExchangeSegment: exchangeSegment,
    ExchangeInstrumentID: exchangeInstrumentID
  }
  const tail = { BookType: 1, XMarketType: 1, SequenceNumber: sequence }
  switch (code) {
    case LTP:
      return JSON.stringify({
        ...head,
        BookType: 1,
        XMarketType: 1,
        LastTradedPrice: tick.ltp ?? 0,
        LastTradedQunatity: tick.ltq ?? 0,
        LastUpdateTime: time
      })
    case OPEN_INTEREST:
      return JSON.stringify({
        ...head,
        ExchangeTimeStamp: time,
        XTSMarketType: 1,
        OpenInterest: tick.oi ?? 0,
        UnderlyingInstrumentID: 0,
        UnderlyingExchangeSegment: 1,
        UnderlyingTotalOpenInterest: 0
      })
    case DEPTH:
      return JSON.stringify({
        ...head,
        ExchangeTimeStamp: time,
        Bids: bookRows(tick.depth?.buy).map(row),
        Asks: bookRows(tick.depth?.sell).map(row),
        Touchline: touchline(tick, exchangeSegment),
        ...tail
      })
    default:
      return JSON.stringify({
        ...head,
        ExchangeTimeStamp: time,
        ...tail,
        Touchline: touchline(tick, exchangeSegment)
      })
  }
}

/** Five rows, those that nobody fills as zeros. */
export const bookRows = (side: ReadonlyArray<Level> | undefined): ReadonlyArray<Level> =>
  Array.from({ length: BOOK_LEVELS }, (_, i) => side?.[i] ?? EMPTY_ROW)

const row = ({ orders, price, quantity }: Level) => ({
  Size: quantity,
  Price: price,
  TotalOrders: orders,
  BuyBackMarketMaker: 0
})

const touchline = (tick: Tick, segment: number) => ({
  BidInfo: row(tick.depth?.buy[0] ?? EMPTY_ROW),
  AskInfo: row(tick.depth?.sell[0] ?? EMPTY_ROW),
  LastTradedPrice: tick.ltp ?? 0,
  LastTradedQunatity: tick.ltq ?? 0,
  TotalBuyQuantity: tick.total_buy_quantity ?? 0,
  TotalSellQuantity: tick.total_sell_quantity ?? 0,
  TotalTradedQuantity: tick.volume ?? 0,
  AverageTradedPrice: tick.average_price ?? 0,
  LastTradedTime: toWireSeconds(tick.ltt, segment),
  LastUpdateTime: toWireSeconds(tick.exchange_time, segment),
  PercentChange: percentChange(tick),
  Open: tick.open ?? 0,
  High: tick.high ?? 0,
  Low: tick.low ?? 0,
  Close: tick.close ?? 0,
  TotalValueTraded: null,
  BuyBackTotalBuy: 0,
  BuyBackTotalSell: 0
})

export const percentChange = ({ close, ltp }: Tick): number =>
  ltp === undefined || close === undefined || close === 0 ? 0 : ((ltp - close) / close) * 100

const fieldsOf = (
  code: MessageCode
): ReadonlyArray<readonly [string, (t: Tick, segment: number) => number]> =>
  code === OPEN_INTEREST ? OI_FIELDS : code === LTP ? LTP_FIELDS : TOUCHLINE_FIELDS

const LTP_FIELDS: ReturnType<typeof fieldsOf> = [
  ["ltp", (t) => t.ltp ?? 0],
  ["ltq", (t) => t.ltq ?? 0],
  ["lut", (t, segment) => toWireSeconds(t.exchange_time, segment)]
]
const OI_FIELDS: ReturnType<typeof fieldsOf> = [["o", (t) => t.oi ?? 0]]
const TOUCHLINE_FIELDS: ReturnType<typeof fieldsOf> = [
  ...LTP_FIELDS,
  ["tb", (t) => t.total_buy_quantity ?? 0],
  ["ts", (t) => t.total_sell_quantity ?? 0],
  ["v", (t) => t.volume ?? 0],
  ["ap", (t) => t.average_price ?? 0],
  ["ltt", (t, segment) => toWireSeconds(t.ltt, segment)],
  ["pc", percentChange],
  ["o", (t) => t.open ?? 0],
  ["h", (t) => t.high ?? 0],
  ["l", (t) => t.low ?? 0],
  ["c", (t) => t.close ?? 0]
]

/** What changed since `before`, as text; undefined when nothing did. */
export const changesText = (
  code: MessageCode,
  { exchangeInstrumentID, exchangeSegment }: Address,
  before: Tick,
  now: Tick
): string | undefined => {
  const fields: Array<string> = []
  for (const [key, valueOf] of fieldsOf(code)) {
    const value = valueOf(now, exchangeSegment)
    if (value !== valueOf(before, exchangeSegment)) fields.push(`${key}:${value}`)
  }
  if (code !== LTP && code !== OPEN_INTEREST) {
    // A touchline tells the best row, depth tells all.
    const rows = code === DEPTH ? BOOK_LEVELS : 1
    const buy = changedRows(before.depth?.buy, now.depth?.buy, rows)
    const sell = changedRows(before.depth?.sell, now.depth?.sell, rows)
    if (buy !== "") fields.push(`bi:${buy}`)
    if (sell !== "") fields.push(`ai:${sell}`)
  }
  return fields.length === 0
    ? undefined
    : [`t:${exchangeSegment}_${exchangeInstrumentID}`, ...fields].join(",")
}

const changedRows = (
  before: ReadonlyArray<Level> | undefined,
  now: ReadonlyArray<Level> | undefined,
  count: number
): string => {
  const old = bookRows(before)
  return bookRows(now)
    .slice(0, count)
    .flatMap((is, i) => {
      const was = old[i]!
      const size = is.quantity === was.quantity ? "" : is.quantity
      const price = is.price === was.price ? "" : is.price
      const orders = is.orders === was.orders ? "" : is.orders
      return size === "" && price === "" && orders === "" ? [] : [`${i}|${size}|${price}|${orders}`]
    })
    .join("|")
}
