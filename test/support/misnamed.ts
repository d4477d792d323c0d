import type { Tick } from "../../src/market/tick.ts"

/**
 * Depth is what has a book, and a book with levels is depth. An empty one may come with a quote: that there is none any more.
 *
 * @returns what is wrong; undefined for a tick whose mode and book agree
 */
export const misnamed = ({ depth, exchange, mode, symbol }: Tick): string | undefined => {
  const what = `${exchange}:${symbol} is ${mode}`
  if (depth === undefined) return mode === "depth" ? `${what} without a book` : undefined
  const levels = [...depth.buy, ...depth.sell].filter((l) => l.price !== 0 || l.quantity !== 0)
  return mode !== "depth" && levels.length > 0 ? `${what} with a book of ${levels.length} levels` : undefined
}
