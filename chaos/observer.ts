/** Looks at everything that one user's feed publishes, as it is published. */
import type { MarketFrame } from "../src/frame/marketFrame.ts"
import type { FeedEvent } from "../src/market/feedEvent.ts"
import { nameOf } from "../src/market/instrument.ts"
import type { Tick } from "../src/market/tick.ts"
import { ownerOf } from "./prices.ts"
import type { Priced } from "./prices.ts"
import type { Recorder } from "./violations.ts"
import type { Wants } from "./wants.ts"

/** What was on its way when the lies ended has arrived, and what it left in a picture is overwritten. */
const LIES_LINGER_MS = 2000

interface Published {
  readonly symbol: string
  readonly exchange: string
  readonly ltp?: number
}

export class Observer {
  frames = 0
  ticks = 0
  /** Times at which the session began its ladder of retries anew by right. */
  readonly resumed: Array<number> = []
  rebalancedAt = 0
  parked = 0
  readonly #lastFrame = new Map<string, number>()
  readonly #wants: Wants
  readonly #priced: Priced
  readonly #recorder: Recorder
  readonly #broker: string
  #lying = 0
  #liedUntil = 0

  constructor(broker: string, wants: Wants, priced: Priced, recorder: Recorder) {
    this.#broker = broker
    this.#wants = wants
    this.#priced = priced
    this.#recorder = recorder
  }

  lies(on: boolean): void {
    this.#lying += on ? 1 : -1
    this.#liedUntil = Date.now() + LIES_LINGER_MS
  }

  /** Epoch ms; 0: never. */
  lastFrame(topic: string): number {
    return this.#lastFrame.get(topic) ?? 0
  }

  onFrame({ dataEnd, dataStart, payload, view }: MarketFrame): void {
    const now = Date.now()
    this.frames++
    this.#lastFrame.set(view.topic, now)
    if (!this.#wants.has(view.topic)) {
      const left = this.#wants.leftAt(view.topic)
      const since = left === 0 ? "never held" : `given up ${now - left} ms ago`
      this.#recorder.violated("unwanted tick", `a frame of ${view.topic}, ${since}`)
    }
    const data = JSON.parse(payload.toString("utf8", dataStart, dataEnd)) as Published
    const name = nameOf(view)
    if (nameOf(data) !== name || view.broker !== this.#broker) {
      this.#recorder.violated(
        "wrong instrument",
        `a frame of ${view.topic} holds ${nameOf(data)} of ${view.broker}`
      )
    }
    this.#proves(name, data.ltp, view.topic)
  }

  /** @param tick of the adapter's own stream, which comes a moment later */
  onTick(tick: Tick): void {
    this.ticks++
    const name = nameOf(tick)
    if (!this.#wants.hasInstrument(name)) {
      const left = this.#wants.leftAt(name)
      if (left === 0 || tick.received_time > left) {
        const since =
          left === 0 ? "never held" : `received ${tick.received_time - left} ms after it was given up`
        this.#recorder.violated("unwanted tick", `a tick of ${name}, ${since}`)
      }
    }
    this.#proves(name, tick.ltp, "the adapter's ticks")
  }

  #proves(name: string, price: number | undefined, where: string): void {
    if (price === undefined || this.#lying > 0 || Date.now() < this.#liedUntil) return
    const band = this.#priced.bands.get(name)
    if (band === undefined || (price >= band.low && price <= band.high)) return
    const owner = ownerOf(price, this.#priced)
    this.#recorder.violated(
      "wrong instrument",
      `${where}: ${name} at ${price}, and its band is ${band.low.toFixed(2)} to ${band.high.toFixed(2)}; ` +
        (owner === undefined ? "nobody's price" : `the price of ${owner}`)
    )
  }

  onEvent(event: FeedEvent): void {
    this.#recorder.note(describe(event))
    if (event.type === "waiting_for_login") this.parked = event.at
    if (event.type !== "supervisor") return
    if (event.decision === "resume" || event.decision === "restart_session") this.resumed.push(event.at)
    if (event.decision === "rebalance") this.rebalancedAt = event.at
  }
}

const describe = (event: FeedEvent): string => {
  switch (event.type) {
    case "feed_down":
      return `connection ${event.connection} down: ${event.cause}, ${event.detail}`
    case "feed_up":
      return `connection ${event.connection} up after ${event.gap_ms} ms, ${event.restored} restored`
    case "waiting_for_login":
      return `waits for a login: ${event.reason}`
    case "supervisor":
      return `${event.decision} (connection ${event.connection ?? "-"}): ${event.cause}`
    default:
      return `${event.type}: ${event.instruments.length} instruments`
  }
}
