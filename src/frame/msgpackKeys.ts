/**
 * The texts of a market_data frame, to be found in its JSON and written in MessagePack.
 */
import type { Text } from "./fixedText.ts"
import { TEXT_SIZE, fixed } from "./fixedText.ts"

/**
 * A text to compare with: its first eight bytes, its last eight, and the eight behind the first where that leaves a gap.
 * The windows overlap, since a double cannot be masked. A text of fewer than eight bytes has windows of four.
 */
interface Mark {
  readonly length: number
  readonly first: number
  readonly second: number
  readonly last: number
}

/** @param text from 4 to 24 ASCII characters */
export const mark = (text: string): Mark => {
  const bytes = Buffer.alloc(TEXT_SIZE)
  const length = bytes.write(text, "latin1")
  const short = length < 8
  return {
    length,
    first: short ? bytes.readInt32BE(0) : bytes.readDoubleBE(0),
    second: bytes.readDoubleBE(8),
    last: short ? bytes.readInt32BE(length - 4) : bytes.readDoubleBE(length - 8)
  }
}

/** Whether the text stands there. */
export const standsAt = (from: DataView, at: number, { first, last, length, second }: Mark): boolean =>
  length < 8
    ? from.getInt32(at) === first && from.getInt32(at + length - 4) === last
    : from.getFloat64(at) === first &&
      from.getFloat64(at + length - 8) === last &&
      (length <= 16 || from.getFloat64(at + 8) === second)

/** Bytes of a fixstr's head. */
const FIXSTR = 0xa0

/** A text of up to 23 characters in MessagePack. */
export const packed = (text: string): string => String.fromCharCode(FIXSTR + text.length) + text

export interface Key {
  /** With the comma before it and the colon behind it. */
  readonly json: Mark
  readonly msgpack: Text
}

/** In the order in which the feed writes them, which is one order for all modes and for both objects. */
const NAMES = [
  "simulated",
  "implausible",
  "ltp",
  "ltq",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "last_trade_quantity",
  "last_quantity",
  "average_price",
  "avg_trade_price",
  "total_buy_quantity",
  "total_sell_quantity",
  "change",
  "change_percent",
  "bid_price",
  "bid_size",
  "ask_price",
  "ask_size",
  "oi",
  "oi_high",
  "oi_low",
  "upper_circuit",
  "lower_circuit",
  "week52_high",
  "week52_low",
  "indicative_price",
  "indicative_quantity",
  "reference_price",
  "imbalance",
  "market_imbalance",
  "depth",
  "ltt",
  "exchange_time",
  "timestamp"
]

/** The keys of `data` that stand behind the names. Where their ranks rise, no key stands twice. */
export const frameKeys: ReadonlyArray<Key> = NAMES.map((name) => ({
  json: mark(`,"${name}":`),
  msgpack: fixed(packed(name))
}))
