/**
 * The variant of the kotak-sfeed protocol: what the broker's data or the user may choose.
 *
 * - `lookUp` (true): whether Kotak's configuration service is asked for the feed's address before each connection, see
 *   address.ts. False leaves out that question alone: the stored `feedUrl` still comes before the broker's own address.
 * - `platform` (`Web`): what the client calls its platform. The SDK's value; the guide wants `NEOTRADEAPI` here as well,
 *   which OpenAlgo's experience says is not checked. UNCONFIRMED.
 * - `timesSince` (none): the year that a segment's times are counted from, as `{"nse_fo": 1980}`. All are read as Unix
 *   times, in seconds or (from 10^11 on) in milliseconds; the guide says only that they come as the exchange sends them,
 *   and nobody has confirmed that on live data. UNCONFIRMED.
 * - `subscriptionLimit` (3000): subscriptions that the simulator's side takes on one connection. That the real server
 *   refuses the whole request beyond it is UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { SEGMENT_IDS } from "./layout.ts"
import { isObject } from "../kit/text.ts"
import { InvalidVariant, booleanOf, countOf, textOf } from "../kit/variant.ts"

export interface SfeedOptions {
  readonly lookUp: boolean
  readonly platform: string
  /** By segment: from when its times are counted, epoch milliseconds. */
  readonly epochs: ReadonlyMap<string, number>
  readonly subscriptionLimit: number
}

const NAME = "kotak-sfeed"

/** 1980-01-01 in India. */
const EPOCH_1980 = 315_513_000_000

/** @throws InvalidVariant naming the choice that is wrong */
export const sfeedOptions = ({ variant }: Pick<CodecOptions, "variant">): SfeedOptions => ({
  lookUp: booleanOf(NAME, variant, "lookUp", true),
  platform: textOf(NAME, variant, "platform", "Web"),
  epochs: epochsOf(variant?.["timesSince"]),
  subscriptionLimit: countOf(NAME, variant, "subscriptionLimit", 3000)
})

const epochsOf = (value: unknown): ReadonlyMap<string, number> => {
  if (value === undefined) return new Map()
  const isKnown = ([segment, year]: readonly [string, unknown]): boolean =>
    Object.hasOwn(SEGMENT_IDS, segment) && (year === 1970 || year === 1980)
  if (isObject(value) && Object.entries(value).every(isKnown)) {
    return new Map(Object.entries(value).map(([segment, year]) => [segment, year === 1980 ? EPOCH_1980 : 0]))
  }
  throw new InvalidVariant(
    `Variant "timesSince" of protocol ${NAME} must be an object of segment (${Object.keys(SEGMENT_IDS).join(", ")}) to 1970 or 1980, ` +
      `but is ${JSON.stringify(value)}. Correct it in the broker's settings.`
  )
}
