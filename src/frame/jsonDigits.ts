/** Decimal digits of a text, four at a time. */

/**
 * Four characters as the values of digits, a byte each. A sum with this has a byte's top bit wherever there is none.
 * (A byte that is not ASCII may carry into the digit before it. That digit is then none, and what follows it no comma.)
 */
export const DIGITS = 0x30303030
const BEYOND_NINE = 0x76767676
const TOP_BITS = 0x80808080

/** How many of the four begin the word. */
export const digitsIn = (word: number): number => Math.clz32(((word + BEYOND_NINE) | word) & TOP_BITS) >> 3

/** The number that the first `count` digits make. `count` is at least 1. */
export const valueOf = (word: number, count: number): number => {
  const right = word >>> ((4 - count) << 3)
  const pairs = ((right >>> 8) & 0xff00ff) * 10 + (right & 0xff00ff)
  return (pairs >>> 16) * 100 + (pairs & 0xffff)
}
