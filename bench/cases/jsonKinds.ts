/** The JSON messages that the suite measures, and how the broker's side writes them. */
import { codecOptions } from "../../src/brokers/broker.ts"
import { broker as shoonya } from "../../src/brokers/data/shoonya.ts"
import { broker as wisdom } from "../../src/brokers/data/wisdom.ts"
import type { WireInstrument } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import { protocol as noren, serverProtocol as norenServer } from "../../src/protocols/noren/index.ts"
import type { Want } from "../../src/protocols/protocol.ts"
import { protocol as xts } from "../../src/protocols/xts/index.ts"
import { DEPTH, LTP, TOUCHLINE } from "../../src/protocols/xts/layout.ts"
import type { MessageCode } from "../../src/protocols/xts/layout.ts"
import { XtsServerCodec } from "../../src/protocols/xts/server.ts"
import type { Expected } from "./feeds.ts"
import type { JsonKind } from "./jsonFeeds.ts"

const fieldsOf = (state: Tick, fields: ReadonlyArray<keyof Tick>, mode: Tick["mode"]): Expected => ({
  symbol: state.symbol,
  exchange: state.exchange,
  mode,
  ...Object.fromEntries(fields.map((name) => [name, state[name]]))
})

const book = ({ depth }: Tick): Expected => ({
  depth: { buy: depth!.buy.slice(0, 5), sell: depth!.sell.slice(0, 5) }
})

const quote: ReadonlyArray<keyof Tick> = [
  "ltp",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "average_price",
  "exchange_time"
]
const totals: ReadonlyArray<keyof Tick> = ["ltq", "ltt", "total_buy_quantity", "total_sell_quantity"]
const bands: ReadonlyArray<keyof Tick> = ["upper_circuit", "lower_circuit", "week52_high", "week52_low"]

const norenFrames = (
  instrument: WireInstrument,
  states: ReadonlyArray<Tick>,
  to: Want
): ReadonlyArray<string> => {
  const options = codecOptions(shoonya)
  const accepted = { request: { url: "/", headers: {} }, accepted: () => ({}) }
  const server = norenServer.open(options, accepted)
  server.receive(
    JSON.stringify({ t: "a", uid: "", actid: "", source: "API", accesstoken: "" }),
    () => undefined
  )
  for (const request of noren.open(options).request([{ instrument, to }])) {
    server.receive(request as string, () => instrument)
  }
  return states.flatMap((state) => server.encode([[instrument, state]]) as ReadonlyArray<string>)
}

const onNoren = (what: string, words: readonly [string, string], first: 0 | 1, want: Want): JsonKind => ({
  name: `noren ${what}`,
  broker: shoonya,
  protocol: noren,
  vectors: "shoonya.json",
  want,
  isOfKind: (frames) =>
    frames.every((f, i) => f.startsWith(`{"t":"${words[i === 0 ? 0 : 1]}"`)) && frames.length > first,
  first,
  encode: (instrument, states, to) =>
    first === 1
      ? norenFrames(instrument, states, to)
      : states.flatMap((state) => norenFrames(instrument, [state], to)),
  expected: (state) =>
    want.mode === "depth"
      ? { ...fieldsOf(state, [...quote, ...totals, ...bands], "depth"), ...book(state) }
      : fieldsOf(state, quote, "quote"),
  parse: (frame) => JSON.parse(frame) as unknown,
  tokenIn: (parsed) => (parsed as { readonly tk: string }).tk
})

const QUOTE: Want = { mode: "quote", depth: 0 }
const BOOK: Want = { mode: "depth", depth: 5 }

const xtsFrames =
  (code: MessageCode) =>
  (instrument: WireInstrument, states: ReadonlyArray<Tick>): ReadonlyArray<string> => {
    const server = new XtsServerCodec(codecOptions(wisdom), {
      request: { url: "/", headers: {} },
      accepted: () => ({})
    })
    server.add(instrument, code, undefined)
    return states.flatMap((state) => server.encode([[instrument, state]]) as ReadonlyArray<string>)
  }

/** The event, and the message that is a text in it. */
const parseBoth = (frame: string): unknown =>
  JSON.parse((JSON.parse(frame.slice(2)) as readonly [string, string])[1]) as unknown

const onXts = (
  what: string,
  code: MessageCode,
  want: Want,
  expected: (state: Tick) => Expected
): JsonKind => ({
  name: `xts ${what}`,
  broker: wisdom,
  protocol: xts,
  vectors: "wisdom.json",
  want,
  // Not those with the message as an object, nor those with NaN, which no parser takes.
  isOfKind: (frames) => frames.every((f) => f.startsWith(`42["${code}-json-full","{`) && !f.includes(":NaN")),
  first: 0,
  encode: xtsFrames(code),
  expected,
  parse: parseBoth,
  tokenIn: (parsed) => String((parsed as { readonly ExchangeInstrumentID: number }).ExchangeInstrumentID)
})

export const jsonKinds: ReadonlyArray<JsonKind> = [
  onNoren("touchline delta", ["tk", "tf"], 1, QUOTE),
  onNoren("depth delta", ["dk", "df"], 1, BOOK),
  onNoren("touchline snapshot", ["tk", "tk"], 0, QUOTE),
  onNoren("depth snapshot", ["dk", "dk"], 0, BOOK),
  onXts("ltp", LTP, { mode: "ltp", depth: 0 }, (s) => fieldsOf(s, ["ltp", "ltq", "exchange_time"], "ltp")),
  onXts("touchline", TOUCHLINE, QUOTE, (s) => fieldsOf(s, [...quote, ...totals], "quote")),
  onXts("market depth", DEPTH, BOOK, (s) => ({ ...fieldsOf(s, [...quote, ...totals], "depth"), ...book(s) }))
]
