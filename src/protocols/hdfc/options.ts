/**
 * The variant of the hdfc protocol: what the broker's data or the user may choose.
 *
 * - `modeChange` (`renew`): how a scrip gets another type. `renew` unsubscribes the old type before it subscribes the new
 *   one, which is right whether or not types of one scrip stack; `resubscribe` only subscribes the new one, which is
 *   enough if they do not (UNCONFIRMED).
 * - `subscriptionLimit` (1500): scrips that the simulator's side takes on one connection. How the real server answers past
 *   its limit is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { choiceOf, countOf } from "../kit/variant.ts"

export interface HdfcOptions {
  readonly modeChange: "renew" | "resubscribe"
  readonly subscriptionLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const hdfcOptions = ({ variant }: CodecOptions): HdfcOptions => ({
  modeChange: choiceOf("hdfc", variant, "modeChange", ["renew", "resubscribe"], "renew"),
  subscriptionLimit: countOf("hdfc", variant, "subscriptionLimit", 1500)
})
