/** A feed that has every instrument and ticks at a set rate, so that the gateway alone is under test. */
import * as Effect from "effect/Effect"
import type { Feed, FeedInfo } from "../src/bus/feed.ts"
import { FeedError } from "../src/bus/feed.ts"
import type { MarketFrame, View } from "../src/frame/marketFrame.ts"
import { topicOf } from "../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../src/frame/frameToJson.ts"
import type { SubscribeRequest, SubscribeResult, UnsubscribeRequest } from "../src/market/subscription.ts"
import type { Tick } from "../src/market/tick.ts"

/** Microseconds since the epoch, within what a price can hold: the clock that both ends of a tick's way read. */
export const microseconds = (now = performance.now()): number =>
  Math.round((performance.timeOrigin + now) * 1000) % 1e9

/** Ticks of what begins with "L" in one turn: however many of these somebody reads, the market's load stays the same. */
const LEISURELY_PER_TURN = 200

interface Active {
  readonly view: View
  readonly write: (tick: Tick, published: number) => MarketFrame
  readonly readers: Set<string>
  ticks: number
}

const unused = Effect.fail(new FeedError({ code: "BROKER_ERROR", detail: "not part of this feed" }))
const info: FeedInfo = { broker: "soak", state: "connected", modes: ["ltp", "quote", "depth"] }

export class SoakFeed {
  readonly #active = new Map<string, Active>()
  /** Those that tick in every turn, and those that tick in their turn. */
  readonly #lively = new Set<Active>()
  readonly #leisurely = new Set<Active>()
  #nextLeisurely: Iterator<Active, undefined> | undefined
  /** Topics by reader and instrument. */
  readonly #byReader = new Map<string, Map<string, Set<string>>>()
  readonly #publish: (frames: ReadonlyArray<MarketFrame>) => void
  #levels: ReadonlyArray<{ readonly price: number; readonly quantity: number; readonly orders: number }> = []

  constructor(publish: (frames: ReadonlyArray<MarketFrame>) => void, levels: number) {
    this.#publish = publish
    this.#levels = Array.from({ length: levels }, (_, i) => ({
      price: 100 + i / 20,
      quantity: 75,
      orders: 3
    }))
  }

  get held(): number {
    let held = 0
    for (const { readers } of this.#active.values()) held += readers.size
    return held
  }

  /**
   * One tick of every well-known instrument that is read: `ltp` is the time, `volume` counts the instrument's ticks. Of what
   * hostile clients subscribe by the thousand, a few trade in their turn or none: the load is their requests, not the market's.
   *
   * @param due when a broker would have sent them, in the microseconds of `microseconds()`
   */
  turn(due: number): number {
    const frames: Array<MarketFrame> = []
    for (const active of this.#lively) frames.push(this.#tick(active, due))
    for (const active of this.#someLeisurely()) frames.push(this.#tick(active, due))
    if (frames.length > 0) this.#publish(frames)
    return frames.length
  }

  #tick(active: Active, due: number): MarketFrame {
    const { exchange, mode, symbol } = active.view
    const now = Date.now()
    active.ticks++
    const tick = { symbol, exchange, mode, received_time: now, ltp: due, volume: active.ticks }
    const depth = { buy: this.#levels, sell: this.#levels }
    return active.write(mode === "depth" ? { ...tick, depth } : tick, now)
  }

  /** Each once in a round. */
  *#someLeisurely(): Iterable<Active> {
    this.#nextLeisurely ??= this.#leisurely.values()
    for (let i = 0; i < LEISURELY_PER_TURN; i++) {
      const next = this.#nextLeisurely.next()
      if (next.done === true) {
        this.#nextLeisurely = undefined
        return
      }
      yield next.value
    }
  }

  /** Nobody reads it any more. */
  #end(topic: string, active: Active): void {
    this.#active.delete(topic)
    this.#lively.delete(active)
    this.#leisurely.delete(active)
  }

  #hold(
    user: string,
    reader: string,
    { depth = 5, exchange, mode, symbol }: SubscribeRequest
  ): SubscribeResult {
    const topic = topicOf(user, exchange, symbol, mode, depth)
    let active = this.#active.get(topic)
    if (active === undefined) {
      const view = {
        topic,
        user,
        broker: "soak",
        symbol,
        exchange,
        mode,
        levels: mode === "depth" ? depth : 0
      }
      active = { view, write: makeFrameWriter(view), readers: new Set(), ticks: 0 }
      this.#active.set(topic, active)
      if (symbol.startsWith("S")) this.#lively.add(active)
      if (symbol.startsWith("L")) this.#leisurely.add(active)
    }
    active.readers.add(reader)
    let held = this.#byReader.get(reader)
    if (held === undefined) this.#byReader.set(reader, (held = new Map()))
    const name = `${exchange}:${symbol}`
    const topics = held.get(name)
    if (topics === undefined) held.set(name, new Set([topic]))
    else topics.add(topic)
    return {
      status: "success",
      symbol,
      exchange,
      mode,
      requested_depth: depth,
      actual_depth: depth,
      is_fallback: false,
      topic
    }
  }

  /** Every topic that the reader has, by its instrument. */
  #drop(reader: string, { exchange, mode, symbol }: UnsubscribeRequest): ReadonlyArray<string> {
    const held = this.#byReader.get(reader)
    const gone = [...(held?.get(`${exchange}:${symbol}`) ?? [])].filter(
      (topic) => mode === undefined || this.#active.get(topic)?.view.mode === mode
    )
    for (const topic of gone) {
      held?.get(`${exchange}:${symbol}`)?.delete(topic)
      const active = this.#active.get(topic)
      active?.readers.delete(reader)
      if (active?.readers.size === 0) this.#end(topic, active)
    }
    return gone
  }

  #release(reader: string): void {
    for (const topic of [...(this.#byReader.get(reader)?.values() ?? [])].flatMap((t) => [...t])) {
      const active = this.#active.get(topic)
      active?.readers.delete(reader)
      if (active?.readers.size === 0) this.#end(topic, active)
    }
    this.#byReader.delete(reader)
  }

  readonly service: Feed["Service"] = {
    brokers: Effect.succeed(["soak"]),
    attach: () => Effect.succeed(info),
    info: () => Effect.succeed(info),
    subscribe: (user, reader, requests) =>
      Effect.sync(() => requests.map((r) => this.#hold(user, reader, r))),
    unsubscribe: (_user, reader, requests) =>
      Effect.sync(() =>
        requests.map((request) => {
          const { exchange, symbol } = request
          return { status: "success" as const, symbol, exchange, topics: this.#drop(reader, request) }
        })
      ),
    release: (_user, reader) => Effect.sync(() => this.#release(reader)),
    last: (_user, requests) =>
      Effect.succeed(
        requests.map(({ exchange, mode, symbol }) => ({ symbol, exchange, mode, received: 0, exchanged: 0 }))
      ),
    status: () => unused,
    instrument: () => unused
  }
}
