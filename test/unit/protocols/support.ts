/** Codecs under test: what they found, vectors, and reproducible randomness. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Redacted from "effect/Redacted"
import { broker as angel } from "../../../src/brokers/data/angel.ts"
import type { Broker } from "../../../src/brokers/broker.ts"
import { codecOptions } from "../../../src/brokers/broker.ts"
import { broker as zerodha } from "../../../src/brokers/data/zerodha.ts"
import type { Credentials } from "../../../src/market/credentials.ts"
import type { Exchange } from "../../../src/market/exchange.ts"
import type { WireInstrument } from "../../../src/market/instrument.ts"
import type { Tick } from "../../../src/market/tick.ts"
import { protocol as kite, serverProtocol as kiteServer } from "../../../src/protocols/kite/index.ts"
import type {
  Change,
  Codec,
  Frame,
  Handshake,
  Outbound,
  Protocol,
  RejectCause,
  Sink,
  Want,
  WireEvent
} from "../../../src/protocols/protocol.ts"
import type { ServerCodec, ServerProtocol } from "../../../src/protocols/serverProtocol.ts"
import { isHttpRequest } from "../../../src/protocols/protocol.ts"
import {
  protocol as smartstream,
  serverProtocol as smartstreamServer
} from "../../../src/protocols/smartstream/index.ts"

export const NOW = 1_711_600_000_000

export interface Side {
  readonly broker: Broker
  readonly protocol: Protocol
  readonly serverProtocol: ServerProtocol
}
export const sides: Readonly<Record<"kite" | "smartstream", Side>> = {
  kite: { broker: zerodha, protocol: kite, serverProtocol: kiteServer },
  smartstream: { broker: angel, protocol: smartstream, serverProtocol: smartstreamServer }
}

export const credentials: Credentials = {
  apiKey: Redacted.make("thekey"),
  authToken: Redacted.make("thetoken"),
  feedToken: Redacted.make("thefeed"),
  clientCode: Redacted.make("A123")
}

export const instrument = (exchange: Exchange, symbol: string, token: string): WireInstrument => ({
  symbol,
  exchange,
  token,
  brokerExchange: exchange,
  brokerSymbol: symbol
})

export const DEPTH: Want = { mode: "depth", depth: 5 }
export const DEEP: Want = { mode: "depth", depth: 20 }
export const QUOTE: Want = { mode: "quote", depth: 0 }
export const LTP: Want = { mode: "ltp", depth: 0 }

export const openWith = (side: Side, variant: Readonly<Record<string, unknown>> = {}): Codec =>
  side.protocol.open({ ...codecOptions(side.broker), variant })

/** The broker's side of a connection, as the simulator opens it. */
export const openServer = (side: Side, variant: Readonly<Record<string, unknown>> = {}): ServerCodec =>
  side.serverProtocol.open(
    { ...codecOptions(side.broker), variant },
    { request: { url: "/", headers: {} }, accepted: () => credentials }
  )

/** The handshake of a protocol that logs in without REST calls, and succeeds. */
export const handshakeOf = (protocol: Protocol, endpoint: string, login: Credentials): Handshake => {
  const begun = protocol.handshake({
    endpoint,
    services: {},
    credentials: login,
    now: NOW,
    random: new Uint8Array(64),
    options: { codes: {}, batch: 1 }
  })
  if ("next" in begun || "_tag" in begun)
    throw new Error(`the login of ${protocol.name} is no plain handshake`)
  return begun
}

/** What a codec sends, where the protocol asks for nothing over HTTP. */
export const framesOnly = (outbound: ReadonlyArray<Outbound>): ReadonlyArray<Frame> =>
  outbound.map((one) => {
    if (isHttpRequest(one)) throw new Error(`a frame was expected, not ${one.method}`)
    return one
  })

export const requested = (codec: Codec, changes: ReadonlyArray<Change>): ReadonlyArray<Frame> =>
  framesOnly(codec.request(changes))

/** A codec with these instruments subscribed. */
export const opened = (
  side: Side,
  instruments: ReadonlyArray<WireInstrument>,
  to: Want = DEPTH,
  variant?: Readonly<Record<string, unknown>>
): Codec => {
  const codec = openWith(side, variant)
  codec.request(instruments.map((i): Change => ({ instrument: i, to })))
  return codec
}

export interface Found {
  readonly ticks: Array<Tick>
  readonly instruments: Array<WireInstrument>
  readonly refreshes: Array<number>
  readonly causes: Array<RejectCause>
  readonly details: Array<string>
  /** Fields that the codec left out, with what came for them. */
  readonly leftOut: Array<readonly [field: string, value: unknown]>
  readonly events: Array<WireEvent>
  /** Sent by the codec on its own account. */
  readonly sent: Array<Outbound>
}

export const collecting = (): { readonly found: Found; readonly sink: Sink } => {
  const found: Found = {
    ticks: [],
    instruments: [],
    refreshes: [],
    causes: [],
    details: [],
    leftOut: [],
    events: [],
    sent: []
  }
  return {
    found,
    sink: {
      tick: (i, tick, refreshes) => {
        found.instruments.push(i)
        found.ticks.push(tick)
        found.refreshes.push(refreshes)
      },
      reject: (cause, detail) => {
        found.causes.push(cause)
        found.details.push(detail)
      },
      leftOut: (_, field, value) => found.leftOut.push([field, value]),
      event: (event) => found.events.push(event),
      send: (outbound) => found.sent.push(outbound)
    }
  }
}

export const decode = (codec: Codec, ...frames: ReadonlyArray<Frame>): Found => {
  const { found, sink } = collecting()
  for (const frame of frames) codec.decode(frame, NOW, sink)
  return found
}

/** Frames as the objects that they are in JSON. */
export const parsed = (frames: ReadonlyArray<string | Uint8Array>): ReadonlyArray<unknown> =>
  frames.map((f) => JSON.parse(String(f)))

export interface Vectors {
  readonly broker: string
  readonly instruments: ReadonlyArray<{
    readonly symbol: string
    readonly exchange: Exchange
    readonly token: string
    readonly brexchange: string
    readonly brsymbol: string
  }>
  readonly cases: ReadonlyArray<{
    readonly name: string
    readonly frames: ReadonlyArray<{ readonly hex?: string; readonly text?: string }>
    readonly expect: string | ReadonlyArray<Readonly<Record<string, unknown>>>
  }>
}
export const root = join(import.meta.dirname, "../../..")
export const vectorsOf = (name: string): Vectors =>
  JSON.parse(readFileSync(join(root, "test/vectors", `${name}.json`), "utf8")) as Vectors

export const wireInstruments = ({ instruments }: Vectors): ReadonlyArray<WireInstrument> =>
  instruments.map((i) => ({
    symbol: i.symbol,
    exchange: i.exchange,
    token: i.token,
    brokerExchange: i.brexchange,
    brokerSymbol: i.brsymbol
  }))

export const framesOf = ({ cases }: Vectors): ReadonlyArray<Buffer> =>
  cases.flatMap((c) => c.frames.flatMap((f) => (f.hex === undefined ? [] : [Buffer.from(f.hex, "hex")])))

/** Numbers from 0 to 1 (mulberry32): the same seed gives the same run. */
export const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const upTo = (random: () => number, most: number): number => Math.floor(random() * (most + 1))

export const bytes = (random: () => number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => upTo(random, 255)))
