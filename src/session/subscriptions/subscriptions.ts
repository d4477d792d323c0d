/**
 * Who reads what, and what must therefore be subscribed upstream: the state of one session, owned by its
 * actor. Plain data and plain functions, so that it can be tested without a socket or a fiber.
 *
 * A reader holds views. An instrument with at least one view is wanted upstream, once, in the richest mode and
 * the deepest level that any view needs. Every operation returns the changes that the wire needs.
 */
import type { ReaderSubscription } from "../../brokers/adapter.ts"
import type { Broker } from "../../brokers/broker.ts"
import type { View } from "../../frame/marketFrame.ts"
import { topicOf } from "../../frame/marketFrame.ts"
import { makeFrameWriter } from "../../frame/frameToJson.ts"
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { modeBit, modeNumber, richer } from "../../market/mode.ts"
import type { LastTick, SubscribeRequest } from "../../market/subscription.ts"
import type { Want } from "../../protocols/protocol.ts"
import type { ActiveView, SubscribedInstrument, SubscriptionChange } from "../model.ts"
import { makeSubscribedInstrument, sameWant } from "../model.ts"

export interface Added {
  readonly view: View
  /** False when the reader held this view already. */
  readonly fresh: boolean
  readonly change: SubscriptionChange | undefined
}

export class Subscriptions {
  readonly #user: string
  readonly #broker: Pick<Broker, "name" | "simulated">
  readonly #instruments = new Map<string, SubscribedInstrument>()
  readonly #byReader = new Map<string, Map<ActiveView, SubscribedInstrument>>()
  /** By exchange, and by the levels that are wanted: how many instruments. */
  readonly #depths = new Map<string, Map<number, number>>()
  /** Instruments that nobody reads any more and that are still subscribed, with the time of their last reader. */
  readonly #lingering = new Map<SubscribedInstrument, number>()
  readonly #now: (() => number) | undefined

  /** @param now monotonic milliseconds; given, an instrument stays subscribed after its last reader until `expire` */
  constructor(user: string, broker: Pick<Broker, "name" | "simulated">, now?: () => number) {
    this.#user = user
    this.#broker = broker
    this.#now = now
  }

  get size(): number {
    return this.#instruments.size
  }

  instruments(): IterableIterator<SubscribedInstrument> {
    return this.#instruments.values()
  }

  find(exchange: string, symbol: string): SubscribedInstrument | undefined {
    return this.#instruments.get(nameOf({ exchange, symbol }))
  }

