/**
 * The variant of the fyers-tbt protocol: what the broker's data or the user may choose.
 *
 * - `channel` (1): the channel, 1 to 50, that books are subscribed on.
 * - `refreshOnGap` (true): ask for a snapshot where the numbers of an instrument's messages leave one out, at most
 *   once a minute. That they rise by one is how the official SDK's field reads, and UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, countOf } from "../kit/variant.ts"

export interface TbtOptions {
  readonly channel: string
  readonly refreshOnGap: boolean
}

/** @throws InvalidVariant naming the choice that is wrong */
export const tbtOptions = ({ variant }: CodecOptions): TbtOptions => ({
  channel: String(countOf("fyers-tbt", variant, "channel", 1)),
  refreshOnGap: booleanOf("fyers-tbt", variant, "refreshOnGap", true)
})
