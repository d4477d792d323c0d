/** The broker's side of Delta Exchange's public socket, for the simulator and for tests. */
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { CodecOptions, Frame, Want } from "../protocol.ts"
import type { Received, ServerCodec, ServerContext } from "../serverProtocol.ts"
import { isObject, parseObject } from "../kit/text.ts"
import type { Channel } from "./channels.ts"
import { LEVELS, MAX_BOOKS, channels } from "./channels.ts"
import { deltaOptions } from "./options.ts"

const error = (message: string): Received => ({
  answers: [JSON.stringify({ type: "error", message })],
  touched: []
})

/** One channel of a request. Without symbols it is the whole channel. */
interface ChannelRequest {
  readonly name: string
  readonly symbols: ReadonlyArray<string> | undefined
}

const readChannels = (payload: unknown): ReadonlyArray<ChannelRequest> | undefined => {
  const list = isObject(payload) ? payload["channels"] : undefined
  if (!Array.isArray(list)) return undefined
  const asked: Array<ChannelRequest> = []
  for (const channel of list as ReadonlyArray<unknown>) {
    if (!isObject(channel)) return undefined
    const { name, symbols } = channel
    const isList = Array.isArray(symbols) && symbols.every((s) => typeof s === "string")
    if (typeof name !== "string" || (symbols !== undefined && !isList)) return undefined
    asked.push({ name, symbols: symbols as ReadonlyArray<string> | undefined })
  }
  return asked
}

export class DeltaServerCodec implements ServerCodec {
  readonly #bySymbol: ReadonlyMap<string, WireInstrument>
  readonly #booksPerFrame: number
  readonly #subscribed: Readonly<Record<Channel, Set<string>>> = {
    ticker: new Set(),
    trades: new Set(),
    ob_l2: new Set()
  }
  /** The day's volume at the last trade that was sent, by symbol: a change of the book alone is no trade. */
  readonly #traded = new Map<string, number>()

  constructor(options: CodecOptions, { instruments = [] }: Pick<ServerContext, "instruments">) {
    this.#booksPerFrame = deltaOptions(options).booksPerFrame
    this.#bySymbol = new Map(instruments.map((instrument) => [instrument.brokerSymbol, instrument]))
  }

  receive(frame: Frame): Received {
    const request = parseObject(typeof frame === "string" ? frame : new TextDecoder().decode(frame))
    switch (request?.["type"]) {
      case "enable_heartbeat":
        return { answers: ['{"type":"heartbeat"}'], touched: [] }
      case "ping":
        return { answers: ['{"type":"pong"}'], touched: [] }
      case "subscribe":
      case "unsubscribe": {
        const asked = readChannels(request["payload"])
        if (asked === undefined) return error("invalid payload")
        return request["type"] === "subscribe" ? this.#subscribe(asked) : this.#unsubscribe(asked)
      }
      default:
        return error("invalid type")
    }
  }

  #subscribe(asked: ReadonlyArray<ChannelRequest>): Received {
    const touched = new Set<WireInstrument>()
    const answers = asked.map(({ name, symbols = [] }) => {
      const channel = channels.find((c) => c === name)
      if (channel === undefined) return { name, error: "subscription forbidden: invalid channel" }
      if (channel === "ob_l2" && symbols.length > this.#booksPerFrame) {
        return {
          name,
          error: `subscription forbidden on this channel with more than ${this.#booksPerFrame} symbol`
        }
      }
      const own = this.#subscribed[channel]
      if (channel === "ob_l2" && own.size + symbols.filter((s) => !own.has(s)).length > MAX_BOOKS) {
        return { name, error: `subscription forbidden: at most ${MAX_BOOKS} symbols on a connection` }
      }
      for (const symbol of symbols) {
        const instrument = this.#bySymbol.get(symbol)
        if (instrument === undefined) continue
        own.add(symbol)
        this.#traded.delete(symbol)
        touched.add(instrument)
      }
      return { name, symbols }
    })
    return { answers: [JSON.stringify({ type: "subscriptions", channels: answers })], touched: [...touched] }
  }

  #unsubscribe(asked: ReadonlyArray<ChannelRequest>): Received {
    for (const { name, symbols } of asked) {
      const channel = channels.find((c) => c === name)
      if (channel === undefined) continue
      const own = this.#subscribed[channel]
      if (symbols === undefined) own.clear()
      else for (const symbol of symbols) own.delete(symbol)
    }
    return { answers: [], touched: [] }
  }

  holds({ brokerSymbol }: WireInstrument): ReadonlyArray<Want> {
    const { ob_l2, ticker, trades } = this.#subscribed
    const wants: Array<Want> = []
    if (trades.has(brokerSymbol)) wants.push({ mode: "ltp", depth: 0 })
    if (ticker.has(brokerSymbol)) wants.push({ mode: "quote", depth: 0 })
    if (ob_l2.has(brokerSymbol)) wants.push({ mode: "depth", depth: LEVELS })
    return wants
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const { ob_l2, ticker, trades } = this.#subscribed
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const symbol = instrument.brokerSymbol
      if (ticker.has(symbol)) frames.push(tickerFrame(instrument, tick))
      if (trades.has(symbol) && tick.ltt !== undefined && this.#traded.get(symbol) !== tick.volume) {
        this.#traded.set(symbol, tick.volume ?? 0)
        frames.push(tradeFrame(symbol, tick))
      }
      if (ob_l2.has(symbol)) frames.push(bookFrame(symbol, tick))
    }
    return frames
  }
}

const microseconds = (time: number | undefined): number => (time ?? 0) * 1000

/** As the real server writes it: some numbers as numbers, most as texts. */
const text = (value: number | undefined): string | null => (value === undefined ? null : String(value))

const tickerFrame = ({ brokerSymbol, token }: WireInstrument, tick: Tick): string => {
  const { depth, exchange_time, high = null, low = null, lower_circuit, ltp, oi = 0, open = null } = tick
  const [ask] = depth?.sell ?? []
  const [bid] = depth?.buy ?? []
  return JSON.stringify({
    d: [
      {
        g: [null, null, null, null, null],
        i: Number(token),
        m: text(ltp),
        m24hc: "0",
        ohlc: open === null ? [null, null, null, null] : [open, high, low, ltp],
        oi: [text(oi), "0"],
        pb: [text(lower_circuit), text(tick.upper_circuit)],
        q: [text(ask?.price), text(ask?.quantity), text(bid?.price), text(bid?.quantity), null],
        qiv: [null, null, null],
        s: brokerSymbol,
        to: [0, 0]
      }
    ],
    sp: text(ltp),
    sy: brokerSymbol,
    ts: microseconds(exchange_time),
    type: "ticker"
  })
}

const tradeFrame = (symbol: string, tick: Tick): string =>
  JSON.stringify({
    p: text(tick.ltp),
    r: "m",
    s: tick.ltq,
    sy: symbol,
    t: microseconds(tick.ltt),
    ts: microseconds(tick.exchange_time),
    type: "trades"
  })

const pairs = (levels: ReadonlyArray<Level> = []): ReadonlyArray<readonly [string, string]> =>
  levels
    .slice(0, LEVELS)
    .filter(({ price, quantity }) => price !== 0 || quantity !== 0)
    .map(({ price, quantity }) => [String(price), String(quantity)])

const bookFrame = (symbol: string, { depth, exchange_time }: Tick): string =>
  JSON.stringify({
    a: pairs(depth?.sell),
    b: pairs(depth?.buy),
    lts: microseconds(exchange_time),
    sy: symbol,
    ts: microseconds(exchange_time),
    type: "ob_l2"
  })
