/**
 * Firstock's feed as both of its sides know it: JSON text, prices in paise. Sources: Firstock's documentation of the
 * WebSocket (versions 1 and 2) and the official SDKs.
 */

/** Places of the fields in a snapshot. */
export const LTP = 0
export const OPEN = 1
export const HIGH = 2
export const LOW = 3
export const CLOSE = 4
export const AVERAGE = 5
export const UPPER = 6
export const LOWER = 7
export const WEEK52_HIGH = 8
export const WEEK52_LOW = 9
export const LTQ = 10
export const VOLUME = 11
export const TOTAL_BUY = 12
export const TOTAL_SELL = 13
export const OI = 14
export const LTT = 15
export const FEED_TIME = 16
/** Of each side: five prices, five quantities, five counts of orders. */
export const BUY = 17
export const LEVELS = 5
export const SELL = BUY + 3 * LEVELS
export const SLOTS = SELL + 3 * LEVELS

/**
 * The keys by their places. `i_total_open_interest` is not among them: it is the open interest of the underlying, and is
 * sent for shares and indices too.
 */
export const keys = [
  "i_last_traded_price",
  "i_open_price",
  "i_high_price",
  "i_low_price",
  "i_closing_price",
  "i_average_trade_price",
  "i_upper_circuit_limit",
  "i_lower_circuit_limit",
  "i_yearly_high_price",
  "i_yearly_low_price",
  "i_last_trade_quantity",
  "i_volume_traded_today",
  "i_total_buy_quantity",
  "i_total_sell_quantity",
  "i_open_interest",
  "i_last_trade_time",
  "i_feed_time"
] as const

/** Sent beside `i_closing_price`, with the same value. */
export const CLOSE_AGAIN = "close_price"

/** Slots below this hold prices. */
export const FIRST_QUANTITY = LTQ
/** Slots from this to the book hold times, in epoch seconds (whatever the documentation says of milliseconds). */
export const FIRST_TIME = LTT

export const PAISE = 100

/** 2^63 stands for "no value", and is no exact number in JavaScript. */
export const NO_VALUE = 9.2e18

/** What joins instruments in a request, and an exchange with its token. */
export const BETWEEN_SCRIPS = "|"
export const IN_SCRIP = ":"

/** More than any token has. */
export const MAX_TOKEN = 999_999_999_999
