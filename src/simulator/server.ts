/**
 * A simulated broker: a real server that speaks the broker's wire, its REST front and its instrument master over HTTP,
 * and a random-walk market behind all of it. Everything lives in the scope that it was made in.
 */
import { createServer } from "node:http"
import { createServer as createTcpServer } from "node:net"
import type { Socket } from "node:net"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { SimulatorAddressUnavailable, SimulatorUnsupported } from "./errors.ts"
import type { FaultHandle } from "./faults/active.ts"
import type { Fault, FaultScript } from "./faults/schema.ts"
import type { ClientLog } from "./clientLog.ts"
import { subscriptionsOf } from "./clientSubscriptions.ts"
import type { ClientSubscription } from "./clientSubscriptions.ts"
import type { Description } from "./description.ts"
import { MASTER_PATH, makeRequestHandler, pathOf } from "./http.ts"
import type { Market } from "./market.ts"
import { closeAll, isByteStream, listen, portOf, reachable } from "./ports.ts"
import { makeSimulatedBroker } from "./simulatedBroker.ts"
import type { SimulatedBrokerOptions } from "./simulatedBroker.ts"
import type { Counters } from "./venueOptions.ts"
import type { Broker } from "../brokers/broker.ts"
import { BrokerRegistry } from "../brokers/registry.ts"
import type { BrokerOverride } from "../brokers/overrides.ts"
import type { Credentials } from "../market/credentials.ts"
import { nameOf } from "../market/instrument.ts"
import type { Instrument } from "../market/instrument.ts"
import type { Frame, Refusal } from "../protocols/protocol.ts"

export interface SimulatorOptions extends SimulatedBrokerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
}

export interface ConnectionInfo {
  /** Counted from 1, never reused. */
  readonly id: number
  readonly remote: string
  /** Epoch ms. */
  readonly since: number
  readonly frames: number
  readonly bytes: number
  /** Rounds left out because the client did not read fast enough. */
  readonly skipped: number
  /** Bytes that wait for it now. */
  readonly buffered: number
}

export interface SimulatorHandle {
  readonly broker: Broker
  readonly host: string
  readonly port: number
  /** What `--simulator` takes: where it tells all of its addresses. */
  readonly url: string
  /** The main feed's address, with the path that the broker's own has. */
  readonly endpoint: string
  readonly instrumentsUrl: string
  /** The login that it accepts, unless told otherwise later. */
  readonly credentials: Credentials
  /** What points a session and the importer at this simulator: a value for `BrokerOverrides`. */
  readonly overrides: BrokerOverride
  /** What the broker lists here, in its own names. */
  readonly instruments: ReadonlyArray<Instrument>
  readonly market: Market
  /** Stops the market's clock. Subscriptions are still answered, idle frames still sent. */
  readonly pause: () => void
  readonly resume: () => void
  /** @param ticksPerSecond over the whole market */
  readonly setRate: (ticksPerSecond: number) => void
  /** Keeps connections open and sends nothing at all: a peer that died unnoticed. */
  readonly silence: (on: boolean) => void
  /** Refuses every login from now on, in the broker's own way; open connections stay. */
  readonly rejectCredentials: (on: boolean) => void
  readonly setCredentials: (credentials: Credentials) => void
  /** Declines every upgrade with this status, whatever the login; `undefined` ends it. */
  readonly refuseUpgrades: (refusal: Refusal | undefined) => void
  /**
   * Ends all connections and returns how many there were.
   *
   * @param how a close code (1000, 1001, 1003, 1007 to 1014, 3000 to 4999), `reset` for a TCP reset; absent: the
   *   connection ends without a close frame
   */
  readonly dropConnections: (how?: number | "reset") => number
  /** Sends these frames as they are to everybody and returns to how many: captured packets, broken ones. */
  readonly serveFrames: (frames: ReadonlyArray<Frame>) => number
  readonly connections: () => ReadonlyArray<ConnectionInfo>
  /** What each connection holds upstream. Encodes the whole market: for tests and operators. */
  readonly subscriptions: () => ReadonlyArray<{
    readonly connection: number
    readonly holdings: ReadonlyArray<ClientSubscription>
  }>
  readonly counters: () => Counters
  /** Begins a fault now, or after its `at`; see docs/simulator.md for all of them. */
  readonly inject: (fault: Fault) => FaultHandle
  /** All faults of a script; times count from now. */
  readonly runFaults: (script: FaultScript) => ReadonlyArray<FaultHandle>
  /** Ends all faults, those included that are still to begin. */
  readonly clearFaults: () => void
  /** What clients did since the start. */
  readonly ledger: () => ClientLog
  /** How many connections hold an instrument now. @param name `NSE:RELIANCE` */
  readonly heldBy: (name: string) => number
  /** Ends connections with close code 1001 and stops listening. Done once, also when the scope closes. */
  readonly stop: Effect.Effect<void>
}

