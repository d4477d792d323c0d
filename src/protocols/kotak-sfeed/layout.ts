/**
 * The wire facts of Kotak's SFeed that both of its sides share: JSON texts for control, little-endian binary frames of
 * several packets for data (`native_batch`).
 *
 * Sources: Kotak's "Market Data WebSocket - Developer Guide" (repository Kotak-Neo/Kotak-Neo) and the official Python SDK
 * kotak-neo-python. Where they differ, or neither says anything, the line says so.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import type { LevelLayout } from "../kit/packetLayout.ts"
import type { Scale } from "../kit/packetNumbers.ts"
import { changeOf, derived, field, head, layout, reserved } from "../kit/packetLayout.ts"
import { f64, i32, i64, price, u32, u8, unsigned } from "../kit/packetNumbers.ts"

/** Control texts, by their `message_code`. */
export const LOGGED_IN = 1117
/** The server's first word after connecting in the guide, its only one in the SDK. It has the dividers too. */
export const WELCOME = 1119
export const LOGIN_REFUSED = 1120
export const ACKNOWLEDGED = 1109

/** The layout of binary frames that is asked for. The server may answer `native_fallback`, which nobody has described. */
export const FORMAT = "native_batch"

/** Packets that their code tells; of all others (7208) the level does. */
export const INDEX = 7207
export const MARKET_STATUS = 105
export const AUCTION = 104
/** Header only; the SDK knows them, the guide has `MARKET_STATUS` instead. */
export const MARKET_OPEN = 6511
export const MARKET_CLOSED = 6521
export const PICTURE = 7208

/** Levels of a packet. What sends the second is nowhere said; 16 is the SDK's full depth. Both UNCONFIRMED. */
export const MINI_LEVEL = 1
export const LEVEL_TWO = 2
export const QUOTE_LEVEL = 4
export const DEPTH_LEVEL = 8
export const FULL_DEPTH_LEVEL = 16

/** Every packet begins with its length, code, exchange, level, and three bytes that mean nothing to a decoder. */
export const HEAD_SIZE = 9
const HEAD = [
  head("length", 0, 2),
  head("code", 2, 2),
  head("exchange", 4, 1),
  head("level", 5, 1),
  reserved(6, 3),
  head("token", HEAD_SIZE, 4)
]

/** No time in seconds is as large before the year 5138, and none in milliseconds as small after 1973. */
const MILLISECONDS_FROM = 100_000_000_000

/** Since the segment's epoch, which is the shift. 0 for never: the exchange writes 1900 for a blank, which is negative. */
const time: Scale = {
  read: (raw, _divider, epoch) => {
    if (raw >= MILLISECONDS_FROM) return raw
    return raw > 0 ? raw * 1000 + epoch : 0
  },
  write: (value, _divider, epoch) => Math.floor((value - epoch) / 1000),
  zeroIsNone: true
}

/** In hundredths of a per cent. */
const percentage = (tick: Partial<Tick>): number => (10_000 * (changeOf(tick) ?? 0)) / (tick.close ?? 1)

/** Digits behind the point that the divider has room for; with the multiplier they are not needed, as the divider is the whole scale. */
const precisionOf = (_tick: Partial<Tick>, divider: number): number => (divider > 100 ? 4 : 2)

const one = (): number => 1

export const mini = layout(54, "little", [
  ...HEAD,
  field("ltt", 13, i64, time),
  field("ltp", 21, unsigned, price),
  field("ltq", 25, i64),
  // The guide says that it is not divided, and its own example refutes that; the SDK divides it.
  field("close", 33, unsigned, price),
  derived("percentage", 37, i32, percentage),
  derived("change", 41, i32, changeOf, price),
  derived("multiplier", 45, u32, one),
  derived("precision", 49, u8, precisionOf),
  derived("scale", 50, u32, one)
])

