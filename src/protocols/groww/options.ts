/**
 * The variant of the groww protocol: what the broker's data or the user may choose.
 *
 * - `detailedDivisor` (1): what the prices of `price_detailed` are divided by. The official samples have rupees, as in
 *   `price`; one third-party client divides by 100. UNCONFIRMED on the live feed.
 */
import type { CodecOptions } from "../protocol.ts"
import { countOf } from "../kit/variant.ts"

export interface GrowwOptions {
  readonly detailedDivisor: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const growwOptions = ({ variant }: CodecOptions): GrowwOptions => ({
  detailedDivisor: countOf("groww", variant, "detailedDivisor", 1)
})