/** Fails where the broker's protocol has no simulator, or the address cannot be listened on. */
export const makeSimulator = Effect.fn("makeSimulator")(function* (
  options: SimulatorOptions
): Effect.fn.Return<SimulatorHandle, SimulatorUnsupported | SimulatorAddressUnavailable, Scope.Scope> {
  const { broker, host = "127.0.0.1", port = 0 } = options
  const { credentials, endpoints, feeds, files, listed, market, parts, turnMs, venue } =
    yield* makeSimulatedBroker(options)

  let described: Description | undefined
  const server = createServer(
    makeRequestHandler({
      description: () => described,
      rest: venue.http,
      files,
      master: broker.instrumentMaster
    })
  )
  const sockets = new Set<Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  server.on("upgrade", venue.upgrade)
  // What is not HTTP at all gets the answer that browsers understand, and is gone.
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
    else socket.destroy()
  })
  // Byte streams have a port of their own.
  const streams = parts.map((feed, i) => {
    if (!isByteStream(feed.endpoint)) return undefined
    const stream = createTcpServer((socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
      venue.accept(feeds[i]!, socket)
    })
    return stream
  })
  let timer: NodeJS.Timeout | undefined
  const stop = yield* Effect.cached(
    closeAll([server, ...streams.filter((s) => s !== undefined)], sockets, () => {
      clearInterval(timer)
      venue.close()
    })
  )
  yield* Effect.acquireRelease(listen(server, host, port), () => stop)
  const bound = portOf(server)
  const authority = `${reachable(host)}:${bound}`
  for (const [i, feed] of parts.entries()) {
    const stream = streams[i]
    if (stream === undefined) {
      endpoints.push(`ws://${authority}${pathOf(feed.endpoint)}`)
      continue
    }
    // The next port, so that it is the same after a restart; any free one when nobody chose and it is taken.
    const next = listen(stream, host, bound + 1 + i)
    yield* port === 0 ? Effect.catch(next, () => listen(stream, host, 0)) : next
    endpoints.push(`tcp://${reachable(host)}:${portOf(stream)}`)
  }
  timer = setInterval(venue.turn, turnMs)

  const [endpoint, ...deepEndpoints] = endpoints as [string, ...Array<string>]
  const url = `http://${authority}`
  const instrumentsUrl = `${url}${MASTER_PATH}`
  const services = Object.entries(broker.services ?? {}).map(([name, own]) => [
    name,
    `${url}${pathOf(own)}`.replace(/\/$/, "")
  ])
  const byName = new Map(listed.map(({ instrument }) => [nameOf(instrument), instrument]))
  if (options.faults !== undefined) venue.engine.run(options.faults)
  yield* Effect.logInfo(`simulator of ${broker.name} at ${endpoint}, ${listed.length} instruments`)

  const overrides: BrokerOverride = {
    ...(broker.otherProtocols === undefined ? {} : { protocol: broker.protocol }),
    endpoint,
    simulated: true,
    instrumentsUrl,
    minimumInstruments: 1,
    ...(services.length === 0 ? {} : { services: Object.fromEntries(services) }),
    ...(deepEndpoints.length === 0
      ? {}
      : {
          deepFeeds: Object.fromEntries(
            deepEndpoints.map((address, i) => [parts[i + 1]!.name, { endpoint: address }])
          )
        })
  }
  described = { broker: broker.name, url, instruments: listed.length, overrides }

  return {
    broker,
    host,
    port: bound,
    url,
    endpoint,
    instrumentsUrl,
    credentials,
    overrides,
    instruments: listed.map((l) => l.instrument),
    market,
    pause: venue.pause,
    resume: venue.resume,
    setRate: venue.setRate,
    silence: venue.silence,
    rejectCredentials: venue.rejectCredentials,
    setCredentials: venue.setCredentials,
    refuseUpgrades: venue.refuseUpgrades,
    dropConnections: venue.dropConnections,
    serveFrames: venue.serveFrames,
    connections: () =>
      Array.from(venue.clients, ({ id, since, frames, bytes, skipped, peer }) => ({
        id,
        remote: peer.remote,
        since,
        frames,
        bytes,
        skipped,
        buffered: peer.buffered()
      })),
    subscriptions: () =>
      Array.from(venue.clients, (client) => ({
        connection: client.id,
        holdings: subscriptionsOf(client, venue.all)
      })),
    counters: venue.counters,
    inject: (fault) => venue.engine.inject(fault),
    runFaults: venue.engine.run,
    clearFaults: venue.engine.clear,
    ledger: venue.ledger.report,
    heldBy: (name) => {
      const instrument = byName.get(name)
      return instrument === undefined ? 0 : venue.ledger.heldBy(instrument)
    },
    stop
  }
})

/** The simulator as a service, for embedding and for tests. */
export class Simulator extends Context.Service<Simulator, SimulatorHandle>()("algoways/simulator/Simulator") {
  static readonly layer = (
    options: SimulatorOptions
  ): Layer.Layer<Simulator, SimulatorUnsupported | SimulatorAddressUnavailable> =>
    Layer.effect(Simulator, makeSimulator(options))
}

/** The same by the broker's name, with its data as it is shipped. */
export const simulate = Effect.fn("simulate")(function* (
  name: string,
  options: Omit<SimulatorOptions, "broker"> = {}
) {
  const { broker } = yield* Effect.flatMap(BrokerRegistry, (registry) => registry.load(name)).pipe(
    Effect.provide(BrokerRegistry.layer)
  )
  return yield* makeSimulator({ ...options, broker })
})
