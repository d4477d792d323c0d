/**
 * The variant of the fyers-hsm protocol: what the broker's data or the user may choose.
 *
 * - `channel` (1): the channel, 1 to 30, that topics are subscribed on. The SDKs' default is 1.
 * - `source` (`JS_API`): what the client calls itself in its login; any name is taken in practice.
 * - `messageNumbers` (`acknowledged`): data messages carry a number where the server asks for acknowledgements, after
 *   the JavaScript SDK; `always` after the Python SDK. A server that asks for none has not been seen: UNCONFIRMED.
 * - `acknowledgeEvery` (20): after how many data messages the simulator's side wants an acknowledgement. The real
 *   server's number is not documented.
 */
import type { CodecOptions } from "../protocol.ts"
import { choiceOf, countOf, textOf } from "../kit/variant.ts"

export interface FyersOptions {
  readonly channel: number
  readonly source: string
  readonly alwaysNumbered: boolean
  readonly acknowledgeEvery: number
}

const NAME = "fyers-hsm"

/** @throws InvalidVariant naming the choice that is wrong */
export const fyersOptions = ({ variant }: CodecOptions): FyersOptions => ({
  channel: countOf(NAME, variant, "channel", 1),
  source: textOf(NAME, variant, "source", "JS_API"),
  alwaysNumbered:
    choiceOf(NAME, variant, "messageNumbers", ["acknowledged", "always"], "acknowledged") === "always",
  acknowledgeEvery: countOf(NAME, variant, "acknowledgeEvery", 20)
})
