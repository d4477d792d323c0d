/**
 * What the contestants are fed: for each kind of packet the frames of fifty instruments, the golden ones first
 * and the rest encoded by the broker's side of the protocol, each with the tick that must come out of it.
 */
import { readFileSync } from "node:fs"
import { codecOptions } from "../../src/brokers/broker.ts"
import type { Broker } from "../../src/brokers/broker.ts"
import { readVectorFile } from "../../src/brokers/conformance.ts"
import type { VectorFile } from "../../src/brokers/conformance.ts"
import type { Exchange } from "../../src/market/exchange.ts"
import type { WireInstrument } from "../../src/market/instrument.ts"
import type { Level, Tick } from "../../src/market/tick.ts"
import type { Codec, Sink, Want, Frame as WireFrame } from "../../src/protocols/protocol.ts"
import { isHttpRequest } from "../../src/protocols/protocol.ts"
import { makeRandom } from "../../src/simulator/random.ts"
import type { Kind, Wire } from "./kinds.ts"
import { RECEIVED_AT, listed } from "./ticks.ts"

export const INSTRUMENTS = 50

/** Enough to be any fields of a tick; prices may be 0 for "none". */
export type Expected = Readonly<Record<string, unknown>>

export interface Packet {
  readonly instrument: WireInstrument
  readonly want: Want
  /** Delivered before the timing, so that the codec has what it merges from. */
  readonly before: ReadonlyArray<Buffer>
  readonly frame: Buffer
  /** What the wire's prices are multiplied by. */
  readonly divisor: number
  /** What the packet itself says. */
  readonly carries: Expected
  /** What our tick must say. */
  readonly expected: Expected
}

export interface Feed {
  readonly name: string
  readonly wire: Wire
  readonly packets: ReadonlyArray<Packet>
  /** What is decoded, in turns: one packet each, or several. */
  readonly frames: ReadonlyArray<Frame>
  /** Packets in each of the frames. */
  readonly perFrame: number
}

export interface Frame {
  readonly bytes: Buffer
  readonly packets: ReadonlyArray<Packet>
}

const goldenFiles = new Map<string, VectorFile>()

const goldenFile = (name: string): VectorFile => {
  const known = goldenFiles.get(name)
  if (known !== undefined) return known
  const url = new URL(`../../test/vectors/${name}`, import.meta.url)
  const file = readVectorFile(JSON.parse(readFileSync(url, "utf8")))
  goldenFiles.set(name, file)
  return file
}

interface Golden {
  readonly frame: Buffer
  readonly expect: Expected
}

type IsOfKind = (frameBytes: number, caseName: string) => boolean

/** The first case of each instrument with one frame of this packet: the everyday ones come first in the files. */
const goldenOf = (file: VectorFile, isOfKind: IsOfKind): ReadonlyMap<string, Golden> => {
  const found = new Map<string, Golden>()
  for (const { name, frames, expect } of file.cases) {
    const [only] = frames
    if (frames.length !== 1 || only === undefined || !("hex" in only)) continue
    if (!isOfKind(only.hex.length / 2, name) || typeof expect === "string" || expect.length !== 1) continue
    const tick = expect[0]!
    const key = `${String(tick["exchange"])}:${String(tick["symbol"])}`
    if (!found.has(key)) found.set(key, { frame: Buffer.from(only.hex, "hex"), expect: tick })
  }
  return found
}

const QUOTE_BYTES = 123

const goldenPackets = ({ bytes, goldenNames, merged, wire, want }: Kind): ReadonlyArray<Packet> => {
  const file = goldenFile(wire.vectors)
  const quotes = merged === undefined ? undefined : goldenOf(file, (length) => length === QUOTE_BYTES)
  const packets: Array<Packet> = []
  const isOfKind: IsOfKind = (length, name) =>
    bytes === undefined ? goldenNames?.test(name) === true : length === bytes + wire.overhead
  for (const [key, { expect, frame }] of goldenOf(file, isOfKind)) {
    const listing = file.instruments.find((i) => `${i.exchange}:${i.symbol}` === key)
    if (listing === undefined) continue
    const { symbol, brexchange, brsymbol, token } = listing
    const exchange = listing.exchange as Exchange
    // Nobody can subscribe to a book that the exchange does not have.
    if (want.depth > 0 && wire.broker.exchanges[exchange]?.depthLevels.includes(want.depth) !== true) continue
    const quote = quotes?.get(key)
    packets.push({
      instrument: {
        symbol,
        exchange,
        token: String(token),
        brokerExchange: brexchange ?? exchange,
        brokerSymbol: brsymbol ?? symbol
      },
      want,
      frame,
      divisor: divisorOf(wire, exchange),
      carries: expect,
      expected: quote === undefined ? expect : { ...pick(quote.expect, merged ?? []), ...expect },
      before: quote === undefined ? [] : [quote.frame]
    })
  }
  return packets
}

const divisorOf = ({ broker, divisors }: Wire, exchange: Exchange): number =>
  divisors[codeOf(broker, exchange)] ?? 1

const codeOf = (broker: Broker, exchange: Exchange): string | number => broker.exchanges[exchange]?.code ?? ""

export const pick = (from: Expected, fields: ReadonlyArray<string>): Expected =>
  Object.fromEntries(fields.flatMap((name) => (name in from ? [[name, from[name]]] : [])))

