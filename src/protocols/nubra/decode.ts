/**
 * Nubra's elements to ticks. Each is complete for its channel and no more: the session joins an instrument's channels.
 * proto3 leaves zeros off the wire, so a zero of any field means that it is not there. All throw on bytes that are no
 * such message.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf, readInt64, readNanosAsMillis, skipField } from "../kit/protobuf.ts"
import { putPrices } from "../kit/tickDraft.ts"
import * as L from "./layout.ts"

/** Finds the instrument of an element. */
export interface Finder {
  /** By the bytes of its name and of its exchange; empty ranges where they did not come. */
  readonly byName: (
    frame: Uint8Array,
    nameAt: number,
    nameEnd: number,
    exchangeAt: number,
    exchangeEnd: number
  ) => WireInstrument | undefined
  readonly byNumber: (ref: number) => WireInstrument | undefined
}

/** What became of an element: a tick, or why there is none. */
export type Element =
  | { readonly instrument: WireInstrument; readonly tick: Tick }
  | "not_subscribed"
  | "ignored"

const price = (reader: Reader): number => readInt64(reader) / L.PAISE

export const decodeIndex = (reader: Reader, received_time: number, find: Finder): Element => {
  const end = endOf(reader)
  let nameAt = 0
  let nameEnd = 0
  let exchangeAt = 0
  let exchangeEnd = 0
  let time = 0
  let ltp = 0
  let high = 0
  let low = 0
  let volume = 0
  let close = 0
  let oi = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.INDEX_NAME:
        nameEnd = endOf(reader)
        nameAt = reader.pos
        reader.pos = nameEnd
        break
      case L.INDEX_TIME:
        time = readNanosAsMillis(reader)
        break
      case L.INDEX_VALUE:
        ltp = price(reader)
        break
      case L.INDEX_HIGH:
        high = price(reader)
        break
      case L.INDEX_LOW:
        low = price(reader)
        break
      case L.INDEX_VOLUME:
        volume = readInt64(reader)
        break
      case L.INDEX_PREVIOUS_CLOSE:
        close = price(reader)
        break
      case L.INDEX_EXCHANGE:
        exchangeEnd = endOf(reader)
        exchangeAt = reader.pos
        reader.pos = exchangeEnd
        break
      case L.INDEX_OPEN_INTEREST:
        oi = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  const instrument = find.byName(reader.buf, nameAt, nameEnd, exchangeAt, exchangeEnd)
  if (instrument === undefined) return "not_subscribed"
  if (ltp === 0) return "ignored"
  const isQuote = high !== 0 || low !== 0 || volume !== 0
  const tick = draft(instrument, isQuote ? "quote" : "ltp", received_time, time)
  putPrices(tick, ltp, 0, high, low, close, 0)
  if (volume !== 0) tick.volume = volume
  if (oi !== 0) tick.oi = oi
  return { instrument, tick }
}

/** Only the day's candle tells of the day; its close is the last price. */
export const decodeBucket = (reader: Reader, received_time: number, find: Finder): Element => {
  const end = endOf(reader)
  let nameAt = 0
  let nameEnd = 0
  let exchangeAt = 0
  let exchangeEnd = 0
  let interval = 0
  let time = 0
  let open = 0
  let high = 0
  let low = 0
  let ltp = 0
  let volume = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.BUCKET_NAME:
        nameEnd = endOf(reader)
        nameAt = reader.pos
        reader.pos = nameEnd
        break
      case L.BUCKET_EXCHANGE:
        exchangeEnd = endOf(reader)
        exchangeAt = reader.pos
        reader.pos = exchangeEnd
        break
      case L.BUCKET_INTERVAL:
        interval = readInt64(reader)
        break
      case L.BUCKET_TIME:
        time = readNanosAsMillis(reader)
        break
      case L.BUCKET_OPEN:
        open = price(reader)
        break
      case L.BUCKET_HIGH:
        high = price(reader)
        break
      case L.BUCKET_LOW:
        low = price(reader)
        break
      case L.BUCKET_CLOSE:
        ltp = price(reader)
        break
      case L.BUCKET_DAY_VOLUME:
        volume = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  const instrument = find.byName(reader.buf, nameAt, nameEnd, exchangeAt, exchangeEnd)
  if (instrument === undefined) return "not_subscribed"
  if (interval !== L.ONE_DAY || ltp === 0) return "ignored"
  const tick = draft(instrument, "quote", received_time, time)
  putPrices(tick, ltp, open, high, low, 0, 0)
  if (volume !== 0) tick.volume = volume
  return { instrument, tick }
}

