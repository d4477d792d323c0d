/** What a message says, and the tick that it becomes. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { putPrices } from "../kit/tickDraft.ts"

/** Prices and times are 0 where there is none, quantities are absent. */
export interface Touchline {
  readonly exchangeTime: number
  readonly ltt: number
  readonly ltp: number
  readonly ltq: number | undefined
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number | undefined
  readonly average: number
  readonly totalBuy: number | undefined
  readonly totalSell: number | undefined
}

/** The last word on an instrument in one kind of message: the base of what changes next. */
export interface Known {
  readonly tick: Tick
  /** The book with its empty rows, because changes name rows by number. */
  readonly buy: ReadonlyArray<Level>
  readonly sell: ReadonlyArray<Level>
  /** False while only changes have been seen. */
  readonly whole: boolean
}

export const NO_ROWS: ReadonlyArray<Level> = []

/** A message without a book. */
export const bookless = (tick: Tick): Known => ({ tick, buy: NO_ROWS, sell: NO_ROWS, whole: true })

/** Rows of zeros stand for levels that nobody fills. */
export const filled = (rows: ReadonlyArray<Level>): ReadonlyArray<Level> => {
  for (let i = 0; i < rows.length; i++) {
    if (isEmpty(rows[i]!)) return rows.filter((row) => !isEmpty(row))
  }
  return rows
}

const isEmpty = ({ price, quantity }: Level): boolean => price === 0 && quantity === 0

/**
 * One literal for the everyday case, in which everything is there, so that almost all ticks share two hidden
 * classes. Before the first trade of a day some fields are zero, which means "none yet".
 */
export const touchlineTick = (
  t: Touchline,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  depth: Depth | undefined
): Tick => {
  const { average, close, exchangeTime, high, low, ltp, ltq, ltt, open, totalBuy, totalSell, volume } = t
  const priced = ltp !== 0 && average !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0
  const counted =
    ltq !== undefined && volume !== undefined && totalBuy !== undefined && totalSell !== undefined
  if (priced && counted && exchangeTime !== 0 && ltt !== 0) {
    const everyday: TickDraft = {
      symbol,
      exchange,
      mode: "quote",
      received_time,
      exchange_time: exchangeTime,
      ltt,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price: average,
      total_buy_quantity: totalBuy,
      total_sell_quantity: totalSell
    }
    if (depth !== undefined) {
      everyday.mode = "depth"
      everyday.depth = depth
    }
    return everyday
  }
  const tick: TickDraft = { symbol, exchange, mode: depth === undefined ? "quote" : "depth", received_time }
  if (exchangeTime !== 0) tick.exchange_time = exchangeTime
  if (ltt !== 0) tick.ltt = ltt
  if (ltq !== undefined) tick.ltq = ltq
  if (volume !== undefined) tick.volume = volume
  if (totalBuy !== undefined) tick.total_buy_quantity = totalBuy
  if (totalSell !== undefined) tick.total_sell_quantity = totalSell
  putPrices(tick, ltp, open, high, low, close, average)
  if (depth !== undefined) tick.depth = depth
  return tick
}

/** Open interest alone: a quote's field. */
export const openInterestTick = (
  oi: number,
  exchangeTime: number,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick =>
  exchangeTime === 0
    ? { symbol, exchange, mode: "quote", received_time, oi }
    : { symbol, exchange, mode: "quote", received_time, exchange_time: exchangeTime, oi }

/** Changes that arrived before the picture that they change, laid over it. */
export const overlay = (under: Known, { buy, sell, tick }: Known): Known => {
  const joined: TickDraft = { ...under.tick, ...tick, mode: under.tick.mode }
  const rows = { buy: overRows(under.buy, buy), sell: overRows(under.sell, sell) }
  if (under.tick.depth !== undefined) joined.depth = { buy: filled(rows.buy), sell: filled(rows.sell) }
  return { tick: joined, ...rows, whole: true }
}

const overRows = (under: ReadonlyArray<Level>, over: ReadonlyArray<Level>): ReadonlyArray<Level> =>
  over.length === 0
    ? under
    : Array.from({ length: Math.max(under.length, over.length) }, (_, i) => {
        const row = over[i]
        return row === undefined || isEmpty(row) ? (under[i] ?? row ?? EMPTY_ROW) : row
      })

export const EMPTY_ROW: Level = { price: 0, quantity: 0, orders: 0 }
