/**
 * The variant of the paytm protocol: what the broker's data or the user may choose.
 *
 * - `indianTimes` (false): the seconds in packets are those of India's clock, not of UTC. Both official SDKs take them
 *   for UTC; UNCONFIRMED until compared with a live tick.
 *
 * Segment codes are the exchange of a request and a class: `NSE:CASH`, `BSE:FNO`, `NSE:INDEX`.
 */
import type { CodecOptions } from "../protocol.ts"
import { InvalidVariant, booleanOf, textCodes } from "../kit/variant.ts"
import { EPOCH_SECONDS, IST_SECONDS } from "./layout.ts"

export type SegmentClass = "CASH" | "FNO" | "INDEX"

export interface Segment {
  readonly exchangeType: string
  readonly class: SegmentClass
  /** As in the broker's data. */
  readonly code: string
}

export interface PaytmOptions {
  /** What is added to a time on the wire to make it epoch seconds. */
  readonly epochSeconds: number
  /** By common exchange. */
  readonly segments: ReadonlyMap<string, Segment>
}

const CODE = /^([A-Z]+):(CASH|FNO|INDEX)$/

/** @throws InvalidVariant naming the choice that is wrong */
export const paytmOptions = ({ codes, variant }: CodecOptions): PaytmOptions => ({
  epochSeconds: EPOCH_SECONDS - (booleanOf("paytm", variant, "indianTimes", false) ? IST_SECONDS : 0),
  segments: new Map(
    Object.entries(textCodes("paytm", codes)).map(([exchange, code]) => {
      const parts = CODE.exec(code)
      if (parts !== null) {
        return [exchange, { exchangeType: parts[1]!, class: parts[2] as SegmentClass, code }]
      }
      throw new InvalidVariant(
        `The segment code of ${exchange} is "${code}" at protocol paytm, and must be an exchange followed by :CASH, ` +
          `:FNO or :INDEX. Correct it in the broker's settings.`
      )
    })
  )
})
