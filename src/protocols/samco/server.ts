/** The broker's side of Samco's stream, for the simulator and for tests: the same requests, the same texts. */
import type { Credentials } from "../../market/credentials.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Level, Tick } from "../../market/tick.ts"
import type { Frame, Refusal, Want } from "../protocol.ts"
import type { FindByToken, Received, ServerCodec, UpgradeRequest } from "../serverProtocol.ts"
import { isObject, parseObject } from "../kit/text.ts"
import type { Stream } from "./layout.ts"
import { digitClock, FRAME_END, sessionToken, toIst, wordClock } from "./layout.ts"

/** Which status the real server declines with is UNCONFIRMED. */
const UNAUTHORISED: Refusal = { status: 401, headers: {} }

export const admit = ({ headers }: UpgradeRequest, accepted: Credentials): Refusal | undefined =>
  headers["x-session-token"] === sessionToken(accepted) ? undefined : UNAUTHORISED

/** Prices are texts with two decimals, in currency four. */
const price = (value: number | undefined, decimals: number): string =>
  value === undefined ? "0.00" : value.toFixed(decimals)
const count = (value: number | undefined): string => String(value ?? 0)

export class SamcoServerCodec implements ServerCodec {
  readonly #lists: Record<Stream, Set<string>> = { quote: new Set(), quote2: new Set() }
  /** Requests without their newline wait here for ever, as they do at the real server. */
  #buffered = ""

  receive(frame: Frame, find: FindByToken): Received {
    if (typeof frame !== "string") return { answers: [], touched: [] }
    const texts = (this.#buffered + frame).split(FRAME_END)
    this.#buffered = texts.pop() ?? ""
    return { answers: [], touched: texts.flatMap((text) => this.#request(text, find)) }
  }

  #request(text: string, find: FindByToken): ReadonlyArray<WireInstrument> {
    const request = parseObject(text)?.["request"]
    if (!isObject(request) || !isObject(request["data"])) return []
    const { data, request_type, streaming_type } = request
    const symbols = isObject(data) && Array.isArray(data["symbols"]) ? data["symbols"] : []
    if (streaming_type !== "quote" && streaming_type !== "quote2") return []
    const named = symbols.flatMap((s) =>
      isObject(s) && typeof s["symbol"] === "string" ? [s["symbol"]] : []
    )
    if (request_type === "unsubscribe") {
      for (const symbol of named) this.#lists[streaming_type].delete(symbol)
      return []
    }
    if (request_type !== "subscribe") return []
    // The list replaces the earlier one of its stream.
    const before = this.#lists[streaming_type]
    const found = named.flatMap((symbol) => {
      const instrument = find(symbol)
      return instrument === undefined ? [] : [instrument]
    })
    this.#lists[streaming_type] = new Set(found.map((i) => i.token))
    return found.filter((i) => !before.has(i.token))
  }

  holds({ token }: WireInstrument): ReadonlyArray<Want> {
    return [
      ...(this.#lists.quote.has(token) ? [{ mode: "quote", depth: 0 } as const] : []),
      ...(this.#lists.quote2.has(token) ? [{ mode: "depth", depth: 5 } as const] : [])
    ]
  }

  encode(states: ReadonlyArray<readonly [WireInstrument, Tick]>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (const [instrument, tick] of states) {
      const { token } = instrument
      if (this.#lists.quote.has(token)) frames.push(quote(instrument, tick))
      if (this.#lists.quote2.has(token) && tick.depth !== undefined) frames.push(book(instrument, tick))
    }
    return frames
  }
}

const decimalsOf = ({ exchange }: WireInstrument): number => (exchange === "CDS" ? 4 : 2)

const quote = (instrument: WireInstrument, tick: Tick): string => {
  const decimals = decimalsOf(instrument)
  const buy = tick.depth?.buy[0]
  const sell = tick.depth?.sell[0]
  const traded = tick.ltt
  const change = (tick.ltp ?? 0) - (tick.close ?? 0)
  return JSON.stringify({
    aPr: price(sell?.price, decimals),
    aSz: count(sell?.quantity),
    avgPr: price(tick.average_price, decimals),
    bPr: price(buy?.price, decimals),
    bSz: count(buy?.quantity),
    c: price(tick.close, decimals),
    ch: price(change, decimals),
    chPer: price(tick.close === undefined ? 0 : (100 * change) / tick.close, 2),
    h: price(tick.high, decimals),
    l: price(tick.low, decimals),
    lTrdT: traded === undefined ? "" : wordClock(toIst(traded)),
    ltp: price(tick.ltp, decimals),
    ltq: count(tick.ltq),
    ltt: traded === undefined ? "" : wordClock(toIst(traded)),
    lttUTC: traded === undefined ? "" : wordClock(traded),
    o: price(tick.open, decimals),
    oI: tick.oi === undefined ? "" : count(tick.oi),
    oIChg: "",
    sym: instrument.token,
    tBQ: count(tick.total_buy_quantity),
    tSQ: count(tick.total_sell_quantity),
    ttv: "0.00",
    vol: count(tick.volume),
    yH: price(tick.week52_high, decimals),
    yL: price(tick.week52_low, decimals),
    streaming_type: "quote"
  })
}

const book = (instrument: WireInstrument, tick: Tick): string => {
  const decimals = decimalsOf(instrument)
  const side = (levels: ReadonlyArray<Level>) =>
    levels
      .slice(0, 5)
      .filter((l) => l.price !== 0 || l.quantity !== 0)
      .map((l) => ({ no: count(l.orders), price: price(l.price, decimals), qty: count(l.quantity) }))
  return `${JSON.stringify({
    response: {
      data: {
        askValues: side(tick.depth?.sell ?? []),
        bidValues: side(tick.depth?.buy ?? []),
        delta: "0.00",
        gamma: "0.00",
        iv: "0.00",
        ltt: tick.ltt === undefined ? "" : digitClock(toIst(tick.ltt)),
        lttUTC: tick.ltt === undefined ? "" : digitClock(tick.ltt),
        symbol: instrument.token,
        taq: count(tick.total_sell_quantity),
        tbq: count(tick.total_buy_quantity),
        theta: "0.00",
        vega: "0.00"
      },
      streaming_type: "quote2"
    }
  })}${FRAME_END}`
}
