/** The known keys of a frame alone, without a tick: the codecs' scanners, and `JSON.parse` with the same fields picked. */
import { isDeepStrictEqual } from "node:util"
import * as noren from "../../src/protocols/noren/fields.ts"
import { channels, words } from "../../src/protocols/noren/layout.ts"
import { Scanner as NorenScanner } from "../../src/protocols/noren/scan.ts"
import * as xts from "../../src/protocols/xts/fields.ts"
import { Scanner as XtsScanner } from "../../src/protocols/xts/scan.ts"
import type { Contestant } from "../harness.ts"
import { WrongResult, keep } from "../harness.ts"
import type { JsonFeed } from "./jsonFeeds.ts"

/** Both fill the same fields. */
interface Readers {
  readonly scan: (frame: string) => boolean
  readonly pick: (frame: string) => void
  /** The fields as they are. */
  readonly told: () => unknown
}

const norenReaders = ({ kind: { broker, parse } }: JsonFeed): Readers => {
  const fields = noren.makeFields()
  const kinds = channels.flatMap((feed) => [words[feed].snapshot, words[feed].delta])
  const codes = Object.values(broker.exchanges).map(({ code }) => String(code))
  const scanner = new NorenScanner(fields, kinds, [...new Set(codes)])
  return {
    scan: (frame) => scanner.scan(frame),
    pick: (frame) => noren.pick(parse(frame) as Readonly<Record<string, unknown>>, fields),
    told: () => Array.from({ length: fields.count }, (_, i) => [fields.slots[i], fields.values[i]])
  }
}

const xtsReaders = ({ kind: { parse } }: JsonFeed): Readers => {
  const fields = xts.makeFields()
  const scanner = new XtsScanner(fields)
  return {
    scan: (frame) => scanner.scan(frame),
    pick: (frame) => xts.pick(scanner.code, parse(frame) as Readonly<Record<string, unknown>>, fields),
    told: () => ({ ...fields, numbers: [...fields.numbers] })
  }
}

const contestant = (
  name: string,
  frames: ReadonlyArray<string>,
  read: Readers["scan"],
  check: () => void
): Contestant => ({
  name,
  ticks: 1,
  run: (operations) => {
    let good = 0
    for (let i = 0, at = 0; i < operations; i++) {
      if (read(frames[at]!)) good++
      if (++at === frames.length) at = 0
    }
    keep(good)
    return good
  },
  check
})

export const scannerAndParser = (feed: JsonFeed): readonly [Contestant, Contestant] => {
  const { kind } = feed
  const { pick, scan, told } = kind.protocol.name === "noren" ? norenReaders(feed) : xtsReaders(feed)
  // Some golden frames test what no server sends every day.
  const frames = feed.frames.filter(scan)
  const check = (): void => {
    if (frames.length < feed.frames.length / 2) {
      throw new WrongResult(`known keys, ${kind.name}: the scanner gives up on most frames`)
    }
    for (const frame of frames) {
      scan(frame)
      const scanned = told()
      pick(frame)
      if (!isDeepStrictEqual(scanned, told())) {
        throw new WrongResult(`known keys, ${kind.name}: the scanner reads something else in ${frame}`)
      }
    }
  }
  const picked = (frame: string): boolean => {
    pick(frame)
    return true
  }
  return [
    contestant("AlgoWays", frames, scan, check),
    contestant("JSON.parse + picking", frames, picked, check)
  ]
}
