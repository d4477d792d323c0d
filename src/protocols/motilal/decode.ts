/**
 * Packets to ticks, each with what its packet carries. `undefined` for a packet with something in a price that is no
 * number, or a count below zero in its book.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { isNumber, printed } from "../kit/float32.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { BODY_AT, EPOCH_SECONDS, LEVELS, TIME_AT } from "./layout.ts"

/** Epoch milliseconds; 0 where the packet has no time. */
const timeOf = (v: DataView, at: number): number => {
  const seconds = v.getInt32(at + TIME_AT, true)
  return seconds <= 0 ? 0 : (seconds + EPOCH_SECONDS) * 1000
}

const begin = (
  v: DataView,
  at: number,
  { exchange, symbol }: WireInstrument,
  mode: Tick["mode"],
  received_time: number
): TickDraft => {
  const exchange_time = timeOf(v, at)
  return exchange_time === 0
    ? { symbol, exchange, mode, received_time }
    : { symbol, exchange, mode, received_time, exchange_time }
}

export const decodeLtp = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  scale: number
): Tick | undefined => {
  const body = at + BODY_AT
  const rawLtp = v.getFloat32(body, true)
  const rawAverage = v.getFloat32(body + 12, true)
  if (!isNumber(rawLtp + rawAverage)) return undefined
  const ltp = printed(rawLtp, scale)
  const average_price = printed(rawAverage, scale)
  const ltq = v.getInt32(body + 4, true)
  const volume = v.getInt32(body + 8, true)
  const oi = v.getInt32(body + 16, true)
  const exchange_time = timeOf(v, at)
  const mode = "quote"
  if (ltp !== 0 && average_price !== 0 && exchange_time !== 0 && ltq >= 0 && volume >= 0) {
    const { exchange, symbol } = instrument
    const tick: TickDraft = {
      symbol,
      exchange,
      mode,
      received_time,
      exchange_time,
      ltp,
      ltq,
      volume,
      average_price
    }
    if (oi > 0) tick.oi = oi
    return tick
  }
  const tick = begin(v, at, instrument, mode, received_time)
  // A count that has outgrown its 32 bits is below zero, and not told.
  if (ltq >= 0) tick.ltq = ltq
  if (volume >= 0) tick.volume = volume
  if (oi > 0) tick.oi = oi
  putPrices(tick, ltp, 0, 0, 0, 0, average_price)
  return tick
}

export const decodeOhlc = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  scale: number
): Tick | undefined => {
  const body = at + BODY_AT
  const open = v.getFloat32(body, true)
  const high = v.getFloat32(body + 4, true)
  const low = v.getFloat32(body + 8, true)
  const close = v.getFloat32(body + 12, true)
  if (!isNumber(open + high + low + close)) return undefined
  const tick = begin(v, at, instrument, "quote", received_time)
  putPrices(
    tick,
    0,
    printed(open, scale),
    printed(high, scale),
    printed(low, scale),
    printed(close, scale),
    0
  )
  return tick
}

export const decodeCircuits = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  scale: number
): Tick | undefined => {
  const upper = v.getFloat32(at + BODY_AT, true)
  const lower = v.getFloat32(at + BODY_AT + 4, true)
  if (!isNumber(upper + lower)) return undefined
  const tick = begin(v, at, instrument, "quote", received_time)
  if (upper !== 0) tick.upper_circuit = printed(upper, scale)
  if (lower !== 0) tick.lower_circuit = printed(lower, scale)
  return tick
}

export const decodeOpenInterest = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number
): Tick => {
  const body = at + BODY_AT
  const tick = begin(v, at, instrument, "quote", received_time)
  const oi = v.getInt32(body, true)
  const high = v.getInt32(body + 4, true)
  const low = v.getInt32(body + 8, true)
  if (oi >= 0) tick.oi = oi
  if (high >= 0) tick.oi_high = high
  if (low >= 0) tick.oi_low = low
  return tick
}

export const decodeIndex = (
  v: DataView,
  at: number,
  instrument: WireInstrument,
  received_time: number,
  scale: number
): Tick | undefined => {
  const value = v.getFloat32(at + BODY_AT, true)
  if (!isNumber(value)) return undefined
  const tick = begin(v, at, instrument, "ltp", received_time)
  if (value !== 0) tick.ltp = printed(value, scale)
  return tick
}

/** A book as far as its levels have come: by position, best first. */
export class DepthState {
  readonly #buy: Array<Level | undefined> = Array.from({ length: LEVELS })
  readonly #sell: Array<Level | undefined> = Array.from({ length: LEVELS })

  /** Puts one level in, or takes away the side of it that is empty. @returns false, and changes nothing, for a bad one */
  put(v: DataView, at: number, level: number, scale: number): boolean {
    const body = at + BODY_AT
    const bid = v.getFloat32(body, true)
    const offer = v.getFloat32(body + 10, true)
    const bidQuantity = v.getInt32(body + 4, true)
    const offerQuantity = v.getInt32(body + 14, true)
    const bidOrders = v.getInt16(body + 8, true)
    const offerOrders = v.getInt16(body + 18, true)
    if (!isNumber(bid + offer) || (bidQuantity | offerQuantity | bidOrders | offerOrders) < 0) return false
    this.#buy[level] = levelOf(bid, bidQuantity, bidOrders, scale)
    this.#sell[level] = levelOf(offer, offerQuantity, offerOrders, scale)
    return true
  }

  tick(v: DataView, at: number, instrument: WireInstrument, received_time: number): Tick {
    const tick = begin(v, at, instrument, "depth", received_time)
    tick.depth = { buy: filled(this.#buy), sell: filled(this.#sell) }
    return tick
  }
}

const levelOf = (price: number, quantity: number, orders: number, scale: number): Level | undefined =>
  price === 0 && quantity === 0 ? undefined : { price: printed(price, scale), quantity, orders }

const filled = (side: ReadonlyArray<Level | undefined>): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let i = 0; i < side.length; i++) {
    const level = side[i]
    if (level !== undefined) levels.push(level)
  }
  return levels
}
