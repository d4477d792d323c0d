/**
 * The variant of the firstock protocol: what the broker's data or the user may choose.
 *
 * - `source` (`developer-api`): the query parameter that names the kind of program.
 * - `origin` (`https://firstock.in`): the header that the official SDK sends. Whether the server asks for it is
 *   UNCONFIRMED; an empty text leaves it out.
 */
import type { CodecOptions } from "../protocol.ts"
import { textOf } from "../kit/variant.ts"

export interface FirstockOptions {
  readonly source: string
  readonly origin: string
}

/** @throws InvalidVariant naming the choice that is wrong */
export const firstockOptions = ({ variant }: CodecOptions): FirstockOptions => ({
  source: textOf("firstock", variant, "source", "developer-api"),
  origin: textOf("firstock", variant, "origin", "https://firstock.in")
})
