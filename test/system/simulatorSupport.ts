/** A raw WebSocket client for the simulator's tests, and how a decoded tick is compared with the market. */
import { setTimeout as sleep } from "node:timers/promises"
import { WebSocket } from "ws"
import { codecOptions } from "../../src/brokers/broker.ts"
import type { Broker } from "../../src/brokers/broker.ts"
import type { Credentials } from "../../src/market/credentials.ts"
import { nameOf } from "../../src/market/instrument.ts"
import type { Tick } from "../../src/market/tick.ts"
import type { Protocol, RejectCause, Sink, Want, WireEvent } from "../../src/protocols/protocol.ts"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { framesOnly, handshakeOf, requested } from "../unit/protocols/support.ts"

/** Waits for a condition, and says which one never came. */
export const until = async (what: string, holds: () => boolean, withinMs = 15_000): Promise<void> => {
  const end = Date.now() + withinMs
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain for: ${what}`)
    await sleep(5)
  }
}

export interface Received {
  readonly name: string
  readonly tick: Tick
  readonly refreshes: number
}

export interface RawClient {
  readonly ws: WebSocket
  /** Ticks in wire order. */
  readonly ticks: Array<Received>
  readonly events: Array<WireEvent>
  readonly rejects: Array<RejectCause>
  /** Messages of any kind, bytes as they came. */
  readonly frames: Array<string | Buffer>
  readonly close: () => { readonly code: number } | undefined
  /** Asks for instruments by name, or gives them back with no `to`. */
  readonly want: (names: ReadonlyArray<string>, to?: Want, from?: Want) => void
  readonly named: (name: string) => ReadonlyArray<Tick>
}

/** How the server declined an upgrade. */
export class Declined extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  constructor(status: number, headers: Readonly<Record<string, unknown>>) {
    super(`declined with ${status}`)
    this.status = status
    this.headers = headers
  }
}

export const connectRaw = async (
  simulator: SimulatorHandle,
  broker: Broker,
  protocol: Protocol,
  credentials: Credentials
): Promise<RawClient> => {
  const handshake = handshakeOf(protocol, simulator.endpoint, credentials)
  const { headers, url } = handshake
  const ws = new WebSocket(url, { headers: { ...headers }, perMessageDeflate: false })
  const codec = protocol.open(codecOptions(broker), handshake)
  const byName = new Map(simulator.instruments.map((i) => [nameOf(i), i]))
  const ticks: Array<Received> = []
  const events: Array<WireEvent> = []
  const rejects: Array<RejectCause> = []
  const frames: Array<string | Buffer> = []
  let closed: { readonly code: number } | undefined
  const sink: Sink = {
    tick: (instrument, tick, refreshes) => ticks.push({ name: nameOf(instrument), tick, refreshes }),
    reject: (cause) => rejects.push(cause),
    event: (event) => events.push(event),
    send: (outbound) => framesOnly([outbound]).forEach((frame) => ws.send(frame))
  }
  ws.on("message", (data, isBinary) => {
    const frame = isBinary ? (data as Buffer) : (data as Buffer).toString()
    frames.push(frame)
    codec.decode(frame, Date.now(), sink)
  })
  ws.on("close", (code) => {
    closed = { code }
  })
  await new Promise<void>((resolve, reject) => {
    ws.once("open", resolve)
    ws.once("error", reject)
    ws.once("unexpected-response", (request, response) => {
      reject(new Declined(response.statusCode ?? 0, response.headers))
      request.destroy()
    })
  })
  ws.on("error", () => {})
  return {
    ws,
    ticks,
    events,
    rejects,
    frames,
    close: () => closed,
    want: (names, to, from) => {
      const changes = names.map((name) => {
        const instrument = byName.get(name)
        if (instrument === undefined) throw new Error(`${name} is not listed here`)
        return { instrument, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      })
      for (const frame of requested(codec, changes)) ws.send(frame)
    },
    named: (name) => ticks.filter((t) => t.name === name).map((t) => t.tick)
  }
}

/** Fields that the packet does not take from the market. */
const own: ReadonlySet<string> = new Set(["symbol", "exchange", "mode", "received_time", "depth"])

/**
 * Where a decoded tick differs from the market's state, field by field; empty when it does not. Exact, but for what
 * a wire cannot say: times in whole seconds, and zero for a quantity that the instrument does not have.
 *
 * @param clockMs the resolution of the wire's exchange time
 */
export const differences = (decoded: Tick, state: Tick, clockMs: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const [field, value] of Object.entries(decoded)) {
    if (own.has(field)) continue
    const exact = state[field as keyof Tick] as number | undefined
    const expected =
      field === "exchange_time" && exact !== undefined ? exact - (exact % clockMs) : (exact ?? 0)
    if (value !== expected)
      found.push(`${state.symbol} ${field}: ${String(value)} is not ${String(expected)}`)
  }
  if (decoded.symbol !== state.symbol || decoded.exchange !== state.exchange) {
    found.push(`${decoded.exchange}:${decoded.symbol} is not ${state.exchange}:${state.symbol}`)
  }
  if (decoded.depth !== undefined && state.depth !== undefined) {
    for (const side of ["buy", "sell"] as const) {
      const levels = decoded.depth[side]
      const expected = JSON.stringify(state.depth[side].slice(0, levels.length))
      if (JSON.stringify(levels) !== expected) {
        found.push(`${state.symbol} ${side}: ${JSON.stringify(levels)} is not ${expected}`)
      }
    }
  }
  return found
}
