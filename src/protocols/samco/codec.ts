/** The client's side of one Samco connection: one record per symbol, fed by both streams. */
import type { WireInstrument } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Level, Tick, TickDraft } from "../../market/tick.ts"
import { GivenUp } from "../kit/givenUp.ts"
import { applyChanges, stepsOf } from "../kit/subscriptionDiff.ts"
import type { Change, Codec, Frame, Outbound, Sink, Want } from "../protocol.ts"
import { brokerText, isObject, parseObject } from "../kit/text.ts"
import type { Stream } from "./layout.ts"
import { numberIn, quantityIn, tradeTime, writeRequest } from "./layout.ts"

type Fields = Readonly<Record<string, unknown>>

interface Subscribed {
  readonly instrument: WireInstrument
  readonly want: Want
  /** What both streams told so far, without the book: a frame with a blank keeps the known value. */
  known: Partial<TickDraft>
}

/** Prices by their keys in `quote`: 0 means none. */
const PRICES = [
  ["ltp", "ltp"],
  ["o", "open"],
  ["h", "high"],
  ["l", "low"],
  ["c", "close"],
  ["avgPr", "average_price"],
  ["yH", "week52_high"],
  ["yL", "week52_low"]
] as const

/** Quantities: 0 is a value. */
const QUANTITIES = [
  ["ltq", "ltq"],
  ["vol", "volume"],
  ["oI", "oi"],
  ["tBQ", "total_buy_quantity"],
  ["tSQ", "total_sell_quantity"]
] as const

const BOOK_LEVELS = 5

/** A book is for who reads depth; an index has none. */
export const takesBook = ({ exchange }: WireInstrument, { mode }: Want): boolean =>
  mode === "depth" && !exchange.endsWith("_INDEX")

const streamsOf = ({ instrument, want }: Subscribed): ReadonlyArray<Stream> =>
  takesBook(instrument, want) ? ["quote", "quote2"] : ["quote"]

export class SamcoCodec implements Codec {
  readonly #bySymbol = new Map<string, Subscribed>()
  readonly #givenUp = new GivenUp(this.#bySymbol)

