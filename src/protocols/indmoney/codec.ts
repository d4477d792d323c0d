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
import { brokerText, isCount, isObject, parseJson } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
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
    set: (token, subscribed) => this.#byToken.set(token, [subscribed]),
    delete: (token) => this.#byToken.delete(token)
  })
  readonly #names: WireNames
  readonly #unasked = new LocalRefusals()
  readonly #batch: number

  constructor(options: CodecOptions) {
    this.#names = wireNames(options)
    this.#batch = options.batch
  }

  /** The modes are subscriptions of their own. A frame that mixes segments was seen to deliver the first one's only. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const id = this.#names.of(instrument)
        if (segmentOf(id) !== "") return { id, givenUp: this.#givenUp }
        return `${nameOf(instrument)}: INDmoney has no known segment for ${instrument.exchange}`
      },
      kinds: ({ mode }, { id }) => [`${mode} ${segmentOf(id)}`],
      make: (instrument, { mode }, held, { id }) => {
        const subscribed: Subscribed = { instrument, mode: wireMode(mode), known: held?.known ?? {} }
        this.#replace(tokenOf(id), held, subscribed)
        return subscribed
      },
      drop: (gone, { id }) => this.#replace(tokenOf(id), gone)
    })
    const rules = { order: "newFirst", batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, _, items) =>
      JSON.stringify({
        action,
        mode: items[0]!.subscription.mode,
        instruments: items.map(({ place }) => place.id)
      })
    )
  }

  #replace(token: string, old: Subscribed | undefined, now?: Subscribed): void {
    const left = this.#byToken.get(token)?.filter((subscribed) => subscribed !== old) ?? []
    if (now !== undefined) left.push(now)
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
