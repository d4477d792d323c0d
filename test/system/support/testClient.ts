/** A WebSocket client that waits for what it wants to see. */
import { WebSocket } from "ws"

export type Json = Readonly<Record<string, unknown>>

export class TestClient {
  readonly socket: WebSocket
  readonly frames: Array<Json> = []
  pings = 0
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  #read = 0
  readonly #waiting = new Set<() => void>()

  private constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false })
    this.socket.on("message", (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString("utf8")) as Json)
      for (const wake of this.#waiting) wake()
    })
    this.socket.on("ping", () => this.pings++)
    this.socket.on("error", () => undefined)
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  static open(url: string): Promise<TestClient> {
    const client = new TestClient(url)
    return new Promise((resolve, reject) => {
      client.socket.once("open", () => resolve(client))
      client.socket.once("error", reject)
    })
  }

  /** Opens and logs in. */
  static async login(url: string, key: string): Promise<TestClient> {
    const client = await TestClient.open(url)
    await client.ask({ action: "authenticate", api_key: key })
    return client
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame))
  }

  /** The next frame that was not taken yet; fails after five seconds. */
  async next(): Promise<Json> {
    const deadline = Date.now() + 5000
    while (this.frames.length <= this.#read) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error("no frame came within five seconds")
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, left)
        this.#waiting.add(wake)
      })
    }
    return this.frames[this.#read++]!
  }

  ask(frame: unknown): Promise<Json> {
    this.send(frame)
    return this.next()
  }

  /** Its answer: ticks of what was subscribed before may come first. */
  async subscribe(symbol: string, exchange: string, mode: unknown, more: Json = {}): Promise<Json> {
    this.send({ action: "subscribe", symbol, exchange, mode, ...more })
    for (;;) {
      const frame = await this.next()
      if (frame["type"] !== "market_data") return frame
    }
  }

  /** Everything that was on its way when this was called has arrived when it resolves. */
  async settle(): Promise<ReadonlyArray<Json>> {
    const from = this.#read
    this.send({ action: "ping", _pingId: "settle" })
    for (;;) {
      const frame = await this.next()
      if (frame["_pingId"] === "settle") return this.frames.slice(from, this.#read - 1)
    }
  }

  async close(): Promise<void> {
    this.socket.close()
    await this.closed
  }
}
