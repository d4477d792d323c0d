/** The order book of one simulated instrument: as many levels a side as the market keeps, rewritten in place. */
import { toRupees } from "./listing.ts"
import type { Listing } from "./listing.ts"
import type { Random } from "./random.ts"
import type { Level } from "../market/tick.ts"

/** What the market keeps unless a broker serves more; poorer packets take the first five. */
export const BOOK_LEVELS = 20

export type MutableLevel = { -readonly [K in keyof Level]: Level[K] }

export const emptySide = (levels: number): Array<MutableLevel> =>
  Array.from({ length: levels }, () => ({ price: 0, quantity: 0, orders: 0 }))

/**
 * Writes one side, best price first, from the step `best` outwards in the direction `step` (-1 buy, +1 sell).
 * Levels beyond `limit`, the edge of the price band, stay empty: zeros, as brokers send them.
 *
 * @returns the quantity on all levels
 */
export const fillSide = (
  side: ReadonlyArray<MutableLevel>,
  listing: Listing,
  best: number,
  step: -1 | 1,
  limit: number,
  random: Random
): number => {
  let total = 0
  let at = best
  for (let i = 0; i < side.length; i++) {
    const level = side[i] as MutableLevel
    if (step < 0 ? at < limit : at > limit) {
      level.price = 0
      level.quantity = 0
      level.orders = 0
      continue
    }
    const draw = random.bits()
    // Deeper levels hold more, and every order at least one unit.
    const units = 1 + (((draw & 0xffff) * (24 + 8 * i)) >>> 16)
    level.price = toRupees(listing, at)
    level.quantity = units * listing.quantityUnit
    level.orders = 1 + (((draw >>> 16) * Math.min(units, 40)) >>> 16)
    total += level.quantity
    // One level in eight is missing from the ladder, so that prices are not evenly spaced.
    at += (draw & 0x70000) === 0 ? 2 * step : step
  }
  return total
}
