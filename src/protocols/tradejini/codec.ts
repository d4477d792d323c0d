/** The client's side of one Tradejini connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges } from "../kit/subscriptionDiff.ts"
import { Known, decodeBook, faultOf, fieldOf } from "./decode.ts"
import { Inflater } from "./inflate.ts"
import {
  AUTH,
  AUTH_STATUS,
  HEADER_SIZE,
  L1,
  L5,
  OTHER_PACKETS,
  PACKET_HEAD,
  PING,
  PLAIN,
  PONG,
  SEGMENT,
  SEGMENT_NAMES,
  TOKEN,
  VERSION,
  ZLIB,
  requestLine,
  tokenOf,
  wantsBook
} from "./layout.ts"
import { tradejiniOptions } from "./options.ts"

const ALIVE: WireEvent = { type: "heartbeat" }
const READY: WireEvent = { type: "ready" }
const TEXT: WireEvent = { type: "ignored", what: "a text" }
const OTHER: WireEvent = { type: "ignored", what: "a packet that is no market data" }

/** Prices, and the book. */
const types = ["L1", "L5"] as const
type Type = (typeof types)[number]
const PRICES: ReadonlyArray<Type> = ["L1"]

interface Subscription {
  readonly instrument: WireInstrument
  /** `2885_NSE` */
  readonly name: string
  readonly book: boolean
  readonly known: Known
}

interface Segment {
  readonly divisor: number
  readonly byToken: Map<number, Subscription>
  readonly givenUp: GivenUp<number, Subscription>
}

export class TradejiniCodec implements Codec {
  /** By segment number. Indices are in the segment of their exchange, with tokens below zero. */
  readonly #segments: ReadonlyArray<Segment | undefined>
  readonly #codes: Readonly<Record<string, number>>
  readonly #inflater = new Inflater()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    const { codes, divisors } = tradejiniOptions(options)
    this.#segments = Array.from({ length: 256 }, (_, code) => {
      const divisor = divisors.get(code)
      if (divisor === undefined) return undefined
      const byToken = new Map<number, Subscription>()
      return { divisor, byToken, givenUp: new GivenUp(byToken) }
    })
    this.#codes = codes
  }

  heartbeat(): Outbound {
    return PING
  }

  /** Every request for a type replaces the whole list of that type, so each carries all that is wanted. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const code = this.#codes[instrument.exchange]
        const segment = code === undefined ? undefined : this.#segments[code]
        const id = tokenOf(instrument.token)
        if (id === undefined) return badToken(instrument, "no plain number", "Tradejini's")
        if (code === undefined || segment === undefined) {
          return `${nameOf(instrument)}: Tradejini has no known segment for ${instrument.exchange}`
        }
        return { id, givenUp: segment.givenUp, code }
      },
      kinds: ({ book }) => (book ? types : PRICES),
      make: (instrument, to, held, { code, id }): Subscription => ({
        instrument,
        name: `${id}_${SEGMENT_NAMES[code] ?? instrument.exchange}`,
        book: wantsBook(to),
        known: held?.known ?? new Known()
      })
    })
    // Also what is given up once more: the list then tells anew what it lacks already.
    return types.flatMap((type) =>
      changed.some(
        ({ anew, is, was }) => was.includes(type) !== is.includes(type) || (anew && is.includes(type))
      )
        ? [this.#list(type)]
        : []
    )
  }

  #list(type: Type): Outbound {
    const tokens: Array<{ readonly t: string }> = []
    for (const segment of this.#segments) {
      for (const { book, name } of segment?.byToken.values() ?? []) {
        if (book || type === "L1") tokens.push({ t: name })
      }
    }
    return requestLine(tokens.length === 0 ? { type, action: "unsub" } : { type, action: "sub", tokens })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return sink.event(TEXT)
    const { length } = frame
    if (length < HEADER_SIZE) {
      return sink.reject("truncated", `a frame has at least ${HEADER_SIZE} bytes, ${length} came`)
    }
    if (frame[4] !== VERSION) return sink.event({ type: "ignored", what: `version ${frame[4]!}` })
    const packing = frame[5]!
    const rest = frame.subarray(HEADER_SIZE)
    if (packing === PLAIN) return this.#packets(rest, receivedAt, sink)
    if (packing !== ZLIB) return sink.reject("unknown_packet", `compression ${packing}`)
    const unpacked = this.#inflater.unpack(rest)
    if (unpacked === undefined) {
      return sink.reject("unknown_packet", `${rest.length} bytes are no zlib stream, or too much of one`)
    }
    this.#packets(unpacked, receivedAt, sink)
  }

  #packets(bytes: Uint8Array, receivedAt: number, sink: Sink): void {
    const { length } = bytes
    const v = new DataView(bytes.buffer, bytes.byteOffset, length)
    for (let at = 0; at < length;) {
      const left = length - at
      if (left < 2) return sink.reject("truncated", `${left} bytes are left at the end of a frame`)
      const size = v.getUint16(at, true)
      if (size === 0) return
      if (size < PACKET_HEAD || size > left) {
        return sink.reject("truncated", `a packet declares ${size} bytes, ${left} are left`)
      }
      this.#packet(v, at, at + size, receivedAt, sink)
      at += size
    }
  }

  #packet(v: DataView, from: number, to: number, receivedAt: number, sink: Sink): void {
    const type = v.getUint8(from + 2)
    if (type === PONG) return sink.event(ALIVE)
    if (type !== L1 && type !== L5 && type !== AUTH) {
      return OTHER_PACKETS.has(type)
        ? sink.event(OTHER)
        : sink.reject("unknown_packet", `a packet of type ${type}`)
    }
    const fault = faultOf(v, from, to)
    if (fault !== undefined) {
      return sink.reject(
        fault === "unknown key" ? "unknown_packet" : "truncated",
        `a packet of type ${type}: ${fault}`
      )
    }
    if (type === AUTH) {
      const status = fieldOf(v, from, to, AUTH_STATUS)
      // Of its values only 1 has been seen; a refused login closes the socket (UNCONFIRMED what else it may say).
      return sink.event(status === 1 ? READY : { type: "notice", text: `authentication status ${status}` })
    }
    const code = fieldOf(v, from, to, SEGMENT)
    const token = fieldOf(v, from, to, TOKEN)
    if (code === undefined || token === undefined) {
      return sink.reject("unknown_packet", `a packet of type ${type} names no instrument`)
    }
    const segment = this.#segments[code]
    if (segment === undefined) return sink.reject("unknown_segment", `segment ${code}`)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      const former = segment.givenUp.of(token)
      return sink.reject("not_subscribed", `segment ${code}, token ${token}`, former?.instrument)
    }
    const { instrument, known } = subscription
    const { divisor } = segment
    if (type === L5) {
      // Without a last price: news for depth readers alone.
      return sink.tick(instrument, decodeBook(v, from, to, instrument, receivedAt, divisor), modeBit.depth)
    }
    known.merge(v, from, to)
    // Quote readers have no other source, so even a packet with nothing but a price is theirs.
    sink.tick(instrument, known.tick(instrument, receivedAt, divisor), refreshes.quote)
  }
}
