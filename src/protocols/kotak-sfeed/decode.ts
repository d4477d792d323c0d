/**
 * SFeed's packets to ticks. Every packet is the whole state: nothing is merged with what came before.
 *
 * Each kind of packet has its one literal for the everyday case, in which every price and time is there. Zero prices and
 * times mean "none yet": ticks with one are put together field by field. `precision` and `multiplier` are not needed, as
 * the divider of the segment is the whole scale.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import { i64le, unsignedPrice } from "../kit/bytes.ts"
import { putPrices } from "../kit/tickDraft.ts"
import { INDEX_NAME_AT, INDEX_SIZE, PICTURE_SIZE, ROW_SIZE } from "./layout.ts"

/** How a segment's numbers are to be read. */
export interface Scale {
  readonly divider: number
  readonly epoch: number
}

/** No time in seconds is as large before the year 5138, and none in milliseconds as small after 1973. */
const MILLISECONDS_FROM = 100_000_000_000

/** 0 for never: the exchange writes 1900 for a blank, which is negative. */
const timeAt = (v: DataView, at: number, epoch: number): number => {
  const raw = i64le(v, at)
  if (raw >= MILLISECONDS_FROM) return raw
  return raw > 0 ? raw * 1000 + epoch : 0
}

export const decodeMini = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  { divider, epoch }: Scale
): Tick => {
  const ltt = timeAt(v, at + 13, epoch)
  const ltp = unsignedPrice(v.getInt32(at + 21, true)) / divider
  const ltq = i64le(v, at + 25)
  // The guide says that it is not divided, and its own example refutes that; the SDK divides it.
  const close = unsignedPrice(v.getInt32(at + 33, true)) / divider
  const mode = "ltp"
  if (ltp !== 0 && ltt !== 0 && close !== 0) {
    return { symbol, exchange, mode, received_time, ltt, ltp, ltq, close }
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time, ltq }
  if (ltt !== 0) tick.ltt = ltt
  if (ltp !== 0) tick.ltp = ltp
  if (close !== 0) tick.close = close
  return tick
}

/**
 * A market picture.
 * @param depth its book, also an empty one; `undefined` for a quote
 */
export const decodePicture = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  { divider, epoch }: Scale,
  depth: Depth | undefined
): Tick => {
  const total_buy_quantity = i64le(v, at + 13)
  const total_sell_quantity = i64le(v, at + 21)
  const volume = i64le(v, at + 29)
  const ltt = timeAt(v, at + 37, epoch)
  const exchange_time = timeAt(v, at + 45, epoch)
  const open = unsignedPrice(v.getInt32(at + 53, true)) / divider
  const close = unsignedPrice(v.getInt32(at + 57, true)) / divider
  const high = unsignedPrice(v.getInt32(at + 61, true)) / divider
  const low = unsignedPrice(v.getInt32(at + 65, true)) / divider
  const ltp = unsignedPrice(v.getInt32(at + 69, true)) / divider
  const ltq = i64le(v, at + 73)
  const average_price = unsignedPrice(v.getInt32(at + 81, true)) / divider
  const oi = v.getUint32(at + 103, true)
  const upper_circuit = unsignedPrice(v.getInt32(at + 119, true)) / divider
  const lower_circuit = unsignedPrice(v.getInt32(at + 123, true)) / divider
  const week52_high = unsignedPrice(v.getInt32(at + 127, true)) / divider
  const week52_low = unsignedPrice(v.getInt32(at + 131, true)) / divider
  const traded = ltp !== 0 && average_price !== 0 && ltt !== 0 && exchange_time !== 0
  const bounded = upper_circuit !== 0 && lower_circuit !== 0 && week52_high !== 0 && week52_low !== 0
  if (traded && bounded && open !== 0 && high !== 0 && low !== 0 && close !== 0) {
    if (depth === undefined) {
      return {
        symbol,
        exchange,
        mode: "quote",
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
        upper_circuit,
        lower_circuit,
        week52_high,
        week52_low
      }
    }
    return {
      symbol,
      exchange,
      mode: "depth",
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
      upper_circuit,
      lower_circuit,
      week52_high,
      week52_low,
      depth
    }
  }
  const tick: TickDraft = {
    symbol,
    exchange,
    mode: depth === undefined ? "quote" : "depth",
    received_time,
    ltq,
    volume,
    total_buy_quantity,
    total_sell_quantity,
    oi
  }
  if (depth !== undefined) tick.depth = depth
  if (exchange_time !== 0) tick.exchange_time = exchange_time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average_price)
  if (upper_circuit !== 0) tick.upper_circuit = upper_circuit
  if (lower_circuit !== 0) tick.lower_circuit = lower_circuit
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}

/** Whether a side of the picture has more than its best row. */
export const hasBook = (v: DataView, at: number): boolean =>
  v.getUint32(at + 89, true) > 1 || v.getUint32(at + 93, true) > 1

/**
 * All buyers, then all sellers; that the best come first is UNCONFIRMED. A row that is cut is none.
 * @param size of the packet: its counts may promise more rows than came
 */
export const decodeBook = (v: DataView, at: number, size: number, divider: number): Depth => {
  const rows = Math.floor((size - PICTURE_SIZE) / ROW_SIZE)
  const buyers = Math.min(v.getUint32(at + 89, true), rows)
  const sellers = Math.min(v.getUint32(at + 93, true), rows - buyers)
  return {
    buy: decodeSide(v, at + PICTURE_SIZE, buyers, divider),
    sell: decodeSide(v, at + PICTURE_SIZE + buyers * ROW_SIZE, sellers, divider)
  }
}

/** A row that is empty on the wire stays as zeros. */
const decodeSide = (v: DataView, from: number, rows: number, divider: number): ReadonlyArray<Level> => {
  const levels: Array<Level> = []
  for (let i = 0, at = from; i < rows; i++, at += ROW_SIZE) {
    levels.push({
      price: v.getInt32(at + 8, true) / divider,
      quantity: i64le(v, at),
      orders: v.getInt32(at + 12, true)
    })
  }
  return levels
}

export const decodeIndex = (
  v: DataView,
  at: number,
  { symbol, exchange }: WireInstrument,
  received_time: number,
  { divider, epoch }: Scale
): Tick => {
  const open = v.getInt32(at + 13, true) / divider
  const close = v.getInt32(at + 17, true) / divider
  const high = v.getInt32(at + 21, true) / divider
  const low = v.getInt32(at + 25, true) / divider
  const ltp = v.getInt32(at + 29, true) / divider
  // Unsigned in the guide, where a blank would be a time of the far future.
  const ltt = timeAt(v, at + 33, epoch)
  const week52_high = v.getInt32(at + 41, true) / divider
  const week52_low = v.getInt32(at + 45, true) / divider
  const mode = "quote"
  const traded = ltp !== 0 && ltt !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0
  if (traded && week52_high !== 0 && week52_low !== 0) {
    return {
      symbol,
      exchange,
      mode,
      received_time,
      ltt,
      ltp,
      open,
      high,
      low,
      close,
      week52_high,
      week52_low
    }
  }
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, 0)
  if (week52_high !== 0) tick.week52_high = week52_high
  if (week52_low !== 0) tick.week52_low = week52_low
  return tick
}

const utf8 = new TextDecoder()

/** Of an index: up to the first NUL. */
export const indexNameAt = (v: DataView, at: number): string => {
  let end = at + INDEX_NAME_AT
  while (end < at + INDEX_SIZE && v.getUint8(end) !== 0) end++
  return utf8.decode(new Uint8Array(v.buffer, v.byteOffset + at + INDEX_NAME_AT, end - at - INDEX_NAME_AT))
}
