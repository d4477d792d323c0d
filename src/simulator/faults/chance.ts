/** Chance that repeats: a generator for each fault and connection, so that neither disturbs the other's draws. */
import { makeRandom } from "../random.ts"
import type { Random } from "../random.ts"

const mixed = (...parts: ReadonlyArray<number>): number => {
  let hash = 0x811c9dc5
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 0x01000193)
    hash ^= hash >>> 15
  }
  return hash | 0
}

export const randomOf = (...parts: ReadonlyArray<number>): Random => makeRandom(mixed(...parts))

/** 0 (included) to 1 (excluded), the same whenever it is asked. */
export const drawOf = (text: string, ...parts: ReadonlyArray<number>): number => {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return makeRandom(mixed(hash, ...parts)).unit()
}

/** A whole number, `least` and `most` included. */
export const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random.unit() * (Math.max(most, least) - least + 1))
