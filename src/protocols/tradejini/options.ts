/**
 * The variant of the tradejini protocol: what the broker's data or the user may choose.
 *
 * - `divisors` (layout.ts): price divisors by segment, merged over the known ones.
 */
import type { CodecOptions } from "../protocol.ts"
import { divisorsOf, numericCodes } from "../kit/variant.ts"
import { DIVISORS } from "./layout.ts"

export interface TradejiniOptions {
  /** By segment; segments that are not in here are unknown. */
  readonly divisors: ReadonlyMap<number, number>
  /** By common exchange. */
  readonly codes: Readonly<Record<string, number>>
}

/** @throws InvalidVariant naming the choice that is wrong */
export const tradejiniOptions = ({ codes, variant }: CodecOptions): TradejiniOptions => ({
  divisors: divisorsOf("tradejini", variant, DIVISORS),
  codes: numericCodes("tradejini", codes)
})
