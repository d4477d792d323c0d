/**
 * The official JavaScript SDK as a second opinion: its decoder, with the .proto file that it ships, reads the golden
 * frames and what our broker's side writes; its requests are understood there.
 */
import { createRequire } from "node:module"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker } from "../../../src/brokers/data/upstox.ts"
import { auctionFields } from "../../../src/market/tick.ts"
import type { Level, Tick } from "../../../src/market/tick.ts"
import { protocol, serverProtocol } from "../../../src/protocols/upstox/index.ts"
import type { Link } from "./link.ts"
import { makeLink } from "./link.ts"
import {
  DEPTH,
  LTP,
  QUOTE,
  credentials,
  decode,
  framesOf,
  openServer,
  vectorsOf,
  wireInstruments
} from "./support.ts"

/** The message as the SDK hands it to its users: 64-bit integers are texts, what is zero is not there. */
interface Message {
  readonly type?: string
  readonly currentTs?: string
  readonly feeds?: Readonly<Record<string, Feed>>
}
interface Ltpc {
  readonly ltp?: number
  readonly ltt?: string
  readonly ltq?: string
  readonly cp?: number
}
interface Quote {
  readonly bidQ?: string
  readonly bidP?: number
  readonly askQ?: string
  readonly askP?: number
}
interface Full {
  readonly ltpc?: Ltpc
  readonly marketLevel?: { readonly bidAskQuote?: ReadonlyArray<Quote> }
  readonly marketOHLC?: {
    readonly ohlc?: ReadonlyArray<{ interval: string; open?: number; high?: number; low?: number }>
  }
  readonly vtt?: string
  readonly atp?: number
  readonly oi?: number
  readonly tbq?: number
  readonly tsq?: number
}
interface Feed {
  readonly ltpc?: Ltpc
  readonly fullFeed?: { readonly marketFF?: Full; readonly indexFF?: Full }
  readonly firstLevelWithGreeks?: Full & { readonly firstDepth?: Quote }
}

interface Feeder {
  readonly protobufRoot: unknown
  readonly decodeProtobuf: (frame: Uint8Array) => unknown
  readonly buildRequest: (keys: ReadonlyArray<string>, method: string, mode?: string) => Buffer
}

const require = createRequire(import.meta.url)
const { MarketDataFeederV3 } = require("upstox-js-sdk/dist/feeder/MarketDataFeederV3.js") as {
  readonly MarketDataFeederV3: new (keys: ReadonlyArray<string>, mode: string) => Feeder
}
const sdk = new MarketDataFeederV3([], "full")

/** It reads its .proto file in its own time. */
beforeAll(async () => {
  while (sdk.protobufRoot === null) await new Promise((resolve) => setTimeout(resolve, 5))
})

const read = (frame: Uint8Array): Message => JSON.parse(JSON.stringify(sdk.decodeProtobuf(frame))) as Message

type Values = Readonly<Record<string, unknown>>
const present = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== 0))
const number = (text: string | undefined): number => Number(text ?? 0)

/** What the SDK tells of an instrument, under our names. */
const renamed = (feed: Feed, currentTs: string | undefined): Values => {
  const { firstLevelWithGreeks: first, fullFeed } = feed
  const full: Full = fullFeed?.marketFF ?? fullFeed?.indexFF ?? first ?? {}
  const ltpc = feed.ltpc ?? full.ltpc ?? {}
  const day = full.marketOHLC?.ohlc?.find((candle) => candle.interval === "1d")
  const quotes = first?.firstDepth === undefined ? full.marketLevel?.bidAskQuote : [first.firstDepth]
  const level = (price = 0, quantity?: string): Level => ({ price, quantity: number(quantity), orders: 0 })
  return present({
    mode: feed.ltpc !== undefined ? "ltp" : quotes === undefined ? "quote" : "depth",
    exchange_time: number(currentTs),
    ltp: ltpc.ltp,
    ltt: number(ltpc.ltt),
    ltq: number(ltpc.ltq),
    close: ltpc.cp,
    open: day?.open,
    high: day?.high,
    low: day?.low,
    volume: number(full.vtt),
    average_price: full.atp,
    oi: full.oi,
    total_buy_quantity: full.tbq,
    total_sell_quantity: full.tsq,
    depth: quotes && {
      buy: quotes.map((q) => level(q.bidP, q.bidQ)),
      sell: quotes.map((q) => level(q.askP, q.askQ))
    }
  })
}

