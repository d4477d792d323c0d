/** Messages to ticks: looks up whose each is, joins changes with what is known, and tells the sink. */
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Tick } from "../../market/tick.ts"
import type { Sink } from "../protocol.ts"
import { brokerText, isObject, plainNumber } from "../kit/text.ts"
import type { Subscriptions, Subscription } from "./subscriptions.ts"
import { MAX_ID, knownOf, remember } from "./subscriptions.ts"
import type { Fields } from "./fields.ts"
import { ID, SEGMENT, makeFields, pick } from "./fields.ts"
import { decodeFull, parseLoosely } from "./full.ts"
import type { MessageCode } from "./layout.ts"
import { LTP, OPEN_INTEREST, isMessageCode } from "./layout.ts"
import type { LeaveOut } from "./partial.ts"
import { merge, readChanges } from "./partial.ts"
import type { Address } from "./requests.ts"
import type { Known } from "./ticks.ts"
import { overlay } from "./ticks.ts"

export class Messages {
  readonly #book: Subscriptions
  readonly #fields = makeFields()

  constructor(book: Subscriptions) {
    this.#book = book
  }

  /**
   * A message that the scanner has read.
   *
   * @returns false where `full` has to say what is wrong with it
   */
  scanned(code: MessageCode, fields: Fields, receivedAt: number, sink: Sink): boolean {
    const segment = fields.numbers[SEGMENT]!
    const subscription = this.#book[segment]?.get(fields.numbers[ID]!)
    if (subscription === undefined) return false
    const now = decodeFull(code, fields, subscription.instrument, receivedAt, segment)
    if (now === undefined) return false
    tell(subscription, code, now, sink)
    return true
  }

  /** @param snapshot of a REST answer, which may be older than what the socket has brought meanwhile */
  full(
    code: MessageCode,
    payload: unknown,
    snapshot: boolean,
    receivedAt: number,
    sink: Sink
  ): Address | undefined {
    const message = objectOf(payload)
    if (message === undefined) {
      sink.reject("malformed_text", brokerText(payload))
      return undefined
    }
    const segment = numberOf(message["ExchangeSegment"])
    const id = numberOf(message["ExchangeInstrumentID"])
    if (segment === undefined || id === undefined) {
      sink.reject("malformed_text", `message ${code} names no instrument`)
      return undefined
    }
    const address: Address = { exchangeSegment: segment, exchangeInstrumentID: id }
    const subscription = this.#find(segment, id, sink)
    if (subscription === undefined) return address
    pick(code, message, this.#fields)
    let now = decodeFull(code, this.#fields, subscription.instrument, receivedAt, segment)
    if (now === undefined) {
      sink.reject("malformed_text", `message ${code} of ${nameOf(subscription.instrument)} has no values`)
      return address
    }
    if (snapshot) {
      const known = knownOf(subscription, code)
      if (known !== undefined && !known.whole) now = overlay(now, known)
      else if (isOlder(now, known)) {
        sink.event({ type: "ignored", what: "a snapshot that came late" })
        return address
      }
    }
    tell(subscription, code, now, sink)
    return address
  }

  /** A message of a snapshot; its own code goes before that of the request. */
  picture(asked: MessageCode, text: unknown, receivedAt: number, sink: Sink): Address | undefined {
    const message = objectOf(text)
    const own = message?.["MessageCode"]
    const code = typeof own === "number" && isMessageCode(own) ? own : asked
    return this.full(code, message ?? text, true, receivedAt, sink)
  }

  partial(code: MessageCode, payload: unknown, receivedAt: number, sink: Sink): void {
    const changes = typeof payload === "string" ? readChanges(payload) : undefined
    if (changes === undefined) return sink.reject("malformed_text", brokerText(payload))
    const subscription = this.#find(changes.segment, changes.id, sink)
    if (subscription === undefined) return
    const { instrument } = subscription
    const leaveOut: LeaveOut = (field, value) => sink.leftOut?.(instrument, field, value)
    const now = merge(code, changes, knownOf(subscription, code), instrument, receivedAt, leaveOut)
    if (typeof now === "string")
      return sink.reject("malformed_text", `${nameOf(instrument)}: ${brokerText(now)}`)
    if (now === undefined) return sink.event({ type: "ignored", what: `message ${code} without a value` })
    tell(subscription, code, now, sink)
  }

  #find(segment: number, id: number, sink: Sink): Subscription | undefined {
    const bySegment = this.#book[segment]
    if (bySegment === undefined) {
      sink.reject("unknown_segment", `segment ${segment}`)
      return undefined
    }
    const subscription = bySegment.get(id)
    if (subscription === undefined) {
      const former = bySegment.givenUp.of(id)
      sink.reject("not_subscribed", `segment ${segment}, instrument ${id}`, former?.instrument)
    }
    return subscription
  }
}

const tell = (subscription: Subscription, code: MessageCode, now: Known, sink: Sink): void => {
  remember(subscription, code, now)
  sink.tick(subscription.instrument, now.tick, refreshesOf(code, now.tick))
}

/** Open interest is news for quotes, a touchline for LTP readers as well, a book for everybody unless it is alone. */
export const refreshesOf = (code: MessageCode, { close, depth, ltp }: Tick): number => {
  if (code === OPEN_INTEREST) return modeBit.quote
  if (code === LTP) return refreshes.ltp
  if (depth === undefined) return refreshes.quote
  return ltp === undefined && close === undefined ? modeBit.depth : refreshes.depth
}

/**
 * Whether a snapshot tells less than what is known. The wire's times are whole seconds: within one, the volume tells, and
 * what the socket brought is taken for the newer one where nothing tells.
 */
const isOlder = ({ tick }: Known, known: Known | undefined): boolean => {
  const before = known?.tick
  if (before?.exchange_time === undefined || tick.exchange_time === undefined) return false
  if (tick.exchange_time !== before.exchange_time) return tick.exchange_time < before.exchange_time
  return tick.volume === undefined || before.volume === undefined || tick.volume <= before.volume
}

/** Payloads are JSON in a text as a rule. */
export const objectOf = (payload: unknown): Readonly<Record<string, unknown>> | undefined => {
  const value = typeof payload === "string" ? parseLoosely(payload) : payload
  return isObject(value) ? value : undefined
}

/** Numbers, or their decimal text. */
const numberOf = (value: unknown): number | undefined =>
  typeof value === "number"
    ? Number.isSafeInteger(value)
      ? value
      : undefined
    : typeof value === "string"
      ? plainNumber(value, MAX_ID)
      : undefined
