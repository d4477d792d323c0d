/**
 * Noren frames to ticks: fields into a picture, a picture into a tick.
 *
 * A snapshot is one array of numbers, with NaN for what was never told. A delta overwrites what it carries; a text that
 * is no number (`-`, nothing at all) overwrites nothing.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Depth, Level, Tick, TickDraft } from "../../market/tick.ts"
import type { Fields } from "./fields.ts"
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
  WEEK52_LOW
} from "./layout.ts"
import type { Channel } from "./layout.ts"

export type Snapshot = Float64Array

export const emptySnapshot = (): Snapshot => new Float64Array(SLOTS).fill(NaN)

/** What a feed has told of a scrip. */
export interface ScripState {
  readonly snapshot: Snapshot
  /** The snapshot's book as the last tick had it: levels that do not change are the same objects in the next one. */
  book: Depth | undefined
}

export const emptyScripState = (): ScripState => ({ snapshot: emptySnapshot(), book: undefined })

export const forget = (picture: ScripState): void => {
  picture.snapshot.fill(NaN)
  picture.book = undefined
}

/** For each field of the book the bit of its level: five of buyers, five of sellers. */
const levelBits = Int16Array.from({ length: SLOTS }, (_, slot) =>
  slot < BUY ? 0 : 1 << (((slot - BUY) % LEVELS) + (slot < SELL ? 0 : LEVELS))
)

/** @returns which levels of the book are told anew, as bits */
export const merge = ({ snapshot }: ScripState, { count, slots, values }: Fields): number => {
  let levels = 0
  for (let i = 0; i < count; i++) {
    const slot = slots[i]!
    snapshot[slot] = values[i]!
    levels |= levelBits[slot]!
  }
  return levels
}

/**
 * The whole picture as a tick. A touchline has no book, however many of its keys look like one.
 *
 * The best bid and ask of the touchline stay untold: alone they are no book.
 *
 * @param levels of the book that have changed since the last tick, as bits
 */
export const toTick = (
  picture: ScripState,
  levels: number,
  feed: Channel,
  instrument: WireInstrument,
  receivedAt: number
): Tick => {
  const s = picture.snapshot
  if (feed !== DEPTH) return touchlineTick(s, instrument, receivedAt)
  if (picture.book === undefined && (anyOf(s, BUY) || anyOf(s, SELL))) {
    picture.book = { buy: sideOf(s, BUY), sell: sideOf(s, SELL) }
  } else if (picture.book !== undefined && levels !== 0) {
    const { buy, sell } = picture.book
    picture.book = { buy: renewed(buy, s, BUY, levels), sell: renewed(sell, s, SELL, levels >> LEVELS) }
  }
  return depthTick(s, picture.book, instrument, receivedAt)
}

/**
 * One literal for the everyday case, in which everything is told: fields that are added one by one move the whole object
 * again and again.
 */
const touchlineTick = (s: Snapshot, { exchange, symbol }: WireInstrument, received_time: number): Tick => {
  const ft = s[FT]!
  if (ft > 0 && isTold(s[VOLUME]!) && arePrices(s, LP, AVERAGE)) {
    const tick: TickDraft = {
      symbol,
      exchange,
      mode: "quote",
      received_time,
      exchange_time: Math.round(ft * 1000),
      ltp: s[LP]!,
      open: s[OPEN]!,
      high: s[HIGH]!,
      low: s[LOW]!,
      close: s[CLOSE]!,
      volume: s[VOLUME]!,
      average_price: s[AVERAGE]!
    }
    if (isTold(s[OI]!)) tick.oi = s[OI]!
    return tick
  }
  const tick: TickDraft = { symbol, exchange, mode: isQuote(s) ? "quote" : "ltp", received_time }
  putTouchline(tick, s)
  return tick
}

