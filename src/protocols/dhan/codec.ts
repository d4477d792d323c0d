/** The client's side of one connection of Dhan's live feed. */
import type { WireInstrument } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import type { Tick, TickDraft } from "../../market/tick.ts"
import { FrameReader } from "../kit/bytes.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
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
import { listFrames } from "./requests.ts"
import type { Place, Segment, Segments } from "./segments.ts"
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

/** An instrument of one request, with what it was asked by before. */
interface Touched extends Place<Subscription> {
  readonly ask: Ask | undefined
  /** Asked for even where it is subscribed. */
  anew: boolean
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

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, Touched>()
    for (const change of changes) {
      const { instrument, to } = change
      const place = placeOf(this.#segments, this.#codes, instrument)
      if (typeof place === "string") {
        this.#unasked.add(instrument, place)
        continue
      }
      const { id, segment } = place
      const was = segment.givenUp.before(id, change)
      const key = `${segment.code}:${id}`
      const touched = before.get(key) ?? { ...place, ask: was?.ask, anew: false }
      before.set(key, touched)
      if (isSubscribe(change)) touched.anew = true
      if (to === undefined) {
        segment.givenUp.drop(id)
        continue
      }
      const ask = askOf(to, segment.code)
      // What the last tick carried may not be wanted any more; open interest and close are the instrument's.
      const last = was?.ask === ask ? was.last : undefined
      segment.byId.set(id, { instrument, ask, last, oi: was?.oi, close: was?.close })
    }
    return this.#frames(before)
  }

  /** Each request code is a subscription of its own: the old one is given up, then the new one taken. */
  #frames(before: ReadonlyMap<string, Touched>): ReadonlyArray<Outbound> {
    const frames: Array<Outbound> = []
    const touched = [...before.values()].map((place) => ({
      ...place,
      now: place.segment.byId.get(place.id)?.ask
    }))
    for (const ask of asks) {
      const gone = touched.filter((t) => t.ask === ask && t.now !== ask)
      frames.push(...listFrames(ask + 1, gone, this.#batch))
    }
    for (const ask of asks) {
      const added = touched.filter((t) => t.now === ask && (t.ask !== ask || t.anew))
      frames.push(...listFrames(ask, added, this.#batch))
    }
    return frames
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
  sink.event({
    type: "refused",
    detail: brokerText(errorMessage),
    ...(errorCode === undefined ? {} : { code: brokerText(errorCode) })
  })
}
