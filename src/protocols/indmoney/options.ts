/**
 * The variant of the indmoney protocol.
 *
 * - `names` (none): what the stream calls an instrument where it is not the master's number, as
 *   `{"NIDX:40000001": "NIDX:26000"}`. Whether the stream knows an index by the number in the file or by the exchange's
 *   token is UNCONFIRMED: the file has 40000001, the documentation's examples `NIDX:26000` and `BIDX:1`.
 */
import type { CodecOptions } from "../protocol.ts"
import { isObject } from "../kit/text.ts"
import { InvalidVariant, textCodes } from "../kit/variant.ts"

const NAME = /^[A-Z]+:\w+$/

export interface WireNames {
  /** `SEGMENT:TOKEN`, as the stream has it. */
  readonly of: (instrument: { readonly exchange: string; readonly token: string }) => string
  /** The segment and the master's token of a name on the stream. */
  readonly read: (name: string) => { readonly segment: string; readonly token: string }
}

/** @throws InvalidVariant naming the choice that is wrong */
export const wireNames = ({ codes, variant }: CodecOptions): WireNames => {
  const segments = textCodes("indmoney", codes)
  const names = variant?.["names"] ?? {}
  const pairs = isObject(names) ? Object.entries(names) : [["", names] as const]
  for (const [own, other] of pairs) {
    if (NAME.test(own) && typeof other === "string" && NAME.test(other)) continue
    throw new InvalidVariant(
      `Variant "names" of protocol indmoney must be an object of names such as {"NIDX:40000001": "NIDX:26000"}. ` +
        `Correct it in the broker's settings.`
    )
  }
  const renamed = new Map(pairs as ReadonlyArray<[string, string]>)
  const original = new Map([...renamed].map(([own, other]) => [other, own]))
  return {
    of: ({ exchange, token }) => {
      const own = `${segments[exchange] ?? ""}:${token}`
      return renamed.get(own) ?? own
    },
    read: (name) => {
      const [segment = "", token = ""] = (original.get(name) ?? name).split(":")
      return { segment, token }
    }
  }
}

/** `26000` of `NIDX:26000`. */
export const tokenOf = (name: string): string => name.slice(name.indexOf(":") + 1)

/** `NIDX` of `NIDX:26000`. */
export const segmentOf = (name: string): string => name.slice(0, name.indexOf(":"))