  /**
   * A subscribe frame restates the whole list of its stream. Whether a list replaces the earlier one or adds to it is
   * UNCONFIRMED; restating is right either way.
   */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      placeOf: ({ token }) => ({ id: token, givenUp: this.#givenUp }),
      kinds: streamsOf,
      make: (instrument, want, held): Subscribed => ({ instrument, want, known: held?.known ?? {} })
    })
    const steps = stepsOf(changed, { order: "newFirst" })
    return (["quote", "quote2"] as const).flatMap((stream) =>
      steps.flatMap(({ action, items }) => {
        const own = items.filter(({ kind }) => kind === stream)
        if (own.length === 0) return []
        const symbols = action === "subscribe" ? this.#list(stream) : own.map(({ place }) => place.id)
        return [writeRequest({ type: action, stream, symbols })]
      })
    )
  }

  /** Everybody needs prices. */
  #list(stream: Stream): ReadonlyArray<string> {
    return [...this.#bySymbol].flatMap(([symbol, subscribed]) =>
      streamsOf(subscribed).includes(stream) ? [symbol] : []
    )
  }

  /** One message holds several documents, parted by newlines. */
  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    if (typeof frame !== "string") {
      return sink.reject("malformed_text", `a binary frame of ${frame.length} bytes`)
    }
    let empty = true
    for (const text of frame.split("\n")) {
      if (text.trim() === "") continue
      empty = false
      this.#document(text, receivedAt, sink)
    }
    if (empty) sink.event({ type: "heartbeat" })
  }

  #document(text: string, receivedAt: number, sink: Sink): void {
    const outer = parseObject(text)
    if (outer === undefined) return sink.reject("malformed_text", `no JSON object: ${brokerText(text)}`)
    // Both envelopes are seen, for both streams.
    const wrapped = isObject(outer["response"]) ? outer["response"] : undefined
    const envelope = wrapped ?? outer
    const data = wrapped === undefined ? outer : wrapped["data"]
    const stream = envelope["streaming_type"]
    if (stream !== "quote" && stream !== "quote2") {
      return sink.event({ type: "ignored", what: `streaming type ${brokerText(stream)}` })
    }
    if (!isObject(data)) return sink.reject("malformed_text", `${stream} without data`)
    const symbol = stream === "quote" ? data["sym"] : data["symbol"]
    const subscribed = typeof symbol === "string" ? this.#bySymbol.get(symbol) : undefined
    if (subscribed === undefined) {
      const former = typeof symbol === "string" ? this.#givenUp.of(symbol) : undefined
      return sink.reject("not_subscribed", `${stream} of ${brokerText(symbol)}`, former?.instrument)
    }
    const depth = stream === "quote2" ? bookOf(data) : undefined
    const leaveOut: LeaveOut = (field, value) => sink.leftOut?.(subscribed.instrument, field, value)
    if (stream === "quote" ? !this.#quote(subscribed.known, data, leaveOut) : depth === undefined) {
      return sink.reject("malformed_text", `${stream} of ${brokerText(symbol)} says nothing`)
    }
    if (depth !== undefined) putTotals(subscribed.known, data, leaveOut)
    this.#emit(subscribed, depth, receivedAt, sink)
  }

  /** Whether the frame held anything. */
  #quote(known: Partial<TickDraft>, data: Fields, leaveOut: LeaveOut): boolean {
    let usable = false
    for (const [key, field] of PRICES) {
      const value = numberIn(data[key])
      if (value === undefined || value === 0) continue
      known[field] = value
      usable = true
    }
    for (const [key, field] of QUANTITIES) {
      const value = countIn(data[key], field, leaveOut)
      if (value === undefined) continue
      known[field] = value
      usable = true
    }
    const ltt = tradeTime(data["lttUTC"], data["ltt"], data["lTrdT"])
    if (ltt !== undefined && usable) known.ltt = ltt
    return usable
  }

  #emit({ instrument, known }: Subscribed, depth: Tick["depth"], receivedAt: number, sink: Sink): void {
    const hasDay = known.open !== undefined || known.high !== undefined || known.low !== undefined
    const mode = depth !== undefined ? "depth" : hasDay || known.volume !== undefined ? "quote" : "ltp"
    const tick: TickDraft = {
      symbol: instrument.symbol,
      exchange: instrument.exchange,
      mode,
      received_time: receivedAt,
      ...known
    }
    if (depth !== undefined) tick.depth = depth
    sink.tick(instrument, tick, depth === undefined ? refreshes[mode] : modeBit.depth)
  }
}

type LeaveOut = (field: keyof TickDraft, value: unknown) => void

/** A number that is no count is neither told nor remembered. */
const countIn = (value: unknown, field: keyof TickDraft, leaveOut: LeaveOut): number | undefined => {
  const count = quantityIn(value)
  if (count === undefined && numberIn(value) !== undefined) leaveOut(field, value)
  return count
}

/** What a book's frame says beside the book. The newest total wins, whichever stream it came with. */
const putTotals = (known: Partial<TickDraft>, data: Fields, leaveOut: LeaveOut): void => {
  const buy = countIn(data["tbq"], "total_buy_quantity", leaveOut)
  const sell = countIn(data["taq"], "total_sell_quantity", leaveOut)
  if (buy !== undefined) known.total_buy_quantity = buy
  if (sell !== undefined) known.total_sell_quantity = sell
  const ltt = tradeTime(data["lttUTC"], data["ltt"])
  if (ltt !== undefined) known.ltt = ltt
}

/**
 * A whole book, best first: as many levels as the market has. At a circuit one side is empty, or not there. Undefined
 * when the frame has neither.
 */
const bookOf = ({ askValues, bidValues }: Fields): Tick["depth"] =>
  Array.isArray(bidValues) || Array.isArray(askValues)
    ? { buy: sideOf(bidValues), sell: sideOf(askValues) }
    : undefined

const sideOf = (values: unknown): ReadonlyArray<Level> => {
  const side: Array<Level> = []
  if (!Array.isArray(values)) return side
  for (const value of values.slice(0, BOOK_LEVELS)) {
    if (!isObject(value)) continue
    const price = numberIn(value["price"])
    // Numbers that are no counts are the guard's to see: it leaves out the book.
    const quantity = numberIn(value["qty"])
    if (price === undefined || quantity === undefined || (price === 0 && quantity === 0)) continue
    // By the documentation's words a sequence number; the values behave as counts of orders (UNCONFIRMED).
    side.push({ price, quantity, orders: numberIn(value["no"]) ?? 0 })
  }
  return side
}
