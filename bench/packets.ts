/**
 * Real wire bytes to time on: fifty instruments (indices: those there are) of a simulated market, encoded by the
 * broker's side of the protocol, one packet a frame. Many instruments, as in life: one packet over and over would
 * flatter caches and branch prediction.
 */
import { broker as angel } from "../src/brokers/angel.ts"
import type { Broker } from "../src/brokers/broker.ts"
import { codecOptions } from "../src/brokers/broker.ts"
import { broker as zerodha } from "../src/brokers/zerodha.ts"
import type { Instrument } from "../src/market/instrument.ts"
import type { Tick } from "../src/market/tick.ts"
import { protocol as kite, serverProtocol as kiteServer } from "../src/protocols/kite/index.ts"
import type { Codec, Protocol, ServerProtocol, Want } from "../src/protocols/protocol.ts"
import {
  protocol as smartstream,
  serverProtocol as smartstreamServer
} from "../src/protocols/smartstream/index.ts"
import { listAt } from "../src/simulator/identity.ts"
import { makeListings } from "../src/simulator/listings.ts"
import { makeMarket } from "../src/simulator/market.ts"

const NOW = Date.UTC(2026, 0, 5, 5)
const INSTRUMENTS = 50
const listings = makeListings({ now: NOW, loadEquities: INSTRUMENTS })
const market = makeMarket({ listings, seed: 7, now: NOW })
for (let i = 0; i < 200; i++) market.step(NOW + i * 250, listings.length)

export interface PacketKind {
  /** "kite full (184 B)" */
  readonly name: string
  readonly protocol: Protocol
  readonly want: Want
  /** A fresh codec with every instrument subscribed. */
  readonly codec: () => Codec
  readonly frames: ReadonlyArray<Uint8Array>
  /** The market's states, in the order of the frames. */
  readonly states: ReadonlyArray<Tick>
  readonly divisor: number
}

const kind = (
  label: string,
  broker: Broker,
  protocol: Protocol,
  server: ServerProtocol,
  want: Want,
  pick: (i: Instrument) => boolean,
  length: number
): PacketKind => {
  const chosen = listAt(broker, listings)!
    .filter(({ instrument }) => pick(instrument))
    .slice(0, INSTRUMENTS)
  const find = (token: string, code?: number) =>
    chosen.find((c) => c.instrument.token === token && (code === undefined || c.code === code))?.instrument
  const options = codecOptions(broker)
  const changes = chosen.map(({ instrument }) => ({ instrument, to: want }))
  const peer = server.open(options)
  for (const request of protocol.open(options).request(changes)) peer.receive(request, find)
  const packets = chosen.map(({ instrument, listing }) => {
    const state = market.find(listing.name)!.tick
    const frame = peer.encode([[instrument, state]]).find((f) => f.length === length)
    if (frame === undefined || typeof frame === "string")
      throw new Error(`no packet of ${length} bytes for ${listing.name}`)
    return { frame, state: structuredClone(state) }
  })
  return {
    name: `${label} (${length - (protocol === kite ? 4 : 0)} B)`,
    protocol,
    want,
    codec: () => {
      const codec = protocol.open(options)
      codec.request(changes)
      return codec
    },
    frames: packets.map((p) => Buffer.from(p.frame)),
    states: packets.map((p) => p.state),
    divisor: 100
  }
}

const equity = (i: Instrument) => i.exchange === "NSE"
const index = (i: Instrument) => i.exchange === "NSE_INDEX"
const ltp: Want = { mode: "ltp", depth: 0 }
const quote: Want = { mode: "quote", depth: 0 }
const depth: Want = { mode: "depth", depth: 5 }
const deep: Want = { mode: "depth", depth: 20 }

export const kinds = (): ReadonlyArray<PacketKind> => [
  kind("kite ltp", zerodha, kite, kiteServer, ltp, equity, 4 + 8),
  kind("kite index quote", zerodha, kite, kiteServer, quote, index, 4 + 28),
  kind("kite index full", zerodha, kite, kiteServer, depth, index, 4 + 32),
  kind("kite quote", zerodha, kite, kiteServer, quote, equity, 4 + 44),
  kind("kite full", zerodha, kite, kiteServer, depth, equity, 4 + 184),
  kind("smartstream ltp", angel, smartstream, smartstreamServer, ltp, equity, 51),
  kind("smartstream quote", angel, smartstream, smartstreamServer, quote, equity, 123),
  kind("smartstream snap quote", angel, smartstream, smartstreamServer, depth, equity, 379),
  kind("smartstream depth-20", angel, smartstream, smartstreamServer, deep, equity, 443)
]
