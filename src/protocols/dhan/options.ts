/**
 * The variant of the protocols dhan, dhan-depth20 and dhan-depth200: what the broker's data or the user may choose.
 *
 * Live feed:
 * - `dayClose` ("previous"): what the day-close field of quote and full packets is taken for. The documentation says
 *   that it is sent after the market's close only; reports from practice and from Dhan's support say that it holds the
 *   previous day's close during the session (UNCONFIRMED). With "today" it is not read, and `close` comes from the
 *   previous-close packet alone.
 * - `istTimes` (true): trade times are India's wall clock counted as if it were UTC (issue 51 of DhanHQ-py).
 * - `commoditySegment` (6): the number of NSE's commodities (NSE_COMM) in packets. Requests name segments, and no source
 *   gives this one's number (UNCONFIRMED): packets of another one are rejected as `unknown_segment`, with the number.
 * - `subscriptionLimit` (5000): instruments that the simulator's side takes on one connection.
 *
 * Depth sockets:
 * - `unsubscribeCode` (25): 25 in the present documentation, 24 in older ones and in the SDK. Which one works is
 *   UNCONFIRMED.
 */
import type { CodecOptions } from "../protocol.ts"
import { InvalidVariant, booleanOf, choiceOf, countOf } from "../kit/variant.ts"
import { IST_SECONDS } from "./layout.ts"
import { NSE_COMMODITY, isFreeForCommodity } from "./segments.ts"

export interface DhanOptions {
  /** True where the day-close field holds the previous day's close. */
  readonly closesInPackets: boolean
  /** Seconds that a trade time is ahead of UTC. */
  readonly ahead: number
  readonly subscriptionLimit: number
  readonly commoditySegment: number
}

/** @throws InvalidVariant naming the choice that is wrong */
export const dhanOptions = ({ variant }: CodecOptions): DhanOptions => ({
  closesInPackets: choiceOf("dhan", variant, "dayClose", ["previous", "today"], "previous") === "previous",
  ahead: booleanOf("dhan", variant, "istTimes", true) ? IST_SECONDS : 0,
  subscriptionLimit: countOf("dhan", variant, "subscriptionLimit", 5000),
  commoditySegment: commoditySegmentOf(variant)
})

const commoditySegmentOf = (variant: CodecOptions["variant"]): number => {
  const code = countOf("dhan", variant, "commoditySegment", NSE_COMMODITY)
  if (isFreeForCommodity(code)) return code
  throw new InvalidVariant(
    `Variant "commoditySegment" of protocol dhan must be a number of one byte that no other segment has, but is ${code}. Correct it in the broker's settings.`
  )
}

/** @throws InvalidVariant naming the choice that is wrong */
export const unsubscribeCodeOf = (protocol: string, { variant }: CodecOptions): number =>
  countOf(protocol, variant, "unsubscribeCode", 25)
