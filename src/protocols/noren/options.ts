/**
 * The variant of the noren protocol: what its brokers differ in, and what the user may choose.
 *
 * - `connectType` (`a`): the word of the connect frame. `a` goes with `accesstoken`; `c` is the older generation, with
 *   `susertoken`. Some back ends still take the older one at an older address.
 * - `tokenKey` (`accesstoken`): the token's key in that frame.
 * - `tokenField` (`authToken`): the credential that the token is.
 * - `tokenTransform` (`none`): `sha256-twice` for the hash of the hash, both in hex.
 * - `source` (`API`), `uidSuffix` (none): what the frame says of the program, and what follows the client id.
 * - `session` (`none`): `rest` where the feed's session is opened by a REST call before every connection (the service
 *   `profile`).
 * - `heartbeat` (`{"t":"h"}`): the frame that the client sends.
 * - `answersHeartbeat` (true): whether the simulator's side answers it, as some brokers do and some do not.
 * - `ltpFeed` (false): serves LTP readers from the LTP-only feed. Documented by TradeSmart alone, UNCONFIRMED elsewhere;
 *   otherwise they get the touchline.
 */
import type { CodecOptions } from "../protocol.ts"
import { booleanOf, choiceOf, textOf } from "../kit/variant.ts"

export interface NorenOptions {
  readonly connectType: "a" | "c"
  readonly tokenKey: string
  readonly tokenField: "authToken" | "feedToken"
  readonly tokenTransform: "none" | "sha256-twice"
  readonly source: string
  readonly uidSuffix: string
  readonly session: "none" | "rest"
  readonly heartbeat: string
  readonly answersHeartbeat: boolean
  readonly ltpFeed: boolean
}

const NAME = "noren"

/** @throws InvalidVariant naming the choice that is wrong */
export const norenOptions = ({ variant }: CodecOptions): NorenOptions => ({
  connectType: choiceOf(NAME, variant, "connectType", ["a", "c"], "a"),
  tokenKey: textOf(NAME, variant, "tokenKey", "accesstoken"),
  tokenField: choiceOf(NAME, variant, "tokenField", ["authToken", "feedToken"], "authToken"),
  tokenTransform: choiceOf(NAME, variant, "tokenTransform", ["none", "sha256-twice"], "none"),
  source: textOf(NAME, variant, "source", "API"),
  uidSuffix: textOf(NAME, variant, "uidSuffix", ""),
  session: choiceOf(NAME, variant, "session", ["none", "rest"], "none"),
  heartbeat: textOf(NAME, variant, "heartbeat", '{"t":"h"}'),
  answersHeartbeat: booleanOf(NAME, variant, "answersHeartbeat", true),
  ltpFeed: booleanOf(NAME, variant, "ltpFeed", false)
})
