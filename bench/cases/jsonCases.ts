/** Texts to ticks, against `JSON.parse` of the same texts alone. */
import { difference } from "../../src/brokers/tickDifference.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Sink } from "../../src/protocols/protocol.ts"
import type { Case, Contestant } from "../harness.ts"
import { WrongResult, keep } from "../harness.ts"
import type { JsonFeed } from "./jsonFeeds.ts"
import { jsonFeed, openJson } from "./jsonFeeds.ts"
import { jsonKinds } from "./jsonKinds.ts"
import { scannerAndParser } from "./jsonScan.ts"
import { RECEIVED_AT } from "./ticks.ts"

/** Times the cost of parsing alone. */
const GOAL = 1.5

const decoder = (feed: JsonFeed): Contestant => {
  const { frames, kind, walks } = feed
  const wrong = (what: string): never => {
    throw new WrongResult(`decode, ${kind.name}: ${what}`)
  }
  const codec = openJson(feed)
  let count = 0
  let ticks: Array<Tick> = []
  const sink: Sink = {
    tick: (_instrument, tick) => {
      count++
      keep(tick)
    },
    reject: (cause, detail) => wrong(`${cause}: ${detail}`),
    // Whole Noren messages acknowledge their subscription.
    event: (event) => (event.type === "confirmed" ? undefined : wrong(`event ${event.type}`)),
    send: () => wrong("the codec sends something")
  }
  const collecting: Sink = { ...sink, tick: (_instrument, tick) => ticks.push(tick) }
  const check = (): void => {
    for (const { before, expected, frames: own } of walks) {
      for (const frame of before) codec.decode(frame, RECEIVED_AT, sink)
      ticks = []
      for (const frame of own) codec.decode(frame, RECEIVED_AT, collecting)
      const found = difference(ticks, expected)
      if (found !== undefined) wrong(found)
    }
  }
  return {
    name: "AlgoWays",
    ticks: 1,
    run: (operations) => {
      const before = count
      for (let i = 0, at = 0; i < operations; i++) {
        codec.decode(frames[at]!, RECEIVED_AT, sink)
        if (++at === frames.length) at = 0
      }
      return count - before
    },
    check
  }
}

const parser = ({ frames, kind: { name, parse, tokenIn }, walks }: JsonFeed): Contestant => ({
  name: "JSON.parse",
  ticks: 1,
  run: (operations) => {
    for (let i = 0, at = 0; i < operations; i++) {
      keep(parse(frames[at]!))
      if (++at === frames.length) at = 0
    }
    return operations
  },
  check: () => {
    for (const { frames: own, instrument } of walks) {
      for (const frame of own) {
        const token = tokenIn(parse(frame))
        if (token !== instrument.token)
          throw new WrongResult(`JSON.parse, ${name}: token ${token} in ${frame}`)
      }
    }
  }
})

const casesOf = (feed: JsonFeed): ReadonlyArray<Case> => {
  const { name } = feed.kind
  const [scanner, picker] = scannerAndParser(feed)
  const suite = "micro"
  return [
    { suite, name: `decode: ${name}`, ours: decoder(feed), peer: parser(feed), ratioOf: "cost", goal: GOAL },
    { suite, name: `known keys: ${name}`, ours: scanner, peer: picker, ratioOf: "speed" }
  ]
}

export const jsonCases = (): ReadonlyArray<Case> => jsonKinds.map(jsonFeed).flatMap(casesOf)
