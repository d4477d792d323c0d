/**
 * HDFC's packets to ticks. proto3 leaves zeros off the wire, so a zero of any field means that it is not there.
 *
 * The everyday packet, in which everything is there, has its one literal, so that almost all ticks share a few hidden
 * classes; the others are put together field by field.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf, readDouble, readInt64, skipField } from "../kit/protobuf.ts"
import { putPrices } from "../kit/tickDraft.ts"
import * as L from "./layout.ts"

/** What a refresh says; zero where it does not. */
export interface Refresh {
  readonly lower: number
  readonly upper: number
  readonly oi: number
}

/**
 * @param reader at the first byte of a complete `MBPData`
 * @param time of the packet, 0 for none
 * @returns undefined where there is neither a price nor a book
 */
export const decodeMarket = (
  reader: Reader,
  end: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  time: number
): Tick | undefined => {
  let ltp = 0
  let traded = 0
  let open = 0
  let high = 0
  let low = 0
  let close = 0
  let volume = 0
  let ltq = 0
  let average = 0
  let totalBuy = 0
  let totalSell = 0
  let lower = 0
  let upper = 0
  let oi = 0
  let depth: Depth | undefined
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.LTP:
        ltp = readDouble(reader)
        break
      case L.LTT:
        traded = readInt64(reader)
        break
      case L.OPEN:
        open = readDouble(reader)
        break
      case L.HIGH:
        high = readDouble(reader)
        break
      case L.CLOSE:
        close = readDouble(reader)
        break
      case L.LOW:
        low = readDouble(reader)
        break
      case L.VOLUME:
        volume = readInt64(reader)
        break
      case L.LTQ:
        ltq = readInt64(reader)
        break
      case L.AVERAGE:
        average = readDouble(reader)
        break
      case L.BOOK:
        depth = decodeBook(reader)
        break
      case L.TOTAL_BUY:
        totalBuy = readInt64(reader)
        break
      case L.TOTAL_SELL:
        totalSell = readInt64(reader)
        break
      case L.LOWER_CIRCUIT:
        lower = readDouble(reader)
        break
      case L.UPPER_CIRCUIT:
        upper = readDouble(reader)
        break
      case L.OPEN_INTEREST:
        oi = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  if (ltp === 0 && depth === undefined) return undefined
  const ltt = traded < L.SECONDS_BELOW ? traded * 1000 : traded
  const priced = ltp !== 0 && open !== 0 && high !== 0 && low !== 0 && close !== 0 && average !== 0
  const counted = volume !== 0 && ltq !== 0 && totalBuy !== 0 && totalSell !== 0
  const bounded = lower !== 0 && upper !== 0
  if (priced && counted && bounded && ltt !== 0 && time !== 0 && depth !== undefined) {
    const tick: TickDraft = {
      symbol,
      exchange,
      mode: "depth",
      received_time,
      exchange_time: time,
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
      total_sell_quantity: totalSell,
      upper_circuit: upper,
      lower_circuit: lower,
      depth
    }
    if (oi !== 0) tick.oi = oi
    return tick
  }
  const quoted = open !== 0 || high !== 0 || low !== 0 || volume !== 0
  const mode = depth !== undefined ? "depth" : quoted ? "quote" : "ltp"
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  if (time !== 0) tick.exchange_time = time
  if (ltt !== 0) tick.ltt = ltt
  putPrices(tick, ltp, open, high, low, close, average)
  if (ltq !== 0) tick.ltq = ltq
  if (volume !== 0) tick.volume = volume
  if (totalBuy !== 0) tick.total_buy_quantity = totalBuy
  if (totalSell !== 0) tick.total_sell_quantity = totalSell
  if (upper !== 0) tick.upper_circuit = upper
  if (lower !== 0) tick.lower_circuit = lower
  if (oi !== 0) tick.oi = oi
  if (depth !== undefined) tick.depth = depth
  return tick
}

/** Levels come best first within each side. Empty ones are left out; a book without a level is none. */
const decodeBook = (reader: Reader): Depth | undefined => {
  const end = endOf(reader)
  const buy: Array<Level> = []
  const sell: Array<Level> = []
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === L.LEVEL) decodeLevel(reader, buy, sell)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
  return buy.length === 0 && sell.length === 0 ? undefined : { buy, sell }
}

const decodeLevel = (reader: Reader, buy: Array<Level>, sell: Array<Level>): void => {
  const end = endOf(reader)
  let quantity = 0
  let price = 0
  let orders = 0
  let isBuy = false
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.LEVEL_QUANTITY:
        quantity = readInt64(reader)
        break
      case L.LEVEL_PRICE:
        price = readDouble(reader)
        break
      case L.LEVEL_ORDERS:
        orders = readInt64(reader)
        break
      case L.LEVEL_IS_BUY:
        isBuy = reader.bool()
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  if (price !== 0 || quantity !== 0) (isBuy ? buy : sell).push({ price, quantity, orders })
}

/** @returns undefined where there is no value */
export const decodeIndex = (
  reader: Reader,
  end: number,
  { exchange, symbol }: WireInstrument,
  received_time: number,
  packetTime: number
): Tick | undefined => {
  let ltp = 0
  let high = 0
  let low = 0
  let open = 0
  let close = 0
  let yearHigh = 0
  let yearLow = 0
  let time = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.INDEX_VALUE:
        ltp = readDouble(reader)
        break
      case L.INDEX_HIGH:
        high = readDouble(reader)
        break
      case L.INDEX_LOW:
        low = readDouble(reader)
        break
      case L.INDEX_OPEN:
        open = readDouble(reader)
        break
      case L.INDEX_CLOSE:
        close = readDouble(reader)
        break
      case L.INDEX_YEAR_HIGH:
        yearHigh = readDouble(reader)
        break
      case L.INDEX_YEAR_LOW:
        yearLow = readDouble(reader)
        break
      case L.INDEX_TIME:
        time = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  if (ltp === 0) return undefined
  const quoted = open !== 0 || high !== 0 || low !== 0
  const tick: TickDraft = { symbol, exchange, mode: quoted ? "quote" : "ltp", received_time }
  if (time !== 0) tick.exchange_time = time
  else if (packetTime !== 0) tick.exchange_time = packetTime
  putPrices(tick, ltp, open, high, low, close, 0)
  if (yearHigh !== 0) tick.week52_high = yearHigh
  if (yearLow !== 0) tick.week52_low = yearLow
  return tick
}

/** @param reader at the first byte of the `MBPData` of a refresh */
export const decodeRefresh = (reader: Reader, end: number): Refresh => {
  let lower = 0
  let upper = 0
  let oi = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === L.LOWER_CIRCUIT) lower = readDouble(reader)
    else if (tag === L.UPPER_CIRCUIT) upper = readDouble(reader)
    else if (tag === L.OPEN_INTEREST) oi = readInt64(reader)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
  return { lower, upper, oi }
}

/** The last complete tick with what a refresh renews. */
export const refreshed = (
  last: Tick,
  { lower, oi, upper }: Refresh,
  received_time: number,
  time: number
): Tick => {
  const tick: TickDraft = { ...last, received_time }
  if (time !== 0) tick.exchange_time = time
  if (lower !== 0) tick.lower_circuit = lower
  if (upper !== 0) tick.upper_circuit = upper
  if (oi !== 0) tick.oi = oi
  return tick
}
