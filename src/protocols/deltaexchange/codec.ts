/** The client's side of one connection to Delta Exchange's public socket. */
import { AuthRejected } from "../../market/errors.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit, refreshes } from "../../market/mode.ts"
import type { Change, Codec, CodecOptions, Inbound, Outbound, Sink, WireEvent } from "../protocol.ts"
import { brokerText, chunks, isObject } from "../text.ts"
import { textCodes } from "../variant.ts"
import type { Channel } from "./channels.ts"
import { channelsFor, requestFrame } from "./channels.ts"
import type { Message } from "./decode.ts"
import { decodeBest, decodeBook, decodeTicker, decodeTrade } from "./decode.ts"
import { deltaOptions } from "./options.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const NO_OBJECT: WireEvent = { type: "ignored", what: "JSON that is no object" }

/** An instrument that somebody wants, by its symbol at the broker, which is what the wire knows. */
interface Held {
  instrument: WireInstrument
  channels: ReadonlyArray<Channel>
}

const NONE: ReadonlyArray<Channel> = []

export class DeltaCodec implements Codec {
  readonly #codes: Readonly<Record<string, string>>
  readonly #batch: number
  readonly #booksPerFrame: number
  readonly #held = new Map<string, Held>()
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true })
  /** What could not be asked for, told with the next frame: `request` has no sink. */
  #refused: Array<string> = []

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

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    const before = new Map<string, ReadonlyArray<Channel>>()
    for (const { instrument, to } of changes) {
      if (this.#codes[instrument.exchange] === undefined) {
        this.#refused.push(`${nameOf(instrument)}: Delta Exchange has no exchange ${instrument.exchange}`)
        continue
      }
      const symbol = instrument.brokerSymbol
      if (!before.has(symbol)) before.set(symbol, this.#held.get(symbol)?.channels ?? NONE)
      if (to === undefined) this.#held.delete(symbol)
      else this.#held.set(symbol, { instrument, channels: channelsFor(to.mode) })
    }
    const gone: Array<string> = []
    const added: Array<string> = []
    const closed: Array<string> = []
    const opened: Array<string> = []
    for (const [symbol, was] of before) {
      const is = this.#held.get(symbol)?.channels ?? NONE
      if (is.length === 0 && was.length > 0) gone.push(symbol)
      if (is.length > 0 && was.length === 0) added.push(symbol)
      const [hadBook, hasBook] = [was.includes("ob_l2"), is.includes("ob_l2")]
      if (hadBook && !hasBook) closed.push(symbol)
      if (hasBook && !hadBook) opened.push(symbol)
    }
    // No channel stands in for another, so what is given up can make room first.
    const books = this.#booksPerFrame
    const prices = channelsFor("quote")
    return [
      ...chunks(gone, this.#batch).map((some) => requestFrame("unsubscribe", prices, some)),
      ...chunks(closed, books).map((some) => requestFrame("unsubscribe", ["ob_l2"], some)),
      ...chunks(added, this.#batch).map((some) => requestFrame("subscribe", prices, some)),
      ...chunks(opened, books).map((some) => requestFrame("subscribe", ["ob_l2"], some))
    ]
  }

  decode(frame: Inbound, receivedAt: number, sink: Sink): void {
    if (this.#refused.length > 0) this.#report(sink)
    let message: unknown
    try {
      message = JSON.parse(typeof frame === "string" ? frame : this.#utf8.decode(frame))
    } catch {
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
        return control(message, sink)
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
    if (held === undefined) sink.reject("not_subscribed", brokerText(symbol))
    return held
  }

  #report(sink: Sink): void {
    const refused = this.#refused
    this.#refused = []
    for (const detail of refused) sink.event({ type: "refused", detail })
  }
}

/** Messages that are no market data. */
const control = (message: Message, sink: Sink): void => {
  const { type } = message
  switch (type) {
    case "heartbeat":
    case "pong":
      return sink.event(HEARTBEAT)
    case "subscriptions":
      return acknowledged(message["channels"], sink)
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

/** A refused channel says so in its own element, in the middle of an acknowledgement. */
const acknowledged = (list: unknown, sink: Sink): void => {
  for (const channel of Array.isArray(list) ? (list as ReadonlyArray<unknown>) : []) {
    if (!isObject(channel) || channel["error"] === undefined) continue
    sink.event({ type: "refused", detail: `${brokerText(channel["name"])}: ${brokerText(channel["error"])}` })
  }
  sink.event({ type: "ignored", what: "subscriptions" })
}
