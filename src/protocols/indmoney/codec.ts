/**
 * The client's side of one INDmoney connection: JSON texts, one instrument each, and no order book. Source: INDstocks'
 * API documentation, unless a line says otherwise.
 *
 * The echo names a token without its segment, and the same number exists in several: of instruments with equal tokens
 * a connection carries one (`exclusive` in index.ts). Should two meet here all the same, a bare token is nobody's.
 */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { TickDraft } from "../../market/tick.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink } from "../protocol.ts"
import { isSubscribe } from "../protocol.ts"
import { brokerText, chunks, isCount, isObject, parseJson } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import type { WireNames } from "./options.ts"
import { segmentOf, tokenOf, wireNames } from "./options.ts"

type Fields = Readonly<Record<string, unknown>>
export type WireMode = "ltp" | "quote"

interface Subscribed {
  readonly instrument: WireInstrument
  readonly mode: WireMode
  /** What was told so far: a key that is missing from a quote keeps its value. */
  known: Partial<TickDraft>
}

/** The names of a quote's keys are UNCONFIRMED: the documentation has them in words only. */
const PRICES = [
  ["ltp", "ltp"],
  ["open", "open"],
  ["high", "high"],
  ["low", "low"],
  ["close", "close"],
  ["average_price", "average_price"]
] as const
const QUANTITIES = [
  ["volume", "volume"],
  ["oi", "oi"]
] as const

const wireMode = (mode: Mode): WireMode => (mode === "ltp" ? "ltp" : "quote")

export class IndMoneyCodec implements Codec {
  /** By `SEGMENT:TOKEN`, and by the token alone. */
  readonly #byName = new Map<string, Subscribed>()
  readonly #byToken = new Map<string, Array<Subscribed>>()
  readonly #givenUp = new GivenUp(this.#byName)
  readonly #formerTokens = new GivenUp<string, Subscribed>({
    get: (token) => this.#find(token),
    delete: (token) => this.#byToken.delete(token)
  })
  readonly #names: WireNames
  readonly #unasked = new LocalRefusals()
  readonly #batch: number

  constructor(options: CodecOptions) {
    this.#names = wireNames(options)
    this.#batch = options.batch
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, Subscribed | undefined>()
    const asked = new Set<string>()
    for (const change of changes) {
      const { instrument, to } = change
      const name = this.#names.of(instrument)
      if (segmentOf(name) === "") {
        const { exchange } = instrument
        this.#unasked.add(instrument, `${nameOf(instrument)}: INDmoney has no known segment for ${exchange}`)
        continue
      }
      const held = this.#givenUp.before(name, change)
      if (!before.has(name)) before.set(name, held)
      if (isSubscribe(change)) asked.add(name)
      if (to === undefined) this.#forget(name)
      else {
        const { known } = held ?? before.get(name) ?? { known: {} }
        this.#remember(name, { instrument, mode: wireMode(to.mode), known })
      }
    }
    const opened = new Requests()
    const closed = new Requests()
    for (const [name, was] of before) {
      const is = this.#byName.get(name)
      // The modes are subscriptions of their own.
      if (is !== undefined && (is.mode !== was?.mode || asked.has(name))) opened.add(is.mode, name)
      if (was !== undefined && is?.mode !== was.mode) closed.add(was.mode, name)
    }
    return [...opened.frames("subscribe", this.#batch), ...closed.frames("unsubscribe", this.#batch)]
  }

  #remember(name: string, subscribed: Subscribed): void {
    this.#forget(name)
    this.#byName.set(name, subscribed)
    const token = tokenOf(name)
    this.#byToken.set(token, [...(this.#byToken.get(token) ?? []), subscribed])
  }

  #forget(name: string): void {
    const token = tokenOf(name)
    const gone = this.#byName.get(name)
    this.#givenUp.drop(name)
    const left = this.#byToken.get(token)?.filter((s) => s !== gone) ?? []
    if (left.length === 0) this.#formerTokens.drop(token)
    else this.#byToken.set(token, left)
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame !== "string")
      return sink.reject("malformed_text", `a binary frame of ${frame.length} bytes`)
    if (frame === "ping" || frame === "pong") return sink.event({ type: "heartbeat" })
    const once = parseJson(frame)
    // The text may be encoded twice.
    const value = typeof once === "string" ? parseJson(once) : once
    if (!isObject(value)) return sink.reject("malformed_text", `no JSON object: ${brokerText(frame)}`)
    const { data, instrument, mode } = value
    if (mode !== "ltp" && mode !== "quote") {
      return sink.event({ type: "ignored", what: `a message of mode ${brokerText(mode)}` })
    }
    if (typeof instrument !== "string" || !isObject(data)) {
      return sink.reject("malformed_text", `${mode} without its instrument or data: ${brokerText(frame)}`)
    }
    const found = this.#find(instrument)
    if (found === undefined) {
      const former = this.#givenUp.of(instrument) ?? this.#formerTokens.of(instrument)
      return sink.reject("not_subscribed", `${mode} of ${brokerText(instrument)}`, former?.instrument)
    }
    const tick: TickDraft = {
      symbol: found.instrument.symbol,
      exchange: found.instrument.exchange,
      mode,
      received_time: receivedAt
    }
    const { timestamp } = value
    if (typeof timestamp === "number" && timestamp > 0) tick.exchange_time = timestamp
    const good =
      mode === "ltp"
        ? putLtp(tick, found.known, data)
        : putQuote(tick, found.known, data, (field, value) => sink.leftOut?.(found.instrument, field, value))
    if (!good) {
      return sink.reject("malformed_text", `${mode} of ${brokerText(instrument)} says nothing`)
    }
    // A quote without a price yet is news for quote readers only.
    sink.tick(found.instrument, tick, tick.ltp === undefined ? modeBit.quote : refreshes[mode])
  }

  #find(name: string): Subscribed | undefined {
    const named = this.#byName.get(name)
    if (named !== undefined) return named
    const candidates = this.#byToken.get(name)
    return candidates?.length === 1 ? candidates[0] : undefined
  }
}

