/** Drives a server under test from inside its process: as fast as its clients take the ticks, or at a set rate. */
import { createServer } from "node:net"

/**
 * Makes ticks `from` to `from + count - 1` of the market ready; what it answers publishes them. What a broker sends is
 * there before its time counts.
 */
export type Emit = (from: number, count: number) => () => void

/** One clock for all processes of the machine, in milliseconds with fractions. */
export const now = (() => {
  let offset = -Infinity
  // The two clocks are read one after the other: what lies between them, a compilation at first, makes it too small.
  for (let i = 0; i < 100; i++) {
    const [seconds, nanoseconds] = process.hrtime()
    offset = Math.max(offset, seconds * 1000 + nanoseconds / 1e6 - performance.now())
  }
  return (): number => performance.now() + offset
})()

export interface Usage {
  /** Processor time of the process while it was measured, and how long that was; milliseconds. */
  readonly cpuMs: number
  readonly elapsedMs: number
}

export interface Flood extends Usage {
  readonly ticks: number
}

export interface Paced extends Usage {
  readonly ticks: number
  /** When each tick was handed in, by `now`; empty where nobody asked. */
  readonly times: Float64Array
}

/** Nothing is as slow as this. */
const LOST_MS = 10_000

const cpuMs = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

export class Emitter {
  readonly #emit: Emit
  readonly #perRound: number
  #next = 0
  /** Rounds, since the process began. */
  #sent = 0
  #acknowledged = 0
  #onAcknowledged: (() => void) | undefined

  /** @param perRound ticks of a round, which is what a turn of the event loop publishes at full speed */
  constructor(emit: Emit, perRound: number) {
    this.#emit = emit
    this.#perRound = perRound
  }

  /** Listens for the load client, which writes a byte for each round that all its connections have read. */
  listen(): Promise<number> {
    const server = createServer((socket) => {
      socket.setNoDelay()
      socket.on("data", (bytes) => {
        this.#acknowledged += bytes.length
        this.#onAcknowledged?.()
      })
      socket.on("error", () => undefined)
    })
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resolve(typeof address === "object" && address !== null ? address.port : 0)
      })
    })
  }

  /**
   * As fast as possible for so long, or so many rounds, with at most `window` rounds on their way.
   *
   * @param perTurn ticks that a turn of the event loop publishes: a part of a round, which divides it
   */
  flood(ms: number, window: number, perTurn = this.#perRound, most = Infinity): Promise<Flood> {
    return new Promise((resolve, reject) => {
      let left = most
      let rest = 0
      let waiting = false
      const before = this.#sent
      const start = now()
      const cpu = cpuMs()
      // A server that loses a frame stands still before the time is over.
      const lost = setTimeout(
        () =>
          reject(
            new Error(`${this.#sent - this.#acknowledged} of ${this.#sent - before} rounds did not arrive`)
          ),
        ms + LOST_MS
      )
      const end = (): void => {
        clearTimeout(lost)
        this.#onAcknowledged = undefined
        const ticks = (this.#sent - before) * this.#perRound
        resolve({ ticks, cpuMs: cpuMs() - cpu, elapsedMs: now() - start })
      }
      const turn = (): void => {
        const onTheWay = this.#sent - this.#acknowledged
        const over = left === 0 || now() - start >= ms
        if (rest === 0) {
          if (over && onTheWay === 0) return end()
          if (over || onTheWay >= window) {
            waiting = true
            return
          }
          left--
          rest = this.#perRound
          this.#sent++
        }
        this.#emit(this.#next, perTurn)()
        this.#next += perTurn
        rest -= perTurn
        setImmediate(turn)
      }
      this.#onAcknowledged = () => {
        if (!waiting) return
        waiting = false
        setImmediate(turn)
      }
      turn()
    })
  }

  /** A few ticks each millisecond, so many per second; whole rounds in all. */
  pace(ms: number, ticksPerSecond: number, timed: boolean): Promise<Paced> {
    return new Promise((resolve) => {
      const rounds = Math.max(1, Math.round((ticksPerSecond * ms) / 1000 / this.#perRound))
      const total = rounds * this.#perRound
      const times = new Float64Array(timed ? total : 0)
      let sent = 0
      const start = now()
      const cpu = cpuMs()
      const timer = setInterval(() => {
        const due = Math.min(total, Math.floor(((now() - start) * ticksPerSecond) / 1000))
        if (due > sent) {
          const publish = this.#emit(this.#next, due - sent)
          if (timed) times.fill(now(), sent, due)
          publish()
          this.#next += due - sent
          sent = due
        }
        if (sent < total) return
        clearInterval(timer)
        this.#sent += rounds
        resolve({ ticks: total, times, cpuMs: cpuMs() - cpu, elapsedMs: now() - start })
      }, 1)
    })
  }
}
