/** The client's side of one Smart Stream connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { FrameReader } from "../bytes.ts"
import type { Change, Codec, CodecOptions, Inbound, Outbound, Sink, WireEvent } from "../protocol.ts"
import { brokerText, parseObject, plainNumber } from "../text.ts"
import { decodeDepth20, decodeLtp, decodeQuote, decodeSnapQuote } from "./decode.ts"
import {
  ACTION_SUBSCRIBE,
  ACTION_UNSUBSCRIBE,
  DEPTH_20,
  HEAD_SIZE,
  LTP,
  MAX_TOKEN,
  QUOTE,
  SIZES,
  SNAP_QUOTE,
  bitOf,
  countOfModes,
  modesOf
} from "./layout.ts"
import { smartStreamOptions } from "./options.ts"
import type { ModeChange } from "./requests.ts"
import { requestFrames } from "./requests.ts"
import { numericCodes } from "../variant.ts"
import type { Segment, Segments, Subscription } from "./segments.ts"
import { makeSegments, readToken } from "./segments.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }

export class SmartStreamCodec implements Codec {
  readonly #segments: Segments<Subscription>
  readonly #codes: Readonly<Record<string, number>>
  readonly #batch: number
  readonly #limit: number
  readonly #reader = new FrameReader()
  /** Subscriptions in use, as the broker counts them. */
  #used = 0
  #sent = 0
  /** What could not be asked for, told with the next frame: `request` has no sink. */
  #refused: Array<string> = []

  constructor(options: CodecOptions) {
    const { divisors, subscriptionLimit } = smartStreamOptions(options)
    this.#segments = makeSegments(divisors)
    this.#codes = numericCodes("smartstream", options.codes)
    this.#batch = options.batch
    this.#limit = subscriptionLimit
  }

  heartbeat(): Outbound {
    return "ping"
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, Touched>()
    for (const { instrument, from, to } of changes) {
      const segment = this.#segmentOf(instrument)
      const token = plainNumber(instrument.token, MAX_TOKEN)
      if (segment === undefined || token === undefined) {
        this.#refused.push(
          segment === undefined
            ? `${nameOf(instrument)}: Angel One has no known exchange type for ${instrument.exchange}`
            : `${nameOf(instrument)} has the token "${brokerText(instrument.token)}", which is not a plain number: ` +
                `import Angel One's instruments anew`
        )
        continue
      }
      const subscription = segment.byToken.get(token)
      const key = `${segment.exchangeType}:${token}`
      if (!before.has(key)) before.set(key, { segment, token, modes: subscription?.modes ?? 0 })
      if (to === undefined) {
        segment.byToken.delete(token)
        continue
      }
      // Without `from` a want comes on top of what is subscribed already.
      const kept = from === undefined ? (subscription?.modes ?? 0) : 0
      const modes = kept | modesOf(to, segment.exchangeType)
      const deep = (modes & bitOf(DEPTH_20)) !== 0
      const quote = deep ? subscription?.quote : undefined
      segment.byToken.set(token, { instrument, modes, deep, quote })
    }
    return this.#frames(before)
  }

  /**
   * Modes are independent on the wire, so a change subscribes the new one before it gives up the old one and no
   * tick is missed; unless that would overstep the limit for a moment, and the broker would refuse it.
   */
  #frames(before: ReadonlyMap<string, Touched>): ReadonlyArray<Outbound> {
    const gone: Array<ModeChange> = []
    const added: Array<ModeChange> = []
    const replaced: Array<ModeChange> = []
    let growth = 0
    let shrinkage = 0
    for (const { segment, token, modes: was } of before.values()) {
      const { exchangeType } = segment
      const is = segment.byToken.get(token)?.modes ?? 0
      const plus = is & ~was
      const minus = was & ~is
      const change = { exchangeType, token: String(token) }
      if (plus !== 0) added.push({ ...change, modes: plus })
      if (minus !== 0) (is === 0 ? gone : replaced).push({ ...change, modes: minus })
      growth += countOfModes(plus)
      shrinkage += countOfModes(minus)
    }
    const freed = gone.reduce((sum, { modes }) => sum + countOfModes(modes), 0)
    const tight = this.#used - freed + growth > this.#limit
    this.#used += growth - shrinkage
    const nextId = (): string => `aw${(this.#sent++ % 100_000_000).toString(36)}`
    const subscribe = requestFrames(ACTION_SUBSCRIBE, added, this.#batch, nextId)
    const release = requestFrames(ACTION_UNSUBSCRIBE, replaced, this.#batch, nextId)
    return [
      ...requestFrames(ACTION_UNSUBSCRIBE, gone, this.#batch, nextId),
      ...(tight ? [...release, ...subscribe] : [...subscribe, ...release])
    ]
  }

  #segmentOf({ exchange }: WireInstrument): Segment<Subscription> | undefined {
    const code = this.#codes[exchange]
    return code === undefined ? undefined : this.#segments[code]
  }

  decode(frame: Inbound, receivedAt: number, sink: Sink): void {
    if (this.#refused.length > 0) this.#report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
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
        token < 0 ? "the token is not a plain number" : `exchange type ${frame[1]!}, token ${token}`
      )
    }
    const { instrument } = subscription
    const { divisor } = segment
    const view = this.#reader.view(frame)
    switch (mode) {
      case LTP:
        return sink.tick(instrument, decodeLtp(view, instrument, receivedAt, divisor), refreshes.ltp)
      case QUOTE: {
        const tick = decodeQuote(view, instrument, receivedAt, divisor)
        if (subscription.deep) subscription.quote = tick
        return sink.tick(instrument, tick, refreshes.quote)
      }
      case SNAP_QUOTE:
        return sink.tick(instrument, decodeSnapQuote(view, instrument, receivedAt, divisor), refreshes.depth)
      case DEPTH_20:
        // A book without a price of its own: news for depth readers alone.
        return sink.tick(
          instrument,
          decodeDepth20(view, instrument, receivedAt, divisor, subscription.quote),
          modeBit.depth
        )
    }
  }

  #report(sink: Sink): void {
    const refused = this.#refused
    this.#refused = []
    for (const detail of refused) sink.event({ type: "refused", detail })
  }
}

/** An instrument of one request, with the modes it had before. */
interface Touched {
  readonly segment: Segment<Subscription>
  readonly token: number
  readonly modes: number
}

const isMode = (byte: number): byte is 1 | 2 | 3 | 4 => byte >= LTP && byte <= DEPTH_20

const decodeText = (text: string, sink: Sink): void => {
  if (text === "pong") return sink.event(HEARTBEAT)
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  const { correlationID, errorCode, errorMessage } = message
  if (errorCode === undefined && errorMessage === undefined) {
    return sink.event({ type: "ignored", what: brokerText(text) })
  }
  // E1001 is an invalid request, E1002 the limit of subscriptions; the socket stays open after either.
  const detail = brokerText(errorMessage ?? "error without a text")
  const id =
    typeof correlationID === "string" && correlationID !== "" ? ` (request ${brokerText(correlationID)})` : ""
  sink.event({
    type: "refused",
    detail: detail + id,
    ...(errorCode === undefined ? {} : { code: brokerText(errorCode) })
  })
}
