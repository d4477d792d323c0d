/**
 * Compares decoded ticks with the expected ones.
 *
 * Every key of an expected tick must be there. The decoded one may have more. Prices may differ by a relative 1e-9,
 * and an expected price of 0 is an absent one (nothing trades at 0). All else is exact, a quantity of 0 included.
 * Depth levels without price and quantity are left out on both sides.
 */
import { isObject } from "../kit/isObject.ts"
import type { Level, Tick } from "../market/tick.ts"
import { fieldsOf, tickFields } from "../market/tickFields.ts"

const TOLERANCE = 1e-9

const prices: ReadonlySet<string> = new Set(
  Object.values(tickFields)
    .flatMap(fieldsOf)
    .flatMap(([name, { kind }]) => (kind === "price" ? [name] : []))
)

type Expected = Readonly<Record<string, unknown>>

/** The first difference as text, or undefined. */
export const difference = (
  ticks: ReadonlyArray<Tick>,
  expected: ReadonlyArray<Expected>
): string | undefined => {
  if (ticks.length !== expected.length) return `expected ${expected.length} ticks, got ${ticks.length}`
  for (const [i, want] of expected.entries()) {
    const got = ticks[i] as unknown as Expected
    for (const [key, value] of Object.entries(want)) {
      const where = `tick ${i + 1}, ${key}`
      const found =
        key === "depth"
          ? bookDifference(where, got[key], value)
          : fieldDifference(where, key, got[key], value)
      if (found !== undefined) return found
    }
  }
  return undefined
}

const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value))

const fieldDifference = (where: string, key: string, got: unknown, want: unknown): string | undefined => {
  const same = prices.has(key) ? samePrice(got, want) : Object.is(got, want)
  return same ? undefined : `${where}: expected ${show(want)}, got ${show(got)}`
}

const samePrice = (got: unknown, want: unknown): boolean => {
  if (want === 0) return got === undefined || got === 0
  if (typeof got !== "number" || typeof want !== "number") return false
  return Math.abs(got - want) <= TOLERANCE * Math.abs(want)
}

const bookDifference = (where: string, got: unknown, want: unknown): string | undefined => {
  for (const side of ["buy", "sell"] as const) {
    const wanted = sideOf(want, side)
    const found = sideOf(got, side)
    if (wanted === undefined) {
      if (isObject(want) && !(side in want)) continue
      return `${where}: the expected book has no readable ${side} side`
    }
    if (found === undefined) return `${where}: expected a book, got ${show(got)}`
    if (found.length !== wanted.length) {
      return `${where}.${side}: expected ${wanted.length} levels, got ${found.length}`
    }
    for (const [i, level] of wanted.entries()) {
      if (!sameLevel(found[i]!, level)) {
        return `${where}.${side}, level ${i + 1}: expected ${show(level)}, got ${show(found[i])}`
      }
    }
  }
  return undefined
}

const sameLevel = (got: Partial<Level>, want: Partial<Level>): boolean =>
  samePrice(got.price, want.price) &&
  got.quantity === want.quantity &&
  (want.orders === undefined || got.orders === want.orders)

/** The levels that are not empty. */
const sideOf = (book: unknown, side: "buy" | "sell"): ReadonlyArray<Partial<Level>> | undefined => {
  const levels = isObject(book) ? book[side] : undefined
  if (!Array.isArray(levels) || !levels.every(isObject)) return undefined
  return (levels as ReadonlyArray<Partial<Level>>).filter(
    (l) => (l.price ?? 0) !== 0 || (l.quantity ?? 0) !== 0
  )
}
