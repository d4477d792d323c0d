/** Market states to Upstox' messages. What a state does not have is left out, as proto3 leaves out zeros. */
import { indiaMidnight } from "../../kit/indiaTime.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Tick } from "../../market/tick.ts"
import { Writer, putDouble, putInt64, putMessage, putText } from "../kit/protobuf.ts"
import type { WireMode } from "./layout.ts"
import * as L from "./layout.ts"

export interface FeedOf {
  readonly instrument: WireInstrument
  readonly tick: Tick
  readonly mode: WireMode
}

/** A frame about instruments whose states are of one time. */
export const encodeFeeds = (type: number, feeds: ReadonlyArray<FeedOf>, time: number): Uint8Array => {
  const writer = new Writer()
  putInt64(writer, L.TYPE, type)
  for (const { instrument, mode, tick } of feeds) {
    putMessage(writer, L.FEEDS, (entry) => {
      putText(entry, L.KEY, instrument.token)
      putMessage(entry, L.VALUE, (feed) => writeFeed(feed, instrument, tick, mode))
    })
  }
  putInt64(writer, L.CURRENT_TIME, time)
  return writer.finish()
}

/** The first message on a connection: which segments are open. */
export const encodeMarketInfo = (segments: Iterable<string>): Uint8Array => {
  const writer = new Writer()
  putInt64(writer, L.TYPE, L.MARKET_INFO_TYPE)
  putMessage(writer, L.MARKET_INFO, (info) => {
    for (const segment of segments) {
      putMessage(info, L.SEGMENT_STATUS, (entry) => {
        putText(entry, L.KEY, segment)
        putInt64(entry, L.VALUE_STATUS, L.NORMAL_OPEN)
      })
    }
  })
  return writer.finish()
}

const writeFeed = (feed: Writer, { exchange }: WireInstrument, tick: Tick, mode: WireMode): void => {
  if (mode === "ltpc") putMessage(feed, L.FEED_LTPC, (ltpc) => writeLtpc(ltpc, tick))
  else if (mode === "option_greeks") {
    putMessage(feed, L.FEED_FIRST_LEVEL, (first) => writeFirstLevel(first, tick))
  } else {
    putMessage(feed, L.FEED_FULL, (full) => {
      if (exchange.endsWith("_INDEX")) putMessage(full, L.FULL_INDEX, (index) => writeIndex(index, tick))
      else putMessage(full, L.FULL_MARKET, (market) => writeMarket(market, tick, L.LEVELS[mode]))
    })
  }
  putInt64(feed, L.REQUEST_MODE, L.WIRE_MODES.indexOf(mode))
}

const writeLtpc = (writer: Writer, tick: Tick): void => {
  putDouble(writer, L.LTP, tick.ltp)
  putInt64(writer, L.LTT, tick.ltt)
  putInt64(writer, L.LTQ, tick.ltq)
  putDouble(writer, L.CLOSE, tick.close)
  if (tick.indicative_price !== undefined) {
    putMessage(writer, L.LTPC_INDICATIVE, (value) => putDouble(value, L.DOUBLE_VALUE, tick.indicative_price))
  }
}

const writeMarket = (writer: Writer, tick: Tick, levels: number): void => {
  putMessage(writer, L.MARKET_LTPC, (ltpc) => writeLtpc(ltpc, tick))
  if (tick.depth !== undefined) {
    putMessage(writer, L.MARKET_LEVEL, (book) => {
      for (let level = 0; level < levels; level++) writeQuote(book, L.QUOTE, tick, level)
    })
  }
  writeCandles(writer, L.MARKET_OHLC, tick)
  putDouble(writer, L.AVERAGE, tick.average_price)
  putInt64(writer, L.VOLUME, tick.volume)
  putDouble(writer, L.OPEN_INTEREST, tick.oi)
  putDouble(writer, L.TOTAL_BUY, tick.total_buy_quantity)
  putDouble(writer, L.TOTAL_SELL, tick.total_sell_quantity)
  putDouble(writer, L.INDICATIVE_PRICE, tick.indicative_price)
  putDouble(writer, L.REFERENCE_PRICE, tick.reference_price)
  putInt64(writer, L.INDICATIVE_QUANTITY, tick.indicative_quantity)
  putInt64(writer, L.IMBALANCE, tick.imbalance)
  putInt64(writer, L.MARKET_IMBALANCE, tick.market_imbalance)
}

const writeIndex = (writer: Writer, tick: Tick): void => {
  putMessage(writer, L.INDEX_LTPC, (ltpc) => writeLtpc(ltpc, tick))
  writeCandles(writer, L.INDEX_OHLC, tick)
}

const writeFirstLevel = (writer: Writer, tick: Tick): void => {
  putMessage(writer, L.FIRST_LTPC, (ltpc) => writeLtpc(ltpc, tick))
  writeQuote(writer, L.FIRST_DEPTH, tick, 0)
  putInt64(writer, L.FIRST_VOLUME, tick.volume)
  putDouble(writer, L.FIRST_OPEN_INTEREST, tick.oi)
}

/** A slot that the book does not fill is an empty message. */
const writeQuote = (writer: Writer, tag: number, { depth }: Tick, level: number): void =>
  putMessage(writer, tag, (quote) => {
    const bid = depth?.buy[level]
    const ask = depth?.sell[level]
    putInt64(quote, L.BID_QUANTITY, bid?.quantity)
    putDouble(quote, L.BID_PRICE, bid?.price)
    putInt64(quote, L.ASK_QUANTITY, ask?.quantity)
    putDouble(quote, L.ASK_PRICE, ask?.price)
  })

const MINUTE_MS = 60_000

/** The day's candle and that of the running minute, which knows only its last price here. */
const writeCandles = (writer: Writer, tag: number, tick: Tick): void => {
  const { exchange_time: time = 0, high, low, ltp, open } = tick
  if (open === undefined && high === undefined && low === undefined) return
  putMessage(writer, tag, (candles) => {
    const candle = (interval: string, prices: ReadonlyArray<number | undefined>, at: number): void =>
      putMessage(candles, L.CANDLE, (inner) => {
        putText(inner, L.INTERVAL, interval)
        putDouble(inner, L.OPEN, prices[0])
        putDouble(inner, L.HIGH, prices[1])
        putDouble(inner, L.LOW, prices[2])
        putDouble(inner, L.CANDLE_CLOSE, ltp)
        putInt64(inner, L.CANDLE_VOLUME, interval === "1d" ? tick.volume : undefined)
        putInt64(inner, L.CANDLE_TIME, at)
      })
    candle("1d", [open, high, low], indiaMidnight(time))
    candle("I1", [ltp, ltp, ltp], Math.floor(time / MINUTE_MS) * MINUTE_MS)
  })
}
