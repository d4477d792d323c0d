/** The minimal reads by kind of packet, for the kinds that have a goal. */
import type { Contestant } from "../../harness.ts"
import type { Feed } from "../feeds.ts"
import { dhanFull } from "./dhan.ts"
import { hsmBook, hsmQuote } from "./hsm.ts"
import { kiteFull, kiteLtp } from "./kite.ts"
import { minimalReader } from "./read.ts"
import { smartStreamLtp, smartStreamSnapQuote } from "./smartStream.ts"
import { upstoxFull } from "./upstox.ts"

const readers: Readonly<Record<string, (feed: Feed) => Contestant>> = {
  "kite ltp (8 B)": (feed) => minimalReader(feed, kiteLtp),
  "kite full (184 B)": (feed) => minimalReader(feed, kiteFull),
  "smartstream ltp (51 B)": (feed) => minimalReader(feed, smartStreamLtp),
  "smartstream snap quote (379 B)": (feed) => minimalReader(feed, smartStreamSnapQuote),
  "dhan full (162 B)": (feed) => minimalReader(feed, dhanFull),
  "upstox full (protobuf)": (feed) => minimalReader(feed, upstoxFull),
  "hsm quote delta": (feed) => minimalReader(feed, hsmQuote()),
  "hsm book delta": (feed) => minimalReader(feed, hsmBook())
}

/** The minimal read of a feed's packets; undefined where there is none. */
export const minimalOf = (feed: Feed): Contestant | undefined => readers[feed.name]?.(feed)
