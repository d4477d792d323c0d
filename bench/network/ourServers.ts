/** Our servers, put together from the shipped Layers; only the broker's network is missing. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { BrokerOverrides } from "../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../src/brokers/registry.ts"
import type { FeedInfo } from "../../src/bus/feed.ts"
import { Feed, FeedError } from "../../src/bus/feed.ts"
import type { MarketFrame } from "../../src/frame/marketFrame.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { FeedServer } from "../../src/bus/zmq/feedServer.ts"
import * as RemoteFeed from "../../src/bus/zmq/remoteFeed.ts"
import { Gateway, OrderUpdates } from "../../src/gateway/index.ts"
import type { ConnectionFailure } from "../../src/market/errors.ts"
import { alwaysOpen } from "../../src/market/hours.ts"
import * as LocalFeed from "../../src/session/feed/localFeed.ts"
import type { SocketOptions } from "../../src/session/transport/socket.ts"
import { Hours } from "../../src/session/references.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import * as Store from "../../src/store/index.ts"
import { Instruments } from "../../src/store/instruments/instruments.ts"
import { Users } from "../../src/store/users/users.ts"
import type { Emit } from "./emitter.ts"
import type { Market } from "./market.ts"
import { BROKER, ROUND, USER, framesOf, instrumentRows, symbolsOf, viewOf } from "./market.ts"
import type { ServerTask } from "./tasks.ts"

const quiet = Layer.succeed(References.MinimumLogLevel, "None")

const fillStore = ({ key, loaded }: ServerTask) =>
  Effect.gen(function* () {
    yield* (yield* Users).add(USER, BROKER)
    yield* (yield* ApiKeys).create(USER, { key: Redacted.make(key) })
    yield* (yield* CredentialStore).set(USER, BROKER, {
      apiKey: Redacted.make("app"),
      authToken: Redacted.make("token")
    })
    yield* (yield* Instruments).replace(BROKER, instrumentRows(loaded))
  })

const manyClients = { maxConnections: 20_000, maxConnectionsPerAddress: 20_000, maxConnectionsPerKey: 20_000 }
const gateway = Gateway.layer({ port: 0, ...manyClients }).pipe(Layer.provide(OrderUpdates.layer))

/** A broker's socket whose frames come from this process. */
const brokerSocket = () => {
  let onFrame: SocketOptions["onFrame"] | undefined
  const layer = Layer.succeed(Transport, {
    open: (options) =>
      Effect.sync(() => {
        onFrame = options.onFrame
        return {
          send: () => undefined,
          ping: () => undefined,
          drop: () => undefined,
          ended: Effect.flatMap(Deferred.make<never, ConnectionFailure>(), Deferred.await)
        }
      }),
    request: () => Effect.die(new Error("kite asks for nothing over HTTP"))
  })
  return {
    layer,
    deliver: (frame: Buffer): void => {
      if (onFrame === undefined) throw new Error("the session has not connected")
      onFrame(frame, Date.now())
    }
  }
}

const AN_HOUR_MS = 3_600_000

/**
 * As the broker's own, but for the pace of requests, which would make a start of thousands take long, and for the
 * watchdog: a server that waits for its turn in the run is silent for longer than a market is.
 */
const registry = BrokerRegistry.layer.pipe(
  Layer.provide(
    Layer.succeed(BrokerOverrides, {
      [BROKER]: {
        requestBatch: 1000,
        requestIntervalMs: 1,
        silentAfterMs: AN_HOUR_MS,
        ticklessAfterMs: AN_HOUR_MS,
        firstTickAfterMs: AN_HOUR_MS,
        partialAfterMs: AN_HOUR_MS
      }
    })
  )
)

const fromBroker = (market: Market) => {
  const socket = brokerSocket()
  const emit: Emit = (from, count) => {
    const frame = market.packets(from, count)
    return () => socket.deliver(frame)
  }
  const layer = LocalFeed.layer().pipe(
    Layer.provide(Layer.mergeAll(socket.layer, Layer.succeed(Hours, alwaysOpen))),
    Layer.provideMerge(Layer.mergeAll(FrameBus.layer, registry))
  )
  return { emit, layer }
}

