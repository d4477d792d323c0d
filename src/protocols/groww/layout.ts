/**
 * The protobuf messages of Groww's feed, as tags on the wire: field number and wire type.
 * Source: the message descriptor in the official Python SDK (growwapi 1.5.0).
 */
import { FIXED64, LENGTH_DELIMITED, VARINT, tagOf } from "../kit/protobuf.ts"

/** `StocksSocketResponseProtoDto`: one of price, book and index value. */
export const SYMBOL = tagOf(1, LENGTH_DELIMITED)
export const SEGMENT = tagOf(2, VARINT)
export const EXCHANGE = tagOf(3, VARINT)
export const PRICE = tagOf(4, LENGTH_DELIMITED)
export const BOOK = tagOf(5, LENGTH_DELIMITED)
export const INDEX = tagOf(6, LENGTH_DELIMITED)

/** In all three. Milliseconds as a double; a published sample has seconds. */
export const TIME = tagOf(1, FIXED64)

/** Of the price; doubles, in rupees. 7 is the turnover; what 8, 9, 15 and 16 count is UNCONFIRMED. */
export const OPEN = tagOf(2, FIXED64)
export const HIGH = tagOf(3, FIXED64)
export const LOW = tagOf(4, FIXED64)
export const CLOSE = tagOf(5, FIXED64)
export const VOLUME = tagOf(6, FIXED64)
export const AVERAGE = tagOf(10, FIXED64)
/** 11 and 12 as circuit limits follow the names in Groww's REST quote (UNCONFIRMED). */
export const UPPER = tagOf(11, FIXED64)
export const LOWER = tagOf(12, FIXED64)
export const LTP = tagOf(13, FIXED64)
export const OPEN_INTEREST = tagOf(14, FIXED64)

/** Of the index. */
export const VALUE = tagOf(2, FIXED64)

/** Of the book: entries of a map from level number (1 is the best) to price and quantity. No order counts. */
export const BUY = tagOf(2, LENGTH_DELIMITED)
export const SELL = tagOf(3, LENGTH_DELIMITED)
export const LEVEL_NUMBER = tagOf(1, VARINT)
export const LEVEL = tagOf(2, LENGTH_DELIMITED)
export const LEVEL_PRICE = tagOf(1, FIXED64)
export const LEVEL_QUANTITY = tagOf(2, FIXED64)

/** Times below this count seconds. */
export const SECONDS_BELOW = 1e11