const encodedPackets = (kind: Kind, count: number): ReadonlyArray<Packet> => {
  const { bytes, fields, merged, segments, want, wire } = kind
  const random = makeRandom(bytes ?? kind.name.length)
  const levels = want.depth
  return Array.from({ length: count }, (_, n) => {
    const segment = segments[n % segments.length]!
    const code = codeOf(wire.broker, segment.exchange)
    const { instrument, state } = listed(n, segment, wire.token(n, code), random)
    const frames = encode(wire, instrument, want, state)
    const frame = bytes === undefined ? frames.at(-1) : frames.find((f) => f.length === bytes + wire.overhead)
    if (frame === undefined) throw new Error(`The server codec wrote no packet of this kind (${kind.name}).`)
    const { symbol, exchange } = instrument
    const book = state.depth!
    const ofWire = (level: Level): Level => (wire.countsOrders ? level : { ...level, orders: 0 })
    const depth = {
      buy: book.buy.slice(0, levels).map(ofWire),
      sell: book.sell.slice(0, levels).map(ofWire)
    }
    const carries = { symbol, exchange, mode: modeOf(fields), ...pick({ ...state, depth }, fields) }
    return {
      instrument,
      want,
      frame,
      divisor: divisorOf(wire, exchange),
      carries,
      expected:
        merged === undefined ? carries : { ...pick(state as unknown as Expected, merged), ...carries },
      before: frames.filter((f) => f !== frame)
    }
  })
}

/** The richest mode that a packet with these fields serves. */
const modeOf = (fields: ReadonlyArray<string>): Tick["mode"] =>
  fields.includes("depth") ? "depth" : fields.includes("open") ? "quote" : "ltp"

/** The broker's frames for one state, asked for as the client's codec asks. */
const encode = (wire: Wire, instrument: WireInstrument, want: Want, state: Tick): ReadonlyArray<Buffer> => {
  const { broker, protocol, server } = wire
  const codec = server.open(codecOptions(broker), {
    request: { url: "/", headers: {} },
    accepted: () => ({})
  })
  for (const request of protocol.open(codecOptions(broker)).request([{ instrument, to: want }])) {
    if (isHttpRequest(request)) throw new Error("Expected a frame, got an HTTP request.")
    codec.receive(request, (token) => (token === instrument.token ? instrument : undefined))
  }
  // What a server tells once, as the first message on an instrument, is not the everyday packet.
  if (wire.settles) codec.encode([[instrument, state]])
  return codec.encode([[instrument, state]]).map(toBuffer)
}

export const toBuffer = (frame: WireFrame): Buffer => {
  if (typeof frame === "string") throw new Error(`Expected a binary frame, got the text ${frame}.`)
  return Buffer.from(frame)
}

export const feedOf = (kind: Kind): Feed => {
  const golden = goldenPackets(kind)
  const packets = [...golden, ...encodedPackets(kind, INSTRUMENTS - golden.length)]
  const frames = packets.map((packet) => ({ bytes: packet.frame, packets: [packet] }))
  return { name: kind.name, wire: kind.wire, packets, frames, perFrame: 1 }
}

/**
 * Packets of all kinds over one codec, shuffled: no branch and no shape of a tick can be guessed. For each
 * instrument only one kind, as upstream.
 */
export const mixedFeed = (name: string, feeds: ReadonlyArray<Feed>): Feed => {
  const random = makeRandom(feeds.length)
  const seen = new Set<string>()
  const packets: Array<Packet> = []
  for (const { packet } of feeds
    .flatMap((feed) => feed.packets.map((packet) => ({ packet, order: random.unit() })))
    .sort((a, b) => a.order - b.order)) {
    const key = `${packet.instrument.exchange}/${packet.instrument.token}`
    if (seen.has(key)) continue
    seen.add(key)
    packets.push(packet)
  }
  const frames = packets.map((packet) => ({ bytes: packet.frame, packets: [packet] }))
  return { name, wire: feeds[0]!.wire, packets, frames, perFrame: 1 }
}

const ROTATIONS = 5

/** Kite's frames of many packets: all of a feed's in one, in several orders. */
export const crowdedFeed = (name: string, { packets, wire }: Feed): Feed => {
  const frames = Array.from({ length: ROTATIONS }, (_, r) => {
    const from = Math.floor((r * packets.length) / ROTATIONS)
    const turned = [...packets.slice(from), ...packets.slice(0, from)]
    const count = Buffer.alloc(2)
    count.writeUInt16BE(turned.length)
    return { bytes: Buffer.concat([count, ...turned.map((p) => p.frame.subarray(2))]), packets: turned }
  })
  return { name, wire, packets, frames, perFrame: packets.length }
}

/** A codec to which the feed's instruments are subscribed, with what it merges from delivered. */
export const openCodec = (
  { packets, wire }: Pick<Feed, "packets" | "wire">,
  instrumentOf: (packet: Packet) => WireInstrument = (p) => p.instrument
): Codec => {
  const codec = wire.protocol.open(codecOptions(wire.broker))
  for (const packet of packets) codec.request([{ instrument: instrumentOf(packet), to: packet.want }])
  for (const { before } of packets) for (const frame of before) codec.decode(frame, RECEIVED_AT, silent)
  return codec
}

const silent: Sink = { tick: () => {}, reject: () => {}, event: () => {}, send: () => {} }
