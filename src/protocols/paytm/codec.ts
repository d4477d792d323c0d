/** The client's side of one Paytm Money connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { refreshes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import { SubscriptionTable } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { complaint } from "../kit/refusal.ts"
import { brokerText, chunks, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { decodeFull, decodeIndex, decodeLtp, decodeQuote } from "./decode.ts"
import { FULL, INDEX_FULL, INDEX_LTP, INDEX_QUOTE, LTP, MAX_ID, QUOTE, SIZES } from "./layout.ts"
import type { Segment } from "./options.ts"
import { paytmOptions } from "./options.ts"
import { entry } from "./requests.ts"

const EMPTY: WireEvent = { type: "ignored", what: "an empty frame" }

/** How a bad token is told in a text is not documented; texts that speak of it are taken for it (UNCONFIRMED). */
const ABOUT_LOGIN = /token|jwt|unauthori[sz]ed|expired|session/i

interface Subscription {
  readonly instrument: WireInstrument
  readonly mode: Mode
}

export class PaytmCodec implements Codec {
  /** By security id. Indices have numbers of their own: 13 is NIFTY as an index and ABB as a share. */
  readonly #indices = new SubscriptionTable<number, Subscription>()
  readonly #scrips = new SubscriptionTable<number, Subscription>()
  readonly #segments: ReadonlyMap<string, Segment>
  readonly #epoch: number
  readonly #batch: number
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    const { epochSeconds, segments } = paytmOptions(options)
    this.#segments = segments
    this.#epoch = epochSeconds
    this.#batch = options.batch
  }

  /**
   * Old modes are removed before new ones are added, and one that is asked for once more before it is added again: whether
   * adding alone replaces is UNCONFIRMED.
   */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const segment = this.#segments.get(instrument.exchange)
        const id = plainNumber(instrument.token, MAX_ID)
        if (segment === undefined) {
          return `${nameOf(instrument)}: Paytm Money has no known segment for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "no security id", "Paytm Money's")
        const table = segment.class === "INDEX" ? this.#indices : this.#scrips
        return { id, givenUp: table.givenUp, segment }
      },
      kinds: ({ mode }) => [mode],
      make: (instrument, { mode }) => ({ instrument, mode }),
      // The session keeps such pairs apart; see the protocol's `exclusive`.
      clash: (instrument, other) =>
        instrument.exchange === other.exchange
          ? undefined
          : `${nameOf(instrument)} cannot be told from ${nameOf(other)} on one connection of Paytm Money`
    })
    const entries = stepsOf(changed, { order: "oldFirst", renews: true }).flatMap(({ action, items }) =>
      items.map(({ kind, place, subscription }) =>
        entry(action === "subscribe" ? "ADD" : "REMOVE", kind, subscription.instrument, place.segment)
      )
    )
    return chunks(entries, this.#batch).map((part) => JSON.stringify(part))
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const { length } = frame
    if (length === 0) return sink.event(EMPTY)
    const view = this.#reader.view(frame)
    for (let at = 0; at < length;) {
      const kind = frame[at]!
      const size = SIZES.get(kind)
      // Without its length there is no way past it.
      if (size === undefined) return sink.reject("unknown_packet", `packet code ${kind}`)
      if (at + size > length) {
        return sink.reject("truncated", `packet ${kind} has ${size} bytes, ${length - at} came`)
      }
      this.#packet(view, at, kind, receivedAt, sink)
      at += size
    }
  }

  #packet(v: DataView, at: number, kind: number, receivedAt: number, sink: Sink): void {
    const isIndex = kind >= INDEX_LTP
    const id = v.getUint32(at + idAt(kind), true)
    const book = isIndex ? this.#indices : this.#scrips
    const subscription = book.get(id)
    if (subscription === undefined) {
      const former = book.givenUp.of(id)
      return sink.reject("not_subscribed", `security id ${id} of packet ${kind}`, former?.instrument)
    }
    const { instrument } = subscription
    const epoch = this.#epoch
    switch (kind) {
      case LTP:
      case INDEX_LTP:
        return give(sink, instrument, decodeLtp(v, at, instrument, receivedAt, epoch, isIndex), refreshes.ltp)
      case QUOTE:
        return give(sink, instrument, decodeQuote(v, at, instrument, receivedAt, epoch), refreshes.quote)
      case FULL:
        return give(sink, instrument, decodeFull(v, at, instrument, receivedAt, epoch), refreshes.depth)
      default: {
        const tick = decodeIndex(v, at, instrument, receivedAt, epoch, kind === INDEX_FULL)
        return give(sink, instrument, tick, refreshes.quote)
      }
    }
  }
}

const idAt = (kind: number): number => {
  if (kind === INDEX_QUOTE || kind === INDEX_FULL) return 5
  return kind === FULL ? 109 : 9
}

const give = (sink: Sink, instrument: WireInstrument, tick: Tick | undefined, refreshed: number): void => {
  if (tick === undefined) return sink.reject("unknown_packet", `${nameOf(instrument)}: a field is no number`)
  sink.tick(instrument, tick, refreshed)
}

/** The server sends text only to complain: `{"error": ...}` or `{"message": ...}`. */
const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  sink.event(complaint(brokerText(message["error"] ?? message["message"] ?? message), ABOUT_LOGIN))
}
