/**
 * The gateway: clients speak the client protocol over WebSocket, frames of the feed go out to those who read
 * them. Knows the feed by `Feed` and `FrameBus` and the API keys by `ApiKeys`, wherever those live.
 */
import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as uWS from "uWebSockets.js"
import { Feed, NO_BROKER } from "../bus/feed.ts"
import { FrameBus } from "../bus/frameBus.ts"
import { ApiKeys } from "../store/users/apiKeys.ts"
import { Instruments } from "../store/instruments/instruments.ts"
import { Users } from "../store/users/users.ts"
import { DatabaseState } from "../store/database/watchedFile.ts"
import { monotonicOf } from "../kit/monotonic.ts"
import type { CertificateVerdict } from "./connections/certificate.ts"
import { verdictOn } from "./connections/certificate.ts"
import type { GatewayClock } from "./clock.ts"
import type { SocketData } from "./client.ts"
import { CLOSE, Client } from "./client.ts"
import { LARGE_BYTES, makeRequests, usualLane } from "./requests/requests.ts"
import { descriptorsOfProcess } from "../bus/descriptors.ts"
import { Descriptors } from "./connections/descriptors.ts"
import { Listeners } from "./connections/listeners.ts"
import type { TlsFailed } from "./connections/listeners.ts"
import type { HttpDeps } from "./http/index.ts"
import { addHttpRoutes } from "./http/index.ts"
import { makeSearches } from "./http/searches.ts"
import { Inboxes } from "./requests/inbox.ts"
import type { Unread } from "./requests/inbox.ts"
import { KeyGuard } from "./requests/keyGuard.ts"
import { aboutClient } from "./logFields.ts"
import { Lane } from "./requests/lane.ts"
import { isLoopback } from "./limits.ts"
import type { ListenFailed } from "./connections/listen.ts"
import type { GatewayStats } from "./metrics.ts"
import { GatewayMetrics } from "./metrics.ts"
import { isFirstReport } from "./requests/missingFeed.ts"
import type { GatewayOptions, GatewaySettings } from "./options.ts"
import { defaults } from "./options.ts"
import { OrderUpdates, orderFrame, ordersTopic } from "./orderUpdates.ts"
import { toMsgpack } from "./delivery/encoding.ts"
import { statusOf } from "./delivery/status.ts"
import { Turns } from "./delivery/turns.ts"
import { Wheel } from "./delivery/wheel.ts"
import { TrustedProxies } from "./connections/address.ts"
import { readFrame, readPacked } from "./messages/requestReader.ts"
import { endOf, idleTimeoutOf, pingEveryMs } from "./connections/endings.ts"
import { Entrance } from "./connections/entrance.ts"
import { openKeeper } from "./resume/keeper.ts"
import { Topics } from "./topics/topics.ts"
import { RequestedNames } from "./topics/requestedNames.ts"
import {
  closeRevoked,
  every,
  pinger,
  seekFeeds,
  tellExpiry,
  tendSlow,
  watchDescriptors
} from "./clientMaintenance.ts"

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

/**
 * uWebSockets.js drops a larger message without a close code as soon as it knows its length. One that is too large by less than
 * this is taken in, to close with 1009 as clients expect. What is not whole yet lies in memory, so it is not much.
 */
const TOO_BIG_BY = 256 * 1024

/** How often sockets are asked how much waits in them, while frames flow. A call costs some 50 ns. */
const CHECK_EVERY_MS = 5

/** How often clients that lag are looked after, besides the moments in which their sockets drain. */
const LAG_EVERY_MS = 250

/** How long a broker's name is waited for where the feed may not answer: the table of users has it as well. */
const NAME_WITHIN_MS = 500

/** How often clients without a feed try for it: they are promised it within two seconds. */
const SEEK_EVERY_MS = 1000

/** How often it is seen whether keys were revoked: closing is promised within a second. */
const REVOKED_EVERY_MS = 500