const depthTick = (
  s: Snapshot,
  depth: Depth | undefined,
  { exchange, symbol }: WireInstrument,
  received_time: number
): Tick => {
  const ft = s[FT]!
  const ltt = tradeTime(ft, s[LTT]!)
  const counted = isTold(s[VOLUME]! + s[LTQ]! + s[TOTAL_BUY]! + s[TOTAL_SELL]! + ltt)
  if (depth !== undefined && counted && arePrices(s, LP, AVERAGE) && arePrices(s, UPPER, WEEK52_LOW)) {
    const tick: TickDraft = {
      symbol,
      exchange,
      mode: "depth",
      received_time,
      exchange_time: Math.round(ft * 1000),
      ltt,
      ltp: s[LP]!,
      ltq: s[LTQ]!,
      open: s[OPEN]!,
      high: s[HIGH]!,
      low: s[LOW]!,
      close: s[CLOSE]!,
      volume: s[VOLUME]!,
      average_price: s[AVERAGE]!,
      total_buy_quantity: s[TOTAL_BUY]!,
      total_sell_quantity: s[TOTAL_SELL]!,
      upper_circuit: s[UPPER]!,
      lower_circuit: s[LOWER]!,
      week52_high: s[WEEK52_HIGH]!,
      week52_low: s[WEEK52_LOW]!,
      depth
    }
    if (isTold(s[OI]!)) tick.oi = s[OI]!
    return tick
  }
  const mode = depth !== undefined ? "depth" : isQuote(s) ? "quote" : "ltp"
  const tick: TickDraft = { symbol, exchange, mode, received_time }
  putTouchline(tick, s)
  if (isTold(ltt)) tick.ltt = ltt
  if (isTold(s[LTQ]!)) tick.ltq = s[LTQ]!
  if (isTold(s[TOTAL_BUY]!)) tick.total_buy_quantity = s[TOTAL_BUY]!
  if (isTold(s[TOTAL_SELL]!)) tick.total_sell_quantity = s[TOTAL_SELL]!
  if (isPrice(s[UPPER]!)) tick.upper_circuit = s[UPPER]!
  if (isPrice(s[LOWER]!)) tick.lower_circuit = s[LOWER]!
  if (isPrice(s[WEEK52_HIGH]!)) tick.week52_high = s[WEEK52_HIGH]!
  if (isPrice(s[WEEK52_LOW]!)) tick.week52_low = s[WEEK52_LOW]!
  if (depth !== undefined) tick.depth = depth
  return tick
}

const putTouchline = (tick: TickDraft, s: Snapshot): void => {
  const ft = s[FT]!
  if (ft > 0) tick.exchange_time = Math.round(ft * 1000)
  if (isPrice(s[LP]!)) tick.ltp = s[LP]!
  if (isPrice(s[OPEN]!)) tick.open = s[OPEN]!
  if (isPrice(s[HIGH]!)) tick.high = s[HIGH]!
  if (isPrice(s[LOW]!)) tick.low = s[LOW]!
  if (isPrice(s[CLOSE]!)) tick.close = s[CLOSE]!
  if (isTold(s[VOLUME]!)) tick.volume = s[VOLUME]!
  if (isPrice(s[AVERAGE]!)) tick.average_price = s[AVERAGE]!
  if (isTold(s[OI]!)) tick.oi = s[OI]!
}

const isTold = (n: number): boolean => n === n

/** Zero is no price. */
const isPrice = (n: number): boolean => n === n && n !== 0

/** Of neighbouring fields. */
const arePrices = (s: Snapshot, from: number, to: number): boolean => {
  for (let slot = from; slot <= to; slot++) if (!isPrice(s[slot]!)) return false
  return true
}

const isQuote = (s: Snapshot): boolean =>
  isTold(s[OPEN]!) || isTold(s[HIGH]!) || isTold(s[LOW]!) || isTold(s[CLOSE]!) || isTold(s[VOLUME]!)

/** Whether a side has any price at all. */
const anyOf = (s: Snapshot, side: number): boolean => {
  for (let i = 0; i < LEVELS; i++) if (isTold(s[side + i]!)) return true
  return false
}

/** How far the two clocks may differ before a trade is held to be of another day. */
const TOLERANCE_SECONDS = 60

/**
 * The trade's clock has no date: the feed's is taken, unless the trade would lie in its future. NaN where either is not
 * told.
 */
const tradeTime = (ft: number, clock: number): number => {
  const midnight = Math.floor((ft + IST_SECONDS) / DAY_SECONDS) * DAY_SECONDS - IST_SECONDS
  return ft > 0 && midnight + clock <= ft + TOLERANCE_SECONDS ? (midnight + clock) * 1000 : NaN
}

/** Five levels, best first. */
const sideOf = (s: Snapshot, side: number): ReadonlyArray<Level> => [
  levelOf(s, side),
  levelOf(s, side + 1),
  levelOf(s, side + 2),
  levelOf(s, side + 3),
  levelOf(s, side + 4)
]

/** @param levels bits of those that have changed */
const renewed = (
  rows: ReadonlyArray<Level>,
  s: Snapshot,
  side: number,
  levels: number
): ReadonlyArray<Level> => {
  if ((levels & ALL_LEVELS) === 0) return rows
  const next = rows.slice()
  for (let i = 0; i < LEVELS; i++) if ((levels & (1 << i)) !== 0) next[i] = levelOf(s, side + i)
  return next
}

const ALL_LEVELS = (1 << LEVELS) - 1

/** NaN is falsy: what was not told is 0. */
const levelOf = (s: Snapshot, at: number): Level => ({
  price: s[at]! || 0,
  quantity: s[at + LEVELS]! || 0,
  orders: s[at + 2 * LEVELS]! || 0
})
