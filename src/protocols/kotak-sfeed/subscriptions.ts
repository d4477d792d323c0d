/** What one connection has subscribed, and the texts that ask for it. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { SubscriptionTable } from "../kit/givenUp.ts"
import type { Change, CodecOptions, Outbound, Sink } from "../protocol.ts"
import { plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import type { Place } from "../kit/subscriptionDiff.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import { MAX_TOKEN, isIndex, topicOf, topics } from "./layout.ts"
import type { Segment, Subscription } from "./segments.ts"
import { Segments } from "./segments.ts"

/** Names of indices that fit between the signs of a request: they may have blanks, and neither `|` nor `,`. */
const INDEX_NAME = /^[^|,\p{Cc}]*[^|,\p{Cc}\s][^|,\p{Cc}]*$/u

interface SegmentPlace extends Place<string, Subscription> {
  readonly segment: Segment
  /** The token as packets have it; undefined for an index that is known by name alone. */
  readonly number: number | undefined
}

export class Subscriptions {
  readonly segments: Segments
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #unasked = new LocalRefusals()
  /** By key. An index and a share may have equal numbers in one segment. */
  readonly #tradables = new SubscriptionTable<string, Subscription>()
  readonly #indices = new SubscriptionTable<string, Subscription>()

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

  /** Each topic is a subscription of its own that counts against the limit: the old one goes first. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => this.#placeOf(instrument),
      kinds: ({ topic }) => [topic],
      make: (instrument, { mode }, was, { id, number, segment }) => {
        if (was !== undefined) this.segments.remove(segment, number, was)
        const topic = topicOf(instrument, mode)
        const subscription: Subscription = { instrument, key: id, topic, auction: was?.auction }
        this.segments.put(segment, number, subscription)
        return subscription
      },
      drop: (was, { number, segment }) => this.segments.remove(segment, number, was)
    })
    const rules = { order: "oldFirst", kinds: topics, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, topic, items) =>
      JSON.stringify({
        event: `${action}${topic}`,
        inputtoken: items.map(({ place }) => place.id).join(","),
        ...(action === "subscribe" ? { ack_symbol: true } : {})
      })
    )
  }

  #placeOf(instrument: WireInstrument): SegmentPlace | string {
    const { exchange, token } = instrument
    const code = this.#codes[exchange]
    if (code === undefined) return `${nameOf(instrument)}: Kotak has no known segment for ${exchange}`
    const number = plainNumber(token, MAX_TOKEN)
    if (number === undefined && !(isIndex(instrument) && INDEX_NAME.test(token))) {
      return badToken(instrument, "none of Kotak's", "Kotak's")
    }
    const { givenUp } = isIndex(instrument) ? this.#indices : this.#tradables
    return { id: `${code}|${token}`, givenUp, segment: this.segments.named(code), number }
  }
}
