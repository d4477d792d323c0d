/** Smart Stream packets to ticks. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import { i64leAt } from "../kit/bytes.ts"
import { packetDecoder } from "../kit/packetDecoder.ts"
import { DEPTH_20, EXCHANGE_TIME_AT, PRICE_AT, QUOTE, SNAP_QUOTE, packets } from "./layout.ts"

/** By hand, from the bytes: two numbers are read before a frame would be copied for a view. */
export const decodeLtp = (
  b: Uint8Array,
  instrument: WireInstrument,
  received_time: number,
  divisor: number
): Tick => ltpTick(instrument, received_time, i64leAt(b, EXCHANGE_TIME_AT), i64leAt(b, PRICE_AT) / divisor)

/** @param exchange_time 0 for none; @param ltp likewise */
export const ltpTick = (
  { symbol, exchange }: WireInstrument,
  received_time: number,
  exchange_time: number,
  ltp: number
): Tick => {
  const mode = "ltp"
  if (exchange_time !== 0 && ltp !== 0) return { symbol, exchange, mode, received_time, exchange_time, ltp }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltp !== 0) tick.ltp = ltp
  return tick
}

export const decodeQuote = packetDecoder(packets[QUOTE], "quote")
export const decodeSnapQuote = packetDecoder(packets[SNAP_QUOTE], "depth")
const decodeDeepBook = packetDecoder(packets[DEPTH_20], "depth")

/**
 * The book of twenty levels. It carries no price: those of the instrument's last quote packet are put in, where
 * one has come, so that a depth reader has them in one tick.
 */
export const decodeDepth20 = (
  v: DataView,
  instrument: WireInstrument,
  received_time: number,
  divisor: number,
  quote: Tick | undefined
): Tick => {
  const tick = decodeDeepBook(v, 0, instrument, received_time, divisor)
  if (quote !== undefined) putQuote(tick, quote)
  return tick
}

const putQuote = (tick: TickDraft, quote: Tick): void => {
  const { ltp, ltq, open, high, low, close, volume, average_price, total_buy_quantity, total_sell_quantity } =
    quote
  if (ltp !== undefined) tick.ltp = ltp
  if (ltq !== undefined) tick.ltq = ltq
  if (open !== undefined) tick.open = open
  if (high !== undefined) tick.high = high
  if (low !== undefined) tick.low = low
  if (close !== undefined) tick.close = close
  if (volume !== undefined) tick.volume = volume
  if (average_price !== undefined) tick.average_price = average_price
  if (total_buy_quantity !== undefined) tick.total_buy_quantity = total_buy_quantity
  if (total_sell_quantity !== undefined) tick.total_sell_quantity = total_sell_quantity
}
