/** The market that the servers under test publish: the same ticks as wire packets and as finished frames. */
import { codecOptions } from "../../src/brokers/broker.ts"
import { broker } from "../../src/brokers/data/zerodha.ts"
import type { MarketFrame, View } from "../../src/frame/marketFrame.ts"
import { topicOf } from "../../src/frame/marketFrame.ts"
import { makeFrameWriter } from "../../src/frame/frameToJson.ts"
import type { Instrument, WireInstrument } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import { protocol, serverProtocol } from "../../src/protocols/kite/index.ts"
import type { Want } from "../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../src/protocols/protocol.ts"
import { makeRandom } from "../../src/simulator/random.ts"
import { listed, segments } from "../cases/ticks.ts"

export const USER = "asha"
export const BROKER = broker.name

export type BookOrQuote = "quote" | "depth"

export const wantOf = (mode: BookOrQuote): Want => ({ mode, depth: mode === "depth" ? 5 : 0 })

/** Ticks that are walked through, whatever the number of instruments: as much memory for few as for many. */
const TICKS = 3200

/** Ticks of a round, which is what a turn of the event loop publishes at full speed. */
export const ROUND = 50

const tokenOf = (n: number): string => String((1000 + n) * 256 + 1)
const [nse] = segments
const symbolOf = (n: number): string => `STOCK${n}`

/** Rows for the instruments table; the first ones are those that trade. */
export const instrumentRows = (count: number): ReadonlyArray<Instrument> =>
  Array.from({ length: count }, (_, n) => ({
    symbol: symbolOf(n),
    exchange: "NSE",
    token: tokenOf(n),
    brokerExchange: "NSE",
    brokerSymbol: symbolOf(n),
    name: symbolOf(n),
    lotSize: 1,
    tickSize: 0.05,
    type: "EQ"
  }))

export const symbolsOf = (
  count: number
): ReadonlyArray<{ readonly symbol: string; readonly exchange: string }> =>
  Array.from({ length: count }, (_, n) => ({ symbol: symbolOf(n), exchange: "NSE" }))

export interface Market {
  readonly instruments: number
  readonly mode: BookOrQuote
  /** Kite's frame with the packets of these ticks. */
  readonly packets: (from: number, count: number) => Buffer
  /** What is walked through, in order. */
  readonly ticks: ReadonlyArray<Tick>
}

/** Tick number n is of instrument n modulo their number. */
export const makeMarket = (instruments: number, mode: BookOrQuote): Market => {
  const server = serverProtocol.open(codecOptions(broker))
  const codec = protocol.open(codecOptions(broker))
  const random = makeRandom(instruments)
  const packets: Array<Buffer> = []
  const ticks: Array<Tick> = []
  const states = Math.max(1, Math.floor(TICKS / instruments))
  for (let v = 0; v < states; v++) {
    for (let n = 0; n < instruments; n++) {
      const { instrument, state } = listed(n, nse!, tokenOf(n), random)
      const named: WireInstrument = { ...instrument, symbol: symbolOf(n) }
      if (v === 0) {
        for (const request of codec.request([{ instrument: named, to: wantOf(mode) }])) {
          if (isHttpRequest(request)) throw new Error("kite subscribes over its socket")
          server.receive(request, (token) => (token === named.token ? named : undefined))
        }
      }
      const frame = Buffer.from(server.encode([[named, state]])[0] as Uint8Array)
      packets.push(frame.subarray(2))
      codec.decode(frame, Date.now(), {
        tick: (_, tick) => ticks.push(tick),
        reject: (cause, detail) => {
          throw new Error(`${cause}: ${detail}`)
        },
        event: () => undefined,
        send: () => undefined
      })
    }
  }
  /** Frames of whole rounds are there beforehand, as bytes that a socket has delivered are. */
  const frames = new Map<number, Buffer>()
  return {
    instruments,
    mode,
    packets: (from, count) => {
      const first = from % packets.length
      if (count !== ROUND) return join(packets, first, count)
      let frame = frames.get(first)
      if (frame === undefined) frames.set(first, (frame = join(packets, first, count)))
      return frame
    },
    ticks
  }
}

/** Kite's frame of several packets. */
const join = (packets: ReadonlyArray<Buffer>, from: number, count: number): Buffer => {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(count)
  return Buffer.concat([
    head,
    ...Array.from({ length: count }, (_, i) => packets[(from + i) % packets.length]!)
  ])
}

export const viewOf = (symbol: string, exchange: string, mode: BookOrQuote): View => {
  const levels = wantOf(mode).depth
  return {
    topic: topicOf(USER, exchange, symbol, mode, levels),
    user: USER,
    broker: BROKER,
    symbol,
    exchange,
    mode,
    levels
  }
}

/** The finished frame of every tick, in order. */
export const framesOf = (market: Market): ReadonlyArray<MarketFrame> => {
  const writers = symbolsOf(market.instruments).map(({ exchange, symbol }) =>
    makeFrameWriter(viewOf(symbol, exchange, market.mode))
  )
  return market.ticks.map((tick, n) => {
    const frame = writers[n % market.instruments]!(tick)
    // The memory of a frame is its own only until it has been published.
    return { ...frame, payload: Buffer.from(frame.payload) }
  })
}
