/**
 * Dhan's depth sockets, of 20 and of 200 levels: the same requests and packets but for the count of rows. Bids and asks
 * are messages of their own, and a book is told when both sides have come.
 *
 * Source: DhanHQ v2 documentation ("Full Market Depth") and the official Python SDK. Binary, little-endian. The header's
 * order and size differ from the live feed's.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { modeBit } from "../../market/mode.ts"
import type { Level, Tick } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Protocol, Sink, WireEvent } from "../protocol.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { WHOLE, applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { numericCodes } from "../kit/variant.ts"
import { disconnection, refusal } from "./failures.ts"
import { handshakeWith } from "./handshake.ts"
import { unsubscribeCodeOf } from "./options.ts"
import { listFrame, singleFrame } from "./requests.ts"
import type { Segments } from "./segments.ts"
import { makeSegments, placeOf } from "./segments.ts"

/** Offset 0: uint16 length of the whole message, 2: code, 3: segment, 4: uint32 security id, 8: uint32, see below. */
export const HEADER_SIZE = 12
/** As far as a disconnect message needs it. */
const SHORT_HEADER = 8
export const ROW_SIZE = 16
export const BIDS = 41
export const ASKS = 51
const DISCONNECT = 50
export const ASK_DEPTH = 23

/** What the two sockets differ in. */
export interface DepthKind {
  readonly name: string
  readonly levels: number
  /** Offset 8 counts the rows; otherwise there are always `levels` rows, and it is a sequence number. */
  readonly counted: boolean
}

export const DEPTH_20: DepthKind = { name: "dhan-depth20", levels: 20, counted: false }
export const DEPTH_200: DepthKind = { name: "dhan-depth200", levels: 200, counted: true }

const HALF: WireEvent = { type: "ignored", what: "one side of a book, which waits for the other" }

interface Subscription {
  readonly instrument: WireInstrument
  /** The side that has come and waits for the other. */
  buy: ReadonlyArray<Level> | undefined
  sell: ReadonlyArray<Level> | undefined
}

export class DhanDepthCodec implements Codec {
  readonly #kind: DepthKind
  readonly #segments: Segments<Subscription> = makeSegments()
  readonly #codes: Readonly<Record<string, number>>
  readonly #batch: number
  readonly #unsubscribe: number
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(kind: DepthKind, options: CodecOptions) {
    this.#kind = kind
    this.#codes = numericCodes(kind.name, options.codes)
    this.#batch = options.batch
    this.#unsubscribe = unsubscribeCodeOf(kind.name, options)
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => placeOf(this.#segments, this.#codes, instrument),
      kinds: () => WHOLE,
      make: (instrument, _, held): Subscription => ({ instrument, buy: held?.buy, sell: held?.sell })
    })
    const { counted } = this.#kind
    // The 200-level socket takes one instrument, without a list.
    const rules = { order: "oldFirst", kinds: WHOLE, batch: counted ? 1 : this.#batch } as const
    return subscriptionFrames(changed, rules, (action, _, items) => {
      const code = action === "subscribe" ? ASK_DEPTH : this.#unsubscribe
      const places = items.map(({ place }) => place)
      return counted ? singleFrame(code, places[0]!) : listFrame(code, places)
    })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") {
      return parseObject(frame) === undefined
        ? sink.reject("malformed_text", brokerText(frame))
        : sink.event({ type: "ignored", what: brokerText(frame) })
    }
    const { length } = frame
    const view = this.#reader.view(frame)
    let at = 0
    do {
      if (at + SHORT_HEADER > length) {
        return sink.reject("truncated", `${length - at} bytes where a header was expected`)
      }
      const size = view.getUint16(at, true)
      const code = frame[at + 2]!
      // With such a length there is no way on to the next message.
      if (size < SHORT_HEADER) return sink.reject("unknown_length", `code ${code} declares ${size} bytes`)
      if (at + size > length) {
        return sink.reject("truncated", `code ${code} declares ${size} bytes, ${length - at} came`)
      }
      this.#message(view, at, code, size, receivedAt, sink)
      at += size
    } while (at < length)
  }

  #message(v: DataView, at: number, code: number, size: number, receivedAt: number, sink: Sink): void {
    if (code === DISCONNECT) {
      return sink.event({ type: "failure", failure: disconnection(reasonOf(v, at, size)) })
    }
    if (code !== BIDS && code !== ASKS) return sink.reject("unknown_packet", `code ${code}`)
    if (size < HEADER_SIZE) return sink.reject("unknown_length", `code ${code} with ${size} bytes`)
    const segment = this.#segments[v.getUint8(at + 3)]
    const id = v.getUint32(at + 4, true)
    if (segment === undefined) return sink.reject("unknown_segment", `segment ${v.getUint8(at + 3)}`)
    const subscription = segment.byId.get(id)
    if (subscription === undefined) {
      return sink.reject("not_subscribed", `${segment.name} ${id}`, segment.givenUp.of(id)?.instrument)
    }
    const { counted, levels } = this.#kind
    const room = Math.floor((size - HEADER_SIZE) / ROW_SIZE)
    if (!counted && room < levels) {
      return sink.reject("unknown_length", `code ${code} has ${levels} rows, ${room} came`)
    }
    const rows = counted ? Math.min(v.getUint32(at + 8, true), room, levels) : levels
    const side = decodeSide(v, at + HEADER_SIZE, rows)
    if (side === undefined)
      return sink.reject("unknown_packet", `code ${code} with a price that is no number`)
    if (code === BIDS) subscription.buy = side
    else subscription.sell = side
    const { buy, instrument, sell } = subscription
    if (buy === undefined || sell === undefined) return sink.event(HALF)
    subscription.buy = undefined
    subscription.sell = undefined
    const tick: Tick = {
      symbol: instrument.symbol,
      exchange: instrument.exchange,
      mode: "depth",
      received_time: receivedAt,
      depth: { buy, sell }
    }
    // A book without a price of its own: news for depth readers alone.
    sink.tick(instrument, tick, modeBit.depth)
  }
}

/** Rows as they come, best first, empty ones as zeros; undefined where a price is no number. */
const decodeSide = (v: DataView, from: number, rows: number): ReadonlyArray<Level> | undefined => {
  const side: Array<Level> = []
  let sum = 0
  for (let i = 0, at = from; i < rows; i++, at += ROW_SIZE) {
    const price = v.getFloat64(at, true)
    sum += price
    side.push({ price, quantity: v.getUint32(at + 8, true), orders: v.getUint32(at + 12, true) })
  }
  return Number.isFinite(sum) ? side : undefined
}

/** The documentation has the reason after the header, the SDK in its last four bytes: whichever makes sense. */
const reasonOf = (v: DataView, at: number, size: number): number => {
  const late = size >= HEADER_SIZE + 2 ? v.getUint16(at + HEADER_SIZE, true) : 0
  const early = size >= SHORT_HEADER + 2 ? v.getUint16(at + SHORT_HEADER, true) : 0
  const isReason = (n: number): boolean => n >= 800 && n < 900
  return isReason(late) || !isReason(early) ? late : early
}

/** The client's side of one of the sockets. */
export const depthProtocol = (kind: DepthKind): Protocol => ({
  name: kind.name,
  handshake: handshakeWith(""),
  refusal,
  readVariant: (options) => unsubscribeCodeOf(kind.name, options),
  open: (options) => new DhanDepthCodec(kind, options),
  cost: () => 1
})
