/**
 * The Noren feed's wire facts that both of its sides share: JSON text, one object a frame, almost all values as texts.
 * Sources: the official SDKs of Shoonya and Flattrade and their tables of fields, and the API documentation of
 * Flattrade, TradeSmart, Definedge and Alice Blue.
 */

/** A scrip's channels are independent subscriptions. Each number is the index of its snapshot. */
export const TOUCHLINE = 0
export const DEPTH = 1
export const LTP_ONLY = 2
export type Channel = typeof TOUCHLINE | typeof DEPTH | typeof LTP_ONLY
export const channels: ReadonlyArray<Channel> = [TOUCHLINE, DEPTH, LTP_ONLY]

/** The words of a feed: requests, the answer to one, and what follows it. */
export interface ChannelWords {
  readonly subscribe: string
  readonly unsubscribe: string
  /** Once per scrip and subscription: everything that is known. */
  readonly snapshot: string
  /** What has changed. */
  readonly delta: string
  readonly unsubscribed: string
}

/** The LTP feed is in TradeSmart's documentation alone: UNCONFIRMED elsewhere. */
export const words: Readonly<Record<Channel, ChannelWords>> = {
  [TOUCHLINE]: { subscribe: "t", unsubscribe: "u", snapshot: "tk", delta: "tf", unsubscribed: "uk" },
  [DEPTH]: { subscribe: "d", unsubscribe: "ud", snapshot: "dk", delta: "df", unsubscribed: "udk" },
  [LTP_ONLY]: { subscribe: "l", unsubscribe: "ul", snapshot: "lk", delta: "lf", unsubscribed: "ulk" }
}

/** Book levels of the depth feed, on every exchange. */
export const LEVELS = 5

/** Places of the fields in a snapshot. */
export const FT = 0
export const LP = 1
export const OPEN = 2
export const HIGH = 3
export const LOW = 4
export const CLOSE = 5
export const AVERAGE = 6
export const VOLUME = 7
export const OI = 8
export const LTQ = 9
export const LTT = 10
export const TOTAL_BUY = 11
export const TOTAL_SELL = 12
export const UPPER = 13
export const LOWER = 14
export const WEEK52_HIGH = 15
export const WEEK52_LOW = 16
/** Of each side: five prices, five quantities, five counts of orders. */
export const BUY = 17
export const SELL = BUY + 3 * LEVELS
export const SLOTS = SELL + 3 * LEVELS

/**
 * The names of the fields by their places. `toi` is not among them: it is the open interest of the underlying over all
 * contracts, and no contract's own.
 */
export const keys: ReadonlyArray<string> = [
  "ft",
  "lp",
  "o",
  "h",
  "l",
  "c",
  "ap",
  "v",
  "oi",
  "ltq",
  "ltt",
  "tbq",
  "tsq",
  "uc",
  "lc",
  "52h",
  "52l",
  ...["bp", "bq", "bo", "sp", "sq", "so"].flatMap((key) => [1, 2, 3, 4, 5].map((level) => `${key}${level}`))
]

/** Seconds from UTC to the clock that `ltt` is read from. */
export { INDIA_OFFSET_SECONDS as IST_SECONDS } from "../../kit/indiaTime.ts"
export const DAY_SECONDS = 86_400

/** What joins scrips in a request, and an exchange with its token. */
export const BETWEEN_SCRIPS = "#"
export const IN_SCRIP = "|"

/** More than any token has. */
export const MAX_TOKEN = 999_999_999_999

/** The parts of an Alice Blue login at its REST front. */
export const CREATE_SESSION = "/createWsSess"
export const INVALIDATE_SESSION = "/invalidateWsSess"
