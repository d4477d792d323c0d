/**
 * The wire facts of Kotak's SFeed that both of its sides share: JSON texts for control, little-endian binary frames of
 * several packets for data (`native_batch`).
 *
 * Sources: Kotak's "Market Data WebSocket - Developer Guide" (repository Kotak-Neo/Kotak-Neo) and the official Python SDK
 * kotak-neo-python. Where they differ, or neither says anything, the line says so.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"

/** Control texts, by their `message_code`. */
export const LOGGED_IN = 1117
/** The server's first word after connecting in the guide, its only one in the SDK. It has the dividers too. */
export const WELCOME = 1119
export const LOGIN_REFUSED = 1120
export const ACKNOWLEDGED = 1109

/** The layout of binary frames that is asked for. The server may answer `native_fallback`, which nobody has described. */
export const FORMAT = "native_batch"

/** Every packet begins with its length, code, exchange, level, and three bytes that mean nothing to a decoder. */
export const HEAD_SIZE = 9
export const MINI_SIZE = 54
/** Of a market picture, without its rows. */
export const PICTURE_SIZE = 144
export const ROW_SIZE = 16
export const INDEX_SIZE = 87
export const INDEX_NAME_AT = 66
/** In the SDK; the guide has 15 reserved bytes more. */
export const AUCTION_SIZE = 33

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
