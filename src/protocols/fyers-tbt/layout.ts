/**
 * Fyers' depth socket ("TBT"): requests are JSON, books are protobuf.
 * Source: Fyers' published schema (public.fyers.in/tbtproto/1.0.0/msg.proto) and the official JavaScript SDK.
 */
import { LENGTH_DELIMITED, VARINT, tagOf } from "../kit/protobuf.ts"

export const LEVELS = 50

/** Prices are in paise. */
export const PAISE = 100

/** Tags, as they stand on the wire. */
export const SOCKET_MESSAGE = {
  type: tagOf(1, VARINT),
  feed: tagOf(2, LENGTH_DELIMITED),
  snapshot: tagOf(3, VARINT),
  text: tagOf(4, LENGTH_DELIMITED),
  error: tagOf(5, VARINT)
} as const

/** An entry of the map of feeds. */
export const ENTRY = { key: tagOf(1, LENGTH_DELIMITED), value: tagOf(2, LENGTH_DELIMITED) } as const

export const MARKET_FEED = {
  depth: tagOf(5, LENGTH_DELIMITED),
  feedTime: tagOf(6, LENGTH_DELIMITED),
  sendTime: tagOf(7, LENGTH_DELIMITED),
  token: tagOf(8, LENGTH_DELIMITED),
  sequence: tagOf(9, VARINT),
  snapshot: tagOf(10, VARINT),
  ticker: tagOf(11, LENGTH_DELIMITED)
} as const

export const DEPTH = {
  totalBuy: tagOf(1, LENGTH_DELIMITED),
  totalSell: tagOf(2, LENGTH_DELIMITED),
  ask: tagOf(3, LENGTH_DELIMITED),
  bid: tagOf(4, LENGTH_DELIMITED)
} as const

export const LEVEL = {
  price: tagOf(1, LENGTH_DELIMITED),
  quantity: tagOf(2, LENGTH_DELIMITED),
  orders: tagOf(3, LENGTH_DELIMITED),
  position: tagOf(4, LENGTH_DELIMITED)
} as const

/** Of google.protobuf's wrappers, which part "zero" from "not there". */
export const WRAPPED = tagOf(1, VARINT)

/** MessageType.depth */
export const TYPE_DEPTH = 6

export const subscription = (symbols: ReadonlyArray<string>, subs: 1 | -1, channel: string): string =>
  JSON.stringify({ type: 1, data: { subs, symbols, mode: "depth", channel } })

/** A channel delivers only once it has been resumed. */
export const resumption = (channel: string): string =>
  JSON.stringify({ type: 2, data: { resumeChannels: [channel], pauseChannels: [] } })
