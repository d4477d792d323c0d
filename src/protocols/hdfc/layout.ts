/**
 * The protobuf messages of HDFC's feed, as tags on the wire, and what its packet types are.
 * Source: the vendor's compiled schema, as OpenAlgo ships it, and the developer documentation of HDFC Sky and InvestRight.
 */
import { FIXED64, LENGTH_DELIMITED, VARINT, tagOf } from "../kit/protobuf.ts"

/** `GenericDTOList`: a frame. */
export const PACKET = tagOf(1, LENGTH_DELIMITED)

/** `GenericDTO`: a packet. */
export const INSTRUMENT_ID = tagOf(1, VARINT)
export const MARKET = tagOf(2, LENGTH_DELIMITED)
export const INDEX = tagOf(3, LENGTH_DELIMITED)
export const SEQUENCE = tagOf(7, VARINT)
export const PACKET_TIME = tagOf(8, VARINT)
export const PACKET_TYPE = tagOf(9, VARINT)

/** `MBPData`. Prices are doubles in rupees, currency included. 7 is the close and 8 the low, in this order. */
export const LTP = tagOf(1, FIXED64)
export const LTT = tagOf(2, VARINT)
export const OPEN = tagOf(5, FIXED64)
export const HIGH = tagOf(6, FIXED64)
export const CLOSE = tagOf(7, FIXED64)
export const LOW = tagOf(8, FIXED64)
export const VOLUME = tagOf(9, VARINT)
export const LTQ = tagOf(10, VARINT)
export const AVERAGE = tagOf(11, FIXED64)
export const BOOK = tagOf(12, LENGTH_DELIMITED)
export const TOTAL_BUY = tagOf(13, VARINT)
export const TOTAL_SELL = tagOf(14, VARINT)
export const LOWER_CIRCUIT = tagOf(15, FIXED64)
export const UPPER_CIRCUIT = tagOf(16, FIXED64)
export const OPEN_INTEREST = tagOf(17, VARINT)

/** `MarketDepthDTOList`, and one level of it. */
export const LEVEL = tagOf(1, LENGTH_DELIMITED)
export const LEVEL_QUANTITY = tagOf(1, VARINT)
export const LEVEL_PRICE = tagOf(2, FIXED64)
export const LEVEL_ORDERS = tagOf(3, VARINT)
export const LEVEL_IS_BUY = tagOf(4, VARINT)

/** `IndexData`. */
export const INDEX_NAME = tagOf(1, LENGTH_DELIMITED)
export const INDEX_VALUE = tagOf(2, FIXED64)
export const INDEX_HIGH = tagOf(3, FIXED64)
export const INDEX_LOW = tagOf(4, FIXED64)
export const INDEX_OPEN = tagOf(5, FIXED64)
export const INDEX_CLOSE = tagOf(6, FIXED64)
export const INDEX_YEAR_HIGH = tagOf(8, FIXED64)
export const INDEX_YEAR_LOW = tagOf(9, FIXED64)
export const INDEX_TIME = tagOf(10, VARINT)

/** Last trade times below this count seconds, others milliseconds (the unit is UNCONFIRMED). */
export const SECONDS_BELOW = 1e11

export const LEVELS = 5

/**
 * What a packet is. `market` and `index` are complete; a `refresh` carries only circuit limits or only open interest,
 * which renew those of the instrument's last complete packet.
 */
export type Kind = "market" | "index" | "refresh" | "heartbeat" | "other"

export interface PacketType {
  readonly kind: Kind
  /** The prefix of the exchange's scrip ids, where the packet is about an instrument. */
  readonly prefix?: string
}

/** By number. 0 is not on the wire, so a packet without a type is of NSE's cash market. */
export const PACKET_TYPES: ReadonlyArray<PacketType> = [
  { kind: "market", prefix: "NSE" },
  { kind: "market", prefix: "NCD" },
  { kind: "index", prefix: "NSE_INDEX" },
  { kind: "market", prefix: "NFO" },
  { kind: "market", prefix: "BSE" },
  { kind: "index", prefix: "BSE_INDEX" },
  { kind: "market", prefix: "BFO" },
  { kind: "market", prefix: "MCX" },
  // An order and a trade.
  { kind: "other" },
  { kind: "other" },
  // Circuit limits, where the rest is not open interest.
  { kind: "refresh", prefix: "NSE" },
  { kind: "refresh", prefix: "NCD" },
  { kind: "refresh", prefix: "NCD" },
  { kind: "refresh", prefix: "NFO" },
  { kind: "refresh", prefix: "NFO" },
  { kind: "refresh", prefix: "BFO" },
  { kind: "heartbeat" },
  // Greeks.
  { kind: "other" },
  { kind: "other" }
]

export const HEARTBEAT_TYPE = 16

/** What is asked for: the price alone, or quote, book, open interest and circuit limits. Greeks are not asked for. */
export type ScripType = "LTP" | "ALL"

/** Larger than any token; small enough to stay exact. */
export const MAX_TOKEN = Number.MAX_SAFE_INTEGER
