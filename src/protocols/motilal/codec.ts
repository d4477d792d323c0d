/** The client's side of one Motilal Oswal connection. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import { SubscriptionTable } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Handshake, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import {
  DepthState,
  decodeCircuits,
  decodeIndex,
  decodeLtp,
  decodeOhlc,
  decodeOpenInterest
} from "./decode.ts"
import type { Place } from "./layout.ts"
import {
  BEST_LEVEL,
  CIRCUITS,
  CODE_AT,
  HEARTBEAT,
  INDEX,
  KIND_AT,
  LAST_LEVEL,
  LTP,
  MAX_CODE,
  OHLC,
  OPEN_INTEREST,
  PACKET_SIZE,
  isIndexCode,
  scaleOf
} from "./layout.ts"
import { motilalOptions } from "./options.ts"
import { heartbeatAnswer, loginPacket, registerPacket } from "./requests.ts"

const ALIVE: WireEvent = { type: "heartbeat" }
const UNWANTED_INDEX: WireEvent = { type: "ignored", what: "an index that nobody wants" }
const UNDOCUMENTED: WireEvent = { type: "ignored", what: "a packet of an undocumented kind" }

/** How the broker refuses a client is not documented; texts that speak of the login are taken for it (UNCONFIRMED). */
const ABOUT_LOGIN = /client|login|auth|token|session|user/i

interface Subscription {
  readonly instrument: WireInstrument
  book: DepthState | undefined
}

/** What is subscribed of one letter: scrips, and indices, whose codes are numbers of their own. */
interface Segment {
  readonly scale: number
  readonly scrips: SubscriptionTable<number, Subscription>
  readonly indices: SubscriptionTable<number, Subscription>
}

export class MotilalCodec implements Codec {
  /** By the exchange's letter. */
  readonly #segments: ReadonlyArray<Segment | undefined>
  readonly #places: ReadonlyMap<string, Place>
  readonly #login: Uint8Array
  readonly #loginBeforeRegister: boolean
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions, handshake: Handshake | undefined) {
    const { loginBeforeRegister, places, version } = motilalOptions(options)
    const segments: Array<Segment | undefined> = Array.from({ length: 256 })
    for (const { exchange } of places.values()) {
      segments[exchange] ??= {
        scale: scaleOf(exchange),
        scrips: new SubscriptionTable<number, Subscription>(),
        indices: new SubscriptionTable<number, Subscription>()
      }
    }
    this.#segments = segments
    this.#places = places
    this.#login = loginPacket(handshake?.secrets?.["clientCode"] ?? "", version)
    this.#loginBeforeRegister = loginBeforeRegister
  }

  hello(): ReadonlyArray<Outbound> {
    return [this.#login.slice()]
  }

  /** A registration brings every kind of packet, so a change of mode asks for nothing. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const place = this.#places.get(instrument.exchange)
        const id = plainNumber(instrument.token, MAX_CODE)
        if (place === undefined) {
          return `${nameOf(instrument)}: Motilal Oswal has no known segment for ${instrument.exchange}`
        }
        if (id === undefined) return badToken(instrument, "no scrip code", "Motilal Oswal's")
        const { indices, scrips } = this.#segments[place.exchange]!
        return { ...place, id, givenUp: (place.isIndex ? indices : scrips).givenUp }
      },
      // The index packets of all indices come unasked.
      kinds: (_, { isIndex, type }) => (isIndex ? [] : [type]),
      make: (instrument, _, held): Subscription => ({ instrument, book: held?.book }),
      // The session keeps such pairs apart; see the protocol's `exclusive`.
      clash: (instrument, other) =>
        instrument.exchange === other.exchange
          ? undefined
          : `${nameOf(instrument)} cannot be told from ${nameOf(other)} on one connection of Motilal Oswal`
    })
    return stepsOf(changed, { order: "oldFirst" }).flatMap(({ action, items }) =>
      items.flatMap(({ place }) => {
        const register = registerPacket(place.exchange, place.type, place.id, action === "subscribe")
        return this.#loginBeforeRegister ? [this.#login.slice(), register] : [register]
      })
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const { length } = frame
    if (length === 0 || length % PACKET_SIZE !== 0) {
      return sink.reject("unknown_length", `${length} bytes are no whole packets`)
    }
    const view = this.#reader.view(frame)
    for (let at = 0; at < length; at += PACKET_SIZE) this.#packet(view, at, receivedAt, sink)
  }

  #packet(v: DataView, at: number, receivedAt: number, sink: Sink): void {
    const kind = v.getUint8(at + KIND_AT)
    if (kind === HEARTBEAT) {
      sink.event(ALIVE)
      return sink.send(heartbeatAnswer())
    }
    const segment = this.#segments[v.getUint8(at)]
    if (segment === undefined) {
      return sink.reject("unknown_segment", `the exchange's letter is byte ${v.getUint8(at)}`)
    }
    const code = v.getInt32(at + CODE_AT, true)
    const { scale } = segment
    if (kind === INDEX) {
      const index = segment.indices.get(code)
      if (index === undefined) return sink.event(UNWANTED_INDEX)
      const { instrument } = index
      // Nothing richer comes of an index, so this is what its quote readers get too.
      return give(sink, instrument, decodeIndex(v, at, instrument, receivedAt, scale), refreshes.quote)
    }
    if (!isKnown(kind)) return sink.event(UNDOCUMENTED)
    const subscription =
      segment.scrips.get(code) ?? (isIndexCode(code) ? segment.indices.get(code) : undefined)
    if (subscription === undefined) {
      const detail = `exchange byte ${v.getUint8(at)}, scrip code ${code}`
      return sink.reject("not_subscribed", detail, segment.scrips.givenUp.of(code)?.instrument)
    }
    const { instrument } = subscription
    switch (kind) {
      case LTP:
        return give(sink, instrument, decodeLtp(v, at, instrument, receivedAt, scale), refreshes.quote)
      // These carry no price, so they are no news for LTP readers.
      case OHLC:
        return give(sink, instrument, decodeOhlc(v, at, instrument, receivedAt, scale), modeBit.quote)
      case CIRCUITS:
        return give(sink, instrument, decodeCircuits(v, at, instrument, receivedAt, scale), modeBit.quote)
      case OPEN_INTEREST:
        return give(sink, instrument, decodeOpenInterest(v, at, instrument, receivedAt), modeBit.quote)
      default: {
        const book = (subscription.book ??= new DepthState())
        const good = book.put(v, at, kind - BEST_LEVEL, scale)
        const tick = good ? book.tick(v, at, instrument, receivedAt) : undefined
        return give(sink, instrument, tick, modeBit.depth)
      }
    }
  }
}

const isKnown = (kind: number): boolean =>
  (kind >= LTP && kind <= LAST_LEVEL) || kind === OHLC || kind === CIRCUITS || kind === OPEN_INTEREST

const give = (sink: Sink, instrument: WireInstrument, tick: Tick | undefined, refreshed: number): void => {
  if (tick === undefined) return sink.reject("unknown_packet", `${nameOf(instrument)}: a field is no number`)
  sink.tick(instrument, tick, refreshed)
}

const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  const { errorcode, message: words, status } = message
  if (status !== "ERROR" && status !== "FAILED") {
    return sink.event({ type: "ignored", what: brokerText(text) })
  }
  const detail = brokerText(words ?? "error without a text")
  if (ABOUT_LOGIN.test(detail)) {
    return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
  }
  sink.event(refused(detail, errorcode))
}
