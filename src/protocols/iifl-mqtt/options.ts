/**
 * The variant of the iifl-mqtt protocol: what the broker's data or the user may choose.
 *
 * - `limits` (false): also subscribe a segment's streams of circuit limits and 52-week extremes. They carry every
 *   instrument of the segment; how much that is, and how often it comes, is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf } from "../kit/variant.ts"

export interface IiflMqttOptions {
  readonly limits: boolean
}

/** @throws InvalidVariant naming the choice that is wrong */
export const iiflMqttOptions = ({ variant }: CodecOptions): IiflMqttOptions => ({
  limits: booleanOf("iifl-mqtt", variant, "limits", false)
})
