/**
 * The topics of one connection: what is subscribed, what the server's ids stand for, and what each topic's values are
 * by now. A snapshot tells all values of a topic, updates tell those that changed.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Sink } from "../protocol.ts"
import { brokerText } from "../kit/text.ts"
import type { Fields } from "./fields.ts"
import { NO_SLOT, slot } from "./fields.ts"
import type { Kind } from "./layout.ts"
import { NO_VALUE, divisorOf, kinds } from "./layout.ts"
import { bookTick, indexTick, quoteTick } from "./ticks.ts"

/** An instrument that somebody wants. */
export interface Held {
  instrument: WireInstrument
  /** The name of its topics without the prefix: `nse_cm|3045`. */
  readonly subject: string
  wanted: ReadonlyArray<Kind>
}

interface Topic {
  readonly id: number
  readonly name: string
  readonly kind: Kind
  readonly held: Held
  /** Raw, by slot: see fields.ts. */
  readonly values: Int32Array
  /** 0 while there is no usable one: the topic is known, so that its changes are not taken for somebody else's. */
  divisor: number
  /** The first of the slots that say the scale; beyond all of them where the values do not. */
  readonly scaleAt: number
}

/** The scale of prices where a topic's values do not tell it. */
const DEFAULT_MULTIPLIER = 1
const DEFAULT_PRECISION = 2

export class Topics {
  #fields: Fields
  readonly #held = new Map<string, Held>()
  /** By ids as signed integers, which V8 looks up without making a number object of them. */
  readonly #byId = new Map<number, Topic>()
  readonly #byName = new Map<string, Topic>()
  readonly givenUp = new GivenUp(this.#held)
  /** Of instruments that were given up: their changes are told by ids alone. */
  readonly #formerTopics = new GivenUp(this.#byId)

  constructor(fields: Fields) {
    this.#fields = fields
  }

  get fields(): Fields {
    return this.#fields
  }

  /** The server's own numbers of the values. What came before they were known cannot be read by them. */
  renumber(fields: Fields): void {
    this.#fields = fields
    this.#byId.clear()
    this.#byName.clear()
  }

  find(subject: string): Held | undefined {
    return this.#held.get(subject)
  }

  /** Forgets what an instrument's topics told. */
  forget(subject: string): void {
    for (const kind of kinds) {
      const topic = this.#byName.get(`${kind}|${subject}`)
      if (topic === undefined) continue
      if (this.#byId.get(topic.id | 0) === topic) this.#formerTopics.drop(topic.id | 0)
      this.#byName.delete(topic.name)
    }
  }

  #forget(topic: Topic): void {
    this.#byName.delete(topic.name)
    if (this.#byId.get(topic.id | 0) === topic) this.#byId.delete(topic.id | 0)
  }

  /** The kind of a topic by its id; undefined for one that is not known. */
  kindOf(id: number): Kind | undefined {
    return this.#byId.get(id | 0)?.kind
  }

  /**
   * A topic begins, or begins anew, perhaps under another id.
   *
   * @param at where its `count` values begin
   * @param divisor of its prices; absent where its values tell it
   */
  snapshot(
    id: number,
    name: string,
    view: DataView,
    at: number,
    count: number,
    divisor: number | undefined,
    receivedAt: number,
    sink: Sink
  ): void {
    // Whatever the id and the name stood for ends here.
    const former = this.#byId.get(id | 0)
    if (former !== undefined) this.#forget(former)
    const earlier = this.#byName.get(name)
    if (earlier !== undefined) this.#forget(earlier)

    const kind = kinds.find((prefix) => name.startsWith(`${prefix}|`))
    if (kind === undefined) return sink.reject("unknown_packet", `topic ${brokerText(name)}`)
    const subject = name.slice(kind.length + 1)
    const held = this.#held.get(subject)
    if (held === undefined) {
      return sink.reject("not_subscribed", brokerText(name), this.givenUp.of(subject)?.instrument)
    }
    const values = new Int32Array(slot(this.#fields.count[kind])).fill(NO_VALUE)
    const { multiplier, precision } = this.#fields[kind]
    const scaleAt = multiplier === NO_SLOT ? values.length : Math.min(multiplier, precision)
    const topic: Topic = { id, name, kind, held, values, divisor: divisor ?? 0, scaleAt }
    const kept = Math.min(count, values.length - 1)
    for (let i = 0; i < kept; i++) values[slot(i)] = view.getInt32(at + 4 * i)
    if (divisor === undefined) this.#scale(topic)
    this.#byId.set(id | 0, topic)
    this.#byName.set(name, topic)
    if (topic.divisor === 0) return refuseScale(topic, sink)
    this.#emit(topic, receivedAt, sink)
  }

  /** @param at where its `count` values begin: the first ones of the topic, or all */
  update(id: number, view: DataView, at: number, count: number, receivedAt: number, sink: Sink): void {
    const topic = this.#byId.get(id | 0)
    if (topic === undefined) {
      return sink.reject("not_subscribed", `topic ${id}`, this.#formerTopics.of(id | 0)?.held.instrument)
    }
    const { values } = topic
    const kept = Math.min(count, values.length - 1)
    let changed = false
    for (let i = 0; i < kept; i++) {
      const value = view.getInt32(at + 4 * i)
      if (value === NO_VALUE || values[i + 1] === value) continue
      values[i + 1] = value
      changed = true
    }
    if (!changed) return
    if (kept >= topic.scaleAt) this.#scale(topic)
    if (topic.divisor === 0) return refuseScale(topic, sink)
    this.#emit(topic, receivedAt, sink)
  }

  #scale(topic: Topic): void {
    const at = this.#fields[topic.kind]
    const multiplier = topic.values[at.multiplier]!
    const precision = topic.values[at.precision]!
    topic.divisor = divisorOf(
      multiplier === NO_VALUE ? DEFAULT_MULTIPLIER : multiplier,
      precision === NO_VALUE ? DEFAULT_PRECISION : precision
    )
  }

  #emit({ divisor, held, kind, values }: Topic, receivedAt: number, sink: Sink): void {
    const { instrument } = held
    switch (kind) {
      case "sf":
        return sink.tick(
          instrument,
          quoteTick(values, this.#fields.sf, divisor, instrument, receivedAt),
          refreshes.quote
        )
      case "if":
        return sink.tick(
          instrument,
          indexTick(values, this.#fields.if, divisor, instrument, receivedAt),
          refreshes.quote
        )
      case "dp":
        return sink.tick(
          instrument,
          bookTick(values, this.#fields.dp, divisor, instrument, receivedAt),
          modeBit.depth
        )
    }
  }
}

const refuseScale = ({ name }: Topic, sink: Sink): void =>
  sink.reject(
    "unusable_scale",
    `${brokerText(name)}: its prices have no usable scale (multiplier and precision)`
  )
