/**
 * The client's side of one connection to m.Stock's market data, a dialect of Smart Stream: the same requests and the
 * same packets, another login, packets told by their length, and times of another epoch.
 * Source: m.Stock's documentation of type B ("Market Data WebSocket") and its official SDK.
 */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, RateLimited } from "../../market/errors.ts"
import { refreshes } from "../../market/mode.ts"
import { MAX_TIME, MIN_TIME } from "../../market/tickRules.ts"
import { FrameReader, i64le, putI64le, u16le } from "../kit/bytes.ts"
import type {
  Change,
  Codec,
  CodecOptions,
  Handshake,
  Frame,
  Outbound,
  Sink,
  Want,
  WireEvent
} from "../protocol.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { decodeQuote, decodeSnapQuote, ltpTick } from "./decode.ts"
import type { WireMode } from "./layout.ts"
import {
  BOOK_LEVELS,
  EXCHANGE_TIME_AT,
  LTP,
  PRICE_AT,
  QUOTE,
  SIZES,
  SNAP_QUOTE,
  TRADE_TIME_AT,
  modesOf
} from "./layout.ts"
import { Subscriptions } from "./subscriptions.ts"
import type { MStockOptions } from "./options.ts"
import { mstockOptions } from "./options.ts"
import { readToken } from "./segments.ts"

/** 1980-01-01 in epoch seconds: what times are counted from. */
export const EPOCH_1980 = 315_532_800

/**
 * The documentation's frames begin with the count and the size of their packets, 16 bits each; the official SDK knows bare
 * packets only. The length alone tells which it is: no number of packets with their header is as long as one without.
 */
const PACKETS_AT = 4
const isPacketSize = (length: number): boolean =>
  length === SIZES[LTP] || length === SIZES[QUOTE] || length === SIZES[SNAP_QUOTE]

/** A message in JSON may come as a binary frame; no packet begins like this. */
const BRACE = 0x7b

const READY: WireEvent = { type: "ready" }

/** The wording of errors is UNCONFIRMED. */
const ABOUT_LOGIN =
  /(?<!instrument[ _-]?)\btoken\b|\bexpired?\b|\bapi[ _]?key\b|\b(?:un)?auth|\bsession\b|\blog[- ]?in\b/i
const ABOUT_PACE = /\blimit|\btoo (?:many|fast)\b/i

/** No book is deeper than five levels here. */
const shallow = (want: Want, exchangeType: number): ReadonlyArray<WireMode> =>
  modesOf({ mode: want.mode, depth: Math.min(want.depth, BOOK_LEVELS) }, exchangeType)

export class MStockCodec implements Codec {
  readonly awaitsReady: boolean
  readonly #ledger: Subscriptions
  readonly #options: MStockOptions
  readonly #token: string | undefined
  readonly #reader = new FrameReader()
  #ready = false

  constructor(options: CodecOptions, handshake?: Handshake) {
    this.#options = mstockOptions(options)
    this.awaitsReady = this.#options.loginAnswer
    this.#token = handshake?.secrets?.["token"]
    this.#ledger = new Subscriptions(options, {
      title: "m.Stock",
      oldFirst: true,
      modesOf: shallow,
      correlationId: () => ""
    })
  }

  /** Without it the server ends the connection. */
  hello(): ReadonlyArray<Outbound> {
    return this.#token === undefined ? [] : [`LOGIN:${this.#token}`]
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    return this.#ledger.request(changes)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#ledger.report(sink)
    if (typeof frame === "string") return this.#text(frame, sink)
    const { length } = frame
    const isText = frame[0] === BRACE
    if (isPacketSize(length) && !isText) return this.#packet(frame, receivedAt, sink)
    const count = u16le(frame, 0)
    const size = u16le(frame, 2)
    const headed = length > PACKETS_AT && isPacketSize(size)
    // The count of 123 packets is a brace too, but no JSON has these sizes behind its first two characters.
    if (headed && length === PACKETS_AT + count * size) {
      for (let at = PACKETS_AT; at < length; at += size) {
        this.#packet(frame.subarray(at, at + size), receivedAt, sink)
      }
      return
    }
    if (isText) return this.#text(new TextDecoder().decode(frame), sink)
    if (!headed) return sink.reject("unknown_length", `no packet has ${length} bytes`)
    sink.reject("truncated", `${count} packets of ${size} bytes declared, ${length} bytes came`)
  }

  /** @param packet of one of the three lengths */
  #packet(packet: Uint8Array, receivedAt: number, sink: Sink): void {
    const { length } = packet
    const exchangeType = packet[1]!
    const segment = this.#ledger.segments[exchangeType]
    if (segment === undefined) return sink.reject("unknown_segment", `exchange type ${exchangeType}`)
    const token = readToken(packet)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      return sink.reject(
        "not_subscribed",
        token < 0 ? "the token is not a plain number" : `exchange type ${exchangeType}, token ${token}`,
        segment.givenUp.of(token)?.instrument
      )
    }
    const { instrument } = subscription
    const { divisor } = segment
    // A copy of our own: its times are rewritten in Angel's form, so that one decoder reads both.
    const view = this.#reader.view(packet)
    putI64le(view, EXCHANGE_TIME_AT, this.#epochSeconds(i64le(view, EXCHANGE_TIME_AT)) * 1000)
    switch (length) {
      case SIZES[LTP]:
        return sink.tick(
          instrument,
          ltpTick(instrument, receivedAt, i64le(view, EXCHANGE_TIME_AT), i64le(view, PRICE_AT) / divisor),
          refreshes.ltp
        )
      case SIZES[QUOTE]:
        return sink.tick(instrument, decodeQuote(view, 0, instrument, receivedAt, divisor), refreshes.quote)
      default:
        putI64le(view, TRADE_TIME_AT, this.#epochSeconds(i64le(view, TRADE_TIME_AT)))
        return sink.tick(
          instrument,
          decodeSnapQuote(view, 0, instrument, receivedAt, divisor),
          refreshes.depth
        )
    }
  }

  /** 0 for none, and for what is no time by this epoch: as that is UNCONFIRMED, prices must not fall with it. */
  #epochSeconds(since1980: number): number {
    const seconds = since1980 + EPOCH_1980 - this.#options.ahead
    return seconds * 1000 >= MIN_TIME && seconds * 1000 <= MAX_TIME ? seconds : 0
  }

  /** The first text answers the login, whatever its wording; an error is none the less one. */
  #text(text: string, sink: Sink): void {
    const message = parseObject(text)
    if (message?.["type"] === "error") {
      const detail = brokerText(message["data"] ?? "error without a text")
      const failure = failureOf(detail, this.#ready)
      return sink.event(failure === undefined ? { type: "refused", detail } : { type: "failure", failure })
    }
    if (!this.#ready) {
      this.#ready = true
      return sink.event(READY)
    }
    if (message === undefined) return sink.reject("malformed_text", brokerText(text))
    // Orders and trades.
    sink.event({ type: "ignored", what: brokerText(message["order_status"] ?? text) })
  }
}

/** What an error means for the connection; undefined when it stays usable. */
const failureOf = (detail: string, ready: boolean): ConnectionFailure | undefined => {
  if (ready) return ABOUT_LOGIN.test(detail) ? new AuthRejected({ detail }) : undefined
  return ABOUT_PACE.test(detail) ? new RateLimited({ detail }) : new AuthRejected({ detail })
}
