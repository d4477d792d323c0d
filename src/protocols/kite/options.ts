/**
 * The variant of the kite protocol: what the broker's data or the user may choose.
 *
 * - `signedPrices` (true): read prices as signed, as the documentation says (int32). The official Python and Go
 *   SDKs read unsigned, which makes 42 949 672.95 of a price of -1. Whether this
 *   feed ever carries a negative price is UNCONFIRMED.
 * - `divisors` (layout.ts): price divisors by segment, merged over the known ones.
 * - `subscriptionLimit` (3000): instruments that the simulator's side takes on one connection. How the real
 *   server answers past its limit is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, countOf, divisorsOf } from "../kit/variant.ts"
import { DIVISORS } from "./layout.ts"

export interface KiteOptions {
  readonly signedPrices: boolean
  /** By segment; 0 where the segment is unknown. */
  readonly divisors: ReadonlyArray<number>
  readonly subscriptionLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const kiteOptions = ({ variant }: CodecOptions): KiteOptions => {
  const known = divisorsOf("kite", variant, DIVISORS)
  return {
    signedPrices: booleanOf("kite", variant, "signedPrices", true),
    divisors: Array.from({ length: 256 }, (_, segment) => known.get(segment) ?? 0),
    subscriptionLimit: countOf("kite", variant, "subscriptionLimit", 3000)
  }
}
