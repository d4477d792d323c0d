/** The slow-reader suite: readers that stand still or crawl, and what it costs the others and the memory. */
import { setTimeout as sleep } from "node:timers/promises"
import { startGateway } from "./processes.ts"
import { Reader, quantile } from "./reader.ts"
import { wellKnown } from "./wellKnown.ts"

export interface SlowSize {
  readonly quick: number
  readonly slow: number
  readonly seconds: number
  readonly turnsPerSecond: number
  /** The latency may double; below this many microseconds it is the machine's own noise and no reader notices. */
  readonly unnoticedMicros: number
}

export const smallSlow: SlowSize = {
  quick: 2,
  slow: 8,
  seconds: 4,
  // A quick reader must stand still for longer than a second before it is behind as the slow ones are.
  turnsPerSecond: 5,
  // Other tests run beside this one: latency is judged at full size only.
  unnoticedMicros: Infinity
}
export const fullSlow: SlowSize = {
  quick: 4,
  slow: 30,
  seconds: 50,
  turnsPerSecond: 2,
  unnoticedMicros: 20_000
}

export interface SlowResult {
  readonly clients: number
  readonly frames: number
  /** Of the quick readers: must be none. */
  readonly lost: number
  /** Of the slow ones: replaced by newer ones. */
  readonly conflated: number
  readonly quietP99: number
  readonly p99: number
  readonly ratio: number
  readonly rssBefore: number
  readonly rssPeak: number
  readonly rssAfter: number
  /** Bytes of memory per slow reader at the peak, beyond what was there before. */
  readonly perSlowReader: number
  readonly violations: ReadonlyArray<string>
}

const KEY = "the-key-of-all-readers"
const LEVELS = 200
const CATCH_UP_MS = 10_000
/** Stated in the documentation: the mark, what may overshoot it between two looks, and one frame per subscription. */
const MOST_PER_READER = 1024 * 1024
/** Allowed for what the process takes for itself meanwhile: with few slow readers it would count as theirs. */
const OWN_SWING = 8 * 1024 * 1024

export const runSlowReaders = async (size: SlowSize): Promise<SlowResult> => {
  const gateway = await startGateway({
    users: [{ name: "good", key: KEY }],
    options: {},
    turnsPerSecond: size.turnsPerSecond,
    levels: LEVELS
  })
  const open = (many: number) =>
    Promise.all(Array.from({ length: many }, () => Reader.open(gateway.url, KEY, wellKnown, 3, LEVELS)))
  const quick = await open(size.quick)
  const p99 = () =>
    quantile(
      quick.flatMap((r) => [...r.take()]),
      0.99
    )
  try {
    await sleep(1000)
    p99()
    await sleep(size.seconds * 500)
    const quietP99 = p99()
    const before = await gateway.read()
    const slow = await open(size.slow)
    await sleep(500)
    for (const reader of slow) reader.pause()
    p99()
    let rssPeak = before.rss
    // Until a deadline: on a busy machine each look takes its time.
    for (const until = performance.now() + size.seconds * 1000; performance.now() < until;) {
      await sleep(500)
      rssPeak = Math.max(rssPeak, (await gateway.read()).rss)
    }
    const busyP99 = p99()
    for (const reader of slow) reader.resume()
    /** Those that are more than a second of ticks behind a quick reader. */
    const lagging = () =>
      slow.filter((reader) =>
        wellKnown.some(({ symbol }) => quick[0]!.last(symbol) - reader.last(symbol) > size.turnsPerSecond)
      ).length
    for (const until = performance.now() + CATCH_UP_MS; lagging() > 0 && performance.now() < until;)
      await sleep(100)
    const behind = lagging()
    const after = await gateway.read()
    const violations: Array<string> = []
    const lost = quick.reduce((sum, r) => sum + r.lost, 0)
    const perSlowReader = (rssPeak - before.rss) / size.slow
    const ratio = busyP99 / quietP99
    if (lost > 0) violations.push(`${lost} frames of quick readers lost`)
    if (behind > 0) violations.push(`${behind} slow readers did not get the last value`)
    if (after.slowClosed > 0) violations.push(`${after.slowClosed} slow readers were closed`)
    if (rssPeak - before.rss > size.slow * MOST_PER_READER + OWN_SWING)
      violations.push(`${Math.round(perSlowReader)} bytes a slow reader`)
    if (ratio > 2 && busyP99 > size.unnoticedMicros)
      violations.push(`p99 is ${ratio.toFixed(1)} times its quiet value`)
    for (const reader of slow) reader.end()
    return {
      clients: size.quick + size.slow,
      frames: after.framesOut,
      lost,
      conflated: after.conflated,
      quietP99,
      p99: busyP99,
      ratio,
      rssBefore: before.rss,
      rssPeak,
      rssAfter: after.rss,
      perSlowReader,
      violations
    }
  } finally {
    for (const reader of quick) reader.end()
    gateway.stop()
  }
}
