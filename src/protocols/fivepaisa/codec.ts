/** The client's side of one 5paisa connection. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Level, TickDraft } from "../../market/tick.ts"
import { GivenUp } from "../kit/givenUp.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink } from "../protocol.ts"
import { brokerText, isCount, isObject, parseJson, plainNumber } from "../kit/text.ts"
import { LocalRefusals, badToken } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { Service } from "./layout.ts"
import { ASK, BID, SERVICES, dateIn, keyOf, servicesOf } from "./layout.ts"

const MAX_SCRIP = Number.MAX_SAFE_INTEGER

type Fields = Readonly<Record<string, unknown>>

interface Subscribed {
  readonly instrument: WireInstrument
  readonly services: ReadonlyArray<Service>
  /** The last prices that were not zero: a zero means that the server has none at the moment. */
  readonly held: Partial<TickDraft>
}

const PRICES = [
  ["LastRate", "ltp"],
  ["OpenRate", "open"],
  ["High", "high"],
  ["Low", "low"],
  ["PClose", "close"],
  ["AvgRate", "average_price"]
] as const

const QUANTITIES = [
  ["LastQty", "ltq"],
  ["TotalQty", "volume"],
  ["TBidQ", "total_buy_quantity"],
  ["TOffQ", "total_sell_quantity"]
] as const

const INTERESTS = [
  ["OpenInterest", "oi"],
  ["DayHiOI", "oi_high"],
  ["DayLoOI", "oi_low"]
] as const

export class FivePaisaCodec implements Codec {
  readonly #subscribed = new Map<string, Subscribed>()
  readonly #givenUp = new GivenUp(this.#subscribed)
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #clientCode: string
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions, clientCode: string) {
    this.#codes = textCodes("fivepaisa", options.codes)
    this.#batch = options.batch
    this.#clientCode = clientCode
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const code = this.#codes[instrument.exchange]
        if (code === undefined) {
          return `${nameOf(instrument)}: 5paisa has no known exchange type for ${instrument.exchange}`
        }
        if (plainNumber(instrument.token, MAX_SCRIP) === undefined) {
          return badToken(instrument, "no scrip code", "5paisa's")
        }
        return { id: keyOf(code, instrument.token), givenUp: this.#givenUp, code }
      },
      kinds: ({ services }) => services,
      make: (instrument, to, held): Subscribed => ({
        instrument,
        services: servicesOf(instrument, to),
        held: held?.held ?? {}
      })
    })
    const rules = { order: "newFirst", kinds: SERVICES, batch: this.#batch } as const
    return subscriptionFrames(changed, rules, (action, Method, items) =>
      JSON.stringify({
        Method,
        Operation: action === "subscribe" ? "Subscribe" : "Unsubscribe",
        ClientCode: this.#clientCode,
        MarketFeedData: items.map(({ place, subscription }) => ({
          Exch: place.code[0] ?? "",
          ExchType: place.code[1] ?? "",
          ScripCode: Number(subscription.instrument.token)
        }))
      })
    )
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame !== "string")
      return sink.reject("malformed_text", `a binary frame of ${frame.length} bytes`)
    const value = parseJson(frame)
    const records = Array.isArray(value) ? value : [value]
    if (records.length === 0) return sink.event({ type: "heartbeat" })
    for (const record of records) {
      if (isObject(record)) this.#record(record, receivedAt, sink)
      else sink.reject("malformed_text", `no JSON object: ${brokerText(frame)}`)
    }
  }

  #record(record: Fields, receivedAt: number, sink: Sink): void {
    const { Exch, ExchType, Token } = record
    if ("ReqType" in record || "BrokerOrderID" in record) {
      return sink.event({ type: "ignored", what: "an order confirmation" })
    }
    if (typeof Token !== "number" || typeof Exch !== "string" || typeof ExchType !== "string") {
      return sink.reject("malformed_text", `an object without its instrument: ${brokerText(record)}`)
    }
    const key = keyOf(Exch + ExchType, Token)
    const subscribed = this.#subscribed.get(key)
    if (subscribed === undefined) {
      const detail = brokerText(`${Exch}/${ExchType}/${Token}`)
      return sink.reject("not_subscribed", detail, this.#givenUp.of(key)?.instrument)
    }
    const { instrument } = subscribed
    const tick: TickDraft = {
      symbol: instrument.symbol,
      exchange: instrument.exchange,
      mode: "quote",
      received_time: receivedAt
    }
    let news = refreshes.quote
    let good = false
    const leaveOut: LeaveOut = (field, value) => sink.leftOut?.(instrument, field, value)
    if (Array.isArray(record["Details"])) {
      good = putBook(tick, record, record["Details"], leaveOut)
      news = modeBit.depth
    } else if ("LastRate" in record) good = putFeed(tick, subscribed.held, record, leaveOut)
    else if ("OpenInterest" in record) {
      good = putCounts(tick, record, INTERESTS, leaveOut)
      news = modeBit.quote
    } else return sink.event({ type: "ignored", what: `an object of ${brokerText(Object.keys(record))}` })
    if (good) sink.tick(instrument, tick, news)
    else sink.reject("malformed_text", `values of another type: ${brokerText(record)}`)
  }
}

