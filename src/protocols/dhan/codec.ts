/** The client's side of one connection of Dhan's live feed. */
import type { WireInstrument } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { numericCodes } from "../kit/variant.ts"
import { decodePreviousClose, decodeTicker, decoders, withClose, withOpenInterest } from "./decode.ts"
import { disconnection } from "./failures.ts"
import type { Ask } from "./layout.ts"
import {
  DISCONNECT,
  FULL,
  HEADER_SIZE,
  HEARTBEAT,
  INDEX,
  MARKET_STATUS,
  OPEN_INTEREST,
  PREVIOUS_CLOSE,
  QUOTE,
  packets,
  TICKER,
  askOf,
  asks
} from "./layout.ts"
import type { DhanOptions } from "./options.ts"
import { dhanOptions } from "./options.ts"
import { listFrame } from "./requests.ts"
import type { Segment, Segments } from "./segments.ts"
import { makeSegments, placeOf } from "./segments.ts"

const ALIVE: WireEvent = { type: "heartbeat" }
const STATUS: WireEvent = { type: "ignored", what: "market status" }
const INDEX_PACKET: WireEvent = { type: "ignored", what: "index packet" }
const NOTHING_NEW: WireEvent = {
  type: "ignored",
  what: "open interest or previous close that changes nothing"
}

interface Subscription {
  readonly instrument: WireInstrument
  readonly ask: Ask
  /** Given again when a value comes that it lacked. */
  last: Tick | undefined
  /** Of packets of their own, for the ticks that lack them. */
  oi: number | undefined
  close: number | undefined
}

export class DhanCodec implements Codec {
  readonly #segments: Segments<Subscription>
  readonly #codes: Readonly<Record<string, number>>
  readonly #batch: number
  readonly #options: DhanOptions
  readonly #decoders: ReturnType<typeof decoders>
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    this.#options = dhanOptions(options)
    const { closesInPackets, commoditySegment } = this.#options
    this.#decoders = decoders(closesInPackets)
    this.#segments = makeSegments(commoditySegment)
    this.#codes = { ...numericCodes("dhan", options.codes), NCO: commoditySegment }
    this.#batch = options.batch
  }

  /** Each request code is a subscription of its own: the old one is given up, then the new one taken. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => placeOf(this.#segments, this.#codes, instrument),
      kinds: ({ ask }) => [ask],
      make: (instrument, to, held, { segment }): Subscription => {
        const ask = askOf(to, segment.code)
        // What the last tick carried may not be wanted any more; open interest and close are the instrument's.
        const last = held?.ask === ask ? held.last : undefined
        return { instrument, ask, last, oi: held?.oi, close: held?.close }
      }
    })
    const rules = { order: "oldFirst", kinds: asks, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, ask, items) =>
      listFrame(
        action === "subscribe" ? ask : ask + 1,
        items.map(({ place }) => place)
      )
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const { length } = frame
    const view = this.#reader.view(frame)
    let at = 0
    do {
      if (at + HEADER_SIZE > length) {
        return sink.reject("truncated", `${length - at} bytes where a header was expected`)
      }
      const code = frame[at]!
      const size = view.getUint16(at + 1, true)
      // With such a length there is no way on to the next packet.
      if (size < HEADER_SIZE) return sink.reject("unknown_length", `code ${code} declares ${size} bytes`)
      if (at + size > length) {
        return sink.reject("truncated", `code ${code} declares ${size} bytes, ${length - at} came`)
      }
      this.#packet(view, at, code, size, receivedAt, sink)
      at += size
    } while (at < length)
  }

  #packet(v: DataView, at: number, code: number, size: number, receivedAt: number, sink: Sink): void {
    switch (code) {
      case HEARTBEAT:
        return sink.event(ALIVE)
      case INDEX:
        return sink.event(INDEX_PACKET)
      case MARKET_STATUS:
        return sink.event(STATUS)
    }
    const least = packets[code]?.size
    if (least === undefined) return sink.reject("unknown_packet", `code ${code}`)
    if (size < least) return sink.reject("unknown_length", `code ${code} has ${least} bytes, not ${size}`)
    if (code === DISCONNECT) {
      return sink.event({ type: "failure", failure: disconnection(v.getUint16(at + 8, true)) })
    }
    const segment = this.#segments[v.getUint8(at + 3)]
    const id = v.getUint32(at + 4, true)
    if (segment === undefined) return sink.reject("unknown_segment", `segment ${v.getUint8(at + 3)}`)
    const subscription = segment.byId.get(id)
    if (subscription === undefined) {
      return sink.reject("not_subscribed", `${segment.name} ${id}`, segment.givenUp.of(id)?.instrument)
    }
    switch (code) {
      case OPEN_INTEREST:
        return openInterest(subscription, v.getUint32(at + 8, true), receivedAt, sink)
      case PREVIOUS_CLOSE:
        return previousClose(subscription, v, at, segment.scale, receivedAt, sink)
      default:
        this.#prices(v, at, code, segment, subscription, receivedAt, sink)
    }
  }

  #prices(
    v: DataView,
    at: number,
    code: number,
    { scale }: Segment<Subscription>,
    subscription: Subscription,
    receivedAt: number,
    sink: Sink
  ): void {
    const { instrument } = subscription
    const { ahead } = this.#options
    let tick: TickDraft | undefined
    let modes: number = refreshes.ltp
    if (code === TICKER) tick = decodeTicker(v, at, instrument, receivedAt, scale, ahead)
    else if (code === QUOTE) {
      tick = this.#decoders.quote(v, at, instrument, receivedAt, scale, ahead)
      modes = refreshes.quote
    } else if (code === FULL) {
      tick = this.#decoders.full(v, at, instrument, receivedAt, scale, ahead)
      modes = refreshes.depth
    }
    if (tick === undefined)
      return sink.reject("unknown_packet", `code ${code} with a price that is no number`)
    if (tick.oi === undefined) {
      if (subscription.oi !== undefined) tick.oi = subscription.oi
    } else if (subscription.oi !== undefined) subscription.oi = tick.oi
    if (tick.close === undefined && subscription.close !== undefined) tick.close = subscription.close
    subscription.last = tick
    sink.tick(instrument, tick, modes)
  }
}

const openInterest = (subscription: Subscription, oi: number, receivedAt: number, sink: Sink): void => {
  const { instrument, last } = subscription
  subscription.oi = oi
  if (last === undefined || last.oi === oi) return sink.event(NOTHING_NEW)
  const tick = withOpenInterest(last, oi, receivedAt)
  subscription.last = tick
  sink.tick(instrument, tick, refreshes[tick.mode])
}

const previousClose = (
  subscription: Subscription,
  v: DataView,
  at: number,
  scale: number,
  receivedAt: number,
  sink: Sink
): void => {
  const { instrument, last } = subscription
  const packet = decodePreviousClose(v, at, instrument, receivedAt, scale)
  if (packet === undefined) return sink.reject("unknown_packet", "a previous close that is no number")
  const { close } = packet
  if (close !== undefined) subscription.close = close
  if (close === undefined || last === undefined || last.close !== undefined) return sink.event(NOTHING_NEW)
  const tick = withClose(last, close, receivedAt)
  subscription.last = tick
  sink.tick(instrument, tick, refreshes[tick.mode])
}

/** No text frame is documented. */
const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  const { errorCode, errorMessage } = message
  if (errorMessage === undefined) return sink.event({ type: "ignored", what: brokerText(text) })
  sink.event(refused(brokerText(errorMessage), errorCode))
}
