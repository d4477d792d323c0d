/** What a swarm reads: second by second, and in all. */
import { performance } from "node:perf_hooks"
import type { EventLoopUtilization } from "node:perf_hooks"
import { Ages } from "./ages.ts"
import type { LoadConnection } from "./connection.ts"
import type { Swarm } from "./swarm.ts"

/** Ticks in a second whose age is looked at, about: below such a rate it is all of them. */
const SAMPLES_PER_SECOND = 2000
/** One tick in so many, until the rate is known. */
const SAMPLE_AT_FIRST = 64

interface Marks {
  readonly at: number
  readonly frames: number
  readonly bytes: number
  readonly others: number
  /** Of the process, in milliseconds. */
  readonly cpu: number
  readonly loop: EventLoopUtilization
}

export interface Stretch {
  readonly seconds: number
  readonly messages: number
  readonly bytes: number
  readonly messagesPerSecond: number
  readonly megabytesPerSecond: number
  /** Messages of other kinds: notices, states. */
  readonly others: number
  /** CPU of the load client itself, as a share of one core. */
  readonly cpu: number
  /** The share of the time in which its event loop had no pause: from 1 on it is late, and measures itself. */
  readonly busy: number
}

export interface AgeSummary {
  /** Ticks that were looked at. */
  readonly samples: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

export interface Second extends Stretch, AgeSummary {
  /** Clients that are connected. */
  readonly clients: number
  readonly closed: number
}

export interface Ended {
  /** Counted from 1. */
  readonly client: number
  readonly why: string
}

export interface Summary extends Stretch, AgeSummary {
  readonly perClient: { readonly least: number; readonly mean: number; readonly most: number }
  readonly closed: ReadonlyArray<Ended>
}

export class Meter {
  readonly #swarm: Swarm
  /** Of the second that goes on, told by `sampled`; and of those before. */
  readonly #ages: Ages
  readonly #allAges = new Ages()
  readonly #framesBefore: ReadonlyMap<LoadConnection, number>
  readonly #start: Marks
  #last: Marks

  /** Measures from now on. `ages` is filled by the swarm's `onSample`. */
  constructor(swarm: Swarm, ages: Ages) {
    this.#swarm = swarm
    this.#ages = ages
    ages.clear()
    swarm.sample(SAMPLE_AT_FIRST)
    this.#framesBefore = new Map(swarm.connections.map((c) => [c, c.frames]))
    this.#start = this.#last = this.#marks()
  }

  /** Since the last call. */
  second(): Second {
    const before = this.#last
    const now = this.#take()
    const { ended } = this.#swarm.totals
    const second = {
      ...stretch(before, now),
      clients: this.#swarm.connections.length - ended,
      closed: ended,
      ...summaryOf(this.#ages)
    }
    this.#allAges.addAll(this.#ages)
    this.#ages.clear()
    this.#sample(second.messagesPerSecond)
    return second
  }

  summary(): Summary {
    this.#allAges.addAll(this.#ages)
    this.#ages.clear()
    const { connections } = this.#swarm
    const each = connections.map((c) => c.frames - this.#framesBefore.get(c)!)
    return {
      ...stretch(this.#start, this.#take()),
      ...summaryOf(this.#allAges),
      perClient: {
        least: each.reduce((a, b) => Math.min(a, b)),
        mean: each.reduce((a, b) => a + b, 0) / each.length,
        most: each.reduce((a, b) => Math.max(a, b))
      },
      closed: connections.flatMap(({ ended }, i) =>
        ended === undefined ? [] : [{ client: i + 1, why: ended }]
      )
    }
  }

  /** In powers of two, so that it seldom changes. */
  #sample(rate: number): void {
    const every = 2 ** Math.max(0, Math.ceil(Math.log2(rate / SAMPLES_PER_SECOND)))
    if (every !== this.#swarm.connections[0]?.sampleEvery) this.#swarm.sample(every)
  }

  #take(): Marks {
    this.#last = this.#marks()
    return this.#last
  }

  #marks(): Marks {
    const { bytes, frames, others } = this.#swarm.totals
    const { system, user } = process.cpuUsage()
    return {
      at: performance.now(),
      frames,
      bytes,
      others,
      cpu: (system + user) / 1000,
      loop: performance.eventLoopUtilization()
    }
  }
}

const stretch = (from: Marks, to: Marks): Stretch => {
  const seconds = Math.max(to.at - from.at, 1) / 1000
  const messages = to.frames - from.frames
  const bytes = to.bytes - from.bytes
  return {
    seconds,
    messages,
    bytes,
    messagesPerSecond: messages / seconds,
    megabytesPerSecond: bytes / 1e6 / seconds,
    others: to.others - from.others,
    cpu: (to.cpu - from.cpu) / 1000 / seconds,
    busy: performance.eventLoopUtilization(to.loop, from.loop).utilization
  }
}

const summaryOf = (ages: Ages): AgeSummary => ({
  samples: ages.count,
  p50Ms: ages.quantile(0.5),
  p99Ms: ages.quantile(0.99)
})
