/** Market states to Firstock's objects: whole ones, or by what changed. Prices are whole paise. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { Snapshot } from "./decode.ts"
import { emptySnapshot } from "./decode.ts"
import {
  AVERAGE,
  BUY,
  CLOSE,
  CLOSE_AGAIN,
  FEED_TIME,
  HIGH,
  LEVELS,
  LOW,
  LOWER,
  LTP,
  LTQ,
  LTT,
  OI,
  OPEN,
  PAISE,
  SELL,
  TOTAL_BUY,
  TOTAL_SELL,
  UPPER,
  VOLUME,
  WEEK52_HIGH,
  WEEK52_LOW,
  keys
} from "./layout.ts"

const paise = (rupees: number | undefined): number | undefined =>
  rupees === undefined ? undefined : Math.round(rupees * PAISE)

const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.floor(ms / 1000)

/** In the units of the wire. Only contracts have an open interest. */
export const snapshotOf = (tick: Tick, { exchange }: WireInstrument): Snapshot => {
  const s = emptySnapshot()
  const put = (slot: number, value: number | undefined): void => {
    if (value !== undefined) s[slot] = value
  }
  put(LTP, paise(tick.ltp))
  put(OPEN, paise(tick.open))
  put(HIGH, paise(tick.high))
  put(LOW, paise(tick.low))
  put(CLOSE, paise(tick.close))
  put(AVERAGE, paise(tick.average_price))
  put(UPPER, paise(tick.upper_circuit))
  put(LOWER, paise(tick.lower_circuit))
  put(WEEK52_HIGH, paise(tick.week52_high))
  put(WEEK52_LOW, paise(tick.week52_low))
  put(LTQ, tick.ltq)
  put(VOLUME, tick.volume)
  put(TOTAL_BUY, tick.total_buy_quantity)
  put(TOTAL_SELL, tick.total_sell_quantity)
  if (exchange === "NFO" || exchange === "BFO") put(OI, tick.oi)
  put(LTT, seconds(tick.ltt) ?? 0)
  put(FEED_TIME, seconds(tick.exchange_time))
  if (tick.depth !== undefined) {
    putSide(s, BUY, tick.depth.buy)
    putSide(s, SELL, tick.depth.sell)
  }
  return s
}

const putSide = (s: Snapshot, side: number, levels: ReadonlyArray<Level>): void => {
  for (let i = 0; i < LEVELS; i++) {
    const level = levels[i]
    s[side + i] = paise(level?.price) ?? 0
    s[side + LEVELS + i] = level?.quantity ?? 0
    s[side + 2 * LEVELS + i] = level?.orders ?? 0
  }
}

type Json = Record<string, unknown>

/**
 * @param sent what this connection was told last; absent: everything is told
 * @returns undefined where there is nothing new
 */
export const objectOf = (
  code: string,
  { token }: WireInstrument,
  now: Snapshot,
  sent: Snapshot | undefined
): Json | undefined => {
  const told = sent ?? emptySnapshot()
  let changed = sent === undefined
  const differs = (slot: number): boolean => !Object.is(now[slot], told[slot])
  const buy = sideOf(now, BUY, differs)
  const sell = sideOf(now, SELL, differs)
  const object: Json = { best_buy: buy, best_sell: sell, c_exch_seg: code, c_symbol: token }
  if ([...buy, ...sell].some((level) => Object.keys(level).length > 0)) changed = true
  for (const [slot, key] of keys.entries()) {
    if (!differs(slot)) continue
    changed = true
    // What there is no longer (a new day's open) is zero.
    const value = Number.isNaN(now[slot]) ? 0 : now[slot]!
    object[key] = value
    if (slot === CLOSE) object[CLOSE_AGAIN] = value
  }
  if (!changed) return undefined
  // The underlying's, for shares and indices too: never the contract's own.
  object["i_total_open_interest"] = 1_888_303_535
  return object
}

/** Five levels; one that did not change is empty. */
const sideOf = (now: Snapshot, side: number, differs: (slot: number) => boolean): ReadonlyArray<Json> =>
  Array.from({ length: LEVELS }, (_, i): Json => {
    const at = { price: side + i, quantity: side + LEVELS + i, orders: side + 2 * LEVELS + i }
    return Object.fromEntries(
      Object.entries(at)
        .filter(([, slot]) => differs(slot))
        .map(([key, slot]) => [key, now[slot]])
    )
  })
