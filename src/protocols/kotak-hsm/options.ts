/**
 * The variant of the kotak-hsm protocol: what the broker's data or the user may choose.
 *
 * - `channel` (1): the channel, 1 to 64, that topics are subscribed on. The SDK fills several in turn; one is enough.
 * - `source` (`JS_API`): what the client calls itself in its login.
 * - `timesSince` (`1970`): the year that times are counted from. The SDK reads them as Unix times, which nobody has
 *   confirmed on live data; `1980` is how the exchange itself and Kotak's instrument master count: UNCONFIRMED.
 * - `acknowledgeEvery` (20): after how many data messages the simulator's side wants an acknowledgement. The real
 *   server's number is not documented.
 */
import type { CodecOptions } from "../protocol.ts"
import { choiceOf, countOf, textOf } from "../kit/variant.ts"

export interface KotakOptions {
  readonly channel: number
  readonly source: string
  /** From when times are counted, epoch milliseconds. */
  readonly epoch: number
  readonly acknowledgeEvery: number
}

const NAME = "kotak-hsm"

/** 1980-01-01 in India. */
const EPOCH_1980 = 315_513_000_000

/** @throws InvalidVariant naming the choice that is wrong */
export const kotakOptions = ({ variant }: CodecOptions): KotakOptions => ({
  channel: countOf(NAME, variant, "channel", 1),
  source: textOf(NAME, variant, "source", "JS_API"),
  epoch: choiceOf(NAME, variant, "timesSince", ["1970", "1980"], "1970") === "1980" ? EPOCH_1980 : 0,
  acknowledgeEvery: countOf(NAME, variant, "acknowledgeEvery", 20)
})
