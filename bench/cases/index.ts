/** All cases of the tick path. */
import type * as Scope from "effect/Scope"
import type { Case } from "../harness.ts"
import { parser } from "./decode.ts"
import { decodeCases } from "./decodeCases.ts"
import type { Feed } from "./feeds.ts"
import { crowdedFeed, feedOf, mixedFeed } from "./feeds.ts"
import { hsmFeeds } from "./hsmFeeds.ts"
import { jsonCases } from "./jsonCases.ts"
import { dhanKinds, kiteKinds, smartStreamKinds, upstoxKinds } from "./kinds.ts"
import type { Sdk } from "./sdks.ts"
import { kiteconnect, smartapi } from "./sdks.ts"
import { libraryPacker, packer, serialiser, stringifier } from "./serialise.ts"
import { parserAndJson, wholeWay } from "./wholeWay.ts"

/** A depth-5 payload, against JSON.stringify and against the MessagePack library. */
const SERIALISE_GOAL = 3

const FULL = "kite full (184 B)"
const SNAP_QUOTE = "smartstream snap quote (379 B)"

const goalIf = (holds: boolean, goal: number): { readonly goal?: number } => (holds ? { goal } : {})

const casesOf = async (feed: Feed, sdk: Sdk, scope: Scope.Scope): Promise<ReadonlyArray<Case>> => {
  const { name } = feed
  const theirs = parser(sdk, feed)
  return [
    ...decodeCases(feed, theirs),
    {
      suite: "micro",
      name: `serialise: ${name}`,
      ours: serialiser(feed),
      peer: stringifier(feed),
      ...goalIf(name === FULL || name === SNAP_QUOTE, SERIALISE_GOAL)
    },
    {
      suite: "micro",
      name: `serialise msgpack: ${name}`,
      ours: packer(feed),
      peer: libraryPacker(feed),
      ...goalIf(name === FULL || name === SNAP_QUOTE, SERIALISE_GOAL)
    },
    {
      suite: "pipeline",
      name: `bytes to bus: ${name}`,
      ours: await wholeWay(feed, scope),
      peer: parserAndJson(sdk, feed)
    }
  ]
}

/** @param scope what the cases start ends with it */
export const allCases = async (scope: Scope.Scope): Promise<ReadonlyArray<Case>> => {
  const kite = kiteKinds.map(feedOf)
  const smartStream = smartStreamKinds.map(feedOf)
  const kiteFeeds = [
    ...kite,
    crowdedFeed(
      "kite, 50 full packets a frame",
      kite.find((f) => f.name === FULL)!
    ),
    mixedFeed("kite, all packets mixed", kite)
  ]
  const smartStreamFeeds = [...smartStream, mixedFeed("smartstream, all packets mixed", smartStream)]
  const official = { kite: kiteconnect(), smartstream: smartapi() }
  const cases: Array<Case> = []
  for (const feed of kiteFeeds) cases.push(...(await casesOf(feed, official.kite, scope)))
  for (const feed of smartStreamFeeds) cases.push(...(await casesOf(feed, official.smartstream, scope)))
  cases.push(...jsonCases())
  const others = [...[...dhanKinds, ...upstoxKinds].map(feedOf), ...hsmFeeds()]
  for (const feed of others) cases.push(...decodeCases(feed))
  return cases
}