/** Feed and gateway in one process, from the broker's bytes on. */
export const startWhole = async (task: ServerTask, market: Market) => {
  const { emit, layer } = fromBroker(market)
  const runtime = ManagedRuntime.make(
    gateway.pipe(Layer.provide(layer), Layer.provideMerge(Store.layerMemory), Layer.provide(quiet))
  )
  const { port } = await runtime.runPromise(Effect.andThen(fillStore(task), Gateway))
  return { port, emit }
}

/** The feed alone; gateways read from it over ZeroMQ. */
export const startFeed = async (task: ServerTask, market: Market) => {
  const { emit, layer } = fromBroker(market)
  const { control, frames } = task
  const runtime = ManagedRuntime.make(
    FeedServer.layer({ control: control!, frames: frames! }).pipe(
      Layer.provide(layer),
      Layer.provideMerge(Store.layerMemory),
      Layer.provide(quiet)
    )
  )
  await runtime.runPromise(Effect.andThen(fillStore(task), FeedServer))
  return { port: 0, emit }
}

/** The gateway alone, reading from a feed in another process. */
export const startRemote = async (task: ServerTask) => {
  const { control, frames } = task
  const runtime = ManagedRuntime.make(
    gateway.pipe(
      Layer.provide(RemoteFeed.layer({ control: control!, frames: frames! })),
      Layer.provideMerge(Store.layerMemory),
      Layer.provide(quiet)
    )
  )
  const { port } = await runtime.runPromise(Effect.andThen(fillStore(task), Gateway))
  return { port, emit: undefined }
}

/** The gateway alone, in a process that hands it finished frames. */
export const startGateway = async (task: ServerTask, market: Market) => {
  const views = new Map(
    symbolsOf(market.instruments).map(({ exchange, symbol }) => [
      symbol,
      viewOf(symbol, exchange, market.mode)
    ])
  )
  const frames: ReadonlyArray<MarketFrame> = framesOf(market).map((f) => ({
    ...f,
    view: views.get(f.view.symbol)!
  }))
  let publish: FrameBus["Service"]["publish"] = () => undefined
  const feed = Layer.effect(
    Feed,
    Effect.map(FrameBus, (bus) => {
      publish = bus.publish
      return finished(views)
    })
  )
  const runtime = ManagedRuntime.make(
    gateway.pipe(
      Layer.provide(feed),
      Layer.provide(FrameBus.layer),
      Layer.provideMerge(Store.layerMemory),
      Layer.provide(quiet)
    )
  )
  const { port } = await runtime.runPromise(Effect.andThen(fillStore(task), Gateway))
  const chunk = (from: number, count: number): ReadonlyArray<MarketFrame> =>
    Array.from({ length: count }, (_, i) => frames[(from + i) % frames.length]!)
  /** Chunks of whole rounds are there beforehand, as the frames are. */
  const rounds = Array.from({ length: frames.length / ROUND }, (_, n) => chunk(n * ROUND, ROUND))
  const emit: Emit = (from, count) => {
    const ready =
      count === ROUND && from % ROUND === 0 ? rounds[(from / ROUND) % rounds.length]! : chunk(from, count)
    return () => publish(ready)
  }
  return { port, emit }
}

/** A feed of finished frames: everything that is asked for is there. */
const finished = (views: ReadonlyMap<string, MarketFrame["view"]>): Feed["Service"] => {
  const info: FeedInfo = { broker: BROKER, state: "connected", modes: ["ltp", "quote", "depth"] }
  const unused = Effect.fail(new FeedError({ code: "BROKER_ERROR", detail: "not part of this feed" }))
  return {
    brokers: Effect.succeed([BROKER]),
    attach: () => Effect.succeed(info),
    info: () => Effect.succeed(info),
    subscribe: (_user, _reader, requests) =>
      Effect.succeed(
        requests.map(({ depth = 5, exchange, mode, symbol }) => ({
          status: "success",
          symbol,
          exchange,
          mode,
          requested_depth: depth,
          actual_depth: depth,
          is_fallback: false,
          topic: views.get(symbol)!.topic
        }))
      ),
    unsubscribe: (_user, _reader, requests) =>
      Effect.succeed(
        requests.map(({ exchange, symbol }) => ({ status: "success", symbol, exchange, topics: [] }))
      ),
    release: () => Effect.void,
    last: () => Effect.succeed([]),
    status: () => unused,
    instrument: () => unused
  }
}
