/** A client as it should be: reads at once, and notes how old each tick is and whether one is missing. */
import { WebSocket } from "ws"
import { microseconds } from "./feed.ts"

interface MarketData {
  readonly type?: string
  readonly symbol: string
  readonly data: { readonly ltp: number; readonly volume: number }
}

export class Reader {
  readonly #socket: WebSocket
  readonly #last = new Map<string, number>()
  #ages: Array<number> = []
  #pings: Array<number> = []
  #pingedAt = 0
  #pinging: NodeJS.Timeout | undefined
  frames = 0
  lost = 0
  closed = false

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on("close", () => {
      this.closed = true
      clearInterval(this.#pinging)
    })
    socket.on("pong", () => {
      this.#pings.push(performance.now() - this.#pingedAt)
      this.#pingedAt = 0
    })
    socket.on("message", (bytes: Buffer) => this.#read(JSON.parse(bytes.toString("utf8")) as MarketData))
  }

  static async open(
    url: string,
    key: string,
    symbols: ReadonlyArray<object>,
    mode: number,
    depth = 5
  ): Promise<Reader> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    await new Promise((resolve, reject) => {
      socket.once("open", resolve)
      socket.once("error", reject)
    })
    const reader = new Reader(socket)
    socket.send(JSON.stringify({ action: "authenticate", api_key: key }))
    socket.send(JSON.stringify({ action: "subscribe", symbols, mode, depth }))
    return reader
  }

  #read({ data, symbol, type }: MarketData): void {
    if (type !== "market_data") return
    this.frames++
    const age = microseconds() - data.ltp
    // The clock of the ticks starts anew every thousand seconds.
    this.#ages.push(age < 0 ? age + 1e9 : age)
    const before = this.#last.get(symbol)
    if (before !== undefined) this.lost += data.volume - before - 1
    this.#last.set(symbol, data.volume)
  }

  /** Ages of the ticks since the last call, in microseconds. */
  take(): ReadonlyArray<number> {
    const ages = this.#ages
    this.#ages = []
    return ages
  }

  /** Sends a ping every so often from now on; one that is not answered yet is waited for. */
  ping(everyMs: number): void {
    this.#pinging = setInterval(() => {
      if (this.#pingedAt !== 0) return
      this.#pingedAt = performance.now()
      this.#socket.ping()
    }, everyMs)
  }

  /** Milliseconds that the answers to pings took since the last call; the one that is waited for counts so far. */
  takePings(): ReadonlyArray<number> {
    const pings = this.#pings
    this.#pings = []
    if (this.#pingedAt !== 0) pings.push(performance.now() - this.#pingedAt)
    return pings
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The number of the last tick of an instrument. */
  last(symbol: string): number {
    return this.#last.get(symbol) ?? 0
  }

  end(): void {
    this.#socket.terminate()
  }
}

/** @param q 0 to 1 */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)
