/** The client's side of one Kite connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { refreshes } from "../../market/mode.ts"
import { FrameReader, i32be, u16be, u32be } from "../kit/bytes.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { complaint } from "../kit/refusal.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { decoders, ltpTick } from "./decode.ts"
import {
  FULL_SIZE,
  INDEX_FULL_SIZE,
  INDEX_QUOTE_SIZE,
  LTP_SIZE,
  MAX_TOKEN,
  MODE_NAMES,
  QUOTE_SIZE
} from "./layout.ts"
import { kiteOptions } from "./options.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }

/** Frames below this size carry no packets: the heartbeat is one byte of no defined value. */
const SMALLEST = 3

/**
 * Texts that speak of the login, and not of an instrument's token: what the server says when a session ends is
 * not documented, so this follows practice (UNCONFIRMED).
 */
const ABOUT_LOGIN = /(?<!instrument[ _-]?)\btoken\b|\baccess_token\b|\bapi_key\b|\b403\b/i

/** What a mode can be set on. */
const SUBSCRIBED = "subscribed"
const kinds = [SUBSCRIBED, "ltp", "quote", "depth"] as const

interface Subscription {
  readonly instrument: WireInstrument
  readonly mode: Mode
  /** 0 where the segment of its token is unknown. */
  readonly divisor: number
}

export class KiteCodec implements Codec {
  /**
   * By instrument token, whose low byte is the segment: one number is the whole identity. As a signed integer, which V8
   * looks up without making a number object of it.
   */
  readonly #subscriptions = new Map<number, Subscription>()
  readonly #givenUp = new GivenUp(this.#subscriptions)
  readonly #divisors: ReadonlyArray<number>
  readonly #signed: boolean
  readonly #decoders: ReturnType<typeof decoders>
  readonly #batch: number
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    const { divisors, signedPrices } = kiteOptions(options)
    this.#divisors = divisors
    this.#signed = signedPrices
    this.#decoders = decoders(signedPrices)
    this.#batch = options.batch
  }

  /**
   * A mode can be set on subscribed tokens only, so subscriptions go first. A token that is asked for once more is given up
   * before, as the broker would count it twice against its limit.
   */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const token = plainNumber(instrument.token, MAX_TOKEN)
        if (token === undefined) return badToken(instrument, "no Kite token", "Zerodha's")
        return { id: token | 0, givenUp: this.#givenUp, token }
      },
      kinds: ({ mode }) => [SUBSCRIBED, mode],
      make: (instrument, { mode }, _, { token }) => ({
        instrument,
        mode,
        divisor: this.#divisors[token & 0xff]!
      })
    })
    const rules = { order: "oldFirst", renews: true, kinds, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (a, kind, items) => {
      const v = items.map(({ place }) => place.token)
      if (kind === SUBSCRIBED) return JSON.stringify({ a, v })
      // A mode ends with its subscription, or when another one is set.
      return a === "subscribe" ? JSON.stringify({ a: "mode", v: [MODE_NAMES[kind], v] }) : undefined
    })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    const { length } = frame
    if (length < SMALLEST) return sink.event(HEARTBEAT)
    const count = u16be(frame, 0)
    let at = 2
    let view: DataView | undefined
    for (let i = 0; i < count; i++) {
      if (at + 2 > length) {
        return sink.reject("truncated", `the frame declares ${count} packets and ends after ${i}`)
      }
      const size = u16be(frame, at)
      at += 2
      if (at + size > length) {
        return sink.reject(
          "truncated",
          `packet ${i + 1} of ${count} declares ${size} bytes, ${length - at} came`
        )
      }
      const subscription = size < LTP_SIZE ? undefined : this.#subscriptions.get(i32be(frame, at))
      if (subscription === undefined || subscription.divisor === 0) this.#unknown(frame, at, size, sink)
      else if (size === LTP_SIZE) {
        // Read from the bytes: two numbers are there before the frame is copied.
        const raw = this.#signed ? i32be(frame, at + 4) : u32be(frame, at + 4)
        const { divisor, instrument } = subscription
        sink.tick(instrument, ltpTick(instrument, receivedAt, raw / divisor), refreshes.ltp)
      } else {
        view ??= this.#reader.view(frame)
        this.#packet(view, at, size, subscription, receivedAt, sink)
      }
      at += size
    }
  }

  #unknown(frame: Uint8Array, at: number, size: number, sink: Sink): void {
    if (size < LTP_SIZE) return sink.reject("unknown_length", `no packet has ${size} bytes`)
    const token = u32be(frame, at)
    const segment = token & 0xff
    if (this.#divisors[segment] === 0) {
      return sink.reject("unknown_segment", `token ${token} is of segment ${segment}`)
    }
    sink.reject("not_subscribed", `token ${token}`, this.#givenUp.of(token | 0)?.instrument)
  }

  #packet(
    v: DataView,
    at: number,
    size: number,
    { divisor, instrument }: Subscription,
    receivedAt: number,
    sink: Sink
  ): void {
    switch (size) {
      case FULL_SIZE: {
        const spare = sink.spare?.(instrument)
        const tick = this.#decoders.full(v, at, instrument, receivedAt, divisor, 0, spare)
        return sink.tick(instrument, tick, refreshes.depth)
      }
      case QUOTE_SIZE:
        return sink.tick(
          instrument,
          this.#decoders.quote(v, at, instrument, receivedAt, divisor),
          refreshes.quote
        )
      case INDEX_QUOTE_SIZE: {
        const tick = this.#decoders.indexQuote(v, at, instrument, receivedAt, divisor)
        return sink.tick(instrument, tick, refreshes.quote)
      }
      case INDEX_FULL_SIZE: {
        const tick = this.#decoders.indexFull(v, at, instrument, receivedAt, divisor)
        return sink.tick(instrument, tick, refreshes.quote)
      }
      default:
        return sink.reject("unknown_length", `no packet has ${size} bytes (token ${v.getUint32(at)})`)
    }
  }
}

const decodeText = (text: string, sink: Sink): void => {
  const message = parseObject(text)
  const type = message?.["type"]
  if (message === undefined || typeof type !== "string") {
    return sink.reject("malformed_text", brokerText(text))
  }
  switch (type) {
    case "error":
      return sink.event(complaint(brokerText(message["data"] ?? "error without a text"), ABOUT_LOGIN))
    case "message":
      return sink.event({ type: "notice", text: brokerText(message["data"] ?? "") })
    default:
      // "order" (a postback), and "instruments_meta" and "app_code", which practice shows (UNCONFIRMED).
      return sink.event({ type: "ignored", what: brokerText(type) })
  }
}
