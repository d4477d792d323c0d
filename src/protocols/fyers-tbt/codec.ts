/** The client's side of one connection to Fyers' depth socket. */
import type { WireInstrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import { modeBit } from "../../market/mode.ts"
import type { TickDraft } from "../../market/tick.ts"
import { segmentOf } from "../fyers-hsm/subject.ts"
import { GivenUp } from "../kit/givenUp.ts"
import { Reader, readInt64 } from "../kit/protobuf.ts"
import type { Change, Codec, CodecOptions, Frame, Outbound, Sink, WireEvent } from "../protocol.ts"
import { brokerText, parseObject } from "../kit/text.ts"
import { LocalRefusals } from "../kit/localRefusals.ts"
import { WHOLE, applyChanges, lastWords, subscriptionFrames } from "../kit/subscriptionDiff.ts"
import { Book, inside, overrun, wrapped } from "./book.ts"
import { ENTRY, MARKET_FEED, SOCKET_MESSAGE, resumption, subscription } from "./layout.ts"
import { tbtOptions } from "./options.ts"

const HEARTBEAT: WireEvent = { type: "heartbeat" }
const NOTHING: WireEvent = { type: "ignored", what: "a message without books" }

/** Least time between two requests for a snapshot of an instrument. */
const REFRESH_MS = 60_000

/** An instrument that somebody wants. */
interface Held {
  instrument: WireInstrument
  readonly ticker: string
  readonly book: Book
  /** False before the snapshot, and after a message that could not be read to its end. */
  known: boolean
  /** Of the last message; 0: none has come, or they are not numbered. */
  sequence: number
  /** When a snapshot was asked for in vain. */
  askedAt: number
}

export class FyersTbtCodec implements Codec {
  readonly #codes: CodecOptions["codes"]
  readonly #batch: number
  readonly #channel: string
  readonly #refreshOnGap: boolean
  readonly #byToken = new Map<string, Held>()
  readonly #byTicker = new Map<string, Held>()
  readonly #givenUp = new GivenUp(this.#byToken)
  readonly #formerTickers = new GivenUp(this.#byTicker)
  readonly #unasked = new LocalRefusals()

  constructor(options: CodecOptions) {
    const { channel, refreshOnGap } = tbtOptions(options)
    this.#codes = options.codes
    this.#batch = options.batch
    this.#channel = channel
    this.#refreshOnGap = refreshOnGap
  }

  heartbeat(): Outbound {
    return "ping"
  }

  request(changes: ReadonlyArray<Change>): ReadonlyArray<Outbound> {
    // One that is given up and wanted again in one go keeps its book.
    const changed = applyChanges(lastWords(changes), {
      unasked: this.#unasked,
      placeOf: (instrument) => {
        const { brokerSymbol, exchange, token } = instrument
        const isServed =
          this.#codes[exchange] !== undefined && segmentOf(token) !== undefined && brokerSymbol !== ""
        return isServed
          ? { id: token, givenUp: this.#givenUp }
          : `${nameOf(instrument)}: Fyers has no book of fifty levels for it`
      },
      kinds: () => WHOLE,
      make: (instrument, _, known) => {
        const held = known ?? this.#hold(instrument)
        held.instrument = instrument
        return held
      },
      drop: ({ ticker }) => this.#formerTickers.drop(ticker)
    })
    let added = false
    // What is known to bring a snapshot is a new subscription.
    const rules = { order: "oldFirst", renews: true, kinds: WHOLE, batch: this.#batch } as const
    const frames = subscriptionFrames(changed, rules, (action, _, items) => {
      if (action === "subscribe") added = true
      const tickers = items.map((item) => item.subscription.ticker)
      return subscription(tickers, action === "subscribe" ? 1 : -1, this.#channel)
    })
    return added ? [...frames, resumption(this.#channel)] : frames
  }

  #hold(instrument: WireInstrument): Held {
    const held: Held = {
      instrument,
      ticker: instrument.brokerSymbol,
      book: new Book(),
      known: false,
      sequence: 0,
      askedAt: -Infinity
    }
    this.#byTicker.set(held.ticker, held)
    return held
  }

  decode(frame: Frame, receivedAt: number, sink: Sink): void {
    this.#unasked.report(sink)
    if (typeof frame === "string") return decodeText(frame, sink)
    try {
      this.#message(frame, receivedAt, sink)
    } catch (error) {
      sink.reject("truncated", error instanceof Error ? error.message : "not readable")
    }
  }

  /** The flag that says what the books are stands behind them, so they are read in a second pass. */
  #message(frame: Uint8Array, receivedAt: number, sink: Sink): void {
    const reader = Reader.create(frame)
    const feeds: Array<number> = []
    let snapshot = false
    let isError = false
    let text = ""
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      switch (tag) {
        case SOCKET_MESSAGE.feed: {
          const end = inside(reader, reader.len)
          feeds.push(reader.pos, end)
          reader.pos = end
          break
        }
        case SOCKET_MESSAGE.snapshot:
          snapshot = reader.bool()
          break
        case SOCKET_MESSAGE.error:
          isError = reader.bool()
          break
        case SOCKET_MESSAGE.text:
          text = reader.string()
          break
        default:
          reader.skipType(tag & 7)
      }
    }
    if (isError) return sink.event({ type: "refused", detail: brokerText(text || "error without a text") })
    if (feeds.length === 0) return sink.event(NOTHING)
    for (let i = 0; i < feeds.length; i += 2) {
      reader.pos = feeds[i]!
      this.#entry(reader, feeds[i + 1]!, snapshot, receivedAt, sink)
    }
  }

  #entry(reader: Reader, end: number, snapshot: boolean, receivedAt: number, sink: Sink): void {
    let token = ""
    let at = 0
    let feedEnd = 0
    while (reader.pos < end) {
      const tag = reader.uint32()
      if (tag === ENTRY.key) token = reader.string()
      else if (tag === ENTRY.value) {
        feedEnd = inside(reader, end)
        at = reader.pos
        reader.pos = feedEnd
      } else reader.skipType(tag & 7)
    }
    overrun(reader, end)
    if (feedEnd === 0) return sink.event(NOTHING)
    reader.pos = at
    this.#feed(reader, feedEnd, token, snapshot, receivedAt, sink)
  }

  #feed(
    reader: Reader,
    end: number,
    token: string,
    ofMessage: boolean,
    receivedAt: number,
    sink: Sink
  ): void {
    let depthAt = 0
    let depthEnd = 0
    let feedTime = 0
    let sequence = 0
    let snapshot = ofMessage
    let ticker = ""
    while (reader.pos < end) {
      const tag = reader.uint32()
      switch (tag) {
        case MARKET_FEED.depth:
          depthEnd = inside(reader, end)
          depthAt = reader.pos
          reader.pos = depthEnd
          break
        case MARKET_FEED.feedTime:
          feedTime = wrapped(reader, end)
          break
        case MARKET_FEED.sequence:
          sequence = readInt64(reader)
          break
        case MARKET_FEED.snapshot:
          snapshot = reader.bool() || snapshot
          break
        case MARKET_FEED.ticker:
          ticker = reader.string()
          break
        default:
          reader.skipType(tag & 7)
      }
    }
    overrun(reader, end)
    const held = this.#byToken.get(token) ?? this.#byTicker.get(ticker)
    if (held === undefined) {
      const former = this.#givenUp.of(token) ?? this.#formerTickers.of(ticker)
      return sink.reject("not_subscribed", brokerText(ticker || token), former?.instrument)
    }
    if (depthEnd === 0) return sink.event(NOTHING)
    if (!snapshot && !held.known) {
      this.#refresh(held, receivedAt, sink)
      return sink.reject("unknown_packet", `a change of ${held.ticker}'s book before its snapshot`)
    }
    const gap = !snapshot && held.sequence > 0 && sequence > held.sequence + 1
    const { book } = held
    // Until it has been read to its end: half of a change makes no book.
    held.known = false
    if (snapshot) book.clear()
    reader.pos = depthAt
    book.apply(reader, depthEnd)
    held.known = true
    held.sequence = sequence
    if (gap && this.#refreshOnGap) this.#refresh(held, receivedAt, sink)

    const { symbol, exchange } = held.instrument
    const tick: TickDraft = {
      symbol,
      exchange,
      mode: "depth",
      received_time: receivedAt,
      total_buy_quantity: book.totalBuy,
      total_sell_quantity: book.totalSell,
      depth: { buy: book.buy.levels(), sell: book.sell.levels() }
    }
    const exchange_time = epochMs(feedTime)
    if (exchange_time !== 0) tick.exchange_time = exchange_time
    // No price of a trade: news for depth readers alone.
    sink.tick(held.instrument, tick, modeBit.depth)
  }

  /** A new subscription begins with a snapshot. */
  #refresh(held: Held, receivedAt: number, sink: Sink): void {
    if (receivedAt - held.askedAt < REFRESH_MS) return
    held.askedAt = receivedAt
    sink.send(subscription([held.ticker], -1, this.#channel))
    sink.send(subscription([held.ticker], 1, this.#channel))
  }
}

/**
 * The unit of times is UNCONFIRMED, but any time that an exchange can mean tells it by its size: seconds, milliseconds,
 * microseconds and nanoseconds of this century do not overlap. 0 for anything else.
 */
const epochMs = (time: number): number => {
  for (let unit = 1000; unit >= 1e-6; unit /= 1000) {
    const ms = Math.floor(time * unit)
    if (ms >= 1e12 && ms <= 4.1e12) return ms
  }
  return 0
}

/** Answers to requests come as JSON, with `error` and `msg` (UNCONFIRMED). */
const decodeText = (text: string, sink: Sink): void => {
  if (text === "pong") return sink.event(HEARTBEAT)
  const message = parseObject(text)
  if (message === undefined) return sink.reject("malformed_text", brokerText(text))
  const { error, msg } = message
  sink.event(
    error === undefined || error === false || error === null
      ? { type: "ignored", what: brokerText(text) }
      : { type: "refused", detail: brokerText(msg ?? error) }
  )
}
