/**
 * The variant of the smartstream protocol: what the broker's data or the user may choose.
 *
 * - `divisors` (layout.ts): price divisors by exchange type, merged over the known ones.
 * - `subscriptionLimit` (1000): subscriptions on one connection, each mode of a token counting. Widely quoted,
 *   in no source here: UNCONFIRMED. The client uses it to choose the order of a mode change, the simulator's
 *   side answers E1002 beyond it.
 * - `deepLimit` (50): depth-20 subscriptions that the simulator's side takes on one connection. The number is
 *   documented; which error the real server answers is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { countOf, divisorsOf } from "../variant.ts"
import { DIVISORS } from "./layout.ts"

export interface SmartStreamOptions {
  /** By exchange type; types that are not in here are unknown. */
  readonly divisors: ReadonlyMap<number, number>
  readonly subscriptionLimit: number
  readonly deepLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const smartStreamOptions = ({ variant }: CodecOptions): SmartStreamOptions => ({
  divisors: divisorsOf("smartstream", variant, DIVISORS),
  subscriptionLimit: countOf("smartstream", variant, "subscriptionLimit", 1000),
  deepLimit: countOf("smartstream", variant, "deepLimit", 50)
})
