/** What was recorded of a connection, fed to the shipped decoder again, is the same ticks: for every broker's every feed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Broker } from "../../../../src/brokers/broker.ts"
import { codecOptions } from "../../../../src/brokers/broker.ts"
import type { WireInstrument } from "../../../../src/market/instrument.ts"
import type { Tick } from "../../../../src/market/tick.ts"
import { loadProtocol } from "../../../../src/protocols/index.ts"
import type { Want } from "../../../../src/protocols/protocol.ts"
import type { Recorder } from "../../../../src/session/recorder/recorder.ts"
import { Player } from "../../../../src/session/replay/player.ts"
import { readRecording } from "../../../../src/session/replay/read.ts"
import { makeGuard } from "../../../../src/session/ticks/guard.ts"
import { everyFeed } from "../../../support/everyFeed.ts"
import { NOW, makeLink } from "../../protocols/link.ts"
import { buildRecorder as build, folder, nameAt } from "./support.ts"

const isTick = makeGuard()

const richest = (broker: Broker, { exchange }: WireInstrument): Want => {
  const mode = broker.modes.at(-1)!
  return { mode, depth: mode === "depth" ? (broker.exchanges[exchange]?.depthLevels.at(-1) ?? 0) : 0 }
}

/**
 * A morning at a broker: instruments come in two requests, some go and come back, the market moves all the while.
 *
 * @param bytes and `frames` that come in between two requests, at least
 */
const morning = async (feed: Broker, recorder: Recorder["Service"], bytes: number, frames: number) => {
  const { exclusive } = await loadProtocol(feed.protocol)
  let at = NOW
  const link = await makeLink(feed, {
    tap: recorder.tap.connection(nameAt(feed.name)),
    clock: () => ++at
  })
  const keys = new Set<string>()
  const chosen = link.listed
    .map((l) => l.instrument)
    .filter((i) => {
      const key = exclusive?.(i)
      return key === undefined || (!keys.has(key) && keys.add(key).size > 0)
    })
    .filter((_, i) => i % 3 === 0)
    .slice(0, 24)
  const subscribe = (instruments: ReadonlyArray<WireInstrument>) =>
    link.request(instruments.map((instrument) => ({ instrument, to: richest(feed, instrument) })))
  const market = (): void => {
    const begun = link.inbound.length
    let seen = begun
    for (let size = 0, steps = 0; (size < bytes || seen - begun < frames) && steps < 2000; steps++) {
      link.step(60)
      for (; seen < link.inbound.length; seen++) size += link.inbound[seen]!.length
    }
  }
  subscribe(chosen.slice(0, 12))
  market()
  subscribe(chosen.slice(12))
  const gone = chosen.slice(0, 3)
  link.request(gone.map((instrument) => ({ instrument, from: richest(feed, instrument) })))
  market()
  subscribe(gone)
  market()
  return link.ticks.map((t) => t.tick).filter(isTick)
}

const replayed = Effect.fnUntraced(function* (path: string, feed: Broker) {
  const recording = yield* readRecording(path)
  const protocol = yield* Effect.promise(() => loadProtocol(feed.protocol))
  const rejects: Array<string> = []
  let ticks: Array<Tick> = []
  const player = new Player({
    protocol,
    options: recording.header.options!,
    onTick: (_, tick) => ticks.push(tick),
    onReject: (cause, detail) => rejects.push(`${cause}: ${detail}`)
  })
  for (const record of recording.prologue) player.play(record)
  ticks = []
  for (const record of recording.records) player.play(record)
  return { recording, ticks, rejects, unmatched: player.unmatched }
})

/** Of a broker with several wires. */
const settingOf = (feed: Broker) => ({ [feed.name]: { protocol: feed.protocol } })

describe("the flight recorder", () => {
  it.effect.each(everyFeed)("%s: all of it, replayed, is the same ticks", ([, feed]) =>
    Effect.gen(function* () {
      const directory = yield* folder
      const recorder = yield* build({ directory, version: "1.2.3" }, settingOf(feed))
      const live = yield* Effect.promise(() => morning(feed, recorder, 5000, 0))
      assert.isAbove(live.length, 20)
      const [path] = yield* recorder.write("a test")
      const { recording, rejects, ticks, unmatched } = yield* replayed(path!, feed)
      assert.deepStrictEqual(rejects, [])
      assert.deepStrictEqual(ticks, live)
      assert.strictEqual(unmatched, 0)
      assert.deepStrictEqual([recording.prologue.length, recording.skipped], [0, 0])
      assert.deepStrictEqual(recording.header.options, codecOptions(feed))
      assert.strictEqual(recording.header.algoways, "1.2.3")
    })
  )

  /** What the last part of a recording gives, where the decoder's history has gaps. */
  const identity = ({ exchange, received_time, symbol }: Tick) => `${received_time} ${exchange}:${symbol}`
  /** Wires that tell only what changed: a field that has not been told since may be older. */
  const deltas = new Set([
    "noren",
    "smartstream",
    "firstock",
    "fyers-hsm",
    "kotak-hsm",
    "motilal",
    "samco",
    "tradejini"
  ])
  /** One feed of each wire. */
  const wires = new Map(everyFeed.map(([, f]) => [f.protocol, f]))

  it.effect.each([...wires.values()].map((feed) => [feed.name, feed] as const))(
    "%s: the last part of it is read with the prologue alone",
    ([, feed]) =>
      Effect.gen(function* () {
        const directory = yield* folder
        const recorder = yield* build({ directory, maxBytes: 64 * 1024 }, settingOf(feed))
        const live = yield* Effect.promise(() => morning(feed, recorder, 100_000, 300))
        const [path] = yield* recorder.write("a test")
        const { recording, rejects, ticks } = yield* replayed(path!, feed)
        assert.isAbove(recording.prologue.length, 0)
        assert.isAbove(recording.skipped, 0, "the morning is long enough to be let go in part")
        assert.isAbove(ticks.length, 0)
        const from = recording.records[0]!.at
        const expected = live.filter((tick) => tick.received_time >= from)
        switch (feed.protocol) {
          case "fyers-tbt":
            // It notices the gap and waits for the next whole book.
            return assert.includeMembers(expected.map(identity), ticks.map(identity))
          case "xts":
            // An announcement and its attachment may have been parted.
            assert.isAtMost(rejects.length, 2)
            return assert.deepStrictEqual(ticks, expected.slice(-ticks.length))
          default:
            assert.deepStrictEqual(rejects, [])
            if (deltas.has(feed.protocol))
              return assert.deepStrictEqual(ticks.map(identity), expected.map(identity))
            assert.deepStrictEqual(ticks, expected)
        }
      })
  )
})
