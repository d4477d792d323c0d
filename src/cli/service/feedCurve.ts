/** Whether the line between feed and gateway takes keys, and which. */
import * as Effect from "effect/Effect"
import type { FeedCurve, GatewayCurve } from "../../bus/zmq/index.ts"
import { lineKeys } from "../../store/users/lineKeys.ts"

export interface LineInput {
  readonly dataDir: string
  readonly control: string
  readonly frames: string
  readonly feedCurve: "auto" | "on" | "off"
}

/** Endpoints that only this machine can reach. */
const isLocal = (endpoint: string): boolean =>
  /^(?:ipc|inproc):\/\//.test(endpoint) ||
  /^tcp:\/\/(?:127(?:\.\d+){3}|localhost|\[?::1\]?):[^:]+$/.test(endpoint)

export const usesKeys = ({ control, feedCurve, frames }: LineInput): boolean =>
  feedCurve === "on" || (feedCurve === "auto" && !(isLocal(control) && isLocal(frames)))

/** For `feed`. Without keys beyond this machine, which is the user's wish, it is said. */
export const curveOfFeed = Effect.fnUntraced(function* (input: LineInput) {
  if (!usesKeys(input)) {
    if (!(isLocal(input.control) && isLocal(input.frames))) {
      yield* Effect.logWarning(
        `the line to gateways has no keys (--feed-curve off): whoever reaches ${input.control} and ${input.frames} reads every user's feed`
      )
    }
    return undefined
  }
  const keys = lineKeys(input.dataDir)
  const { publicKey, secretKey } = yield* keys.feed
  const accepted = yield* keys.accepted
  yield* Effect.logInfo(
    `the line to gateways takes keys. Key of this feed: ${publicKey}. Accepted: the gateway of this data folder, and ${accepted.length} by name`
  )
  return { secretKey, accepts: keys.accepts } satisfies FeedCurve
})

/** For `gateway`. */
export const curveOfGateway = Effect.fnUntraced(function* (input: LineInput) {
  if (!usesKeys(input)) return undefined
  const keys = lineKeys(input.dataDir)
  const { publicKey, secretKey } = yield* keys.gateway
  const feedKey = yield* keys.trusted
  yield* Effect.logInfo(`the line to the feed takes keys. Key of this gateway: ${publicKey}`)
  return { feedKey, publicKey, secretKey } satisfies GatewayCurve
})
