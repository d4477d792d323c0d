/** What one connection has subscribed, and the requests that change it. Shared by the dialects. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { RequestsById } from "../kit/requestsById.ts"
import type { Change, CodecOptions, Outbound, Sink, Want } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, plainNumber } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { numericCodes } from "../kit/variant.ts"
import {
  ACTION_SUBSCRIBE,
  ACTION_UNSUBSCRIBE,
  DEPTH_20,
  MAX_TOKEN,
  bitOf,
  countOfModes,
  modesOf
} from "./layout.ts"
import { smartStreamOptions } from "./options.ts"
import type { ModeChange } from "./requests.ts"
import { requestFrames } from "./requests.ts"
import type { Segment, Segments, Subscription } from "./segments.ts"
import { makeSegments } from "./segments.ts"

/** What the dialects differ in when they ask. */
export interface AskingManner {
  /** The broker's name, for what its user is told. */
  readonly title: string
  /** A change of mode gives up the old one before it takes the new one. */
  readonly oldFirst: boolean
  /** The wire modes that serve a want, as bits; the same as Angel's where absent. */
  readonly modesOf?: (want: Want, exchangeType: number) => number
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
  readonly #asked = new RequestsById<string, ReadonlyArray<ModeChange>>()

  constructor(options: CodecOptions, manner: AskingManner) {
    const { divisors, subscriptionLimit } = smartStreamOptions(options)
    this.segments = makeSegments(divisors)
    this.#manner = manner
    this.#codes = numericCodes("smartstream", options.codes)
    this.#batch = options.batch
    this.#limit = subscriptionLimit
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const { title, modesOf: wanted = modesOf } = this.#manner
    const before = new Map<string, Touched>()
    for (const change of changes) {
      const { instrument, to } = change
      const segment = this.#segmentOf(instrument)
      const token = plainNumber(instrument.token, MAX_TOKEN)
      if (segment === undefined || token === undefined) {
        this.#unasked.add(
          instrument,
          segment === undefined
            ? `${nameOf(instrument)}: ${title} has no known exchange type for ${instrument.exchange}`
            : `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is not a plain number: ` +
                `import ${title}'s instruments anew`
        )
        continue
      }
      const subscription = segment.givenUp.before(token, change)
      const key = `${segment.exchangeType}:${token}`
      const touched = before.get(key) ?? {
        segment,
        token,
        modes: subscription?.modes ?? 0,
        counted: segment.byToken.has(token),
        anew: false
      }
      before.set(key, touched)
      if (isSubscribe(change)) touched.anew = true
      if (to === undefined) {
        segment.givenUp.drop(token)
        continue
      }
      const modes = wanted(to, segment.exchangeType)
      const deep = (modes & bitOf(DEPTH_20)) !== 0
      const quote = deep ? subscription?.quote : undefined
      segment.byToken.set(token, { instrument, modes, deep, quote })
    }
    return this.#frames(before)
  }

  /**
   * Modes are independent on the wire, so a change subscribes the new one before it gives up the old one and no
   * tick is missed; unless that would overstep the limit for a moment, and the broker would refuse it.
   */
  #frames(before: ReadonlyMap<string, Touched>): ReadonlyArray<Outbound> {
    const gone: Array<ModeChange> = []
    const added: Array<ModeChange> = []
    const replaced: Array<ModeChange> = []
    let growth = 0
    let shrinkage = 0
    let freed = 0
    for (const { anew, counted, segment, token, modes: was } of before.values()) {
      const { exchangeType } = segment
      const is = segment.byToken.get(token)?.modes ?? 0
      const plus = is & ~was
      const minus = was & ~is
      const change = { exchangeType, token: String(token) }
      // Asking once more for what is subscribed takes nothing of the limit.
      const asked = anew ? is : plus
      if (asked !== 0) added.push({ ...change, modes: asked })
      if (minus !== 0) (is === 0 ? gone : replaced).push({ ...change, modes: minus })
      growth += countOfModes(counted ? plus : is)
      if (!counted) continue
      shrinkage += countOfModes(minus)
      if (is === 0) freed += countOfModes(minus)
    }
    const tight = this.#used - freed + growth > this.#limit
    this.#used += growth - shrinkage
    const nextId = (): string => this.#manner.correlationId(this.#sent++)
    const subscribe = requestFrames(ACTION_SUBSCRIBE, added, this.#batch, (changes) => {
      const id = nextId()
      if (id !== "") this.#asked.remember(id, changes)
      return id
    })
    const release = requestFrames(ACTION_UNSUBSCRIBE, replaced, this.#batch, nextId)
    return [
      ...requestFrames(ACTION_UNSUBSCRIBE, gone, this.#batch, nextId),
      ...(tight || this.#manner.oldFirst ? [...release, ...subscribe] : [...subscribe, ...release])
    ]
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
    const changes = this.#asked.take(correlationId) ?? []
    return changes.flatMap(({ exchangeType, token }) => {
      const held = this.segments[exchangeType]?.byToken.get(Number(token))
      return held === undefined ? [] : [held.instrument]
    })
  }
}

/** An instrument of one request, with the modes it had before. */
interface Touched {
  readonly segment: Segment<Subscription>
  readonly token: number
  readonly modes: number
  /** False for what is given up once more: it makes room a second time for nobody. */
  readonly counted: boolean
  /** Asked for even where it is subscribed. */
  anew: boolean
}