/** How often the certificate's files are looked at. */
const TLS_EVERY_MS = 1000

/** How often it is seen how many descriptors the process has left. */
const DESCRIPTORS_EVERY_MS = 1000

/** The old certificate serves on when the new one is of no use. */
const reloadTls = (listeners: Listeners): Effect.Effect<void> =>
  listeners.reload.pipe(
    Effect.flatMap((taken) =>
      taken ? Effect.logInfo("the gateway has taken the new TLS certificate") : Effect.void
    ),
    Effect.catchTags({
      TlsFailed: (error) =>
        Effect.logError(`the new TLS certificate is not taken, the old one stays: ${error.message}`),
      ListenFailed: (error) =>
        Effect.logError(`no new clients can connect, it is tried again: ${error.message}`)
    })
  )

/** How long the feed is given to take note of the readers that a shutdown releases. */
const RELEASE_MS = 300
/** Of that, how long close frames are given to leave: what a socket still holds is lost when it is closed. */
const FLUSH_MS = 50

const makeGateway = Effect.fnUntraced(function* (
  settings: GatewaySettings
): Effect.fn.Return<
  Gateway["Service"],
  ListenFailed | TlsFailed,
  Feed | FrameBus | ApiKeys | OrderUpdates | Scope.Scope
> {
  const feed = yield* Feed
  const keys = yield* ApiKeys
  const instruments = yield* Effect.serviceOption(Instruments)
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
  const loopback = isLoopback(settings.host)
  const topics = new Topics((topic, payload, binary) => listeners.publish(topic, payload, binary))
  const turns = new Turns()
  const wheel = new Wheel(turns, now)
  const spellings = new RequestedNames(settings)
  const lane = new Lane(usualLane)
  const inboxes = new Inboxes(settings.maxWaitingBytes)
  // Among all gateways that read from one feed.
  const gatewayId = randomBytes(4).toString("hex")
  const brokerSetFor = (user: string): Effect.Effect<string> =>
    Option.match(users, {
      onNone: () => Effect.succeed(NO_BROKER),
      onSome: (table) =>
        table.get(user).pipe(
          Effect.map(({ broker }) => broker ?? NO_BROKER),
          Effect.orElseSucceed(() => NO_BROKER)
        )
    })
  const orders = yield* OrderUpdates
  const keeper = yield* openKeeper({
    folder: settings.resumeFolder,
    name: gatewayId,
    keepMs: settings.resumeMs,
    clock: clocks
  })
  const conversation = makeRequests({
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
    brokerOf: (user) =>
      feed.info(user).pipe(
        Effect.map(({ broker }) => broker),
        Effect.catch(() => brokerSetFor(user)),
        Effect.timeoutOrElse({ duration: NAME_WITHIN_MS, orElse: () => brokerSetFor(user) })
      )
  })

  let lastClient = 0

  /** Takes the frame out of the library's memory; it is read when it is its turn. */
  const unread = (client: Client, message: ArrayBuffer, binary: boolean): Unread => {
    const bytes = message.byteLength
    if (binary && client.encoding === "msgpack") {
      const packed = new Uint8Array(message.slice(0))
      return { bytes, read: () => readPacked(packed, settings.maxEntries) }
    }
    if (bytes <= LARGE_BYTES) {
      const text = Buffer.from(message).toString("utf8")
      return { bytes, read: () => readFrame(text, settings.maxEntries) }
    }
    // Large ones wait outside of the heap.
    const copy = Buffer.from(message.slice(0))
    return { bytes, read: () => readFrame(copy.toString("utf8"), settings.maxEntries) }
  }

  /** At most one fiber per client, and none while it is silent. */
  const receive = (client: Client, message: ArrayBuffer, binary: boolean): void => {
    metrics.received(message.byteLength)
    if (!client.mayReceive(message.byteLength, now())) return
    if (client.enqueue(unread(client, message, binary))) handle(client)
  }

  const handle = (client: Client): void => {
    if (client.busy) return
    client.busy = true
    lane.run(() => {
      client.fiber = run(aboutClient(client)(conversation.drain(client)))
    })
  }

  const sample = (): void => {
    let waiting = 0
    for (const client of clients) waiting += client.unserved.size
    metrics.reading(topics.size, waiting, keeper.waiting)
    metrics.unread(inboxes.bytes)
  }

  let closing = false
  const closed = (client: Client, code: number, message: ArrayBuffer): void => {
    const { fiber, slowWith } = client
    // While it still holds what it held.
    keeper.ended(client)
    clients.delete(client)
    entrance.closed(client)
    client.closed(closing ? "shutdown" : endOf(code, message))
    const stopped = fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    run(
      Effect.gen(function* () {
        if (slowWith === undefined) {
          yield* Effect.logDebug(`a client is gone, code ${code}`)
        } else {
          yield* Effect.logWarning(
            `a client was closed: it reads too slowly, ${slowWith} bytes waited for it, the limit is ${settings.maxBackpressureBytes}`
          )
        }
        yield* stopped
        yield* conversation.leave(client)
      }).pipe(aboutClient(client))
    )
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

  const clientRoute: uWS.WebSocketBehavior<SocketData> = {
    maxPayloadLength: settings.maxMessageBytes + TOO_BIG_BY,
    // Frames wait in our outbox long before this; it stops what else may pile up, an answer of many megabytes.
    maxBackpressure: 2 * settings.maxBackpressureBytes,
    closeOnBackpressureLimit: false,
    // No compression, the default: some clients cannot inflate, and none needs it on a local line.
    // Pings are sent below, on a fixed beat. The limits of this option are the library's own.
    sendPingsAutomatically: false,
    idleTimeout: idleTimeoutOf(settings),
    upgrade: entrance.upgrade,
    open: (socket) => {
      const { client } = socket.getUserData()
      clients.add(client)
      entrance.opened(client)
      client.opened(socket, settings.authGraceMs)
      run(aboutClient(client)(Effect.logDebug("a client is connected")))
    },
    message: (socket, message, binary) => {
      const { client } = socket.getUserData()
      if (message.byteLength > settings.maxMessageBytes) {
        client.end("too_big", CLOSE.TOO_BIG)
      } else {
        receive(client, message, binary)
      }
    },
    // The library answers pings by itself, at our cost.
    ping: (socket, payload) => {
      socket.getUserData().client.mayPing(payload.byteLength, now())
    },
    pong: (socket, payload) => {
      const { client } = socket.getUserData()
      client.ponged()
      client.mayPing(payload.byteLength, now())
    },
    drain: (socket) => socket.getUserData().client.delivery.drain(),
    // Never while frames wait in the outbox beyond the mark; a single answer beyond the limit is.
    dropped: (socket) => socket.getUserData().client.tooSlow(),
    close: (socket, code, message) => closed(socket.getUserData().client, code, message)
  }

  const httpDeps: HttpDeps = {
    feed,
    keys,
    keyGuard,
    trustedProxies,
    metrics,
    own: (user) => {
      const own = [...clients].filter((client) => client.user === user)
      return { clients: own.length, subscriptions: own.reduce((sum, c) => sum + c.holdings.size, 0) }
    },
    version: settings.version,
    startedAt: now(),
    now,
    timeOfDay,
    certificate: () => verdict(),
    maxRequestsPerSecond: settings.maxRequestsPerSecond,
    onRequest: (res) => entrance.asked(res),
    stats: () => metrics.stats,
    problem: (yield* DatabaseState).problem,
    users: () => [...new Set([...clients].flatMap(({ user }) => user ?? []))],
    run: (effect) => {
      run(effect)
    },
    searches: makeSearches({
      perSecond: settings.maxSearchesPerSecond,
      now,
      onLimited: () => metrics.limited("searches")
    }),
    table: Option.getOrUndefined(Option.all({ instruments, users })),
    sample: () => {
      sample()
      const expiry = verdict()
      if (expiry !== undefined) metrics.certificate(expiry.seconds)
    },
    context
  }
  const verdict = (): CertificateVerdict | undefined =>
    listeners.life === undefined ? undefined : verdictOn(listeners.life, timeOfDay())
  const listeners = new Listeners({
    host: settings.host,
    port: settings.port,
    tls: settings.tls,
    addRoutes: (app) => {
      app.filter(entrance.filter)
      app.ws("/*", listeners.counted(app, clientRoute))
      addHttpRoutes(app, httpDeps)
    }
  })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      closing = true
      entrance.close()
      listeners.pause()
      conversation.stop()
      let told = false
      for (const client of clients) told = client.sayRestart() || told
      if (told) yield* Effect.sleep(FLUSH_MS)
      listeners.close()
      turns.stop()
      wheel.stop()
      yield* FiberSet.awaitEmpty(fibers)
    }).pipe(Effect.timeoutOrElse({ duration: RELEASE_MS, orElse: () => Effect.void }))
  )
  yield* listeners.open
  const { port } = listeners

  let checkedAt = 0
  const bus = yield* FrameBus
  yield* bus.subscribe((frames) => {
    for (const frame of frames) topics.deliver(frame)
    metrics.delivered(topics.framesOut, topics.bytesOut)
    const at = now()
    if (frames.length > 0) metrics.latency(frames[0]!, timeOfDay())
    if (at - checkedAt < CHECK_EVERY_MS) return
    checkedAt = at
    for (const client of topicReaders) client.delivery.check()
  })
  yield* bus.listen((event) => {
    metrics.heard(event.type)
    const status = statusOf(event)
    for (const client of clients) {
      if (client.user !== event.user || !client.delivery.optIns.events) continue
      if (!isFirstReport(client, event)) continue
      const payload = status(client.holdings, client.encoding)
      if (payload !== undefined) client.delivery.message(payload)
    }
  })
  yield* every(
    "the watch on slow clients",
    LAG_EVERY_MS,
    Effect.sync(() => tendSlow(clients, settings, now()))
  )
  const seek = seekFeeds((client) => {
    client.mustSettle = true
    handle(client)
  })
  yield* every(
    "the search for missing feeds",
    SEEK_EVERY_MS,
    Effect.sync(() => seek(clients))
  )
  yield* every("the watch on revoked keys", REVOKED_EVERY_MS, closeRevoked(clients, keys))
  yield* orders.subscribe((user, order) => {
    const text = orderFrame(user, order)
    listeners.publish(ordersTopic(user, "json"), text, false)
    listeners.publish(ordersTopic(user, "msgpack"), toMsgpack(text), true)
  })
  const pingAll = pinger(clients, settings, now())
  yield* every(
    "pinging",
    pingEveryMs(settings),
    Effect.sync(() => {
      sample()
      pingAll(now())
    })
  )
  yield* every(
    "the watch on descriptors",
    DESCRIPTORS_EVERY_MS,
    watchDescriptors(descriptors, listeners, metrics)
  )
  if (settings.tls !== undefined) {
    yield* every("the watch on the certificate", TLS_EVERY_MS, reloadTls(listeners))
    yield* every("the look at the certificate's end", TLS_EVERY_MS, tellExpiry(verdict))
  } else if (!loopback) {
    yield* Effect.logWarning(
      `the gateway listens on ${settings.host} in clear text: API keys can be read on the way. Use --tls-cert and --tls-key, or --host 127.0.0.1 behind a proxy that has TLS`
    )
  }
  yield* Effect.logInfo(
    `the gateway listens on ${settings.tls === undefined ? "ws" : "wss"}://${settings.host}:${port}`
  )
  return Gateway.of({ port, stats: () => metrics.stats })
})