/** Without what its schema, of before 2026, does not know: auctions. */
const own = ({ exchange: _e, received_time: _r, symbol: _s, ...rest }: Tick): Values => {
  const values = { ...rest }
  for (const field of auctionFields) delete values[field]
  return present(values)
}

/** A codec without memory of other frames, with everything subscribed. */
const alone = (instruments: ReturnType<typeof wireInstruments>, frame: Uint8Array) => {
  const codec = protocol.open(codecOptions(broker))
  codec.request(instruments.map((instrument) => ({ instrument, to: { mode: "depth", depth: 30 } })))
  return decode(codec, frame)
}

const compare = (instruments: ReturnType<typeof wireInstruments>, frame: Uint8Array): number => {
  let message: Message
  try {
    message = read(frame)
  } catch {
    // A frame that the SDK does not read either.
    assert.deepStrictEqual(alone(instruments, frame).ticks, [])
    return 0
  }
  const known = new Set(instruments.map((i) => i.token))
  const theirs = Object.entries(message.feeds ?? {})
    .filter(([key, feed]) => known.has(key) && Object.keys(feed).some((k) => k !== "requestMode"))
    .map(([, feed]) => renamed(feed, message.currentTs))
  assert.deepStrictEqual(alone(instruments, frame).ticks.map(own), theirs)
  return theirs.length
}

describe("upstox-js-sdk's decoder", () => {
  it("reads the golden frames as we do", () => {
    const vectors = vectorsOf("upstox")
    const instruments = wireInstruments(vectors)
    const compared = framesOf(vectors).reduce((sum, frame) => sum + compare(instruments, frame), 0)
    assert.isAbove(compared, 40)
  })

  const binary = (link: Link): ReadonlyArray<Uint8Array> => link.inbound.filter((f) => typeof f !== "string")

  it("reads what the broker's side writes as we do, in every mode", async () => {
    for (const want of [LTP, QUOTE, DEPTH, { mode: "depth", depth: 30 } as const]) {
      const link = await makeLink(broker)
      const instruments = link.listed.map((l) => l.instrument)
      link.request(instruments.slice(0, 40).map((instrument) => ({ instrument, to: want })))
      for (let i = 0; i < 10; i++) link.step(30)
      const compared = binary(link).reduce((sum, frame) => sum + compare(instruments, frame), 0)
      assert.isAbove(compared, 100)
      assert.strictEqual(compared, link.ticks.length)
    }
  })

  it("reads the first message and the types of the others", async () => {
    const link = await makeLink(broker)
    link.subscribe("NSE:INFY", LTP)
    link.step(500)
    const [info, snapshot, live] = binary(link).map(read)
    assert.deepInclude(info, { type: "market_info" })
    assert.nestedPropertyVal(info, "marketInfo.segmentStatus.NSE_FO", "NORMAL_OPEN")
    assert.strictEqual(snapshot?.type ?? "initial_feed", "initial_feed")
    assert.strictEqual(live?.type, "live_feed")
  })
})

describe("upstox-js-sdk's requests", () => {
  it("are understood by the broker's side", async () => {
    const { listed } = await makeLink(broker)
    const { instrument } = listed.find((l) => l.instrument.exchange === "NFO")!
    const server = openServer({ broker, protocol, serverProtocol })
    const send = (method: string, mode?: string) => {
      const { answers, touched } = server.receive(
        sdk.buildRequest([instrument.token], method, mode),
        (token) => listed.find((l) => l.instrument.token === token)?.instrument
      )
      assert.deepStrictEqual(answers, [])
      assert.strictEqual(touched.length, method === "unsub" ? 0 : 1)
      return server.holds(instrument)
    }
    assert.deepStrictEqual(send("sub"), [{ mode: "ltp", depth: 0 }])
    assert.deepStrictEqual(send("sub", "full"), [{ mode: "depth", depth: 5 }])
    assert.deepStrictEqual(send("sub", "option_greeks"), [{ mode: "depth", depth: 1 }])
    assert.deepStrictEqual(send("change_mode", "full_d30"), [{ mode: "depth", depth: 30 }])
    assert.deepStrictEqual(send("unsub"), [])
  })

  it("connect with the token alone, as its followed redirect does", () => {
    const admit = (authorization: string) =>
      serverProtocol.admit({ url: "/v3/feed/market-data-feed", headers: { authorization } }, credentials)
    assert.strictEqual(admit("Bearer thetoken"), undefined)
    assert.strictEqual(admit("Bearer other")?.status, 401)
  })
})
