/** The client's side of one connection to HDFC's feed. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import { SubscriptionTable } from "../kit/givenUp.ts"
import type { Reader } from "../kit/protobuf.ts"
import { checkEnd, endOf, readInt64, readerOf, skipField } from "../kit/protobuf.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, chunks, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { Refresh } from "./decode.ts"
import { decodeIndex, decodeMarket, decodeRefresh, refreshed } from "./decode.ts"
import type { ScripType } from "./layout.ts"
import * as L from "./layout.ts"
import type { HdfcOptions } from "./options.ts"
import { hdfcOptions } from "./options.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }

interface Subscription {
  readonly instrument: WireInstrument
  readonly type: ScripType
  /** The tick of the last complete packet, for refreshes to renew. */
  last: Tick | undefined
}

/** A packet that was read; it takes effect when the whole frame has proved good. */
interface Found {
  readonly subscription: Subscription
  readonly tick: Tick | undefined
  readonly refresh: Refresh | undefined
  readonly time: number
}

/** What an expired login looks like on an open socket is UNCONFIRMED; this follows practice. */
const ABOUT_LOGIN = /\b40[13]\b|unauthori[sz]ed|token[^.]*expired|expired[^.]*token/i

export class HdfcCodec implements Codec {
  readonly #codes: Readonly<Record<string, string>>
  /** By prefix, then token. */
  readonly #segments = new Map<string, SubscriptionTable<number, Subscription>>()
  /** The segment of each packet type. */
  readonly #byType: ReadonlyArray<SubscriptionTable<number, Subscription> | undefined>
  readonly #batch: number
  readonly #modeChange: HdfcOptions["modeChange"]
  readonly #found: Array<Found> = []
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    this.#codes = textCodes("hdfc", options.codes)
    this.#batch = options.batch
    this.#modeChange = hdfcOptions(options).modeChange
    for (const prefix of Object.values(this.#codes))
      this.#segments.set(prefix, new SubscriptionTable<number, Subscription>())
    this.#byType = L.PACKET_TYPES.map(({ prefix }) =>
      prefix === undefined ? undefined : this.#segments.get(prefix)
    )
  }

