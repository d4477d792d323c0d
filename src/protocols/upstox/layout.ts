/**
 * The protobuf messages of Upstox' Market Data Feed V3, as tags on the wire, and the words of its requests.
 * Source: the .proto file of the official JavaScript SDK (upstox-js-sdk 2.31.0).
 */
import { FIXED64, LENGTH_DELIMITED, VARINT, tagOf } from "../kit/protobuf.ts"

/** `FeedResponse`: a frame. `feeds` is a map, so a repeated message of key and value. */
export const TYPE = tagOf(1, VARINT)
export const FEEDS = tagOf(2, LENGTH_DELIMITED)
export const CURRENT_TIME = tagOf(3, VARINT)
export const MARKET_INFO = tagOf(4, LENGTH_DELIMITED)
export const KEY = tagOf(1, LENGTH_DELIMITED)
export const VALUE = tagOf(2, LENGTH_DELIMITED)

/** `Type`. The first is 0 and so not on the wire. */
export const INITIAL_FEED = 0
export const LIVE_FEED = 1
export const MARKET_INFO_TYPE = 2

/** `Feed`: one of the first three. */
export const FEED_LTPC = tagOf(1, LENGTH_DELIMITED)
export const FEED_FULL = tagOf(2, LENGTH_DELIMITED)
export const FEED_FIRST_LEVEL = tagOf(3, LENGTH_DELIMITED)
export const REQUEST_MODE = tagOf(4, VARINT)

/** `LTPC`. `cp` is the previous close. Prices are in rupees everywhere, times in milliseconds. */
export const LTP = tagOf(1, FIXED64)
export const LTT = tagOf(2, VARINT)
export const LTQ = tagOf(3, VARINT)
export const CLOSE = tagOf(4, FIXED64)
/** In auctions, since 2026: a `google.protobuf.DoubleValue`, a message with one double. */
export const LTPC_INDICATIVE = tagOf(5, LENGTH_DELIMITED)
export const DOUBLE_VALUE = tagOf(1, FIXED64)

/** `FullFeed`: one of these. */
export const FULL_MARKET = tagOf(1, LENGTH_DELIMITED)
export const FULL_INDEX = tagOf(2, LENGTH_DELIMITED)

/** `MarketFullFeed`. */
export const MARKET_LTPC = tagOf(1, LENGTH_DELIMITED)
export const MARKET_LEVEL = tagOf(2, LENGTH_DELIMITED)
export const MARKET_OHLC = tagOf(4, LENGTH_DELIMITED)
export const AVERAGE = tagOf(5, FIXED64)
export const VOLUME = tagOf(6, VARINT)
export const OPEN_INTEREST = tagOf(7, FIXED64)
export const TOTAL_BUY = tagOf(9, FIXED64)
export const TOTAL_SELL = tagOf(10, FIXED64)
/**
 * In auctions, since 2026: `iep`, `rp`, `ieq`, `iiqTotal` and `iiqM`. That the imbalances (the last two) are signed, more to
 * buy being positive, is UNCONFIRMED. 16 says whether the instrument takes part in the closing auction at all.
 */
export const INDICATIVE_PRICE = tagOf(11, FIXED64)
export const REFERENCE_PRICE = tagOf(12, FIXED64)
export const INDICATIVE_QUANTITY = tagOf(13, VARINT)
export const IMBALANCE = tagOf(14, VARINT)
export const MARKET_IMBALANCE = tagOf(15, VARINT)

/** `IndexFullFeed`. */
export const INDEX_LTPC = tagOf(1, LENGTH_DELIMITED)
export const INDEX_OHLC = tagOf(2, LENGTH_DELIMITED)

/** `FirstLevelWithGreeks`. */
export const FIRST_LTPC = tagOf(1, LENGTH_DELIMITED)
export const FIRST_DEPTH = tagOf(2, LENGTH_DELIMITED)
export const FIRST_VOLUME = tagOf(4, VARINT)
export const FIRST_OPEN_INTEREST = tagOf(5, FIXED64)

/** `MarketLevel`, and `Quote`: one level of both sides. There are no order counts on this feed. */
export const QUOTE = tagOf(1, LENGTH_DELIMITED)
export const BID_QUANTITY = tagOf(1, VARINT)
export const BID_PRICE = tagOf(2, FIXED64)
export const ASK_QUANTITY = tagOf(3, VARINT)
export const ASK_PRICE = tagOf(4, FIXED64)

/** `MarketOHLC`, and `OHLC`: one candle. The day's has interval `1d`; its close is the running price. */
export const CANDLE = tagOf(1, LENGTH_DELIMITED)
export const INTERVAL = tagOf(1, LENGTH_DELIMITED)
export const OPEN = tagOf(2, FIXED64)
export const HIGH = tagOf(3, FIXED64)
export const LOW = tagOf(4, FIXED64)
export const CANDLE_CLOSE = tagOf(5, FIXED64)
export const CANDLE_VOLUME = tagOf(6, VARINT)
export const CANDLE_TIME = tagOf(7, VARINT)

/** `MarketInfo`: the status of each segment. */
export const SEGMENT_STATUS = tagOf(1, LENGTH_DELIMITED)
export const VALUE_STATUS = tagOf(2, VARINT)
export const NORMAL_OPEN = 2

/** The modes of requests, in the order of their numbers (`RequestMode`). */
export const WIRE_MODES = ["ltpc", "full", "option_greeks", "full_d30"] as const
export type WireMode = (typeof WIRE_MODES)[number]

/** Levels of the book in each mode. */
export const LEVELS: Readonly<Record<WireMode, number>> = {
  ltpc: 0,
  full: 5,
  option_greeks: 1,
  full_d30: 30
}

/** What the broker answers to a wrong or expired access token. */
export const INVALID_TOKEN = "UDAPI100050"
