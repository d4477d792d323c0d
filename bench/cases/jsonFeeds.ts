/**
 * What the JSON contestants are fed: frames of Noren and XTS as text, the golden ones first and the rest written by the
 * broker's side of the protocol from a seeded market that moves a little from frame to frame.
 */
import { readFileSync } from "node:fs"
import { codecOptions } from "../../src/brokers/broker.ts"
import type { Broker } from "../../src/brokers/broker.ts"
import { readVectorFile } from "../../src/brokers/conformance.ts"
import type { Exchange } from "../../src/market/exchange.ts"
import type { WireInstrument } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Protocol, Want, Frame as WireFrame } from "../../src/protocols/protocol.ts"
import type { Random } from "../../src/simulator/random.ts"
import { makeRandom } from "../../src/simulator/random.ts"
import type { Expected } from "./feeds.ts"
import { INSTRUMENTS } from "./feeds.ts"
import { listed, segments } from "./ticks.ts"

/** Frames of one instrument in their order. */
export interface Walk {
  readonly instrument: WireInstrument
  /** Delivered before the timing, and before a check: what the frames change. */
  readonly before: ReadonlyArray<string>
  readonly frames: ReadonlyArray<string>
  /** What must come out of each of the frames. */
  readonly expected: ReadonlyArray<Expected>
}

export interface JsonKind {
  readonly name: string
  readonly broker: Broker
  readonly protocol: Protocol
  /** The file of golden frames in test/vectors. */
  readonly vectors: string
  readonly want: Want
  /** Whether a golden case is about this kind: all its frames, each with one tick. */
  readonly isOfKind: (frames: ReadonlyArray<string>) => boolean
  /** Frames of a walk that are not timed. */
  readonly first: 0 | 1
  /** What the broker sends: at once, and after each step of the market. */
  readonly encode: (
    instrument: WireInstrument,
    states: ReadonlyArray<Tick>,
    want: Want
  ) => ReadonlyArray<WireFrame>
  readonly expected: (state: Tick) => Expected
  /** `JSON.parse` and nothing else: of a text inside a text twice. */
  readonly parse: (frame: string) => unknown
  /** Of what was parsed. */
  readonly tokenIn: (parsed: unknown) => string
}

export interface JsonFeed {
  readonly kind: JsonKind
  readonly walks: ReadonlyArray<Walk>
  /** All frames in turns, one instrument's after the other's. */
  readonly frames: ReadonlyArray<string>
}

/** As a socket delivers it: in one piece, and not as the joined parts that the writer left. */
const received = (frame: WireFrame): string => Buffer.from(frame as string).toString()

const goldenWalks = ({ first, isOfKind, vectors }: JsonKind): ReadonlyArray<Walk> => {
  const url = new URL(`../../test/vectors/${vectors}`, import.meta.url)
  const file = readVectorFile(JSON.parse(readFileSync(url, "utf8")))
  return file.cases.flatMap(({ expect, frames }): ReadonlyArray<Walk> => {
    const texts = frames.flatMap((f) => ("text" in f ? [received(f.text)] : []))
    const timed = texts.slice(first)
    if (typeof expect === "string" || expect.length !== frames.length || timed.length === 0) return []
    if (texts.length !== frames.length || !isOfKind(texts)) return []
    const [tick] = expect
    const listing = file.instruments.find(
      ({ exchange, symbol }) => exchange === tick!["exchange"] && symbol === tick!["symbol"]
    )!
    const { brexchange, brsymbol, symbol, token } = listing
    const exchange = listing.exchange as Exchange
    const instrument: WireInstrument = {
      symbol,
      exchange,
      token: String(token),
      brokerExchange: brexchange ?? exchange,
      brokerSymbol: brsymbol ?? symbol
    }
    return [{ instrument, before: texts.slice(0, first), frames: timed, expected: expect.slice(first) }]
  })
}

/** Timed frames of one generated instrument. */
const STEPS = 4

/** A second later: another trade, sometimes at another price, and one level of the book has changed. */
const moved = (state: Tick, tickSize: number, random: Random): Tick => {
  const quantity = 1 + Math.floor(random.unit() * 500)
  const steps = Math.floor(random.unit() * 5) - 2
  const at = Math.floor(random.unit() * 5)
  const { buy, sell } = state.depth!
  return {
    ...state,
    exchange_time: state.exchange_time! + 1000,
    ltt: state.exchange_time! + 1000,
    ltp: Math.round((state.ltp! + steps * tickSize) * 10_000) / 10_000,
    ltq: quantity,
    volume: state.volume! + quantity,
    depth: { sell, buy: buy.map((level, i) => (i === at ? { ...level, quantity } : level)) }
  }
}

const encodedWalk = (kind: JsonKind, n: number, random: Random): Walk => {
  const segment = segments[n % segments.length]!
  const { instrument, state } = listed(n, segment, String(10_000 + 37 * n), random)
  const states = [state]
  for (let i = 0; i < STEPS; i++) states.push(moved(states.at(-1)!, segment.tickSize, random))
  const told = states.slice(kind.first === 0 ? 1 : 0)
  const frames = kind.encode(instrument, told, kind.want).map(received)
  if (frames.length !== told.length) throw new Error(`The server codec wrote no frame (${kind.name}).`)
  return {
    instrument,
    before: frames.slice(0, kind.first),
    frames: frames.slice(kind.first),
    expected: told.slice(kind.first).map(kind.expected)
  }
}

export const jsonFeed = (kind: JsonKind): JsonFeed => {
  const random = makeRandom(kind.name.length)
  const golden = goldenWalks(kind)
  const encoded = Array.from({ length: INSTRUMENTS - golden.length }, (_, n) => encodedWalk(kind, n, random))
  const walks = [...golden, ...encoded]
  const longest = Math.max(...walks.map((w) => w.frames.length))
  const frames = Array.from({ length: longest }, (_, i) => i).flatMap((i) =>
    walks.flatMap((w) => w.frames.slice(i, i + 1))
  )
  return { kind, walks, frames }
}

/** A codec to which everything is subscribed, golden instruments that several walks share once. */
export const openJson = ({ kind, walks }: JsonFeed) => {
  const codec = kind.protocol.open(codecOptions(kind.broker))
  for (const { instrument } of walks) codec.request([{ instrument, to: kind.want }])
  return codec
}
