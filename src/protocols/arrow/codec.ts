/** The client's side of one connection of Arrow's standard stream. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import { FrameReader } from "../kit/bytes.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { DecodePacket } from "../kit/packetDecoder.ts"
import { decodeFull, decodeLtp, decodeLtpc, decodeOldFull, decodeQuote, withAuction } from "./decode.ts"
import type { WireMode } from "./layout.ts"
import {
  AUCTION_TRAILER,
  FULL_SIZE,
  LTPC_SIZE,
  LTP_SIZE,
  MAX_TOKEN,
  OLD_FULL_SIZE,
  QUOTE_SIZE,
  wireModeOf,
  wireModes
} from "./layout.ts"
import type { ArrowOptions } from "./options.ts"
import { arrowOptions, divisorOf } from "./options.ts"

/** One byte, of no defined value. */
const HEARTBEAT_SIZE = 1
const HEARTBEAT: WireEvent = { type: "heartbeat" }

/** Errors that speak of the login. The wording is UNCONFIRMED: `invalid token`, `token expired`, `invalid appid`. */
const ABOUT_LOGIN =
  /(?<!instrument[ _-]?)\btoken\b(?!:? \d)|\bapp[ _]?id\b|\b(?:un)?auth|\bsession\b|\blog[- ]?in\b/i

/** Which instrument's token an error names: `invalid token 2885`. The wording is UNCONFIRMED. */
const NAMED_TOKEN = /\btoken:? (\d{1,10})\b/i

interface Subscription {
  readonly instrument: WireInstrument
  readonly mode: WireMode
  readonly divisor: number
}

export class ArrowCodec implements Codec {
  /** By token alone: packets carry no segment. */
  readonly #byToken = new Map<number, Subscription>()
  readonly #givenUp = new GivenUp(this.#byToken)
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #options: ArrowOptions
  readonly #reader = new FrameReader()
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    this.#options = arrowOptions(options)
    this.#codes = textCodes("arrow", options.codes)
    this.#batch = options.batch
  }

  /** The server measures liveness by this text alone, and lets a silent client go. */
  heartbeat(): Outbound {
    return "PONG"
  }

  /** Each mode is a subscription of its own: the old one is given up, then the new one taken. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const token = plainNumber(instrument.token, MAX_TOKEN)
        const segment = this.#codes[instrument.exchange]
        if (segment === undefined) {
          return `${nameOf(instrument)}: Arrow has no known segment for ${instrument.exchange}`
        }
        if (token === undefined) return badToken(instrument, "no Arrow token", "Arrow's")
        return { id: token, givenUp: this.#givenUp, segment }
      },
      kinds: ({ mode }) => [mode],
      make: (instrument, to, _, { segment }) => ({
        instrument,
        mode: wireModeOf(to, this.#options.ltpMode),
        divisor: divisorOf(this.#options, segment)
      }),
      clash
    })
    const rules = { order: "oldFirst", kinds: wireModes, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, mode, items) =>
      JSON.stringify({
        code: action === "subscribe" ? "sub" : "unsub",
        mode,
        [mode]: items.map(({ place }) => place.id)
      })
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return this.#text(frame, sink)
    const { length } = frame
    const size = kindOf(length)
    if (size === 0) {
      if (length === HEARTBEAT_SIZE) return sink.event(HEARTBEAT)
      return sink.reject("unknown_length", `no packet has ${length} bytes`)
    }
    const view = this.#reader.view(frame)
    const token = view.getUint32(0)
    const subscription = this.#byToken.get(token)
    if (subscription === undefined) {
      return sink.reject("not_subscribed", `token ${token}`, this.#givenUp.of(token)?.instrument)
    }
    const { divisor, instrument } = subscription
    const tick = decodersBySize.get(size)!(view, 0, instrument, receivedAt, divisor)
    // The closing auction, where its trailer stands behind the packet.
    const whole = length === size ? tick : withAuction(view, size, instrument, divisor, tick)
    sink.tick(instrument, whole, refreshes[tick.mode])
  }

  #text(text: string, sink: Sink): void {
    const message = parseObject(text)
    const status = message?.["status"]
    if (message === undefined || (status !== "error" && status !== "failure")) {
      // Acknowledgements, and whatever else it says.
      return sink.event({ type: "ignored", what: brokerText(text) })
    }
    const detail = brokerText(message["message"] ?? "error without a text")
    if (ABOUT_LOGIN.test(detail)) {
      return sink.event({ type: "failure", failure: new AuthRejected({ detail }) })
    }
    const token = NAMED_TOKEN.exec(detail)?.[1]
    const named = token === undefined ? undefined : this.#byToken.get(Number(token))
    sink.event(refused(detail, undefined, named && [named.instrument]))
  }
}

const decodersBySize: ReadonlyMap<number, DecodePacket> = new Map([
  [LTP_SIZE, decodeLtp],
  [LTPC_SIZE, decodeLtpc],
  [QUOTE_SIZE, decodeQuote],
  [FULL_SIZE, decodeFull],
  [OLD_FULL_SIZE, decodeOldFull]
])

/** Which packet has this length, by its plain size; 0 for none. Whether the older one ever had a trailer is not known. */
const kindOf = (length: number): number => {
  if (decodersBySize.has(length)) return length
  const plain = length - AUCTION_TRAILER
  return plain !== OLD_FULL_SIZE && decodersBySize.has(plain) ? plain : 0
}

const clash = (instrument: WireInstrument, other: WireInstrument): string | undefined =>
  nameOf(instrument) === nameOf(other)
    ? undefined
    : `${nameOf(instrument)} has the token ${instrument.token} of ${nameOf(other)}, ` +
      `and Arrow's packets do not tell the two apart on one connection`
