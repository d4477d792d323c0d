/** What one connection has subscribed, and the texts that ask for it. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, CodecOptions, Outbound, Sink } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, chunks, plainNumber } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { textCodes } from "../kit/variant.ts"
import type { Topic } from "./layout.ts"
import { MAX_TOKEN, isIndex, topicOf, topics } from "./layout.ts"
import type { Segment, Subscription } from "./segments.ts"
import { Segments } from "./segments.ts"

/** Names of indices that fit between the signs of a request: they may have blanks, and neither `|` nor `,`. */
const INDEX_NAME = /^[^|,\p{Cc}]*[^|,\p{Cc}\s][^|,\p{Cc}]*$/u

interface Place {
  readonly segment: Segment
  /** The token as packets have it; undefined for an index that is known by name alone. */
  readonly number: number | undefined
  readonly key: string
}

/** By key. */
class Held extends Map<string, Subscription> {
  readonly givenUp = new GivenUp(this)
}

export class Subscriptions {
  readonly segments: Segments
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #unasked = new LocalRefusals()
  /** By key. An index and a share may have equal numbers in one segment. */
  readonly #tradables = new Held()
  readonly #indices = new Held()

  constructor(options: CodecOptions, epochs: ReadonlyMap<string, number>) {
    this.#codes = textCodes("kotak-sfeed", options.codes)
    this.#batch = options.batch
    this.segments = new Segments(epochs)
  }

  /** Tells what could not be asked for. */
  report(sink: Sink): void {
    this.#unasked.report(sink)
  }

  /** Whom a key of an acknowledgement means; nobody where it could be either of two. */
  find(key: string): WireInstrument | undefined {
    const tradable = this.#tradables.get(key)
    const index = this.#indices.get(key)
    return tradable === undefined || index === undefined ? (tradable ?? index)?.instrument : undefined
  }

  /** Whose packet it is that nobody wants any more. @param names that it goes by, its token first */
  former(
    isIndex: boolean,
    segment: Segment,
    ...names: ReadonlyArray<number | string>
  ): WireInstrument | undefined {
    const { givenUp } = isIndex ? this.#indices : this.#tradables
    for (const name of names) {
      const former = givenUp.of(`${segment.name}|${name}`)
      if (former !== undefined) return former.instrument
    }
    return undefined
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<Held, Map<string, Subscription | undefined>>()
    const asked = new Set<string>()
    for (const change of changes) {
      const { instrument, to } = change
      const place = this.#placeOf(instrument)
      if (place === undefined) continue
      const { key, number, segment } = place
      const held = isIndex(instrument) ? this.#indices : this.#tradables
      const was = held.givenUp.before(key, change)
      let changed = before.get(held)
      if (changed === undefined) before.set(held, (changed = new Map()))
      if (!changed.has(key)) changed.set(key, was)
      if (isSubscribe(change)) asked.add(`${instrument.exchange} ${key}`)
      if (was !== undefined) this.segments.remove(segment, number, was)
      if (to === undefined) held.givenUp.drop(key)
      else {
        const topic = topicOf(instrument, to.mode)
        const subscription: Subscription = { instrument, key, topic, auction: was?.auction }
        held.set(key, subscription)
        this.segments.put(segment, number, subscription)
      }
    }
    const gone = new Keys()
    const added = new Keys()
    for (const [held, changed] of before) {
      for (const [key, was] of changed) {
        const is = held.get(key)
        if (was !== undefined && was.topic !== is?.topic) gone.add(was.topic, key)
        if (is === undefined) continue
        if (is.topic !== was?.topic || asked.has(`${is.instrument.exchange} ${key}`)) added.add(is.topic, key)
      }
    }
    // Each topic is a subscription of its own that counts against the limit: the old one goes first.
    return [...gone.requests("unsubscribe", this.#batch), ...added.requests("subscribe", this.#batch)]
  }

  #placeOf(instrument: WireInstrument): Place | undefined {
    const { exchange, token } = instrument
    const code = this.#codes[exchange]
    if (code === undefined) {
      const why = `${nameOf(instrument)}: Kotak has no known segment for ${exchange}`
      this.#unasked.add(instrument, why)
      return undefined
    }
    const number = plainNumber(token, MAX_TOKEN)
    if (number === undefined && !(isIndex(instrument) && INDEX_NAME.test(token))) {
      this.#unasked.add(
        instrument,
        `${nameOf(instrument)} has the token "${brokerText(token)}", which is none of Kotak's: import Kotak's instruments anew`
      )
      return undefined
    }
    return { segment: this.segments.named(code), number, key: `${code}|${token}` }
  }
}

/** Keys by topic. */
class Keys {
  readonly #byTopic = new Map<Topic, Array<string>>()

  add(topic: Topic, key: string): void {
    const keys = this.#byTopic.get(topic)
    if (keys === undefined) this.#byTopic.set(topic, [key])
    else keys.push(key)
  }

  requests(action: "subscribe" | "unsubscribe", batch: number): ReadonlyArray<string> {
    return topics.flatMap((topic) =>
      chunks(this.#byTopic.get(topic) ?? [], batch).map((keys) =>
        JSON.stringify({
          event: `${action}${topic}`,
          inputtoken: keys.join(","),
          ...(action === "subscribe" ? { ack_symbol: true } : {})
        })
      )
    )
  }
}
