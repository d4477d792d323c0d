/**
 * The variant of the nubra protocol: what the broker's data or the user may choose.
 *
 * - `greeks` (true): takes contracts on the greeks channel too, for their open interest. That futures have greeks as
 *   options do is UNCONFIRMED; the index channel's `volume_oi` tells theirs as well, if it is what its name says.
 * - `weightLimit` (50000): the budget that the simulator's side gives a session. How the real server words its refusal is
 *   UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, countOf } from "../kit/variant.ts"

export interface NubraOptions {
  readonly greeks: boolean
  readonly weightLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const nubraOptions = ({ variant }: CodecOptions): NubraOptions => ({
  greeks: booleanOf("nubra", variant, "greeks", true),
  weightLimit: countOf("nubra", variant, "weightLimit", 50_000)
})