  /** Adds a reader to a view, making both as needed. Holding a view twice changes nothing. */
  add(
    reader: string,
    instrument: Instrument,
    mode: Mode,
    requestedDepth: number,
    actualDepth: number,
    bookless: boolean
  ): Added {
    const subscribed = this.#instrumentOf(instrument, bookless)
    const topic = topicOf(this.#user, subscribed.exchange, subscribed.symbol, mode, requestedDepth)
    let active = subscribed.views.find((v) => v.view.topic === topic)
    if (active === undefined) {
      const view = this.#view(subscribed, topic, mode, actualDepth)
      active = { view, bit: modeBit[mode], requestedDepth, write: makeFrameWriter(view), readers: new Set() }
      subscribed.views = [...subscribed.views, active]
    }
    const fresh = !active.readers.has(reader)
    active.readers.add(reader)
    let held = this.#byReader.get(reader)
    if (held === undefined) this.#byReader.set(reader, (held = new Map()))
    held.set(active, subscribed)
    return { view: active.view, fresh, change: this.#settle(subscribed) }
  }

  /** Takes one reader off one view: the exact opposite of the `add` that returned it, for want of a place. */
  takeBack(reader: string, { change, view }: Added): void {
    const entry = this.find(view.exchange, view.symbol)
    const active = entry?.views.find((v) => v.view === view)
    if (entry === undefined || active === undefined) return
    this.#remove(reader, entry, active)
    // What was never placed neither lingers nor is wanted, or the next reader would be told that it is there already.
    if (change !== undefined) this.#setWant(entry, change.from)
    if (entry.views.length > 0) return
    if (entry.want === undefined) this.#instruments.delete(entry.name)
    else if (this.#now !== undefined) this.#lingering.set(entry, this.#now())
  }

  /** Takes a reader off its views of an instrument: of one mode, or of all. Nothing held, nothing changed. */
  remove(
    reader: string,
    exchange: string,
    symbol: string,
    mode: Mode | undefined
  ): { readonly topics: ReadonlyArray<string>; readonly change: SubscriptionChange | undefined } {
    const entry = this.find(exchange, symbol)
    if (entry === undefined) return { topics: [], change: undefined }
    const gone = entry.views.filter(
      (v) => v.readers.has(reader) && (mode === undefined || v.view.mode === mode)
    )
    for (const active of gone) this.#remove(reader, entry, active)
    return { topics: gone.map((v) => v.view.topic), change: this.#settle(entry) }
  }

  /** Whether the reader has any view. */
  reads(reader: string): boolean {
    return this.#byReader.has(reader)
  }

  /** How many instruments of an exchange are wanted with more levels. */
  deeper(exchange: string, levels: number): number {
    let deeper = 0
    for (const [depth, count] of this.#depths.get(exchange) ?? []) if (depth > levels) deeper += count
    return deeper
  }

  #setWant(instrument: SubscribedInstrument, want: Want | undefined): void {
    let depths = this.#depths.get(instrument.exchange)
    if (depths === undefined) this.#depths.set(instrument.exchange, (depths = new Map()))
    if (instrument.want !== undefined)
      depths.set(instrument.want.depth, depths.get(instrument.want.depth)! - 1)
    if (want !== undefined) depths.set(want.depth, (depths.get(want.depth) ?? 0) + 1)
    instrument.want = want
  }

  /** The reader is gone, or gives up so many of its views. */
  release(reader: string, most = Infinity): ReadonlyArray<SubscriptionChange> {
    const held = this.#byReader.get(reader)
    if (held === undefined) return []
    const touched = new Set<SubscribedInstrument>()
    let left = most
    for (const [active, instrument] of held) {
      if (left-- === 0) break
      this.#remove(reader, instrument, active)
      touched.add(instrument)
    }
    const changes: Array<SubscriptionChange> = []
    for (const instrument of touched) {
      const change = this.#settle(instrument)
      if (change !== undefined) changes.push(change)
    }
    return changes
  }

  /** The last tick of an instrument, as a frame of the mode that is asked for; levels as the request says. */
  last({ depth, exchange, mode, symbol }: SubscribeRequest): LastTick {
    const entry = this.find(exchange, symbol)
    const tick = entry?.last[modeNumber[mode] - 1]
    if (entry === undefined || tick === undefined)
      return { symbol, exchange, mode, received: 0, exchanged: 0 }
    const topic = topicOf(this.#user, exchange, symbol, mode, depth ?? 0)
    const active = entry.views.find((v) => v.view.topic === topic)
    const write = active?.write ?? makeFrameWriter(this.#view(entry, topic, mode, depth ?? 5))
    const { exchanged, payload, received } = write(tick, 0)
    return { symbol, exchange, mode, frame: payload.toString("utf8"), received, exchanged }
  }

  #view(instrument: SubscribedInstrument, topic: string, mode: Mode, levels: number): View {
    return {
      topic,
      user: this.#user,
      broker: this.#broker.name,
      ...(this.#broker.simulated === true ? { simulated: true } : {}),
      symbol: instrument.symbol,
      exchange: instrument.exchange,
      mode,
      levels: mode === "depth" ? levels : 0
    }
  }

  /** Everything that is held, as requests that would hold it again. */
  all(): ReadonlyArray<ReaderSubscription> {
    return [...this.#byReader].flatMap(([reader, held]) =>
      [...held].map(([active, { exchange, symbol }]) => ({
        reader,
        request: { symbol, exchange, mode: active.view.mode, depth: active.requestedDepth }
      }))
    )
  }

  /** Gives up what nobody has read since then. */
  expire(since: number): ReadonlyArray<SubscriptionChange> {
    const changes: Array<SubscriptionChange> = []
    for (const [instrument, at] of this.#lingering) {
      if (at > since) continue
      this.#lingering.delete(instrument)
      this.#instruments.delete(instrument.name)
      const from = instrument.want
      this.#setWant(instrument, undefined)
      changes.push({ instrument, from, to: undefined })
    }
    return changes
  }

  #instrumentOf(instrument: Instrument, bookless: boolean): SubscribedInstrument {
    const name = nameOf(instrument)
    const known = this.#instruments.get(name)
    if (known !== undefined) return known
    const subscribed = makeSubscribedInstrument(instrument, bookless)
    this.#instruments.set(name, subscribed)
    return subscribed
  }

  #remove(reader: string, instrument: SubscribedInstrument, active: ActiveView): void {
    active.readers.delete(reader)
    if (active.readers.size === 0) instrument.views = instrument.views.filter((v) => v !== active)
    const held = this.#byReader.get(reader)
    held?.delete(active)
    if (held?.size === 0) this.#byReader.delete(reader)
  }

  /** Derives what the entry needs upstream from its views. */
  #settle(instrument: SubscribedInstrument): SubscriptionChange | undefined {
    const from = instrument.want
    let to: Want | undefined
    for (const { view } of instrument.views) {
      to =
        to === undefined
          ? { mode: view.mode, depth: view.levels }
          : { mode: richer(to.mode, view.mode), depth: Math.max(to.depth, view.levels) }
    }
    if (to === undefined && from !== undefined && this.#now !== undefined) {
      this.#lingering.set(instrument, this.#now())
      return undefined
    }
    if (to === undefined) this.#instruments.delete(instrument.name)
    else this.#lingering.delete(instrument)
    if (sameWant(from, to)) return undefined
    this.#setWant(instrument, to)
    return { instrument, from, to }
  }
}
