/** Draws of one scenario: equal seeds give equal scenarios on every machine. */
import { makeRandom } from "../src/simulator/random.ts"

export interface Chance {
  /** 0 (included) to 1 (excluded). */
  readonly unit: () => number
  /** A whole number, both ends included. */
  readonly between: (least: number, most: number) => number
  readonly odds: (share: number) => boolean
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  readonly weighted: <A extends { readonly weight: number }>(items: ReadonlyArray<A>) => A
  /** So many of them, none twice, in a random order. */
  readonly some: <A>(items: ReadonlyArray<A>, count: number) => ReadonlyArray<A>
}

export const chanceOf = (seed: number, stream: number): Chance => {
  const { unit } = makeRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b))
  const between = (least: number, most: number) => least + Math.floor(unit() * (most - least + 1))
  return {
    unit,
    between,
    odds: (share) => unit() < share,
    pick: (items) => items[between(0, items.length - 1)]!,
    weighted: (items) => {
      let left = unit() * items.reduce((sum, { weight }) => sum + weight, 0)
      return items.find(({ weight }) => (left -= weight) < 0) ?? items.at(-1)!
    },
    some: (items, count) => {
      const rest = [...items]
      return Array.from(
        { length: Math.min(count, rest.length) },
        () => rest.splice(between(0, rest.length - 1), 1)[0]!
      )
    }
  }
}
