/** A broker with a main feed of five levels and sockets of their own for deeper books. */
import type { Broker, DeepFeed } from "../../../../src/brokers/broker.ts"
import { ConnectionRefused } from "../../../../src/market/errors.ts"
import type { WireInstrument } from "../../../../src/market/instrument.ts"
import { modeBit } from "../../../../src/market/mode.ts"
import type { Protocol } from "../../../../src/protocols/protocol.ts"
import { testBroker } from "../support.ts"

/** @param capacity instruments on its only connection */
export const deepFeed = (levels: number, capacity = 50): DeepFeed => {
  const { heartbeat, pacing } = testBroker()
  return {
    name: `zerodha_depth${levels}`,
    protocol: "books",
    endpoint: `wss://depth${levels}.example`,
    levels,
    exchanges: ["NSE"],
    limits: {
      subscriptionsPerConnection: { value: capacity, confirmed: true },
      connectionsPerLogin: { value: 1, confirmed: true }
    },
    pacing,
    heartbeat
  }
}

export const deepBroker = (...deepFeeds: ReadonlyArray<DeepFeed>): Broker => {
  const broker = testBroker()
  const depthLevels = [5, ...deepFeeds.map((f) => f.levels)]
  return { ...broker, exchanges: { ...broker.exchanges, NSE: { code: 1, depthLevels } }, deepFeeds }
}

/** Requests are `+RELIANCE` and `-RELIANCE`; a frame `RELIANCE 2941` is its book of 20 levels from that price on. */
export const books: Protocol = {
  name: "books",
  handshake: ({ endpoint }) => ({ url: endpoint, headers: {} }),
  refusal: () => new ConnectionRefused({ detail: "declined" }),
  cost: () => 1,
  open: () => {
    const held = new Map<string, WireInstrument>()
    return {
      request: (changes) =>
        changes.map(({ instrument, to }) => {
          if (to === undefined) held.delete(instrument.symbol)
          else held.set(instrument.symbol, instrument)
          return `${to === undefined ? "-" : "+"}${instrument.symbol}`
        }),
      decode: (frame, received_time, sink) => {
        const [symbol = "", price] = String(frame).split(" ")
        const instrument = held.get(symbol)
        if (instrument === undefined) return sink.reject("not_subscribed", symbol)
        const { exchange } = instrument
        const side = Array.from({ length: 20 }, (_, i) => ({
          price: Number(price) + i,
          quantity: 1,
          orders: 1
        }))
        const depth = { buy: side, sell: side }
        sink.tick(instrument, { symbol, exchange, mode: "depth", received_time, depth }, modeBit.depth)
      }
    }
  }
}

/** Kite's full packet: the last price, and a book of five levels at one price. Prices in whole rupees. */
export const fullPacket = (token: string, ltp: number, bookPrice: number): Buffer => {
  const frame = Buffer.alloc(4 + 184)
  frame.writeUInt16BE(1, 0)
  frame.writeUInt16BE(184, 2)
  frame.writeUInt32BE(Number(token), 4)
  frame.writeUInt32BE(ltp * 100, 8)
  for (let level = 0; level < 10; level++) {
    const at = 4 + 64 + 12 * level
    frame.writeUInt32BE(1, at)
    frame.writeUInt32BE(bookPrice * 100, at + 4)
  }
  return frame
}