/**
 * Levels come best first, as many as there are; empty ones are left out. Without any the message is no richer than a quote,
 * but it says that the book is empty: readers of the one before must see it go.
 */
export const decodeBook = (reader: Reader, received_time: number, find: Finder): Element => {
  const end = endOf(reader)
  let id = 0
  let ref = 0
  let time = 0
  let ltp = 0
  let ltq = 0
  let volume = 0
  const buy: Array<Level> = []
  const sell: Array<Level> = []
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.BOOK_INSTRUMENT:
        id = readInt64(reader)
        break
      case L.BOOK_TIME:
        time = readNanosAsMillis(reader)
        break
      case L.BOOK_BIDS:
        decodeLevel(reader, buy)
        break
      case L.BOOK_ASKS:
        decodeLevel(reader, sell)
        break
      case L.BOOK_LTP:
        ltp = price(reader)
        break
      case L.BOOK_LTQ:
        ltq = readInt64(reader)
        break
      case L.BOOK_VOLUME:
        volume = readInt64(reader)
        break
      case L.BOOK_REF:
        ref = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  // OpenAlgo's client falls back on the other number (UNCONFIRMED).
  const instrument = find.byNumber(ref === 0 ? id : ref)
  if (instrument === undefined) return "not_subscribed"
  const mode = buy.length === 0 && sell.length === 0 ? "quote" : "depth"
  const tick = draft(instrument, mode, received_time, time)
  if (ltp !== 0) tick.ltp = ltp
  if (ltq !== 0) tick.ltq = ltq
  if (volume !== 0) tick.volume = volume
  tick.depth = { buy, sell }
  return { instrument, tick }
}

const decodeLevel = (reader: Reader, side: Array<Level>): void => {
  const end = endOf(reader)
  let at = 0
  let quantity = 0
  let orders = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === L.LEVEL_PRICE) at = price(reader)
    else if (tag === L.LEVEL_QUANTITY) quantity = readInt64(reader)
    else if (tag === L.LEVEL_ORDERS) orders = readInt64(reader)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
  if (at !== 0 || quantity !== 0) side.push({ price: at, quantity, orders })
}

export const decodeGreeks = (reader: Reader, received_time: number, find: Finder): Element => {
  const end = endOf(reader)
  let id = 0
  let ref = 0
  let time = 0
  let ltp = 0
  let volume = 0
  let oi = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    switch (tag) {
      case L.GREEKS_INSTRUMENT:
        id = readInt64(reader)
        break
      case L.GREEKS_TIME:
        time = readNanosAsMillis(reader)
        break
      case L.GREEKS_LTP:
        ltp = price(reader)
        break
      case L.GREEKS_VOLUME:
        volume = readInt64(reader)
        break
      case L.GREEKS_OPEN_INTEREST:
        oi = readInt64(reader)
        break
      case L.GREEKS_REF:
        ref = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  const instrument = find.byNumber(ref === 0 ? id : ref)
  if (instrument === undefined) return "not_subscribed"
  if (ltp === 0) return "ignored"
  const isQuote = volume !== 0 || oi !== 0
  const tick = draft(instrument, isQuote ? "quote" : "ltp", received_time, time)
  tick.ltp = ltp
  if (volume !== 0) tick.volume = volume
  if (oi !== 0) tick.oi = oi
  return { instrument, tick }
}

const draft = (
  { exchange, symbol }: WireInstrument,
  mode: Tick["mode"],
  received_time: number,
  exchange_time: number
): TickDraft =>
  exchange_time === 0
    ? { symbol, exchange, mode, received_time }
    : { symbol, exchange, mode, received_time, exchange_time }
