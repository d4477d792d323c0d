/** What one connection has subscribed, and the requests that change it. Shared by the dialects. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { RequestsById } from "../kit/requestsById.ts"
import type { Change, CodecOptions, Outbound, Sink, Want } from "../protocol.ts"
import { plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import type { PlaceChange } from "../kit/subscriptionDiff.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { numericCodes } from "../kit/variant.ts"
import type { WireMode } from "./layout.ts"
import { ACTION_SUBSCRIBE, ACTION_UNSUBSCRIBE, DEPTH_20, MAX_TOKEN, modesOf, wireModes } from "./layout.ts"
import { smartStreamOptions } from "./options.ts"
import type { TokenPlace } from "./requests.ts"
import { requestFrame } from "./requests.ts"
import type { Segment, Segments, Subscription } from "./segments.ts"
import { makeSegments } from "./segments.ts"

/** What the dialects differ in when they ask. */
export interface AskingManner {
  /** The broker's name, for what its user is told. */
  readonly title: string
  /** A change of mode gives up the old one before it takes the new one. */
  readonly oldFirst: boolean
  /** The wire modes that serve a want, the same as Angel's where absent. */
  readonly modesOf?: (want: Want, exchangeType: number) => ReadonlyArray<WireMode>
  /** @param sent how many requests went before */
  readonly correlationId: (sent: number) => string
}

export class Subscriptions {
  readonly segments: Segments<Subscription>
  readonly #manner: AskingManner
  readonly #codes: Readonly<Record<string, number>>
  readonly #batch: number
  readonly #limit: number
  /** Subscriptions in use, as the broker counts them. */
  #used = 0
  #sent = 0
  readonly #unasked = new LocalRefusals()
  /** Subscriptions whose refusal would be understood. */
  readonly #asked = new RequestsById<string, ReadonlyArray<TokenPlace>>()

  constructor(options: CodecOptions, manner: AskingManner) {
    const { divisors, subscriptionLimit } = smartStreamOptions(options)
    this.segments = makeSegments(divisors)
    this.#manner = manner
    this.#codes = numericCodes("smartstream", options.codes)
    this.#batch = options.batch
    this.#limit = subscriptionLimit
  }

  /**
   * Modes are independent on the wire, so a change subscribes the new one before it gives up the old one and no
   * tick is missed; unless that would overstep the limit for a moment, and the broker would refuse it.
   */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const { correlationId, modesOf: wanted = modesOf, oldFirst, title } = this.#manner
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const segment = this.#segmentOf(instrument)
        const id = plainNumber(instrument.token, MAX_TOKEN)
        if (segment === undefined) {
          return `${nameOf(instrument)}: ${title} has no known exchange type for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "not a plain number", `${title}'s`)
        return { id, givenUp: segment.givenUp, segment }
      },
      kinds: ({ modes }) => modes,
      make: (instrument, to, held, { segment }): Subscription => {
        const modes = wanted(to, segment.exchangeType)
        const deep = modes.includes(DEPTH_20)
        return { instrument, modes, deep, quote: deep ? held?.quote : undefined }
      }
    })
    const order = this.#count(changed) || oldFirst ? "oldFirst" : "overlap"
    const rules = { order, kinds: wireModes, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, mode, items) => {
      const id = correlationId(this.#sent++)
      const places = items.map(({ place }) => place)
      if (action === "unsubscribe") return requestFrame(ACTION_UNSUBSCRIBE, mode, places, id)
      if (id !== "") this.#asked.remember(id, places)
      return requestFrame(ACTION_SUBSCRIBE, mode, places, id)
    })
  }

  /** @returns whether the limit is too tight for new modes beside the old ones */
  #count(changed: ReadonlyArray<PlaceChange<Subscription, unknown, WireMode>>): boolean {
    let growth = 0
    let shrinkage = 0
    let freed = 0
    for (const { inUse, is, was } of changed) {
      // What is given up once more makes room a second time for nobody, and what is asked for once more takes none.
      const counted = inUse ? was : []
      growth += is.filter((mode) => !counted.includes(mode)).length
      const minus = counted.filter((mode) => !is.includes(mode)).length
      shrinkage += minus
      if (is.length === 0) freed += minus
    }
    const tight = this.#used - freed + growth > this.#limit
    this.#used += growth - shrinkage
    return tight
  }

  #segmentOf({ exchange }: WireInstrument): Segment<Subscription> | undefined {
    const code = this.#codes[exchange]
    return code === undefined ? undefined : this.segments[code]
  }

  /** Tells what could not be asked for. */
  report(sink: Sink): void {
    this.#unasked.report(sink)
  }

  /** What a request asked for, by its correlation id, as far as it is still wanted. */
  asked(correlationId: string): ReadonlyArray<WireInstrument> {
    const places = this.#asked.take(correlationId) ?? []
    return places.flatMap(({ id, segment }) => segment.byToken.get(id)?.instrument ?? [])
  }
}
