/**
 * Noren frames to ticks: fields into a snapshot, a snapshot into a tick.
 *
 * A snapshot is one array of numbers, with NaN for what was never told. A delta overwrites what it carries; a text that
 * is no number (`-`, nothing at all) overwrites nothing.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import {
  AVERAGE,
  BUY,
  CLOSE,
  DAY_SECONDS,
  DEPTH,
  FT,
  HIGH,
  IST_SECONDS,
  LEVELS,
  LOW,
  LOWER,
  LP,
  LTQ,
  LTT,
  OI,
  OPEN,
  SELL,
  SLOTS,
  TOTAL_BUY,
  TOTAL_SELL,
  UPPER,
  VOLUME,
  WEEK52_HIGH,
  WEEK52_LOW,
  keys
} from "./layout.ts"
import type { Feed } from "./layout.ts"

export type Snapshot = Float64Array

const slotOf: ReadonlyMap<string, number> = new Map(keys.map((key, slot) => [key, slot]))

export const emptySnapshot = (): Snapshot => new Float64Array(SLOTS).fill(NaN)

export interface Merged {
  /** Fields that told something. */
  taken: number
  /** Fields that should have been numbers and are not. */
  bad: number
}

const ZERO = 48
const NINE = 57

/** The number that a field tells; NaN where it tells none. */
const numberIn = (value: unknown): number => {
  if (typeof value === "number") return Number.isFinite(value) ? value : NaN
  // Number() would take `0x10` for 16, and blanks for 0.
  if (typeof value !== "string" || (value.charCodeAt(0) === ZERO && value.charCodeAt(1) > NINE)) return NaN
  const n = Number(value)
  if (n === 0) return value.includes("0") ? 0 : NaN
  return Number.isFinite(n) ? n : NaN
}

/** `13:58:37` as seconds of the day. Midnight stands for "no trade yet". */
const clockIn = (value: unknown): number => {
  if (typeof value !== "string") return NaN
  const parts = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(value)
  if (parts === null) return NaN
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3])
  return seconds === 0 ? NaN : seconds
}

/** The ways in which a wire says that there is no value. */
const isNone = (value: unknown): boolean => value === null || value === "" || value === "-"

/** @param result is overwritten */
export const merge = (into: Snapshot, message: Readonly<Record<string, unknown>>, result: Merged): void => {
  result.taken = 0
  result.bad = 0
  for (const key in message) {
    const slot = slotOf.get(key)
    if (slot === undefined) continue
    const value = message[key]
    const n = slot === LTT ? clockIn(value) : numberIn(value)
    if (n === n) {
      into[slot] = n
      result.taken++
    } else if (!isNone(value)) result.bad++
  }
}

/**
 * The whole snapshot as a tick. A touchline has no book, however many of its keys look like one.
 *
 * The best bid and ask of the touchline stay untold: alone they are no book.
 */
export const toTick = (
  s: Snapshot,
  feed: Feed,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => {
  const deep = feed === DEPTH
  const hasBook = deep && (anyOf(s, BUY) || anyOf(s, SELL))
  const tick: TickDraft = {
    symbol,
    exchange,
    mode: hasBook ? "depth" : isQuote(s) ? "quote" : "ltp",
    received_time
  }
  const ft = s[FT]!
  if (ft > 0) {
    tick.exchange_time = Math.round(ft * 1000)
    if (deep) putTradeTime(tick, ft, s[LTT]!)
  }
  const ltp = s[LP]!
  if (isPrice(ltp)) tick.ltp = ltp
  if (deep && isTold(s[LTQ]!)) tick.ltq = s[LTQ]!
  if (isPrice(s[OPEN]!)) tick.open = s[OPEN]!
  if (isPrice(s[HIGH]!)) tick.high = s[HIGH]!
  if (isPrice(s[LOW]!)) tick.low = s[LOW]!
  if (isPrice(s[CLOSE]!)) tick.close = s[CLOSE]!
  if (isTold(s[VOLUME]!)) tick.volume = s[VOLUME]!
  if (isPrice(s[AVERAGE]!)) tick.average_price = s[AVERAGE]!
  if (isTold(s[OI]!)) tick.oi = s[OI]!
  if (!deep) return tick
  if (isTold(s[TOTAL_BUY]!)) tick.total_buy_quantity = s[TOTAL_BUY]!
  if (isTold(s[TOTAL_SELL]!)) tick.total_sell_quantity = s[TOTAL_SELL]!
  if (isPrice(s[UPPER]!)) tick.upper_circuit = s[UPPER]!
  if (isPrice(s[LOWER]!)) tick.lower_circuit = s[LOWER]!
  if (isPrice(s[WEEK52_HIGH]!)) tick.week52_high = s[WEEK52_HIGH]!
  if (isPrice(s[WEEK52_LOW]!)) tick.week52_low = s[WEEK52_LOW]!
  if (hasBook) tick.depth = { buy: sideOf(s, BUY), sell: sideOf(s, SELL) }
  return tick
}

const isTold = (n: number): boolean => n === n

/** Zero is no price. */
const isPrice = (n: number): boolean => n === n && n !== 0

const isQuote = (s: Snapshot): boolean =>
  isTold(s[OPEN]!) || isTold(s[HIGH]!) || isTold(s[LOW]!) || isTold(s[CLOSE]!) || isTold(s[VOLUME]!)

/** Whether a side has any price at all. */
const anyOf = (s: Snapshot, side: number): boolean => {
  for (let i = 0; i < LEVELS; i++) if (isTold(s[side + i]!)) return true
  return false
}

/** How far the two clocks may differ before a trade is held to be of another day. */
const TOLERANCE_SECONDS = 60

/** The trade's clock has no date: the feed's is taken, unless the trade would lie in its future. */
const putTradeTime = (tick: TickDraft, ft: number, clock: number): void => {
  const midnight = Math.floor((ft + IST_SECONDS) / DAY_SECONDS) * DAY_SECONDS - IST_SECONDS
  // False too where there is no clock.
  if (midnight + clock <= ft + TOLERANCE_SECONDS) tick.ltt = (midnight + clock) * 1000
}

/** Five levels, best first. */
const sideOf = (s: Snapshot, side: number): ReadonlyArray<Level> => [
  levelOf(s, side),
  levelOf(s, side + 1),
  levelOf(s, side + 2),
  levelOf(s, side + 3),
  levelOf(s, side + 4)
]

/** NaN is falsy: what was not told is 0. */
const levelOf = (s: Snapshot, at: number): Level => ({
  price: s[at]! || 0,
  quantity: s[at + LEVELS]! || 0,
  orders: s[at + 2 * LEVELS]! || 0
})
