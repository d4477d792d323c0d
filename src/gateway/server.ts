/**
 * The gateway: clients speak the client protocol over WebSocket, frames of the feed go out to those who read
 * them. Knows the feed by `Feed` and `FrameBus` and the API keys by `ApiKeys`, wherever those live.
 */
import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Feed } from "../bus/feed.ts"
import type { FrameBus } from "../bus/frameBus.ts"
import { ApiKeys } from "../store/users/apiKeys.ts"
import { Users } from "../store/users/users.ts"
import { monotonicOf } from "../kit/monotonic.ts"
import type { CertificateVerdict } from "./connections/certificate.ts"
import { verdictOn } from "./connections/certificate.ts"
import type { GatewayClock } from "./clock.ts"
import { Client } from "./client.ts"
import { makeRequests, usualLane } from "./requests/requests.ts"
import { descriptorsOfProcess } from "../bus/descriptors.ts"
import { Descriptors } from "./connections/descriptors.ts"
import { Listeners } from "./connections/listeners.ts"
import type { TlsFailed } from "./connections/listeners.ts"
import { addHttpRoutes } from "./http/index.ts"
import { Inboxes } from "./requests/inbox.ts"
import { KeyGuard } from "./requests/keyGuard.ts"
import { Lane } from "./requests/lane.ts"
import { isLoopback } from "./limits.ts"
import type { ListenFailed } from "./connections/listen.ts"
import type { GatewayStats } from "./metrics.ts"
import { GatewayMetrics } from "./metrics.ts"
import type { GatewayOptions, GatewaySettings } from "./options.ts"
import { defaults } from "./options.ts"
import { OrderUpdates } from "./orderUpdates.ts"
import { Turns } from "./delivery/turns.ts"
import { Wheel } from "./delivery/wheel.ts"
import { TrustedProxies } from "./connections/address.ts"
import { openKeeper } from "./resume/keeper.ts"
import { Topics } from "./topics/fanOut.ts"
import { RequestedNames } from "./topics/requestedNames.ts"
import { maintain } from "./maintenance.ts"
import { makeClientSockets } from "./connections/clientSockets.ts"
import { subscribeToFeed } from "./delivery/feedSubscription.ts"
import { Entrance } from "./connections/entrance.ts"
import { brokerNames } from "./requests/brokerNames.ts"
import { makeHttpDeps } from "./http/deps.ts"
import type { ClientSockets } from "./connections/clientSockets.ts"
import type { Requests } from "./requests/requests.ts"

export class Gateway extends Context.Service<
  Gateway,
  {
    /** The port that is really open. */
    readonly port: number
    readonly stats: () => GatewayStats
  }
>()("algoways/gateway/Gateway") {
  /**
   * Listens until the scope closes. Then it stops listening and drops the clients without a closing handshake:
   * several of them come back only after a connection that ended without one. Who speaks more than the older protocol
   * (an option, MessagePack) is closed with 1012.
   *
   * `GET /instruments` is answered where the context has Instruments and Users, as every Store has.
   */
  static readonly layer = (
    options: GatewayOptions = {}
  ): Layer.Layer<Gateway, ListenFailed | TlsFailed, Feed | FrameBus | ApiKeys | OrderUpdates> =>
    Layer.effect(Gateway, makeGateway({ ...defaults, ...options }))
}

/** The handshake key that AmiBroker's plugin always sends; it is the example of RFC 6455. */
const AMIBROKER_KEY = "dGhlIHNhbXBsZSBub25jZQ=="

/** How long the feed is given to take note of the readers that a shutdown releases. */
const RELEASE_MS = 300
/** Of that, how long close frames are given to leave: what a socket still holds is lost when it is closed. */
const FLUSH_MS = 50

interface Running {
  readonly clients: ReadonlySet<Client>
  readonly sockets: ClientSockets
  readonly entrance: Entrance
  readonly listeners: Listeners
  readonly requests: Requests
  readonly turns: Turns
  readonly wheel: Wheel
  readonly fibers: FiberSet.FiberSet<void>
}

const shutDown = ({ clients, entrance, fibers, listeners, requests, sockets, turns, wheel }: Running) =>
  Effect.gen(function* () {
    sockets.stop()
    entrance.close()
    listeners.pause()
    requests.stop()
    let told = false
    for (const client of clients) told = client.sayRestart() || told
    if (told) yield* Effect.sleep(FLUSH_MS)
    listeners.close()
    turns.stop()
    wheel.stop()
    yield* FiberSet.awaitEmpty(fibers)
  }).pipe(Effect.timeoutOrElse({ duration: RELEASE_MS, orElse: () => Effect.void }))

