/**
 * Nubra's channels and its protobuf messages, as tags on the wire. Integers are int64, prices in paise, times in
 * nanoseconds. Source: the schema and the commands of the official Python SDK (nubra-sdk), Nubra's API documentation.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { Want } from "../protocol.ts"
import { LENGTH_DELIMITED, VARINT, tagOf } from "../kit/protobuf.ts"

/** `GenericData`: a key and an `Any`, which has a type's address and a value. */
export const ANY = tagOf(2, LENGTH_DELIMITED)
export const TYPE_URL = tagOf(1, LENGTH_DELIMITED)
export const VALUE = tagOf(2, LENGTH_DELIMITED)

export const TYPE_PREFIX = "type.googleapis.com/protos.zanskarsecurities.nubrafrontend."

/** What follows the last point of the address. */
export const INDEX_BATCH = "BatchWebSocketIndexMessage"
export const BUCKET_BATCH = "BatchWebSocketIndexBucketMessage"
export const BOOK_BATCH = "BatchWebSocketOrderbookMessage"
export const GREEKS_BATCH = "BatchWebSocketGreeksMessage"

/** In all batches. Only those of the index channels have the second list. */
export const BATCH_TIME = tagOf(1, VARINT)
export const ELEMENTS = tagOf(2, LENGTH_DELIMITED)
export const MORE_ELEMENTS = tagOf(3, LENGTH_DELIMITED)

/** `WebSocketMsgIndex`. That `volume_oi` is the open interest is inferred from its name (UNCONFIRMED). */
export const INDEX_NAME = tagOf(1, LENGTH_DELIMITED)
export const INDEX_TIME = tagOf(2, VARINT)
export const INDEX_VALUE = tagOf(3, VARINT)
export const INDEX_HIGH = tagOf(4, VARINT)
export const INDEX_LOW = tagOf(5, VARINT)
export const INDEX_VOLUME = tagOf(6, VARINT)
export const INDEX_PREVIOUS_CLOSE = tagOf(9, VARINT)
export const INDEX_EXCHANGE = tagOf(10, LENGTH_DELIMITED)
export const INDEX_OPEN_INTEREST = tagOf(11, VARINT)

/** A candle of the index channel. Its close is the running price. */
export const BUCKET_NAME = tagOf(1, LENGTH_DELIMITED)
export const BUCKET_EXCHANGE = tagOf(2, LENGTH_DELIMITED)
export const BUCKET_INTERVAL = tagOf(3, VARINT)
export const BUCKET_TIME = tagOf(4, VARINT)
export const BUCKET_OPEN = tagOf(5, VARINT)
export const BUCKET_HIGH = tagOf(6, VARINT)
export const BUCKET_LOW = tagOf(7, VARINT)
export const BUCKET_CLOSE = tagOf(8, VARINT)
export const BUCKET_DAY_VOLUME = tagOf(11, VARINT)

/** The number of `1d` among the intervals of candles. */
export const ONE_DAY = 13
export const ONE_DAY_NAME = "1d"

/** An order book, and a level of it. */
export const BOOK_INSTRUMENT = tagOf(1, VARINT)
export const BOOK_TIME = tagOf(2, VARINT)
export const BOOK_BIDS = tagOf(3, LENGTH_DELIMITED)
export const BOOK_ASKS = tagOf(4, LENGTH_DELIMITED)
export const BOOK_LTP = tagOf(5, VARINT)
export const BOOK_LTQ = tagOf(6, VARINT)
export const BOOK_VOLUME = tagOf(7, VARINT)
export const BOOK_REF = tagOf(8, VARINT)
export const LEVEL_PRICE = tagOf(1, VARINT)
export const LEVEL_QUANTITY = tagOf(2, VARINT)
export const LEVEL_ORDERS = tagOf(3, VARINT)

/** Greeks, of which only price, volume and open interest are read. */
export const GREEKS_INSTRUMENT = tagOf(1, VARINT)
export const GREEKS_TIME = tagOf(2, VARINT)
export const GREEKS_LTP = tagOf(5, VARINT)
export const GREEKS_OPEN_INTEREST = tagOf(12, VARINT)
export const GREEKS_VOLUME = tagOf(13, VARINT)
export const GREEKS_REF = tagOf(14, VARINT)

export const PAISE = 100

/** Books have as many levels as the session asked for, 5 to 20. */
export const SHALLOW = 5
export const DEEP = 20

/** Channels, as bits: an instrument is on several. */
export const INDEX = 1
export const BUCKET = 2
export const BOOK = 4
export const GREEKS = 8
export const CHANNELS = [INDEX, BUCKET, BOOK, GREEKS] as const
export type Channel = (typeof CHANNELS)[number]

/** What an instrument on a channel takes of the session's budget. */
export const WEIGHTS: Readonly<Record<Channel, number>> = { [INDEX]: 1, [BUCKET]: 2, [BOOK]: 5, [GREEKS]: 1 }

export const weightOf = (channels: ReadonlyArray<Channel>): number =>
  channels.reduce((sum, channel) => sum + WEIGHTS[channel], 0)

const contracts: ReadonlySet<Exchange> = new Set(["NFO", "BFO", "MCX"])

export const isIndexExchange = (exchange: Exchange): boolean => exchange.endsWith("_INDEX")

/**
 * The channels that serve a want. The index channel has no open and the order book no day's range, so both richer modes
 * take the day's candle beside it; the open interest of contracts comes with their greeks.
 */
export const channelsOf = ({ mode }: Want, exchange: Exchange, greeks: boolean): ReadonlyArray<Channel> => {
  if (mode === "ltp") return [INDEX]
  const quote: ReadonlyArray<Channel> =
    greeks && contracts.has(exchange) ? [INDEX, BUCKET, GREEKS] : [INDEX, BUCKET]
  return mode === "depth" && !isIndexExchange(exchange) ? [...quote, BOOK] : quote
}
