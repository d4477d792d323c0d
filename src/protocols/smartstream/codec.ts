/** The client's side of one connection to Angel One's Smart Stream. */
import { modeBit, refreshes } from "../../market/mode.ts"
import { FrameReader } from "../kit/bytes.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { decodeDepth20, decodeLtp, decodeQuote, decodeSnapQuote } from "./decode.ts"
import { DEPTH_20, HEAD_SIZE, LTP, QUOTE, SIZES, SNAP_QUOTE } from "./layout.ts"
import { Subscriptions } from "./subscriptions.ts"
import type { Segments, Subscription } from "./segments.ts"
import { readToken } from "./segments.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }

export class SmartStreamCodec implements Codec {
  readonly #ledger: Subscriptions
  readonly #segments: Segments<Subscription>
  readonly #reader = new FrameReader()

  constructor(options: CodecOptions) {
    this.#ledger = new Subscriptions(options, {
      title: "Angel One",
      oldFirst: false,
      correlationId: (sent) => `aw${(sent % 100_000_000).toString(36)}`
    })
    this.#segments = this.#ledger.segments
  }

  heartbeat(): Outbound {
    return "ping"
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    return this.#ledger.request(changes)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#ledger.report(sink)
    if (typeof frame === "string") return this.#text(frame, sink)
    const { length } = frame
    if (length < HEAD_SIZE) {
      return sink.reject(
        length === 0 || isMode(frame[0]!) ? "truncated" : "unknown_packet",
        `${length} bytes`
      )
    }
    const mode = frame[0]!
    if (!isMode(mode)) return sink.reject("unknown_packet", `mode byte ${mode}`)
    if (length < SIZES[mode]) {
      return sink.reject("truncated", `mode ${mode} has ${SIZES[mode]} bytes, ${length} came`)
    }
    const segment = this.#segments[frame[1]!]
    if (segment === undefined) return sink.reject("unknown_segment", `exchange type ${frame[1]!}`)
    const token = readToken(frame)
    const subscription = segment.byToken.get(token)
    if (subscription === undefined) {
      return sink.reject(
        "not_subscribed",
        token < 0 ? "the token is not a plain number" : `exchange type ${frame[1]!}, token ${token}`,
        segment.givenUp.of(token)?.instrument
      )
    }
    const { instrument } = subscription
    const { divisor } = segment
    if (mode === LTP) {
      return sink.tick(instrument, decodeLtp(frame, instrument, receivedAt, divisor), refreshes.ltp)
    }
    const view = this.#reader.view(frame)
    switch (mode) {
      case QUOTE: {
        const tick = decodeQuote(view, 0, instrument, receivedAt, divisor)
        if (subscription.deep) subscription.quote = tick
        return sink.tick(instrument, tick, refreshes.quote)
      }
      case SNAP_QUOTE:
        return sink.tick(
          instrument,
          decodeSnapQuote(view, 0, instrument, receivedAt, divisor),
          refreshes.depth
        )
      case DEPTH_20:
        // A book without a price of its own: news for depth readers alone.
        return sink.tick(
          instrument,
          decodeDepth20(view, instrument, receivedAt, divisor, subscription.quote),
          modeBit.depth
        )
    }
  }

  #text(text: string, sink: Sink): void {
    if (text === "pong") return sink.event(HEARTBEAT)
    const message = parseObject(text)
    if (message === undefined) return sink.reject("malformed_text", brokerText(text))
    const { correlationID, errorCode, errorMessage } = message
    if (errorCode === undefined && errorMessage === undefined) {
      return sink.event({ type: "ignored", what: brokerText(text) })
    }
    // E1001 is an invalid request, E1002 the limit of subscriptions; the socket stays open after either.
    const detail = brokerText(errorMessage ?? "error without a text")
    const request = typeof correlationID === "string" ? correlationID : ""
    const instruments = this.#ledger.asked(request)
    const named = request === "" ? detail : `${detail} (request ${brokerText(request)})`
    sink.event(refused(named, errorCode, instruments))
  }
}

const isMode = (byte: number): byte is 1 | 2 | 3 | 4 => byte >= LTP && byte <= DEPTH_20
