/**
 * The variant of the pocketful protocol: what the broker's data or the user may choose.
 *
 * - `divisors` (layout.ts): price divisors by exchange code, merged over the known ones. Currency's is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { divisorsOf, numericCodes } from "../kit/variant.ts"
import { DIVISORS } from "./layout.ts"

export interface PocketfulOptions {
  /** By exchange code; codes that are not in here are unknown. */
  readonly divisors: ReadonlyMap<number, number>
  /** By common exchange. */
  readonly codes: Readonly<Record<string, number>>
}

/** @throws InvalidVariant naming the choice that is wrong */
export const pocketfulOptions = ({ codes, variant }: CodecOptions): PocketfulOptions => ({
  divisors: divisorsOf("pocketful", variant, DIVISORS),
  codes: numericCodes("pocketful", codes)
})
