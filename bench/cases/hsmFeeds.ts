/**
 * HSM updates, in Kotak's version. An update tells what has changed since the last, so that the same frame twice is no
 * news: each instrument has two frames, there and back between two states of the market, and its snapshot goes before.
 * No golden frames: those are of connections of their own, which number their topics alike.
 */
import { codecOptions, speaking } from "../../src/brokers/broker.ts"
import { broker as kotak } from "../../src/brokers/data/kotak.ts"
import type { Tick } from "../../src/market/tick.ts"
import { isFine } from "../../src/protocols/hsm/encode.ts"
import type { Kind } from "../../src/protocols/hsm/layout.ts"
import { protocol, serverProtocol } from "../../src/protocols/kotak-hsm/index.ts"
import type { Frame, Want } from "../../src/protocols/protocol.ts"
import type { ServerCodec } from "../../src/protocols/serverProtocol.ts"
import { makeRandom } from "../../src/simulator/random.ts"
import type { Random } from "../../src/simulator/random.ts"
import type { Expected, Feed, Packet } from "./feeds.ts"
import { INSTRUMENTS, pick, toBuffer } from "./feeds.ts"
import type { Wire } from "./kinds.ts"
import { listed, segments } from "./ticks.ts"

const HSM: Wire = {
  // Acknowledgements are not what is measured.
  broker: { ...speaking(kotak, protocol.name), variant: { acknowledgeEvery: 0xffff_ffff } },
  protocol,
  server: serverProtocol,
  vectors: "kotak.json",
  token: (n) => String(10_000 + 37 * n),
  divisors: {},
  overhead: 0,
  settles: true,
  countsOrders: true
}

/** A second later: a trade, and the orders that it met. */
const traded = (state: Tick, tickSize: number, random: Random): Tick => {
  const ltq = 1 + Math.floor(random.unit() * 500)
  const time = state.exchange_time! + 1000
  return {
    ...state,
    exchange_time: time,
    ltt: time,
    ltp: Math.round((state.ltp! + tickSize) * 10_000) / 10_000,
    ltq,
    volume: state.volume! + ltq,
    total_buy_quantity: state.total_buy_quantity! + ltq,
    total_sell_quantity: state.total_sell_quantity! + 2 * ltq
  }
}

/** The book alone has moved: sizes on two levels of either side. */
const rearranged = (state: Tick, _tickSize: number, random: Random): Tick => {
  const moved = Math.floor(random.unit() * 4)
  const grown = (levels: NonNullable<Tick["depth"]>["buy"]) =>
    levels.map((level, i) =>
      i === moved || i === moved + 1
        ? { ...level, quantity: level.quantity + 25, orders: level.orders + 1 }
        : level
    )
  return { ...state, depth: { buy: grown(state.depth!.buy), sell: grown(state.depth!.sell) } }
}

/** The broker's side, which knows topics by name, and its answer to the login. */
const openServer = (
  instruments: ReadonlyArray<Packet["instrument"]>
): { readonly server: ServerCodec; readonly welcome: Buffer } => {
  const options = codecOptions(HSM.broker)
  const server = HSM.server.open(options, {
    request: { url: "/", headers: {} },
    accepted: () => ({}),
    instruments
  })
  const [login] = protocol.open(options, { url: "", headers: {}, secrets: {} }).hello()
  const [welcome] = server.receive(login as Frame, () => undefined).answers
  return { server, welcome: toBuffer(welcome!) }
}

interface HsmKind {
  readonly name: string
  readonly topics: Kind
  readonly want: Want
  readonly move: typeof traded
  /** Of one state of an instrument: what its update must give. */
  readonly expecting: (state: Tick) => Expected
}

const hsmFeed = ({ expecting, move, name, topics, want }: HsmKind): Feed => {
  const random = makeRandom(name.length)
  const all = Array.from({ length: INSTRUMENTS }, (_, n) => {
    const segment = segments[n % segments.length]!
    const one = listed(n, segment, HSM.token(n, ""), random)
    return { ...one, next: move(one.state, segment.tickSize, random) }
  })
  const { server, welcome } = openServer(all.map((one) => one.instrument))
  const codec = HSM.protocol.open(codecOptions(HSM.broker))
  const there: Array<Packet> = []
  const back: Array<Packet> = []
  for (const { instrument, next, state } of all) {
    // A book comes with the topic of its prices, which is another kind of packet.
    for (const request of codec.request([{ instrument, to: want }])) {
      const bytes = toBuffer(request as Frame)
      if (bytes.includes(`${topics}|`)) server.receive(bytes, () => undefined)
    }
    const send = (tick: Tick): Buffer => toBuffer(server.encode([[instrument, tick]])[0]!)
    const packet = (tick: Tick, before: ReadonlyArray<Buffer>): Packet => ({
      instrument,
      want,
      before,
      frame: send(tick),
      divisor: isFine(instrument.exchange) ? 10_000 : 100,
      carries: expecting(tick),
      expected: expecting(tick)
    })
    there.push(packet(next, [...(there.length === 0 ? [welcome] : []), send(state)]))
    back.push(packet(state, []))
  }
  const packets = [...there, ...back]
  const frames = packets.map((p) => ({ bytes: p.frame, packets: [p] }))
  return { name, wire: HSM, packets, frames, perFrame: 1 }
}

const prices: ReadonlyArray<keyof Tick> = [
  "exchange_time",
  "ltt",
  "ltp",
  "ltq",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "average_price",
  "total_buy_quantity",
  "total_sell_quantity",
  "upper_circuit",
  "lower_circuit",
  "week52_high",
  "week52_low"
]

/** Shares have no open interest. */
const withOi = ({ exchange }: Tick): ReadonlyArray<keyof Tick> =>
  exchange === "NSE" || exchange === "BSE" ? prices : [...prices, "oi"]

export const hsmFeeds = (): ReadonlyArray<Feed> => [
  hsmFeed({
    name: "hsm quote delta",
    topics: "sf",
    want: { mode: "quote", depth: 0 },
    move: traded,
    expecting: (state) => ({ mode: "quote", ...pick({ ...state }, withOi(state)) })
  }),
  hsmFeed({
    name: "hsm book delta",
    topics: "dp",
    want: { mode: "depth", depth: 5 },
    move: rearranged,
    expecting: ({ depth }) => ({
      mode: "depth",
      depth: { buy: depth!.buy.slice(0, 5), sell: depth!.sell.slice(0, 5) }
    })
  })
]
