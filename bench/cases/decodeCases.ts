/** The rows of a feed between the bytes and the guarded tick. */
import type { Case, Contestant } from "../harness.ts"
import { decoder, guard, guardedDecoder } from "./decode.ts"
import type { Feed } from "./feeds.ts"
import { openCodec } from "./feeds.ts"
import { minimalOf } from "./minimal/index.ts"

/** Times the cost of a minimal read. */
const MINIMAL_GOAL = 2
/** To a guarded tick, times as fast as the SDK's parser alone. */
const SDK_GOAL = 60

/** Of decoding with the guard, the guard. */
const SHARE_GOAL = 0.3

const GOALS: ReadonlySet<string> = new Set(["kite full (184 B)", "smartstream snap quote (379 B)"])

/** @param sdk the official SDK's parser, where there is one */
export const decodeCases = (feed: Feed, sdk?: Contestant): ReadonlyArray<Case> => {
  const { name } = feed
  const minimal = minimalOf(feed)
  // One codec where frames do not build upon each other: the share is of two that differ in the guard alone.
  const codec = sdk === undefined ? undefined : openCodec(feed)
  const bare = decoder(feed, codec)
  const guarded = guardedDecoder(feed, codec)
  const against = sdk === undefined ? {} : { peer: sdk }
  return [
    {
      suite: "micro",
      name: `decode: ${name}`,
      ours: bare,
      ...(minimal === undefined ? against : { peer: minimal, ratioOf: "cost" as const, goal: MINIMAL_GOAL })
    },
    { suite: "micro", name: `guard: ${name}`, ours: guard(feed) },
    {
      suite: "micro",
      name: `decode + guard: ${name}`,
      ours: guarded,
      ...against,
      ...(GOALS.has(name) ? { goal: SDK_GOAL } : {})
    },
    {
      suite: "micro",
      name: `guard share: ${name}`,
      ours: guarded,
      peer: bare,
      share: true,
      goal: SHARE_GOAL
    }
  ]
}
