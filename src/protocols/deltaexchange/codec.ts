/** The client's side of one connection to Delta Exchange's public socket. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import { GivenUp } from "../kit/givenUp.ts"
import { UnorderedAcks } from "../kit/unorderedAcks.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { refused } from "../kit/refusal.ts"
import { brokerText, isObject, parseJson } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { applyChanges, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { textCodes } from "../kit/variant.ts"
import type { Channel } from "./channels.ts"
import { channelsFor, requestFrame } from "./channels.ts"
import type { Message } from "./decode.ts"
import { decodeBest, decodeBook, decodeTicker, decodeTrade } from "./decode.ts"
import { deltaOptions } from "./options.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const NO_OBJECT: WireEvent = { type: "ignored", what: "JSON that is no object" }

/** An instrument that somebody wants, by its symbol at the broker, which is what the wire knows. */
interface Held {
  readonly instrument: WireInstrument
  readonly channels: ReadonlyArray<Channel>
}

/** Channels whose acknowledgement speaks for an instrument: of its prices, and of its book where that is wanted. */
type Telling = "ticker" | "ob_l2"
const tellings: ReadonlyArray<Telling> = ["ticker", "ob_l2"]

export class DeltaCodec implements Codec {
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #booksPerFrame: number
  readonly #held = new Map<string, Held>()
  readonly #givenUp = new GivenUp(this.#held)
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true })
  readonly #unasked = new LocalRefusals()
  /** Symbols by channel: a refusal does not name them. */
  readonly #outstanding: Readonly<Record<Telling, UnorderedAcks<string>>> = {
    ticker: new UnorderedAcks(),
    ob_l2: new UnorderedAcks()
  }
  /** Of their last refusals, for those that turn out later to be meant. */
  readonly #reasons: Record<Telling, string> = { ticker: "", ob_l2: "" }

  constructor(options: CodecOptions) {
    this.#codes = textCodes("deltaexchange", options.codes)
    this.#batch = options.batch
    this.#booksPerFrame = deltaOptions(options).booksPerFrame
  }

  /** The server then speaks every 30 seconds, also where nothing is subscribed. */
  hello(): ReadonlyArray<Outbound> {
    return ['{"type":"enable_heartbeat"}']
  }

  heartbeat(): Outbound {
    return '{"type":"ping"}'
  }

  /** No channel stands in for another, so what is given up can make room first. */
  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const changed = applyChanges(changes, {
      unasked: this.#unasked,
      placeOf: (instrument) =>
        this.#codes[instrument.exchange] === undefined
          ? `${nameOf(instrument)}: Delta Exchange has no exchange ${instrument.exchange}`
          : { id: instrument.brokerSymbol, givenUp: this.#givenUp },
      kinds: ({ channels }) => tellings.filter((telling) => channels.includes(telling)),
      make: (instrument, { mode }): Held => ({ instrument, channels: channelsFor(mode) })
    })
    const rules = {
      order: "oldFirst",
      kinds: tellings,
      batch: (telling: Telling) => (telling === "ticker" ? this.#batch : this.#booksPerFrame)
    } as const
    return subscriptionFrames(changed, rules, (action, telling, items) => {
      const symbols = items.map(({ place }) => place.id)
      if (action === "subscribe") this.#outstanding[telling].ask(symbols)
      return requestFrame(action, telling === "ticker" ? channelsFor("quote") : ["ob_l2"], symbols)
    })
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    let message: unknown
    try {
      message = parseJson(typeof frame === "string" ? frame : this.#utf8.decode(frame))
    } catch {
      // No UTF-8.
    }
    if (message === undefined) {
      return sink.reject(
        "malformed_text",
        typeof frame === "string" ? brokerText(frame) : `${frame.length} bytes`
      )
    }
    if (!isObject(message)) return sink.event(NO_OBJECT)
    switch (message["type"]) {
      case "ticker":
        return this.#ticker(message, receivedAt, sink)
      case "ob_l2":
        return this.#one(message, decodeBook, modeBit.depth, receivedAt, sink)
      case "ob_l1":
        return this.#one(message, decodeBest, modeBit.depth, receivedAt, sink)
      case "trades":
        // The ticker comes every five seconds: between two of them a trade is the news for quote readers as well.
        return this.#one(message, decodeTrade, refreshes.quote, receivedAt, sink)
      default:
        return message["type"] === "subscriptions"
          ? this.#acknowledged(message["channels"], sink)
          : control(message, sink)
    }
  }

  #ticker(message: Message, receivedAt: number, sink: Sink): void {
    const { d } = message
    if (!Array.isArray(d)) return sink.event({ type: "ignored", what: "a ticker without contracts" })
    for (const element of d as ReadonlyArray<unknown>) {
      if (!isObject(element)) {
        sink.reject("malformed_text", "a contract in a ticker is no object")
        continue
      }
      // The name around it may be that of a whole chain.
      const held = this.#heldOf(element["s"], sink)
      if (held === undefined) continue
      sink.tick(
        held.instrument,
        decodeTicker(element, message, held.instrument, receivedAt),
        // Also before the first trade, when there is nothing but a mark price: quote readers get no more.
        refreshes.quote
      )
    }
  }

  #one(
    message: Message,
    decode: (
      message: Message,
      instrument: WireInstrument,
      receivedAt: number
    ) => ReturnType<typeof decodeBook>,
    bits: number,
    receivedAt: number,
    sink: Sink
  ): void {
    const held = this.#heldOf(message["sy"], sink)
    if (held === undefined) return
    const tick = decode(message, held.instrument, receivedAt)
    if (tick === undefined) {
      return sink.reject(
        "malformed_text",
        `${brokerText(message["type"])} of ${held.instrument.brokerSymbol}`
      )
    }
    sink.tick(held.instrument, tick, bits)
  }

  #heldOf(symbol: unknown, sink: Sink): Held | undefined {
    const held = typeof symbol === "string" ? this.#held.get(symbol) : undefined
    if (held === undefined) {
      const former = typeof symbol === "string" ? this.#givenUp.of(symbol) : undefined
      sink.reject("not_subscribed", brokerText(symbol), former?.instrument)
    }
    return held
  }

  /** A refused channel says so in its own element, in the middle of an acknowledgement. */
  #acknowledged(list: unknown, sink: Sink): void {
    const confirmed = new Set<WireInstrument>()
    for (const channel of Array.isArray(list) ? (list as ReadonlyArray<unknown>) : []) {
      if (!isObject(channel)) continue
      const { error, name, symbols } = channel
      const telling = name === "ticker" || name === "ob_l2" ? name : undefined
      if (error !== undefined) {
        const detail = `${brokerText(name)}: ${brokerText(error)}`
        if (telling !== undefined) this.#reasons[telling] = detail
        this.#refuse(detail, telling === undefined ? [] : this.#outstanding[telling].answered(false), sink)
      } else if (telling !== undefined) {
        const named = new Set(Array.isArray(symbols) ? (symbols as ReadonlyArray<string>) : [])
        const refused = this.#outstanding[telling].accepted(named)
        if (refused.length > 0) this.#refuse(this.#reasons[telling], refused, sink)
        for (const symbol of named) {
          const held = this.#held.get(symbol)
          // Prices do not speak for what is wanted with its book.
          const by: Telling = held?.channels.includes("ob_l2") === true ? "ob_l2" : "ticker"
          if (held !== undefined && by === telling) confirmed.add(held.instrument)
        }
      }
    }
    if (confirmed.size > 0) sink.event({ type: "confirmed", instruments: [...confirmed] })
    sink.event({ type: "ignored", what: "subscriptions" })
  }

  #refuse(detail: string, symbols: ReadonlyArray<string>, sink: Sink): void {
    const instruments = symbols.flatMap((symbol) => this.#held.get(symbol)?.instrument ?? [])
    sink.event(refused(detail, undefined, instruments))
  }
}

/** Messages that are no market data. */
const control = (message: Message, sink: Sink): void => {
  const { type } = message
  switch (type) {
    case "heartbeat":
    case "pong":
      return sink.event(HEARTBEAT)
    case "error":
      return sink.event({ type: "refused", detail: brokerText(message["message"] ?? message) })
    case "key-auth":
      // Of the private socket; the public one knows no login.
      return sink.event(
        message["success"] === false
          ? { type: "failure", failure: new AuthRejected({ detail: brokerText(message["status"]) }) }
          : { type: "ignored", what: "key-auth" }
      )
    default:
      return sink.event({ type: "ignored", what: brokerText(type ?? "a message without a type") })
  }
}