type LeaveOut = (field: keyof TickDraft, value: unknown) => void

/** What is no count costs that field alone. @returns whether there was any */
const putCounts = <F extends keyof TickDraft>(
  tick: TickDraft,
  record: Fields,
  fields: ReadonlyArray<readonly [string, F]>,
  leaveOut: LeaveOut
): boolean => {
  let any = false
  for (const [key, field] of fields) {
    const value = record[key]
    if (value === undefined || value === null) continue
    if (isCount(value)) {
      ;(tick as Record<F, number>)[field] = value
      any = true
    } else leaveOut(field, value)
  }
  return any
}

/** @returns false for a price that is no number: none of the prices can be trusted then */
const putFeed = (tick: TickDraft, held: Partial<TickDraft>, record: Fields, leaveOut: LeaveOut): boolean => {
  for (const [key] of PRICES) {
    const value = record[key]
    if (value !== undefined && typeof value !== "number") return false
  }
  putCounts(tick, record, QUANTITIES, leaveOut)
  for (const [key, field] of PRICES) {
    const value = record[key] as number | undefined
    if (value !== undefined && value !== 0) held[field] = value
    const known = held[field]
    if (known !== undefined) tick[field] = known
  }
  const ltt = dateIn(record["TickDt"])
  if (ltt !== undefined) tick.ltt = ltt
  return true
}

/** The book has no price, volume or trade of its own. One with a level whose counts are none is left out. */
const putBook = (
  tick: TickDraft,
  record: Fields,
  rows: ReadonlyArray<unknown>,
  leaveOut: LeaveOut
): boolean => {
  let bad: unknown
  const buy: Array<Level> = []
  const sell: Array<Level> = []
  for (const row of rows) {
    if (!isObject(row)) return false
    const { BbBuySellFlag, NumberOfOrders, Price, Quantity } = row
    const side = BbBuySellFlag === BID ? buy : BbBuySellFlag === ASK ? sell : undefined
    // A row of neither side is none of the book's.
    if (side === undefined) continue
    if (typeof Price !== "number") return false
    if (Price === 0 && Quantity === 0) continue
    const orders = typeof NumberOfOrders === "number" ? NumberOfOrders : 0
    if (isCount(Quantity) && isCount(orders)) side.push({ price: Price, quantity: Quantity, orders })
    else bad ??= row
  }
  const time = dateIn(record["Time"])
  if (time !== undefined) tick.exchange_time = time
  const counted = putCounts(tick, record, QUANTITIES, leaveOut)
  if (bad !== undefined) {
    leaveOut("depth", bad)
    return counted
  }
  tick.mode = "depth"
  tick.depth = { buy, sell }
  return true
}