export const BUYERS_AT = 89
export const SELLERS_AT = 93
/** A market picture, without its rows: all buyers, then all sellers. That the best come first is UNCONFIRMED. */
export const picture = layout(144, "little", [
  ...HEAD,
  field("total_buy_quantity", 13, i64),
  field("total_sell_quantity", 21, i64),
  field("volume", 29, i64),
  field("ltt", 37, i64, time),
  field("exchange_time", 45, i64, time),
  field("open", 53, unsigned, price),
  field("close", 57, unsigned, price),
  field("high", 61, unsigned, price),
  field("low", 65, unsigned, price),
  field("ltp", 69, unsigned, price),
  field("ltq", 73, i64),
  field("average_price", 81, unsigned, price),
  reserved(85, 4),
  head("buyers", BUYERS_AT, 4),
  head("sellers", SELLERS_AT, 4),
  reserved(97, 2),
  derived("percentage", 99, i32, percentage),
  field("oi", 103, u32),
  derived("traded value", 107, f64, ({ average_price = 0, volume = 0 }) => volume * average_price, price),
  derived("change", 115, i32, changeOf, price),
  field("upper_circuit", 119, unsigned, price),
  field("lower_circuit", 123, unsigned, price),
  field("week52_high", 127, unsigned, price),
  field("week52_low", 131, unsigned, price),
  derived("multiplier", 135, u32, one),
  derived("precision", 139, u8, precisionOf),
  derived("scale", 140, u32, one)
])

export const ROW_SIZE = 16
export const row: LevelLayout = {
  quantity: 0,
  price: 8,
  orders: 12,
  types: { quantity: i64, price: i32, orders: i32 },
  scale: price
}

/** The name is text, up to the first NUL. */
export const INDEX_NAME_AT = 66
export const index = layout(87, "little", [
  ...HEAD,
  field("open", 13, i32, price),
  field("close", 17, i32, price),
  field("high", 21, i32, price),
  field("low", 25, i32, price),
  field("ltp", 29, i32, price),
  // Unsigned in the guide, where a blank would be a time of the far future.
  field("ltt", 33, i64, time),
  field("week52_high", 41, i32, price),
  field("week52_low", 45, i32, price),
  derived("percentage", 49, i32, percentage),
  reserved(53, 8),
  derived("precision", 61, u8, precisionOf),
  derived("scale", 62, i32, one),
  head("name", INDEX_NAME_AT, 21)
])

/** In the SDK; the guide has 15 reserved bytes more. */
export const auction = layout(33, "little", [
  ...HEAD,
  field("reference_price", 13, unsigned, price),
  field("imbalance", 17, i64),
  field("market_imbalance", 25, i64)
])

/** Levels of the book at `DEPTH_LEVEL`: UNCONFIRMED, the packet says how many it has. */
export const BOOK_LEVELS = 5

/** Tokens are 32-bit unsigned on the wire. */
export const MAX_TOKEN = 0xffff_ffff

/** Where the login's answer names no divider, or 0 (guide, SDK). */
export const USUAL_DIVIDER = 100

/** Numbers of the segments in packets, for answers that do not tell them. */
export const SEGMENT_IDS: Readonly<Record<string, number>> = {
  nse_cm: 1,
  nse_fo: 2,
  cde_fo: 3,
  nse_com: 4,
  bse_cm: 5,
  bse_fo: 6,
  bse_cd: 7,
  bse_co: 8,
  mcx_fo: 9,
  ncd_co: 10
}

/** What the guide's example answers: for the simulator's side alone. A client takes what it is told. */
export const DIVIDERS: Readonly<Record<string, number>> = {
  nse_cm: 100,
  nse_fo: 100,
  cde_fo: 10_000_000,
  nse_com: 10_000,
  bse_cm: 100,
  bse_fo: 100,
  bse_cd: 10_000_000,
  bse_co: 10_000,
  mcx_fo: 100,
  ncd_co: 1
}

/** Kinds of subscriptions. One is enough for an instrument: a depth packet has the prices too. */
export const topics = ["ScripsLite", "Scrips", "Depth", "Indices"] as const
export type Topic = (typeof topics)[number]

const TOPICS: Readonly<Record<Mode, Topic>> = { ltp: "ScripsLite", quote: "Scrips", depth: "Depth" }

export const isIndex = ({ exchange }: Pick<WireInstrument, "exchange">): boolean =>
  exchange.endsWith("_INDEX")

export const topicOf = (instrument: WireInstrument, mode: Mode): Topic =>
  isIndex(instrument) ? "Indices" : TOPICS[mode]

/** Index names in packets differ from those in requests by letter case and outer blanks. */
export const plainName = (name: string): string => name.trim().toLowerCase()
