/** The client's side of one SFeed connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { AuthRejected, ProtocolViolation } from "../../market/errors.ts"
import { refreshes } from "../../market/mode.ts"
import { FrameReader } from "../kit/bytes.ts"
import type { Change, Codec, CodecOptions, Handshake, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, isObject, parseJson } from "../kit/text.ts"
import type { Auction } from "./auction.ts"
import { AUCTION_LASTS_MS, decodeAuction, withAuction } from "./auction.ts"
import {
  decodeBook,
  decodeIndex,
  decodeMini,
  decodePicture,
  decodeQuote,
  hasBook,
  indexNameAt
} from "./decode.ts"
import {
  ACKNOWLEDGED,
  AUCTION,
  auction as auctionPacket,
  DEPTH_LEVEL,
  FORMAT,
  FULL_DEPTH_LEVEL,
  HEAD_SIZE,
  INDEX,
  index,
  LEVEL_TWO,
  LOGGED_IN,
  LOGIN_REFUSED,
  MARKET_CLOSED,
  MARKET_OPEN,
  MARKET_STATUS,
  MINI_LEVEL,
  mini,
  picture,
  QUOTE_LEVEL,
  WELCOME
} from "./layout.ts"
import { sfeedOptions } from "./options.ts"
import type { Segment, Subscription } from "./segments.ts"
import { Subscriptions } from "./subscriptions.ts"

const READY: WireEvent = { type: "ready" }
const EARLY: WireEvent = {
  type: "ignored",
  what: "market data before the server told the scale of its prices"
}
const STATUS: WireEvent = { type: "ignored", what: "the status of a market" }

type Message = Readonly<Record<string, unknown>>

export class SfeedCodec implements Codec {
  readonly awaitsReady = true
  readonly #login: string | undefined
  readonly #subscriptions: Subscriptions
  readonly #reader = new FrameReader()
  #ready = false
  /** Whether the server has told the scale of its prices, and has not taken it back since. */
  #scaled = false

  constructor(options: CodecOptions, made?: Handshake) {
    this.#login = made?.secrets?.["login"]
    this.#subscriptions = new Subscriptions(options, sfeedOptions(options).epochs)
  }

  hello(): ReadonlyArray<Outbound> {
    return this.#login === undefined ? [] : [this.#login]
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    return this.#subscriptions.request(changes)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#subscriptions.report(sink)
    if (typeof frame === "string") return this.#text(frame, sink)
    if (!this.#scaled) return sink.event(EARLY)
    const { length } = frame
    const view = this.#reader.view(frame)
    let at = 0
    while (at + 2 <= length) {
      const size = view.getUint16(at, true)
      if (size < HEAD_SIZE || at + size > length) {
        return sink.reject("truncated", `a packet declares ${size} bytes, ${length - at} came`)
      }
      this.#packet(view, at, size, receivedAt, sink)
      at += size
    }
    if (at < length || length === 0) sink.reject("truncated", `${length - at} bytes are no packet`)
  }

  #packet(v: DataView, at: number, size: number, receivedAt: number, sink: Sink): void {
    const code = v.getUint16(at + 2, true)
    const id = v.getInt8(at + 4)
    if (code === MARKET_STATUS || code === MARKET_OPEN || code === MARKET_CLOSED) return sink.event(STATUS)
    const segment = this.#subscriptions.segments.byId(id)
    if (segment === undefined) return sink.reject("unknown_segment", `exchange ${id}`)
    if (segment.divider === 0) {
      return sink.reject("unusable_scale", `the scale that the server told for ${segment.name} is none`)
    }
    // The code before the level: an index packet is long enough to pass for a mini packet.
    if (code === INDEX) return this.#index(v, at, size, segment, receivedAt, sink)
    if (code === AUCTION) return this.#auction(v, at, size, segment, receivedAt, sink)
    const level = v.getUint8(at + 5)
    const isMini = level === MINI_LEVEL
    if (!isMini && !isPicture(level)) return sink.reject("unknown_packet", `code ${code}, level ${level}`)
    const least = isMini ? mini.size : picture.size
    if (size < least) return sink.reject("truncated", `level ${level} has ${least} bytes, ${size} came`)
    const token = v.getUint32(at + HEAD_SIZE, true)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      const former = this.#subscriptions.former(false, segment, token)
      return sink.reject("not_subscribed", `${segment.name}, token ${token}`, former)
    }
    const { instrument } = subscription
    const { divider, epoch } = segment
    const auction = lasting(subscription, receivedAt)
    if (isMini) {
      sink.tick(instrument, decodeMini(v, at, instrument, receivedAt, divider, epoch), refreshes.ltp)
    } else {
      // One buyer and one seller are no book.
      const isQuote = level === QUOTE_LEVEL || (level === LEVEL_TWO && !hasBook(v, at))
      const tick = isQuote
        ? decodeQuote(v, at, instrument, receivedAt, divider, epoch)
        : decodePicture(v, at, instrument, receivedAt, divider, epoch, decodeBook(v, at, size, divider))
      sink.tick(instrument, withAuction(tick, auction), isQuote ? refreshes.quote : refreshes.depth)
    }
  }

  /** Has no price of its own, and makes no tick: it goes out with the next picture. */
  #auction(v: DataView, at: number, size: number, segment: Segment, receivedAt: number, sink: Sink): void {
    if (size < auctionPacket.size) {
      return sink.reject("truncated", `a closing auction has ${auctionPacket.size} bytes, ${size} came`)
    }
    const token = v.getUint32(at + HEAD_SIZE, true)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      const former = this.#subscriptions.former(false, segment, token)
      return sink.reject("not_subscribed", `${segment.name}, token ${token} in a closing auction`, former)
    }
    const auction = decodeAuction(v, at, subscription.instrument, segment.divider, receivedAt)
    // It would cost every picture of the auction.
    if (auction !== undefined && Number.isNaN(auction.reference)) {
      sink.leftOut?.(subscription.instrument, "reference_price", auction.reference)
      subscription.auction = { ...auction, reference: 0 }
    } else subscription.auction = auction
  }

  #index(v: DataView, at: number, size: number, segment: Segment, receivedAt: number, sink: Sink): void {
    if (size < index.size) return sink.reject("truncated", `an index has ${index.size} bytes, ${size} came`)
    const number = v.getUint32(at + HEAD_SIZE, true)
    const subscription = segment.index(number, () => indexNameAt(v, at))
    if (subscription === undefined) {
      const name = brokerText(indexNameAt(v, at))
      const former = this.#subscriptions.former(true, segment, number, indexNameAt(v, at))
      return sink.reject("not_subscribed", `${segment.name}, index ${number} (${name})`, former)
    }
    const { instrument } = subscription
    sink.tick(
      instrument,
      decodeIndex(v, at, instrument, receivedAt, segment.divider, segment.epoch),
      refreshes.quote
    )
  }

  #text(text: string, sink: Sink): void {
    const message = parseJson(text)
    if (!isObject(message)) return sink.reject("malformed_text", brokerText(text))
    switch (message["message_code"]) {
      case LOGGED_IN:
      case WELCOME:
        return this.#answer(message, sink)
      case LOGIN_REFUSED: {
        this.#scaled = false
        const detail = brokerText(message["message"] ?? "the login was refused without a reason")
        return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
      }
      case ACKNOWLEDGED:
        return this.#acknowledgement(message, sink)
      default:
        return sink.event({ type: "notice", text: brokerText(text) })
    }
  }

  /**
   * The first of both answers opens the connection: that the other one follows is UNCONFIRMED, and so a refusal may still
   * come behind it. Either has dividers.
   */
  #answer({ exchanges, format }: Message, sink: Sink): void {
    if (format !== undefined && format !== FORMAT) {
      this.#scaled = false
      const detail = `the server sends ${brokerText(format)} in place of ${FORMAT}, and nobody has described that`
      return sink.event({ type: "failure", failure: new ProtocolViolation({ detail }) })
    }
    if (isObject(exchanges)) {
      this.#subscriptions.segments.tell(exchanges)
      this.#scaled = true
    }
    if (this.#ready) return
    this.#ready = true
    sink.event(READY)
  }

  /** In three shapes: the guide's, the SDK's, and one more that OpenAlgo accepts. Its keys are what was asked for. */
  #acknowledgement(message: Message, sink: Sink): void {
    const { data, description, error_code, trading_symbols, tradingSymbols } = message
    const named = [data, trading_symbols, tradingSymbols].find(isObject) ?? {}
    const instruments: Array<WireInstrument> = []
    for (const key of Object.keys(named)) {
      const instrument = this.#subscriptions.find(key)
      if (instrument !== undefined) instruments.push(instrument)
    }
    if (error_code !== undefined && error_code !== 0) {
      // How a refused token looks is UNCONFIRMED: what an error names is taken for what it is about.
      const why = description ?? message["message"] ?? "a subscription was refused without a reason"
      return sink.event(refused(brokerText(why), error_code, instruments))
    }
    if (instruments.length > 0) sink.event({ type: "confirmed", instruments })
  }
}

const lasting = (subscription: Subscription, now: number): Auction | undefined => {
  const { auction } = subscription
  if (auction !== undefined && now - auction.at > AUCTION_LASTS_MS) subscription.auction = undefined
  return subscription.auction
}

const isPicture = (level: number): boolean =>
  level === QUOTE_LEVEL || level === DEPTH_LEVEL || level === LEVEL_TWO || level === FULL_DEPTH_LEVEL
