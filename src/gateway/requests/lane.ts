/**
 * Clients' requests take turns with ticks: so much of them at a time, one client after the other, and then sockets are read and
 * ticks go out. When it does not end there are pauses as well. However many ask for however much, they hold up each other and
 * nobody else.
 */
import * as Effect from "effect/Effect"
import { Allowance } from "../limits.ts"

export interface LaneOptions {
  /** So much work in a second needs no pauses, in milliseconds: what a usual client asks for at its start. */
  readonly creditMs: number
  /** What is handled in one go, in milliseconds; whoever has begun is not stopped. */
  readonly roundMs: number
  /** By how much a tick may be late on average. */
  readonly latenessMs: number
  /** A round that took longer than usual is no reason to stand still. */
  readonly longestPauseMs: number
}

/**
 * Something that takes so long, once in so long a time, keeps a tick waiting for half of it, in that share of the cases:
 * ms / 2 * ms / (ms + pause).
 */
const pauseAfter = (ms: number, { latenessMs, longestPauseMs }: LaneOptions): number =>
  Math.min(longestPauseMs, Math.max(0, (ms * ms) / (2 * latenessMs) - ms))

export class Lane {
  readonly #options: LaneOptions
  /** Milliseconds of work for which there is no pause. */
  readonly #credit: Allowance
  /** Those who wait for their turn, the first of them at `#head`. */
  #waiting: Array<() => void> = []
  #head = 0
  /** What the round has taken so far, without the one that is at work now, who began then. */
  #taken = 0
  #since: number | undefined
  /** The end of the round, or of the pause behind it, is on its way. */
  #ends = false
  /** What the process had used of the processor when the round began. */
  #cpu: NodeJS.CpuUsage | undefined
  #pausing = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.#credit = new Allowance(options.creditMs, options.creditMs, performance.now())
  }

  get #left(): number {
    const running = this.#since === undefined ? 0 : performance.now() - this.#since
    return this.#options.roundMs - this.#taken - running
  }

  /** Nobody waits, and there is room in this round. */
  get free(): boolean {
    return !this.#pausing && this.#head === this.#waiting.length && this.#left > 0
  }

  /** Does what needs no waiting for, as a part of the round. What it leaves to fibers is theirs. */
  run(work: () => void): void {
    // What the one at work does besides counts as its own.
    if (this.#since !== undefined) return work()
    this.#begin()
    this.#since = performance.now()
    try {
      work()
    } finally {
      this.#taken += performance.now() - this.#since
      this.#since = undefined
    }
  }

  /** Waits for its turn behind those who wait already. */
  readonly turn: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const wake = (): void => resume(Effect.void)
    this.#waiting.push(wake)
    this.#begin()
    return Effect.sync(() => {
      const at = this.#waiting.indexOf(wake, this.#head)
      if (at !== -1) this.#waiting[at] = nobody
    })
  })

  #begin(): void {
    if (this.#ends) return
    this.#ends = true
    this.#cpu = process.cpuUsage()
    setImmediate(this.#roundOver)
  }

  readonly #roundOver = (): void => {
    // What it took while the machine was busy with other things held up nobody for longer than its own work.
    const { system, user } = process.cpuUsage(this.#cpu)
    const took = Math.min(this.#taken, (system + user) / 1000)
    const pause = this.#credit.takeOrWait(took, performance.now()) === 0 ? 0 : pauseAfter(took, this.#options)
    this.#taken = 0
    this.#pausing = pause > 0
    if (this.#pausing) setTimeout(this.#pauseOver, pause)
    else this.#pauseOver()
  }

  readonly #pauseOver = (): void => {
    this.#pausing = false
    this.#ends = false
    this.#serve()
  }

  #serve(): void {
    while (this.#head < this.#waiting.length && this.#left > 0) {
      const wake = this.#waiting[this.#head]!
      this.#waiting[this.#head++] = nobody
      this.run(wake)
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }
}

const nobody = (): void => undefined
