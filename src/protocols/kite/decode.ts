/**
 * Kite packets to ticks.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there, so
 * that almost all ticks share a few hidden classes. Before the first trade of a day some are zero, which means
 * "none yet": those ticks are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { BUY_AT, LEVEL_SIZE, SELL_AT } from "./layout.ts"
import { putPrices } from "../kit/tickDraft.ts"

/** Prices are divided, never multiplied by a fraction: division rounds correctly (294140 / 100 is 2941.4). */
const price = (v: DataView, at: number, divisor: number, signed: boolean): number =>
  (signed ? v.getInt32(at) : v.getUint32(at)) / divisor

/** @param ltp 0 for none */
export const ltpTick = ({ symbol, exchange }: WireInstrument, received_time: number, ltp: number): Tick =>
  ltp === 0
    ? { symbol, exchange, mode: "ltp", received_time }
    : { symbol, exchange, mode: "ltp", received_time, ltp }

/** 28 bytes, or 32 with the exchange's time. The order is high, low, open, close. */
export const decodeIndex = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean,
  timed: boolean
): Tick => {
  const ltp = price(v, at + 4, divisor, signed)
  const high = price(v, at + 8, divisor, signed)
  const low = price(v, at + 12, divisor, signed)
  const open = price(v, at + 16, divisor, signed)
  const close = price(v, at + 20, divisor, signed)
  // Offset 24 is the change, which readers can compute from ltp and close.
  const exchange_time = timed ? v.getUint32(at + 28) * 1000 : 0
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
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean
): Tick => {
  const ltp = price(v, at + 4, divisor, signed)
  const ltq = v.getUint32(at + 8)
  const average_price = price(v, at + 12, divisor, signed)
  const volume = v.getUint32(at + 16)
  const total_buy_quantity = v.getUint32(at + 20)
  const total_sell_quantity = v.getUint32(at + 24)
  const open = price(v, at + 28, divisor, signed)
  const high = price(v, at + 32, divisor, signed)
  const low = price(v, at + 36, divisor, signed)
  const close = price(v, at + 40, divisor, signed)
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

/**
 * @param spare an older tick that may be written over: a whole full one is, which saves all that the new one would
 * allocate (measured: 1300 bytes)
 */
export const decodeFull = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  divisor: number,
  signed: boolean,
  spare: Tick | undefined
): Tick => {
  const ltp = price(v, at + 4, divisor, signed)
  const ltq = v.getUint32(at + 8)
  const average_price = price(v, at + 12, divisor, signed)
  const volume = v.getUint32(at + 16)
  const total_buy_quantity = v.getUint32(at + 20)
  const total_sell_quantity = v.getUint32(at + 24)
  const open = price(v, at + 28, divisor, signed)
  const high = price(v, at + 32, divisor, signed)
  const low = price(v, at + 36, divisor, signed)
  const close = price(v, at + 40, divisor, signed)
  const ltt = v.getUint32(at + 44) * 1000
  const oi = v.getUint32(at + 48)
  const oi_high = v.getUint32(at + 52)
  const oi_low = v.getUint32(at + 56)
  const exchange_time = v.getUint32(at + 60) * 1000
  const mode = "depth"
  const traded = ltp !== 0 && average_price !== 0 && ltt !== 0 && exchange_time !== 0
  if (traded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    if (spare !== undefined && isWhole(spare)) {
      spare.received_time = received_time
      spare.exchange_time = exchange_time
      spare.ltt = ltt
      spare.ltp = ltp
      spare.ltq = ltq
      spare.open = open
      spare.high = high
      spare.low = low
      spare.close = close
      spare.volume = volume
      spare.average_price = average_price
      spare.total_buy_quantity = total_buy_quantity
      spare.total_sell_quantity = total_sell_quantity
      spare.oi = oi
      spare.oi_high = oi_high
      spare.oi_low = oi_low
      writeSide(spare.depth.buy, v, at + BUY_AT, divisor, signed)
      writeSide(spare.depth.sell, v, at + SELL_AT, divisor, signed)
      return spare
    }
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
      depth: decodeDepth(v, at, divisor, signed)
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
    depth: decodeDepth(v, at, divisor, signed)
  }
  if (ltt !== 0) tick.ltt = ltt
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  putPrices(tick, ltp, open, high, low, close, average_price)
  return tick
}

/** A tick as it is made for the everyday full packet, of our own making and nobody else's any more. */
type WholeTick = TickDraft & { readonly depth: Side<"buy"> & Side<"sell"> }
type Side<K extends string> = { readonly [S in K]: ReadonlyArray<{ -readonly [F in keyof Level]: Level[F] }> }

/** Ticks of other packets, and those without a trade, lack one of these; one that was marked has a field too many. */
const isWhole = (t: Tick): t is WholeTick =>
  t.mode === "depth" &&
  t.implausible === undefined &&
  t.ltp !== undefined &&
  t.average_price !== undefined &&
  t.ltt !== undefined &&
  t.exchange_time !== undefined &&
  t.open !== undefined &&
  t.high !== undefined &&
  t.low !== undefined &&
  t.close !== undefined

const LEVELS = 5

const writeSide = (
  side: WholeTick["depth"]["buy"],
  v: DataView,
  start: number,
  divisor: number,
  signed: boolean
): void => {
  for (let i = 0, at = start; i < LEVELS; i++, at += LEVEL_SIZE) {
    const level = side[i]!
    // Written out: a price that a call returns is a heap object first.
    level.price = (signed ? v.getInt32(at + 4) : v.getUint32(at + 4)) / divisor
    level.quantity = v.getUint32(at)
    level.orders = v.getUint16(at + 8)
  }
}

const decodeDepth = (v: DataView, at: number, divisor: number, signed: boolean): Depth => ({
  buy: decodeSide(v, at + BUY_AT, divisor, signed),
  sell: decodeSide(v, at + SELL_AT, divisor, signed)
})

/** Five levels, best first; a slot that is empty on the wire stays as zeros. */
const decodeSide = (v: DataView, at: number, divisor: number, signed: boolean): ReadonlyArray<Level> => [
  decodeLevel(v, at, divisor, signed),
  decodeLevel(v, at + LEVEL_SIZE, divisor, signed),
  decodeLevel(v, at + 2 * LEVEL_SIZE, divisor, signed),
  decodeLevel(v, at + 3 * LEVEL_SIZE, divisor, signed),
  decodeLevel(v, at + 4 * LEVEL_SIZE, divisor, signed)
]

/** The last two of the twelve bytes are padding. */
const decodeLevel = (v: DataView, at: number, divisor: number, signed: boolean): Level => ({
  price: price(v, at + 4, divisor, signed),
  quantity: v.getUint32(at),
  orders: v.getUint16(at + 8)
})
