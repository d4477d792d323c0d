/**
 * The keys of a market_data frame as they stand in its JSON, and in MessagePack.
 *
 * They are ranked in the order in which the feed writes them, which is one order for all modes. Keys whose ranks rise
 * are no key twice.
 */
import type { Text } from "../../bus/fixedText.ts"
import { fixed } from "../../bus/fixedText.ts"

const NAMES = [
  "type",
  "symbol",
  "exchange",
  "mode",
  "data",
  "broker",
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
  "depth",
  "buy",
  "sell",
  "price",
  "quantity",
  "orders",
  "ltt",
  "exchange_time",
  "timestamp"
]

interface Key {
  /** `"open":`, to compare with: whole words that may overlap, since there is nothing to mask a double with. */
  readonly json: Text
  /** The text's last eight bytes; where it has fewer than eight, `first` and `last` are its first and last four. */
  readonly first: number
  readonly last: number
  readonly msgpack: Text
}

/** Bytes of a fixstr's head. */
const FIXSTR = 0xa0

const keyOf = (name: string): Key => {
  const text = Buffer.from(`"${name}":`)
  const { length } = text
  return {
    json: fixed(text.toString("latin1")),
    first: length < 8 ? text.readInt32BE(0) : text.readDoubleBE(0),
    last: length < 8 ? text.readInt32BE(length - 4) : text.readDoubleBE(length - 8),
    msgpack: fixed(String.fromCharCode(FIXSTR + name.length) + name)
  }
}

export const frameKeys: ReadonlyArray<Key> = NAMES.map(keyOf)

/** Whether the key stands there. */
export const standsAt = (from: DataView, at: number, { first, json, last }: Key): boolean => {
  const { length } = json
  if (length < 8) return from.getInt32(at) === first && from.getInt32(at + length - 4) === last
  return (
    from.getFloat64(at) === first &&
    from.getFloat64(at + length - 8) === last &&
    (length <= 16 || from.getFloat64(at + 8) === json.second)
  )
}