const announce = Effect.fnUntraced(function* (settings: GatewaySettings, port: number) {
  if (settings.tls === undefined && !isLoopback(settings.host)) {
    yield* Effect.logWarning(
      `the gateway listens on ${settings.host} in clear text: API keys can be read on the way. Use --tls-cert and --tls-key, or --host 127.0.0.1 behind a proxy that has TLS`
    )
  }
  yield* Effect.logInfo(
    `the gateway listens on ${settings.tls === undefined ? "ws" : "wss"}://${settings.host}:${port}`
  )
})

const makeGateway = Effect.fnUntraced(function* (
  settings: GatewaySettings
): Effect.fn.Return<
  Gateway["Service"],
  ListenFailed | TlsFailed,
  Feed | FrameBus | ApiKeys | OrderUpdates | Scope.Scope
> {
  const feed = yield* Feed
  const keys = yield* ApiKeys
  const users = yield* Effect.serviceOption(Users)
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const fibers = yield* FiberSet.make<void>()
  const run = yield* FiberSet.runtime(fibers)<never>()
  const metrics = new GatewayMetrics(context)
  const clients = new Set<Client>()
  /** Those whose sockets the library fills by itself: a few of many clients perhaps, and they are looked at often. */
  const topicReaders = new Set<Client>()
  const clocks: GatewayClock = { now: monotonicOf(clock), timeOfDay: () => clock.currentTimeMillisUnsafe() }
  const { now, timeOfDay } = clocks
  const descriptors = new Descriptors(descriptorsOfProcess(), settings.reservedDescriptors, now)
  const keyGuard = new KeyGuard({ most: settings.maxFailedKeys, mostInAll: settings.maxFailedKeysInAll })
  const trustedProxies = new TrustedProxies(settings.trustedProxies)
  const topics = new Topics((topic, payload, binary) => listeners.publish(topic, payload, binary))
  const turns = new Turns()
  const wheel = new Wheel(turns, now)
  const spellings = new RequestedNames(settings)
  const lane = new Lane(usualLane)
  const inboxes = new Inboxes(settings.maxWaitingBytes)
  // Among all gateways that read from one feed.
  const gatewayId = randomBytes(4).toString("hex")
  const orders = yield* OrderUpdates
  const keeper = yield* openKeeper({
    folder: settings.resumeFolder,
    name: gatewayId,
    keepMs: settings.resumeMs,
    clock: clocks
  })
  const requests = makeRequests({
    feed,
    orders,
    keeper,
    keys,
    lane,
    rooms: topics,
    metrics,
    keyGuard,
    limits: settings,
    now,
    timeOfDay,
    brokerOf: brokerNames(feed, users)
  })

  let lastClient = 0

  const sample = (): void => {
    let waiting = 0
    for (const client of clients) waiting += client.unserved.size
    metrics.reading(topics.size, waiting, keeper.waiting)
    metrics.unread(inboxes.bytes)
  }

  const entrance = new Entrance({
    settings,
    proxies: trustedProxies,
    descriptors,
    metrics,
    run: (effect) => void run(effect),
    now,
    make: ({ address, key, packed }) =>
      new Client({
        id: `${gatewayId}-${++lastClient}`,
        solo: key === AMIBROKER_KEY,
        encoding: packed ? "msgpack" : "json",
        address,
        metrics,
        rooms: topics,
        topicReaders,
        inboxes,
        spellings,
        shared: { turns, wheel },
        limits: settings,
        clock: clocks,
        mayLinger: entrance.mayLinger,
        onSpoke: (client) => entrance.spoke(client),
        onLogin: (client) => entrance.loggedIn(client)
      })
  })

  const sockets = makeClientSockets({
    settings,
    clients,
    entrance,
    requests,
    keeper,
    lane,
    metrics,
    run,
    now
  })

  const http = yield* makeHttpDeps({
    settings,
    feed,
    keys,
    keyGuard,
    trustedProxies,
    metrics,
    clients,
    clock: clocks,
    sample,
    verdict: () => verdict(),
    onRequest: (res) => entrance.asked(res),
    run: (effect) => void run(effect)
  })
  const verdict = (): CertificateVerdict | undefined =>
    listeners.life === undefined ? undefined : verdictOn(listeners.life, timeOfDay())
  const listeners = new Listeners({
    host: settings.host,
    port: settings.port,
    tls: settings.tls,
    addRoutes: (app) => {
      app.filter(entrance.filter)
      app.ws("/*", listeners.counted(app, sockets.route))
      addHttpRoutes(app, http)
    }
  })

  const parts = { clients, sockets, entrance, listeners, requests, turns, wheel, fibers }
  yield* Effect.addFinalizer(() => shutDown(parts))
  yield* listeners.open
  const { port } = listeners

  yield* subscribeToFeed({ clients, topicReaders, topics, listeners, metrics, clock: clocks })
  yield* maintain({
    settings,
    clients,
    keys,
    descriptors,
    listeners,
    metrics,
    now,
    handle: sockets.handle,
    sample,
    verdict
  })
  yield* announce(settings, port)
  return Gateway.of({ port, stats: () => metrics.stats })
})
