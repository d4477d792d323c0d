/**
 * The variant of the deltaexchange protocol: what the broker's data or the user may choose.
 *
 * - `booksPerFrame` (1): symbols of the channel ob_l2 in one request. More were seen to be refused; the documentation
 *   does not say so (UNCONFIRMED). The simulator's side refuses more as well.
 */
import type { CodecOptions } from "../protocol.ts"
import { countOf } from "../kit/variant.ts"

export interface DeltaOptions {
  readonly booksPerFrame: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const deltaOptions = ({ variant }: CodecOptions): DeltaOptions => ({
  booksPerFrame: countOf("deltaexchange", variant, "booksPerFrame", 1)
})
