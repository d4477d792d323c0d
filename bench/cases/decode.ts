/** Bytes to ticks: ours, with and without the guard, and the SDKs' parsers. */
import type { Tick } from "../../src/market/tick.ts"
import { difference } from "../../src/brokers/tickDifference.ts"
import type { Codec, Sink } from "../../src/protocols/protocol.ts"
import { makeGuard } from "../../src/session/ticks/guard.ts"
import type { Contestant } from "../harness.ts"
import { WrongResult, keep } from "../harness.ts"
import type { Expected, Feed } from "./feeds.ts"
import { openCodec } from "./feeds.ts"
import type { Sdk } from "./sdks.ts"
import { RECEIVED_AT } from "./ticks.ts"

/** A sink like the session's, which counts what it lets through. */
interface Collector {
  readonly sink: Sink
  count: number
  /** Set while a check looks at what comes. */
  ticks: Array<Tick> | undefined
}

/** @param good lets all pass where it is absent: without a call, which would cost as much as a short packet's decoding */
const collect = (name: string, good?: (tick: Tick) => boolean): Collector => {
  const wrong = (what: string): never => {
    throw new WrongResult(`${name}: ${what}`)
  }
  const collector: Collector = {
    count: 0,
    ticks: undefined,
    sink: {
      tick: (_instrument, tick) => {
        if (good !== undefined && !good(tick)) return
        collector.count++
        keep(tick)
        if (collector.ticks !== undefined) collector.ticks.push(tick)
      },
      reject: (cause, detail) => wrong(`${cause}: ${detail}`),
      event: (event) => wrong(`event ${event.type}`),
      send: () => wrong("the codec sends something")
    }
  }
  return collector
}

/** @param codec one for both decoders, if they are to differ in the guard alone */
export const decoder = (feed: Feed, codec = openCodec(feed)): Contestant =>
  decoding(feed, codec, `decode, ${feed.name}`)

/** With a guard of its own, as a connection has. */
export const guardedDecoder = (feed: Feed, codec = openCodec(feed)): Contestant =>
  decoding(feed, codec, `decode and guard, ${feed.name}`, makeGuard())

const decoding = (feed: Feed, codec: Codec, name: string, good?: (tick: Tick) => boolean): Contestant => {
  // Found once: among codecs of many classes that costs as much as a short packet, and a session has one codec.
  const { decode } = codec
  const collector = collect(name, good)
  const { sink } = collector
  const frames = feed.frames.map((f) => f.bytes)
  // Goes on where it stopped: what an update changes, the codec must still have from those before.
  let at = 0
  return {
    name: "AlgoWays",
    ticks: feed.perFrame,
    run: (operations) => {
      const before = collector.count
      for (let i = 0; i < operations; i++) {
        decode.call(codec, frames[at]!, RECEIVED_AT, sink)
        if (++at === frames.length) at = 0
      }
      return collector.count - before
    },
    check: () => {
      for (const _ of feed.frames) {
        const { bytes, packets } = feed.frames[at]!
        if (++at === frames.length) at = 0
        const ticks: Array<Tick> = (collector.ticks = [])
        codec.decode(bytes, RECEIVED_AT, sink)
        collector.ticks = undefined
        expectTicks(
          name,
          ticks,
          packets.map((p) => p.expected)
        )
      }
    }
  }
}

/** @throws WrongResult */
const expectTicks = (name: string, ticks: ReadonlyArray<Tick>, expected: ReadonlyArray<Expected>): void => {
  const found = difference(ticks, expected)
  if (found !== undefined) throw new WrongResult(`${name}: ${found}`)
}

/** The decoded ticks of a feed, in the order of its packets. */
export const ticksOf = (feed: Feed): ReadonlyArray<Tick> => {
  const codec = openCodec(feed)
  const collector = collect(feed.name)
  const ticks: Array<Tick> = (collector.ticks = [])
  for (const { frame } of feed.packets) codec.decode(frame, RECEIVED_AT, collector.sink)
  return ticks
}

/** The guard alone, on ticks that the codec made. */
export const guard = (feed: Feed): Contestant => {
  const ticks = ticksOf(feed)
  const isTick = makeGuard()
  // Bad ticks are made by spreading, which gives shapes that no decoder makes: not for the guard that is timed.
  const refuses = makeGuard()
  return {
    name: "AlgoWays",
    ticks: 1,
    run: (operations) => {
      let good = 0
      for (let i = 0, at = 0; i < operations; i++) {
        if (isTick(ticks[at]!)) good++
        if (++at === ticks.length) at = 0
      }
      keep(good)
      return good
    },
    check: () => {
      for (const tick of ticks) {
        if (!isTick(tick)) throw new WrongResult(`guard, ${feed.name}: a good tick is refused`)
        for (const bad of [{ ltp: Number.NaN }, { volume: -1 }, { symbol: "" }, { received_time: 0 }]) {
          if (refuses({ ...tick, ...bad })) {
            throw new WrongResult(`guard, ${feed.name}: passes a tick with a bad ${Object.keys(bad)[0]!}`)
          }
        }
      }
    }
  }
}

/** The SDK's parser alone: no instrument is looked up, nothing is normalised, nothing is guarded. */
export const parser = (sdk: Sdk, feed: Feed): Contestant => {
  const frames = feed.frames.map((f) => sdk.prepare(f.bytes))
  return {
    name: sdk.name,
    ticks: feed.perFrame,
    run: (operations) => {
      for (let i = 0, at = 0; i < operations; i++) {
        keep(sdk.parse(frames[at]))
        if (++at === frames.length) at = 0
      }
      return operations * feed.perFrame
    },
    check: () => checkSdk(sdk, feed)
  }
}

/** The SDK reads all values that the packets carry, but for what it is known to misread. @throws WrongResult */
export const checkSdk = (sdk: Sdk, feed: Feed): void => {
  for (const { bytes, packets } of feed.frames) {
    const parsed = sdk.parse(sdk.prepare(bytes))
    for (const [i, { carries, divisor, instrument }] of packets.entries()) {
      const { exchange: _exchange, mode: _mode, symbol: _symbol, ...values } = carries
      const got = sdk.read(parsed, divisor).slice(i, i + 1) as unknown as ReadonlyArray<Tick>
      const right = { token: instrument.token, ...values }
      expectTicks(`${sdk.name}, ${feed.name}`, got, [sdk.misreads?.(right) ?? right])
    }
  }
}
