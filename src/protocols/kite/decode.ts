/**
 * Kite packets to ticks.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there, so
 * that almost all ticks share a few hidden classes. Before the first trade of a day some are zero, which means
 * "none yet": those ticks are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { i32be, u16be, u32be } from "../bytes.ts"
import { BUY_AT, LEVEL_SIZE, SELL_AT } from "./layout.ts"

/** Prices are divided, never multiplied by a fraction: division rounds correctly (294140 / 100 is 2941.4). */
const price = (b: Uint8Array, at: number, divisor: number, signed: boolean): number =>
  (signed ? i32be(b, at) : u32be(b, at)) / divisor

export const decodeLtp = (
  b: Uint8Array,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean
): Tick => {
  const ltp = price(b, at + 4, divisor, signed)
  return ltp === 0
    ? { symbol, exchange, mode: "ltp", received_time }
    : { symbol, exchange, mode: "ltp", received_time, ltp }
}

/** 28 bytes, or 32 with the exchange's time. The order is high, low, open, close. */
export const decodeIndex = (
  b: Uint8Array,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean,
  timed: boolean
): Tick => {
  const ltp = price(b, at + 4, divisor, signed)
  const high = price(b, at + 8, divisor, signed)
  const low = price(b, at + 12, divisor, signed)
  const open = price(b, at + 16, divisor, signed)
  const close = price(b, at + 20, divisor, signed)
  // Offset 24 is the change, which readers can compute from ltp and close.
  const exchange_time = timed ? u32be(b, at + 28) * 1000 : 0
  const mode = "quote"
  if (ltp !== 0 && high !== 0 && low !== 0 && open !== 0 && close !== 0) {
    return exchange_time === 0
      ? { symbol, exchange, mode, received_time, ltp, open, high, low, close }
      : { symbol, exchange, mode, received_time, exchange_time, ltp, open, high, low, close }
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, 0)
  return tick
}

export const decodeQuote = (
  b: Uint8Array,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean
): Tick => {
  const ltp = price(b, at + 4, divisor, signed)
  const ltq = u32be(b, at + 8)
  const average_price = price(b, at + 12, divisor, signed)
  const volume = u32be(b, at + 16)
  const total_buy_quantity = u32be(b, at + 20)
  const total_sell_quantity = u32be(b, at + 24)
  const open = price(b, at + 28, divisor, signed)
  const high = price(b, at + 32, divisor, signed)
  const low = price(b, at + 36, divisor, signed)
  const close = price(b, at + 40, divisor, signed)
  const mode = "quote"
  if (ltp !== 0 && average_price !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price,
      total_buy_quantity,
      total_sell_quantity
    }
  }
  const tick: TickDraft = {
    symbol,
    exchange,
    mode,
    received_time,
    ltq,
    volume,
    total_buy_quantity,
    total_sell_quantity
  }
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

export const decodeFull = (
  b: Uint8Array,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean
): Tick => {
  const ltp = price(b, at + 4, divisor, signed)
  const ltq = u32be(b, at + 8)
  const average_price = price(b, at + 12, divisor, signed)
  const volume = u32be(b, at + 16)
  const total_buy_quantity = u32be(b, at + 20)
  const total_sell_quantity = u32be(b, at + 24)
  const open = price(b, at + 28, divisor, signed)
  const high = price(b, at + 32, divisor, signed)
  const low = price(b, at + 36, divisor, signed)
  const close = price(b, at + 40, divisor, signed)
  const ltt = u32be(b, at + 44) * 1000
  const oi = u32be(b, at + 48)
  const oi_high = u32be(b, at + 52)
  const oi_low = u32be(b, at + 56)
  const exchange_time = u32be(b, at + 60) * 1000
  const depth: Depth = {
    buy: decodeSide(b, at + BUY_AT, divisor, signed),
    sell: decodeSide(b, at + SELL_AT, divisor, signed)
  }
  const mode = "depth"
  const traded = ltp !== 0 && average_price !== 0 && ltt !== 0 && exchange_time !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time,
      ltt,
      ltp,
      ltq,
      open,
      high,
      low,
      close,
      volume,
      average_price,
      total_buy_quantity,
      total_sell_quantity,
      oi,
      oi_high,
      oi_low,
      depth
    }
  }
  const tick: TickDraft = {
    symbol,
    exchange,
    mode,
    received_time,
    ltq,
    volume,
    total_buy_quantity,
    total_sell_quantity,
    oi,
    oi_high,
    oi_low,
    depth
  }
  if (ltt !== 0) tick.ltt = ltt
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** Five levels, best first; a slot that is empty on the wire stays as zeros. */
const decodeSide = (b: Uint8Array, at: number, divisor: number, signed: boolean): ReadonlyArray<Level> => [
  decodeLevel(b, at, divisor, signed),
  decodeLevel(b, at + LEVEL_SIZE, divisor, signed),
  decodeLevel(b, at + 2 * LEVEL_SIZE, divisor, signed),
  decodeLevel(b, at + 3 * LEVEL_SIZE, divisor, signed),
  decodeLevel(b, at + 4 * LEVEL_SIZE, divisor, signed)
]

/** The last two of the twelve bytes are padding. */
const decodeLevel = (b: Uint8Array, at: number, divisor: number, signed: boolean): Level => ({
  price: price(b, at + 4, divisor, signed),
  quantity: u32be(b, at),
  orders: u16be(b, at + 8)
})

/** Sets those that are there. */
const putPrices = (
  tick: TickDraft,
  ltp: number,
  open: number,
  high: number,
  low: number,
  close: number,
  average: number
): void => {
  if (ltp !== 0) tick.ltp = ltp
  if (open !== 0) tick.open = open
  if (high !== 0) tick.high = high
  if (low !== 0) tick.low = low
  if (close !== 0) tick.close = close
  if (average !== 0) tick.average_price = average
}
