/** The client's side of one Firstock connection. */
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected, ProtocolViolation, RateLimited } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { saysNo } from "../kit/refusal.ts"
import { brokerText, isObject, parseObject, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { WHOLE, applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { Snapshot } from "./decode.ts"
import { emptySnapshot, merge, toTick } from "./decode.ts"
import { BETWEEN_SCRIPS, IN_SCRIP, MAX_TOKEN } from "./layout.ts"

const READY: WireEvent = { type: "ready" }
const NO_VALUES: WireEvent = { type: "ignored", what: "an object without a value" }
const NO_DATA: WireEvent = { type: "ignored", what: "an object that is no market data" }

interface Subscription {
  readonly instrument: WireInstrument
  readonly snapshot: Snapshot
}

export class FirstockCodec implements Codec {
  readonly awaitsReady = true
  /** By `NSE:2885`: the key that the wire uses. One subscription serves every mode. */
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #codes: Readonly<Record<string, string>>
  readonly #givenUp = new GivenUp(this.#subscriptions)
  readonly #segments: ReadonlySet<string>
  readonly #batch: number
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    this.#codes = textCodes("firstock", options.codes)
    this.#segments = new Set(Object.values(this.#codes))
    this.#batch = options.batch
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const { exchange, token } = instrument
        const code = this.#codes[exchange]
        if (code === undefined) return `${nameOf(instrument)}: Firstock's feed has no code for ${exchange}`
        if (plainNumber(token, MAX_TOKEN) === undefined) {
          return badToken(instrument, "not a plain number", "Firstock's")
        }
        return { id: `${code}${IN_SCRIP}${token}`, givenUp: this.#givenUp }
      },
      kinds: () => WHOLE,
      make: (instrument, _, held) => ({ instrument, snapshot: held?.snapshot ?? emptySnapshot() })
    })
    const rules = { order: "oldFirst", kinds: WHOLE, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, _, items) =>
      JSON.stringify({ action, tokens: items.map(({ place }) => place.id).join(BETWEEN_SCRIPS) })
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame !== "string") return sink.reject("unknown_packet", `${frame.length} bytes, and no text`)
    const message = parseObject(frame)
    if (message === undefined) return sink.reject("malformed_text", brokerText(frame))
    // Before the rest: an order has a status of its own.
    if ("norenordno" in message) return sink.event({ type: "ignored", what: "order" })
    if ("status" in message) return sink.event(verdict(message))
    const token = message["c_symbol"]
    if (token !== undefined) {
      // Version 1, which the older address still speaks: one instrument, without a key in front.
      return this.#instrument(
        `${String(message["c_exch_seg"])}${IN_SCRIP}${String(token)}`,
        message,
        receivedAt,
        sink
      )
    }
    if ("brkname" in message) return sink.event({ type: "ignored", what: "position" })
    let found = false
    for (const key in message) {
      if (!key.includes(IN_SCRIP)) continue
      found = true
      this.#instrument(key, message[key], receivedAt, sink)
    }
    if (!found) sink.event(NO_DATA)
  }

  #instrument(scrip: string, object: unknown, receivedAt: number, sink: Sink): void {
    if (!isObject(object)) return sink.reject("malformed_text", brokerText(`${scrip} is no object`))
    const subscription = this.#subscriptions.get(scrip)
    if (subscription === undefined) {
      const segment = scrip.slice(0, scrip.indexOf(IN_SCRIP))
      return this.#segments.has(segment)
        ? sink.reject("not_subscribed", brokerText(scrip), this.#givenUp.of(scrip)?.instrument)
        : sink.reject("unknown_segment", brokerText(scrip))
    }
    // Greeks are a stream of their own, with the same keys in front.
    if ("gamma" in object) return sink.event({ type: "ignored", what: "greeks" })
    const { instrument, snapshot } = subscription
    if (merge(snapshot, object) === 0) return sink.event(NO_VALUES)
    const tick = toTick(snapshot, instrument, receivedAt)
    sink.tick(instrument, tick, tick.depth === undefined ? refreshes[tick.mode] : refreshes.depth)
  }
}

/** `Maximum sessions limit (3) reached`: nothing is wrong with the login, others of its sessions must end first. */
const TOO_MANY = /maximum sessions|session.{0,20}limit/i

const verdict = (message: Readonly<Record<string, unknown>>): WireEvent => {
  const { status } = message
  if (typeof status === "string" && status.toLowerCase() === "success") return READY
  const detail = brokerText(message["message"] ?? `the status is ${brokerText(status)}`)
  return { type: "failure", failure: failureOf(status, detail) }
}

const failureOf = (status: unknown, detail: string): ConnectionFailure => {
  if (!saysNo(status)) {
    return new ProtocolViolation({ detail: `the login was answered ${brokerText(status)}: ${detail}` })
  }
  return TOO_MANY.test(detail) ? new RateLimited({ detail }) : new AuthRejected({ detail })
}
