/**
 * Firstock's objects to ticks: keys into a snapshot, a snapshot into a tick.
 *
 * A snapshot is one array of numbers, with NaN for what was never told. An object overwrites what it carries; levels of
 * the book are merged by their place, and an empty one is an unchanged one.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { isObject } from "../kit/text.ts"
import {
  AVERAGE,
  BUY,
  CLOSE,
  CLOSE_AGAIN,
  FEED_TIME,
  FIRST_QUANTITY,
  FIRST_TIME,
  HIGH,
  LEVELS,
  LOW,
  LOWER,
  LTP,
  LTQ,
  LTT,
  NO_VALUE,
  OI,
  OPEN,
  PAISE,
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

export type Snapshot = Float64Array

const indexOfKey: ReadonlyMap<string, number> = new Map([
  ...keys.map((key, slot) => [key, slot] as const),
  [CLOSE_AGAIN, CLOSE]
])

export const emptySnapshot = (): Snapshot => new Float64Array(SLOTS).fill(NaN)

/** A number, or NaN for no value. A number in quotes is one too. */
const numberIn = (value: unknown): number => {
  const n =
    typeof value === "number"
      ? value
      : typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value)
        ? Number(value)
        : NaN
  return n < NO_VALUE && n > -NO_VALUE ? n : NaN
}

/** @returns how many values the object told */
export const merge = (into: Snapshot, object: Readonly<Record<string, unknown>>): number => {
  let taken = 0
  for (const key in object) {
    const slot = indexOfKey.get(key)
    if (slot === undefined) continue
    const n = numberIn(object[key])
    // Zero is a quantity, but no price and no time.
    if (n !== n || (n === 0 && (slot < FIRST_QUANTITY || slot >= FIRST_TIME))) continue
    // Prices come with the noise of floats: 125190.00000000001.
    into[slot] = slot < FIRST_QUANTITY ? Math.round(n) / PAISE : n
    taken++
  }
  return taken + mergeSide(into, BUY, object["best_buy"]) + mergeSide(into, SELL, object["best_sell"])
}

/** A level that is cleared comes as zeros, which are values here. */
const mergeSide = (into: Snapshot, side: number, levels: unknown): number => {
  if (!Array.isArray(levels)) return 0
  let taken = 0
  const count = Math.min(levels.length, LEVELS)
  for (let i = 0; i < count; i++) {
    const level: unknown = levels[i]
    if (!isObject(level)) continue
    const price = numberIn(level["price"])
    const quantity = numberIn(level["quantity"])
    const orders = numberIn(level["orders"])
    if (price === price) {
      into[side + i] = Math.round(price) / PAISE
      taken++
    }
    if (quantity === quantity) {
      into[side + LEVELS + i] = quantity
      taken++
    }
    if (orders === orders) {
      into[side + 2 * LEVELS + i] = orders
      taken++
    }
  }
  return taken
}

/**
 * The whole snapshot as a tick. Its mode is depth while any level has a price; a book that has been told and is empty now
 * stays in it, so that its readers see it empty.
 */
export const toTick = (s: Snapshot, { exchange, symbol }: WireInstrument, received_time: number): Tick => {
  const book = Math.max(bookOf(s, BUY), bookOf(s, SELL))
  const tick: TickDraft = {
    symbol,
    exchange,
    mode: book === FILLED ? "depth" : isQuote(s) ? "quote" : "ltp",
    received_time
  }
  if (isTold(s[FEED_TIME]!)) tick.exchange_time = s[FEED_TIME]! * 1000
  if (isTold(s[LTT]!)) tick.ltt = s[LTT]! * 1000
  if (isTold(s[LTP]!)) tick.ltp = s[LTP]!
  if (isTold(s[LTQ]!)) tick.ltq = s[LTQ]!
  if (isTold(s[OPEN]!)) tick.open = s[OPEN]!
  if (isTold(s[HIGH]!)) tick.high = s[HIGH]!
  if (isTold(s[LOW]!)) tick.low = s[LOW]!
  if (isTold(s[CLOSE]!)) tick.close = s[CLOSE]!
  if (isTold(s[VOLUME]!)) tick.volume = s[VOLUME]!
  if (isTold(s[AVERAGE]!)) tick.average_price = s[AVERAGE]!
  if (isTold(s[TOTAL_BUY]!)) tick.total_buy_quantity = s[TOTAL_BUY]!
  if (isTold(s[TOTAL_SELL]!)) tick.total_sell_quantity = s[TOTAL_SELL]!
  if (isTold(s[OI]!)) tick.oi = s[OI]!
  if (isTold(s[UPPER]!)) tick.upper_circuit = s[UPPER]!
  if (isTold(s[LOWER]!)) tick.lower_circuit = s[LOWER]!
  if (isTold(s[WEEK52_HIGH]!)) tick.week52_high = s[WEEK52_HIGH]!
  if (isTold(s[WEEK52_LOW]!)) tick.week52_low = s[WEEK52_LOW]!
  if (book !== UNTOLD) tick.depth = { buy: sideOf(s, BUY), sell: sideOf(s, SELL) }
  return tick
}

const isTold = (n: number): boolean => n === n

const isQuote = (s: Snapshot): boolean =>
  isTold(s[OPEN]!) || isTold(s[HIGH]!) || isTold(s[LOW]!) || isTold(s[CLOSE]!) || isTold(s[VOLUME]!)

const UNTOLD = 0
const EMPTY = 1
const FILLED = 2

const bookOf = (s: Snapshot, side: number): number => {
  let found = UNTOLD
  for (let i = 0; i < LEVELS; i++) {
    const price = s[side + i]!
    if (price > 0) return FILLED
    if (price === 0) found = EMPTY
  }
  return found
}

/** Five levels, best first. */
const sideOf = (s: Snapshot, side: number): ReadonlyArray<Level> => [
  levelOf(s, side),
  levelOf(s, side + 1),
  levelOf(s, side + 2),
  levelOf(s, side + 3),
  levelOf(s, side + 4)
]

/** A level without a price is empty, whatever else is left of it. NaN is falsy: what was not told is 0. */
const levelOf = (s: Snapshot, at: number): Level => {
  const price = s[at]! || 0
  return price === 0
    ? { price, quantity: 0, orders: 0 }
    : { price, quantity: s[at + LEVELS]! || 0, orders: s[at + 2 * LEVELS]! || 0 }
}
