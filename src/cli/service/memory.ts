/**
 * Gives back the memory that a burst has left behind. V8 keeps the pages of garbage that it has collected, some 200 MB after a
 * flood of large requests, and returns them only in a collection that is meant to reduce memory. It starts such a
 * one by itself only in a process that does next to nothing, which one that passes on ticks never is.
 */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

type Collect = (options: {
  readonly type: "major"
  readonly execution: "sync"
  readonly flavor: string
}) => void

const EVERY_MS = 10_000
/** A collection takes some 50 ms, in which no tick goes out: for so little there is none. */
const WORTHWHILE_BYTES = 96 * 1024 * 1024
/** Checks between two collections at least. */
const REST = 6

export interface Memory {
  readonly rss: number
  readonly heapTotal: number
  readonly external: number
}

/** What is resident beyond what the engine accounts for: code, native memory, and pages that it keeps. */
const unaccounted = ({ external, heapTotal, rss }: Memory): number => rss - heapTotal - external

/**
 * When to collect, from a reading each while: once memory has grown by what is worth a pause and grows no more. What a collection leaves
 * is in use, and the level from then on.
 */
export class MemoryLevel {
  #level: number
  #last: number
  #rest = 0
  #collected = false

  constructor(now: Memory) {
    this.#level = unaccounted(now)
    this.#last = this.#level
  }

  shouldCollect(now: Memory): boolean {
    const current = unaccounted(now)
    const grows = current > this.#last + WORTHWHILE_BYTES / 8
    this.#last = current
    if (this.#collected) this.#level = current
    this.#collected = false
    this.#level = Math.min(this.#level, current)
    if (this.#rest > 0) this.#rest--
    if (grows || this.#rest > 0 || current < this.#level + WORTHWHILE_BYTES) return false
    this.#rest = REST
    this.#collected = true
    return true
  }
}

/** The engine's collector, which is not there without a flag. */
export const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as Collect
  return () => collect({ type: "major", execution: "sync", flavor: "last-resort" })
}

/** Looks after this process's memory, and never ends. */
export const giveBackMemory: Effect.Effect<never> = Effect.suspend(() => {
  const collect = collector()
  const level = new MemoryLevel(process.memoryUsage())
  return Effect.sync(() => {
    if (level.shouldCollect(process.memoryUsage())) collect()
  }).pipe(Effect.delay(EVERY_MS), Effect.forever)
})
