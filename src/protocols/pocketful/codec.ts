/** The client's side of one Pocketful connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { complaint } from "../kit/refusal.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { decodeCompact, decodeMarket, decodeSnapquote } from "./decode.ts"
import type { Stream } from "./layout.ts"
import {
  COMPACT,
  HEARTBEAT,
  MARKET,
  MAX_TOKEN,
  packets,
  SNAPQUOTE,
  STREAM_NAMES,
  streams,
  streamsOf
} from "./layout.ts"
import { pocketfulOptions } from "./options.ts"

const EMPTY: WireEvent = { type: "ignored", what: "an empty frame" }
const UNTRADED: WireEvent = { type: "ignored", what: "a packet without a last price" }

/** How a bad token is told in a text is not documented; texts that speak of it are taken for it (UNCONFIRMED). */
const ABOUT_LOGIN = /token|unauthori[sz]ed|forbidden|expired|session|log_?in/i

/** What else the platform sends: circuits, statuses, messages, orders. Not this codec's. */
const OTHER_KINDS: ReadonlySet<number> = new Set([3, 7, 8, 9, 10, 14, 50, 51, 58, 254])

interface Subscription {
  readonly instrument: WireInstrument
  readonly streams: ReadonlyArray<Stream>
}

interface Segment {
  readonly code: number
  readonly divisor: number
  readonly byToken: Map<number, Subscription>
  readonly givenUp: GivenUp<number, Subscription>
}

export class PocketfulCodec implements Codec {
  /** By exchange code. Cash and indices of an exchange share one, and their tokens differ. */
  readonly #segments: ReadonlyArray<Segment | undefined>
  readonly #codes: Readonly<Record<string, number>>
  readonly #batch: number
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    const { codes, divisors } = pocketfulOptions(options)
    this.#segments = Array.from({ length: 256 }, (_, code) => {
      const divisor = divisors.get(code)
      if (divisor === undefined) return undefined
      const byToken = new Map<number, Subscription>()
      return { code, divisor, byToken, givenUp: new GivenUp(byToken) }
    })
    this.#codes = codes
    this.#batch = options.batch
  }

  /** The server does not answer it; pings tell whether it is there. */
  heartbeat(): Outbound {
    return HEARTBEAT
  }

  /** Streams are independent, so a change adds the new one before it gives up the old one and no tick is missed. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const code = this.#codes[instrument.exchange]
        const segment = code === undefined ? undefined : this.#segments[code]
        const id = plainNumber(instrument.token, MAX_TOKEN)
        if (segment === undefined) {
          return `${nameOf(instrument)}: Pocketful has no known exchange code for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "no plain number", "Pocketful's")
        return { id, givenUp: segment.givenUp, code: segment.code }
      },
      kinds: (subscription) => subscription.streams,
      make: (instrument, to) => ({ instrument, streams: streamsOf(to) })
    })
    const rules = { order: "overlap", kinds: streams, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (a, stream, items) =>
      JSON.stringify({ a, v: items.map(({ place }) => [place.code, place.id]), m: STREAM_NAMES[stream] })
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const { length } = frame
    if (length === 0) return sink.event(EMPTY)
    const kind = frame[0]!
    if (!isStream(kind)) {
      return OTHER_KINDS.has(kind)
        ? sink.event({ type: "ignored", what: `packet ${kind}` })
        : sink.reject("unknown_packet", `kind ${kind}`)
    }
    if (length < packets[kind].size) {
      return sink.reject("truncated", `packet ${kind} has ${packets[kind].size} bytes, ${length} came`)
    }
    const segment = this.#segments[frame[1]!]
    if (segment === undefined) return sink.reject("unknown_segment", `exchange code ${frame[1]!}`)
    const v = this.#reader.view(frame)
    const token = v.getUint32(2)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      const former = segment.givenUp.of(token)
      return sink.reject(
        "not_subscribed",
        `exchange code ${segment.code}, token ${token}`,
        former?.instrument
      )
    }
    const { instrument } = subscription
    const { divisor } = segment
    switch (kind) {
      case MARKET:
        return give(sink, instrument, decodeMarket(v, 0, instrument, receivedAt, divisor), refreshes.quote)
      case COMPACT:
        return give(sink, instrument, decodeCompact(v, 0, instrument, receivedAt, divisor), refreshes.ltp)
      case SNAPQUOTE:
        // Without a last price: news for depth readers alone.
        return sink.tick(instrument, decodeSnapquote(v, 0, instrument, receivedAt, divisor), modeBit.depth)
    }
  }
}

const isStream = (kind: number): kind is Stream => kind === MARKET || kind === COMPACT || kind === SNAPQUOTE

/** Before the first trade: without a last price these packets say nothing. */
const give = (sink: Sink, instrument: WireInstrument, tick: Tick, refreshed: number): void => {
  if (tick.ltp === undefined) sink.event(UNTRADED)
  else sink.tick(instrument, tick, refreshed)
}

/** The server sends text only to complain. */
const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  sink.event(complaint(brokerText(message["message"] ?? message["error"] ?? message), ABOUT_LOGIN))
}
