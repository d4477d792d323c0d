/** Reads the messages of one instrument. All throw on bytes that are no such message. */
import type { Depth, Level } from "../../market/tick.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf, readDouble, readInt64, readTag, skipField } from "../kit/protobuf.ts"
import * as L from "./layout.ts"
import type { Values } from "./values.ts"
import { Auction } from "./values.ts"

/**
 * @param reader at the first byte of a `Feed`
 * @param into cleared before; its mode becomes the richest that the message serves
 * @returns false for a feed without a message
 */
export const readFeed = (reader: Reader, end: number, into: Values): boolean => {
  let found = false
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.FEED_LTPC:
        readLtpc(reader, into)
        into.mode = "ltp"
        found = true
        break
      case L.FEED_FULL:
        if (readFull(reader, into)) found = true
        break
      case L.FEED_FIRST_LEVEL:
        readFirstLevel(reader, into)
        into.mode = "depth"
        found = true
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  return found
}

const readLtpc = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.LTP:
        into.ltp = readDouble(reader)
        break
      case L.LTT:
        into.ltt = readInt64(reader)
        break
      case L.LTQ:
        into.ltq = readInt64(reader)
        break
      case L.CLOSE:
        into.close = readDouble(reader)
        break
      case L.LTPC_INDICATIVE:
        auctionOf(into).indicativePrice = readDoubleValue(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
}

const auctionOf = (into: Values): Auction => (into.auction ??= new Auction())

/** A double that is there or not; without a value it is 0. */
const readDoubleValue = (reader: Reader): number => {
  const end = endOf(reader)
  let value = 0
  while (reader.pos < end) {
    const tag = readTag(reader)
    if (tag === L.DOUBLE_VALUE) value = readDouble(reader)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
  return value
}

const readFull = (reader: Reader, into: Values): boolean => {
  const end = endOf(reader)
  let found = false
  while (reader.pos < end) {
    const tag = readTag(reader)
    if (tag === L.FULL_MARKET) {
      readMarket(reader, into)
      into.mode = "depth"
      found = true
    } else if (tag === L.FULL_INDEX) {
      readIndex(reader, into)
      into.mode = "quote"
      found = true
    } else skipField(reader, tag)
  }
  checkEnd(reader, end)
  return found
}

/** Open interest and total quantities travel as doubles, and are whole. */
const whole = (reader: Reader): number => Math.round(readDouble(reader))

const readMarket = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.MARKET_LTPC:
        readLtpc(reader, into)
        break
      case L.MARKET_LEVEL:
        into.depth = readBook(reader)
        break
      case L.MARKET_OHLC:
        readCandles(reader, into)
        break
      case L.AVERAGE:
        into.average = readDouble(reader)
        break
      case L.VOLUME:
        into.volume = readInt64(reader)
        break
      case L.OPEN_INTEREST:
        into.oi = whole(reader)
        break
      case L.TOTAL_BUY:
        into.totalBuy = whole(reader)
        break
      case L.TOTAL_SELL:
        into.totalSell = whole(reader)
        break
      case L.INDICATIVE_PRICE:
        auctionOf(into).indicativePrice = readDouble(reader)
        break
      case L.REFERENCE_PRICE:
        auctionOf(into).referencePrice = readDouble(reader)
        break
      case L.INDICATIVE_QUANTITY:
        auctionOf(into).indicativeQuantity = readInt64(reader)
        break
      case L.IMBALANCE:
        auctionOf(into).imbalance = readInt64(reader)
        break
      case L.MARKET_IMBALANCE:
        auctionOf(into).marketImbalance = readInt64(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
}

const readIndex = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  while (reader.pos < end) {
    const tag = readTag(reader)
    if (tag === L.INDEX_LTPC) readLtpc(reader, into)
    else if (tag === L.INDEX_OHLC) readCandles(reader, into)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
}

const readFirstLevel = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.FIRST_LTPC:
        readLtpc(reader, into)
        break
      case L.FIRST_DEPTH: {
        readQuote(reader, 0)
        into.depth = bookOf(1)
        break
      }
      case L.FIRST_VOLUME:
        into.volume = readInt64(reader)
        break
      case L.FIRST_OPEN_INTEREST:
        into.oi = whole(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
}

/** The levels of the book that is being read: growing two arrays for each costs more than to copy them at the end. */
const bids: Array<Level> = []
const asks: Array<Level> = []

const bookOf = (levels: number): Depth => ({ buy: bids.slice(0, levels), sell: asks.slice(0, levels) })

/** The whole book, as many levels as came; empty slots stay where they are. */
const readBook = (reader: Reader): Depth => {
  const end = endOf(reader)
  let levels = 0
  while (reader.pos < end) {
    const tag = readTag(reader)
    if (tag === L.QUOTE) readQuote(reader, levels++)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
  return bookOf(levels)
}

const readQuote = (reader: Reader, level: number): void => {
  const end = endOf(reader)
  let bidQuantity = 0
  let bidPrice = 0
  let askQuantity = 0
  let askPrice = 0
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.BID_QUANTITY:
        bidQuantity = readInt64(reader)
        break
      case L.BID_PRICE:
        bidPrice = readDouble(reader)
        break
      case L.ASK_QUANTITY:
        askQuantity = readInt64(reader)
        break
      case L.ASK_PRICE:
        askPrice = readDouble(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  bids[level] = { price: bidPrice, quantity: bidQuantity, orders: 0 }
  asks[level] = { price: askPrice, quantity: askQuantity, orders: 0 }
}

const readCandles = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  while (reader.pos < end) {
    const tag = readTag(reader)
    if (tag === L.CANDLE) readCandle(reader, into)
    else skipField(reader, tag)
  }
  checkEnd(reader, end)
}

const DIGIT_1 = 0x31
const LETTER_D = 0x64

/** Only the day's candle counts: the others are of a minute. */
const readCandle = (reader: Reader, into: Values): void => {
  const end = endOf(reader)
  let isDay = false
  let open = 0
  let high = 0
  let low = 0
  while (reader.pos < end) {
    const tag = readTag(reader)
    switch (tag) {
      case L.INTERVAL: {
        const last = endOf(reader)
        const { buf, pos } = reader
        isDay = last - pos === 2 && buf[pos] === DIGIT_1 && buf[pos + 1] === LETTER_D
        reader.pos = last
        break
      }
      case L.OPEN:
        open = readDouble(reader)
        break
      case L.HIGH:
        high = readDouble(reader)
        break
      case L.LOW:
        low = readDouble(reader)
        break
      default:
        skipField(reader, tag)
    }
  }
  checkEnd(reader, end)
  if (!isDay) return
  into.open = open
  into.high = high
  into.low = low
}
