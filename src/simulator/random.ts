/**
 * A small seeded generator: equal seeds give equal markets on every machine. A counter stepped by an odd constant
 * and scrambled by two multiplications; good enough for prices, not for secrets.
 */
export interface Random {
  /** A whole number, 0 to 2^32 - 1. */
  readonly bits: () => number
  /** 0 (included) to 1 (excluded). */
  readonly unit: () => number
  /** Mean 0, deviation 1, never beyond 3.5: four uniform draws summed. */
  readonly normal: () => number
}

const SCALE = 2 ** -32
const ROOT_3 = Math.sqrt(3)

export const makeRandom = (seed: number): Random => {
  let counter = seed | 0
  const bits = (): number => {
    counter = (counter + 0x9e3779b9) | 0
    let x = counter
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
    x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
    return (x ^ (x >>> 15)) >>> 0
  }
  const unit = (): number => bits() * SCALE
  return { bits, unit, normal: () => (unit() + unit() + unit() + unit() - 2) * ROOT_3 }
}
