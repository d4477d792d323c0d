/** How a tick is compared with what the simulated market holds, allowing for what wires cannot say. */
import type { Level, Tick } from "../../src/market/tick.ts"

/** Not taken from the market. */
const own: ReadonlySet<string> = new Set(["symbol", "exchange", "mode", "received_time", "depth"])
const times: ReadonlySet<string> = new Set(["exchange_time", "ltt"])

/** Wires with 32-bit floats keep about seven digits. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b))

const filled = (side: ReadonlyArray<Level>): ReadonlyArray<Level> =>
  side.filter((l) => l.price !== 0 || l.quantity !== 0)

/**
 * Where a tick differs from the market's state; empty when it does not.
 *
 * Whole seconds are enough for a time, an absent quantity may arrive as zero, and a wire without order counts has
 * none in any level.
 *
 * @param levels that the tick must have, as far as the market fills them; 0: no book is asked for
 */
export const disagreements = (tick: Tick, state: Tick, levels: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const [field, value] of Object.entries(tick)) {
    if (own.has(field)) continue
    const held = state[field as keyof Tick] as number | undefined
    if (typeof value !== "number") continue
    const equal = times.has(field)
      ? held !== undefined && Math.abs(held - value) < 1000
      : near(value, held ?? 0)
    if (!equal) found.push(`${field} is ${value}, the market's ${String(held)}`)
  }
  if (tick.ltp === undefined && state.ltp !== undefined) found.push("no ltp")
  if (tick.symbol !== state.symbol || tick.exchange !== state.exchange) found.push("another instrument")
  if (levels > 0 && tick.depth === undefined) found.push("no book")
  if (tick.depth === undefined || state.depth === undefined) return found
  for (const side of ["buy", "sell"] as const) {
    const theirs = filled(tick.depth[side])
    const all = filled(state.depth[side])
    const most = tick.depth[side].length
    if (theirs.length !== Math.min(all.length, most)) found.push(`${side} has ${theirs.length} levels`)
    if (theirs.length < Math.min(all.length, levels)) found.push(`${side} has fewer than ${levels} levels`)
    const counts = theirs.some((l) => l.orders !== 0)
    for (const [i, { orders, price, quantity }] of theirs.entries()) {
      const held = all[i]
      if (held === undefined) break
      if (!near(price, held.price)) found.push(`${side} ${i} price is ${price}, the market's ${held.price}`)
      if (quantity !== held.quantity)
        found.push(`${side} ${i} quantity is ${quantity}, the market's ${held.quantity}`)
      if (counts && orders !== held.orders)
        found.push(`${side} ${i} orders are ${orders}, the market's ${held.orders}`)
    }
  }
  return found
}
