/**
 * The variant of the motilal protocol: what the broker's data or the user may choose.
 *
 * - `version` ("VER 2.0"): what the login packet calls the client, up to ten characters. The official SDK's; others
 *   have been accepted (UNCONFIRMED).
 * - `loginBeforeRegister` (true): repeat the login packet before every registration, as the official SDK does. That it
 *   is needed is UNCONFIRMED.
 *
 * Segment codes are two letters: the exchange's in the packets (`N` is NSE and NFO), and `C` for cash, `D` for
 * derivatives or `I` for indices.
 */
import type { CodecOptions } from "../protocol.ts"
import { InvalidVariant, booleanOf, textCodes, textOf } from "../kit/variant.ts"
import type { Place } from "./layout.ts"
import { placeOf } from "./layout.ts"

export interface MotilalOptions {
  readonly version: string
  readonly loginBeforeRegister: boolean
  /** By common exchange. */
  readonly places: ReadonlyMap<string, Place>
}

/** @throws InvalidVariant naming the choice that is wrong */
export const motilalOptions = ({ codes, variant }: CodecOptions): MotilalOptions => ({
  version: textOf("motilal", variant, "version", "VER 2.0"),
  loginBeforeRegister: booleanOf("motilal", variant, "loginBeforeRegister", true),
  places: new Map(
    Object.entries(textCodes("motilal", codes)).map(([exchange, code]) => {
      const place = placeOf(code)
      if (place !== undefined) return [exchange, place]
      throw new InvalidVariant(
        `The segment code of ${exchange} is "${code}" at protocol motilal, and must be a letter followed by C, D or I. ` +
          `Correct it in the broker's settings.`
      )
    })
  )
})
