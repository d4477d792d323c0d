/**
 * A simulated broker: a real WebSocket server that speaks the broker's wire, its instrument master over HTTP, and a
 * random-walk market behind both. Everything lives in the scope that it was made in.
 */
import { Server as HttpServer, createServer } from "node:http"
import { createServer as createTcpServer } from "node:net"
import type { AddressInfo, Server, Socket } from "node:net"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { BOOK_LEVELS } from "./book.ts"
import { demoLoginAt, loginOf } from "./demo.ts"
import { SimulatorAddressUnavailable, SimulatorUnsupported } from "./errors.ts"
import { holdingsOf } from "./holdings.ts"
import type { Holding } from "./holdings.ts"
import { MASTER_PATH, makeRequestHandler, pathOf } from "./http.ts"
import { listAt } from "./identity.ts"
import { makeListings } from "./listings.ts"
import { makeMarket } from "./market.ts"
import type { Market } from "./market.ts"
import { loadMaster, simulatedFormats } from "./masters/index.ts"
import { makeVenue } from "./venue.ts"
import type { Counters, VenueFeed } from "./venue.ts"
import { codecOptions, feedsOf } from "../brokers/broker.ts"
import type { Broker } from "../brokers/broker.ts"
import { BrokerRegistry } from "../brokers/registry.ts"
import type { BrokerOverride } from "../brokers/overrides.ts"
import type { Credentials } from "../market/credentials.ts"
import type { Instrument } from "../market/instrument.ts"
import { loadServerProtocol } from "../protocols/index.ts"
import type { Frame, Refusal } from "../protocols/protocol.ts"

export interface SimulatorOptions {
  readonly broker: Broker
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** Logins that are let in; default: the demo login of the broker's protocol. */
  readonly credentials?: Credentials
  /** Changes of instruments per second, over the whole market; default 100. */
  readonly ticksPerSecond?: number
  /** Equal seeds give equal walks; default 1. */
  readonly seed?: number
  /** How often per second changes are sent, 1 to 1000; default 40. */
  readonly turnsPerSecond?: number
  /** More NSE equities (`LOAD00001`, ...) for load tests; default 0. */
  readonly loadEquities?: number
  /** A client with more unread bytes than this is skipped until it has read; default 1 MiB. */
  readonly maxBufferedBytes?: number
  /** Start with a market that stands still; default false. */
  readonly paused?: boolean
  /** Multiplies every volatility; default 1. */
  readonly liveliness?: number
  /** The market's clock, epoch ms; default the system's. Also the day that contracts expire after. */
  readonly now?: () => number
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
    readonly holdings: ReadonlyArray<Holding>
  }>
  readonly counters: () => Counters
  /** Ends connections with close code 1001 and stops listening. Done once, also when the scope closes. */
  readonly stop: Effect.Effect<void>
}

