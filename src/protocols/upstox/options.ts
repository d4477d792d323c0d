/**
 * The variant of the upstox protocol: what the broker's data or the user may choose.
 *
 * - `plus` (true): whether the login is of Upstox Plus, to which books of 30 levels are served. False keeps the client at
 *   five levels, and makes the simulator's side refuse thirty.
 * - `subscriptionLimit` (2000) and `deepLimit` (50): instruments that the simulator's side takes on one connection, in all
 *   and in 30 levels. How the real server words its refusal is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, countOf } from "../kit/variant.ts"

export interface UpstoxOptions {
  readonly plus: boolean
  readonly subscriptionLimit: number
  readonly deepLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const upstoxOptions = ({ variant }: CodecOptions): UpstoxOptions => ({
  plus: booleanOf("upstox", variant, "plus", true),
  subscriptionLimit: countOf("upstox", variant, "subscriptionLimit", 2000),
  deepLimit: countOf("upstox", variant, "deepLimit", 50)
})
