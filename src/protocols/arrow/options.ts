/**
 * The variant of the arrow protocol: what the broker's data or the user may choose.
 *
 * - `ltpMode` ("ltpc"): what serves readers of the last price: "ltpc" has the previous close too, "ltp" is four bytes
 *   shorter.
 * - `divisors`: price divisors by segment code, merged over the known ones. Prices are in paise; those of currency
 *   (NSECD, BSECD) are not documented, and paise cannot hold their four decimals. 10 000 000, the exchanges' own scale,
 *   fits the instrument master, whose currency strikes are that scale in paise. UNCONFIRMED.
 * - `subscriptionLimit` (1000): subscriptions that the simulator's side takes on one connection. UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { InvalidVariant, choiceOf, countOf } from "../kit/variant.ts"
import { PAISE } from "./layout.ts"

const CURRENCY = 10_000_000

export interface ArrowOptions {
  readonly ltpMode: "ltp" | "ltpc"
  /** By segment code; `PAISE` for the others. */
  readonly divisors: Readonly<Record<string, number>>
  readonly subscriptionLimit: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const arrowOptions = ({ variant }: CodecOptions): ArrowOptions => ({
  ltpMode: choiceOf("arrow", variant, "ltpMode", ["ltp", "ltpc"], "ltpc"),
  divisors: { NSECD: CURRENCY, BSECD: CURRENCY, ...divisorsOf(variant?.["divisors"]) },
  subscriptionLimit: countOf("arrow", variant, "subscriptionLimit", 1000)
})

const divisorsOf = (value: unknown): Readonly<Record<string, number>> => {
  if (value === undefined) return {}
  const isDivisors =
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((n) => typeof n === "number" && n > 0 && Number.isFinite(n))
  if (isDivisors) return value as Readonly<Record<string, number>>
  throw new InvalidVariant(
    `Variant "divisors" of protocol arrow must be an object of segment code (NSECD, ...) to divisor (a number above 0), ` +
      `but is ${JSON.stringify(value)}. Correct it in the broker's settings.`
  )
}

export const divisorOf = ({ divisors }: ArrowOptions, segment: string): number => divisors[segment] ?? PAISE