  heartbeat(): Outbound {
    return '{"heart_beat":true}'
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const prefix = this.#codes[instrument.exchange]
        const id = plainNumber(instrument.token, L.MAX_TOKEN)
        if (prefix === undefined)
          return `${nameOf(instrument)}: HDFC has no prefix for ${instrument.exchange}`
        if (id === undefined) return badToken(instrument, "not a plain number", "the broker's")
        return { id, givenUp: this.#segments.get(prefix)!.givenUp, scripId: `${prefix}_${id}` }
      },
      kinds: ({ type }) => [type],
      make: (instrument, { mode }, held): Subscription => {
        const type = mode === "ltp" ? "LTP" : "ALL"
        // What was known in another type is not renewed any more.
        return { instrument, type, last: held?.type === type ? held.last : undefined }
      }
    })
    const steps = stepsOf(changed, { order: "oldFirst", replaces: this.#modeChange !== "renew" })
    return steps.flatMap(({ action, items }) => {
      const scrips = items.map(({ kind, place }) => ({ scripId: place.scripId, type: kind }))
      const key = action === "subscribe" ? action : "unSubscribe"
      return chunks(scrips, this.#batch).map((part) => JSON.stringify({ heart_beat: false, [key]: part }))
    })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    if (frame.length === 0) return sink.event({ type: "ignored", what: "an empty frame" })
    const found = this.#found
    found.length = 0
    try {
      this.#readFrame(readerOf(frame), receivedAt, sink)
    } catch (malformed) {
      found.length = 0
      return sink.reject(
        malformed instanceof RangeError ? "truncated" : "unknown_packet",
        `${frame.length} bytes are no packets of this feed`
      )
    }
    for (let i = 0; i < found.length; i++) deliver(found[i]!, receivedAt, sink)
    found.length = 0
  }

  /**
   * A list of packets; or one bare packet, as OpenAlgo's client has met (UNCONFIRMED). The list's field 1 is a message,
   * the packet's is a number.
   */
  #readFrame(reader: Reader, receivedAt: number, sink: Sink): void {
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      if (tag === L.PACKET) this.#readPacket(reader, endOf(reader), receivedAt, sink)
      else if (tag === L.INSTRUMENT_ID) {
        reader.pos = 0
        this.#readPacket(reader, reader.len, receivedAt, sink)
      } else skipField(reader, tag)
    }
  }

  #readPacket(reader: Reader, end: number, receivedAt: number, sink: Sink): void {
    let id = 0
    let type = 0
    let time = 0
    let marketAt = 0
    let marketEnd = 0
    let indexAt = 0
    let indexEnd = 0
    while (reader.pos < end) {
      const tag = reader.uint32()
      switch (tag) {
        case L.INSTRUMENT_ID:
          id = readInt64(reader)
          break
        case L.MARKET:
          marketEnd = endOf(reader)
          marketAt = reader.pos
          reader.pos = marketEnd
          break
        case L.INDEX:
          indexEnd = endOf(reader)
          indexAt = reader.pos
          reader.pos = indexEnd
          break
        case L.PACKET_TIME:
          time = readInt64(reader)
          break
        case L.PACKET_TYPE:
          type = readInt64(reader)
          break
        default:
          skipField(reader, tag)
      }
    }
    checkEnd(reader, end)
    const packet = L.PACKET_TYPES[type]
    if (packet === undefined) return sink.reject("unknown_packet", `packet type ${type}`)
    if (packet.kind === "heartbeat") return sink.event(HEARTBEAT)
    if (packet.kind === "other") return sink.event({ type: "ignored", what: `packet type ${type}` })
    const segment = this.#byType[type]
    if (segment === undefined) return sink.reject("unknown_segment", `packet type ${type}`)
    const subscription = segment.get(id)
    if (subscription === undefined) {
      const detail = `packet type ${type}, instrument ${id}`
      return sink.reject("not_subscribed", detail, segment.givenUp.of(id)?.instrument)
    }
    const isIndex = packet.kind === "index"
    const at = isIndex ? indexAt : marketAt
    if (at === 0) return sink.event({ type: "ignored", what: "a packet without data" })
    reader.pos = at
    if (packet.kind === "refresh") {
      const refresh = decodeRefresh(reader, marketEnd)
      this.#found.push({ subscription, tick: undefined, refresh, time })
    } else {
      const tick = isIndex
        ? decodeIndex(reader, indexEnd, subscription.instrument, receivedAt, time)
        : decodeMarket(reader, marketEnd, subscription.instrument, receivedAt, time)
      this.#found.push({ subscription, tick, refresh: undefined, time })
    }
    reader.pos = end
  }
}

const deliver = ({ refresh, subscription, tick, time }: Found, receivedAt: number, sink: Sink): void => {
  const { last } = subscription
  const told = refresh === undefined ? tick : last && refreshed(last, refresh, receivedAt, time)
  if (told === undefined) {
    const what = refresh === undefined ? "a packet without a price" : "a refresh of what has not come yet"
    return sink.event({ type: "ignored", what })
  }
  subscription.last = told
  sink.tick(subscription.instrument, told, refreshes[told.mode])
}

const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  const status = message?.["status"]
  const isError = typeof status === "string" && /^(?:error|failure)$/i.test(status)
  if (message === undefined || !isError) return sink.event({ type: "ignored", what: brokerText(text) })
  const detail = brokerText(message["message"] ?? message["error"] ?? text)
  const code = message["code"] ?? message["statusCode"] ?? message["errorCode"]
  if (ABOUT_LOGIN.test(`${String(code)} ${detail}`)) {
    return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
  }
  sink.event(refused(detail, code))
}