/** A real price is never 0. */
const priceIn = (value: unknown): number | undefined =>
  typeof value === "number" && value !== 0 ? value : undefined

/** Tells the price alone, whatever else is known. */
const putLtp = (tick: TickDraft, known: Partial<TickDraft>, data: Fields): boolean => {
  const ltp = priceIn(data["ltp"])
  if (ltp === undefined) return false
  known.ltp = ltp
  tick.ltp = ltp
  return true
}

const putQuote = (
  tick: TickDraft,
  known: Partial<TickDraft>,
  data: Fields,
  leaveOut: (field: keyof TickDraft, value: unknown) => void
): boolean => {
  let usable = false
  for (const [key, field] of PRICES) {
    const value = priceIn(data[key])
    if (value === undefined) continue
    known[field] = value
    usable = true
  }
  for (const [key, field] of QUANTITIES) {
    const value = data[key]
    if (value === undefined || value === null) continue
    // What is no count is not remembered either.
    if (!isCount(value)) {
      leaveOut(field, value)
      continue
    }
    known[field] = value
    usable = true
  }
  Object.assign(tick, known)
  return usable
}

/** Names to ask for, by segment and mode: a frame that mixes segments was seen to deliver the first one's only. */
class Requests {
  readonly #groups = new Map<string, { readonly mode: WireMode; readonly names: Array<string> }>()

  add(mode: WireMode, name: string): void {
    const key = `${segmentOf(name)}/${mode}`
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { mode, names: [name] })
    else group.names.push(name)
  }

  frames(action: "subscribe" | "unsubscribe", batch: number): ReadonlyArray<string> {
    return [...this.#groups.values()].flatMap(({ mode, names }) =>
      chunks(names, batch).map((instruments) => JSON.stringify({ action, mode, instruments }))
    )
  }
}