/** Fails where the broker's protocol has no simulator, or the address cannot be listened on. */
export const makeSimulator = Effect.fn("makeSimulator")(function* (
  options: SimulatorOptions
): Effect.fn.Return<SimulatorHandle, SimulatorUnsupported | SimulatorAddressUnavailable, Scope.Scope> {
  const { broker, host = "127.0.0.1", port = 0, turnsPerSecond = 40 } = options
  const now = options.now ?? Date.now
  const startedAt = now()
  const listings = makeListings({ now: startedAt, loadEquities: options.loadEquities ?? 0 })
  const parts = feedsOf(broker)
  const unsupported = { broker: broker.name, protocol: broker.protocol, known: simulatedFormats }
  const { login, master, protocols } = yield* Effect.tryPromise({
    try: async () => ({
      protocols: await Promise.all(parts.map((feed) => loadServerProtocol(feed.protocol))),
      master: await loadMaster(broker.instrumentMaster.format),
      login: loginOf(await demoLoginAt(broker))
    }),
    catch: (cause) => new SimulatorUnsupported({ ...unsupported, cause })
  })
  if (master === undefined) return yield* new SimulatorUnsupported(unsupported)
  const listed = listAt(broker, listings, master)

  const market = makeMarket({
    listings,
    seed: options.seed ?? 1,
    now: startedAt,
    levels: Math.max(
      BOOK_LEVELS,
      ...Object.values(broker.exchanges).flatMap(({ depthLevels }) => depthLevels)
    ),
    ...(options.liveliness === undefined ? {} : { liveliness: options.liveliness })
  })
  const log = Effect.runForkWith(yield* Effect.context<never>())
  const turnMs = 1000 / Math.min(Math.max(turnsPerSecond, 1), 1000)
  const credentials = options.credentials ?? login
  const endpoints: Array<string> = []
  const feeds = parts.map((feed, i): VenueFeed => ({
    path: pathOf(feed.endpoint),
    protocol: protocols[i]!,
    codec: codecOptions(feed),
    endpoint: () => endpoints[i] ?? ""
  }))
  const venue = makeVenue({
    feeds,
    listed,
    market,
    credentials,
    ticksPerSecond: options.ticksPerSecond ?? 100,
    turnMs,
    maxBufferedBytes: options.maxBufferedBytes ?? 1024 * 1024,
    paused: options.paused ?? false,
    now,
    report: (what, detail) => {
      const line = `simulator of ${broker.name}: ${what}, ${detail}`
      log(what === "defect" ? Effect.logError(line) : Effect.logDebug(line))
    }
  })
  // A variant that the protocol does not take is noticed before any client comes.
  yield* Effect.try({
    try: () => {
      for (const { codec, protocol } of feeds) {
        protocol.open(codec, { request: { url: "", headers: {} }, accepted: () => credentials })
      }
    },
    catch: (cause) => new SimulatorUnsupported({ ...unsupported, cause })
  })

  const server = createServer(
    makeRequestHandler({
      rest: venue.http,
      files: master.write(listed),
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
    // The next port when one was chosen, any free one otherwise.
    yield* listen(stream, host, port === 0 ? 0 : port + 1 + i)
    endpoints.push(`tcp://${reachable(host)}:${portOf(stream)}`)
  }
  timer = setInterval(venue.turn, turnMs)

  const [endpoint, ...deepEndpoints] = endpoints as [string, ...Array<string>]
  const instrumentsUrl = `http://${authority}${MASTER_PATH}`
  const services = Object.entries(broker.services ?? {}).map(([name, url]) => [
    name,
    `http://${authority}${pathOf(url)}`.replace(/\/$/, "")
  ])
  yield* Effect.logInfo(`simulator of ${broker.name} at ${endpoint}, ${listed.length} instruments`)

  return {
    broker,
    host,
    port: bound,
    endpoint,
    instrumentsUrl,
    credentials,
    overrides: {
      endpoint,
      instrumentsUrl,
      minimumInstruments: 1,
      ...(services.length === 0 ? {} : { services: Object.fromEntries(services) }),
      ...(deepEndpoints.length === 0
        ? {}
        : { deepEndpoints: Object.fromEntries(deepEndpoints.map((url, i) => [parts[i + 1]!.name, url])) })
    },
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
        holdings: holdingsOf(client, venue.all)
      })),
    counters: venue.counters,
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

const portOf = (server: Server): number => (server.address() as AddressInfo).port

const isByteStream = (endpoint: string): boolean => /^(?:tcp|tls):/.test(endpoint)

const listen = (
  server: Server,
  host: string,
  port: number
): Effect.Effect<void, SimulatorAddressUnavailable> =>
  Effect.callback<void, SimulatorAddressUnavailable>((resume) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resume(
        Effect.fail(new SimulatorAddressUnavailable({ host, port, reason: error.code ?? error.message }))
      )
    server.once("error", failed)
    try {
      server.listen(port, host, () => {
        server.off("error", failed)
        resume(Effect.void)
      })
    } catch (error) {
      // Node throws at once for a port out of range.
      failed(error as NodeJS.ErrnoException)
    }
  })

/** How long clients have to take leave. */
const LEAVE_MS = 200

const closeAll = (
  servers: ReadonlyArray<Server>,
  sockets: ReadonlySet<Socket>,
  goodbye: () => void
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    goodbye()
    const rest = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, LEAVE_MS)
    let left = servers.length
    for (const server of servers) {
      server.close(() => {
        if (--left > 0) return
        clearTimeout(rest)
        resume(Effect.void)
      })
      if (server instanceof HttpServer) server.closeIdleConnections()
    }
  })

/** An address to connect to, for one to listen on. */
const reachable = (host: string): string =>
  host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host

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
