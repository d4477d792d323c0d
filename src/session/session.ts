/**
 * The session: the actor behind the BrokerAdapter of every broker whose protocol we speak. Its fiber owns the
 * desk (what readers want, which connection carries it); connections are its supervised children and speak to
 * it by message, as everybody else does. What it does by itself once a second is in `healthCheck.ts`.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AdapterStatus, BrokerAdapter } from "../brokers/adapter.ts"
import type { Broker } from "../brokers/broker.ts"
import { streamsOf } from "../brokers/broker.ts"
import { FrameBus } from "../bus/frameBus.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import { AuthRejected, ConnectionLost, ConnectionRefused } from "../market/errors.ts"
import { breathe } from "../kit/breathe.ts"
import { alwaysOpen } from "../market/hours.ts"
import { epochOf, monotonicOf } from "../kit/monotonic.ts"
import type { Protocol } from "../protocols/protocol.ts"
import type { CredentialStore } from "../store/credentials/credentials.ts"
import type { Instruments } from "../store/instruments/instruments.ts"
import { makeActor } from "./actor.ts"
import { describeBroker } from "./capabilities.ts"
import { makeHealthCheck } from "./health/healthCheck.ts"
import { makeConnectionSupervisor } from "./connection/connectionSupervisor.ts"
import { makeHookFaults, soundBus, soundHours, soundProtocol, withSoundLoggers } from "./containment.ts"
import { makeCredentialSource } from "./connection/credentialSource.ts"
import type { BrokerStream, WireActions } from "./subscriptions/planner.ts"
import { SubscriptionPlanner } from "./subscriptions/planner.ts"
import { makeFeedEventPublisher } from "./health/feedEventPublisher.ts"
import { Lapse } from "./health/lapse.ts"
import { reset } from "./subscriptions/upstreamSubscription.ts"
import type { Message, Reply, StoredVersion } from "./messages.ts"
import * as metrics from "./metrics.ts"
import { SubscriptionUpdates } from "./feed/subscriptionUpdates.ts"
import type { PooledConnection } from "./model.ts"
import { makePublisher } from "./ticks/publisher.ts"
import type { ReconnectOptions } from "./connection/reconnect.ts"
import { instrumentOf, statusOf } from "./health/report.ts"
import type { Reported } from "./health/report.ts"
import { makeResolver } from "./subscriptions/resolver.ts"
import { makeSampledLog } from "../kit/sampledLog.ts"
import { stateOf } from "./health/sessionState.ts"
import { enter, makeConnectionEvents } from "./connection/connectionEvents.ts"
import type { Intensity } from "./health/restartIntensity.ts"
import { RestartIntensity } from "./health/restartIntensity.ts"
import { Hours } from "./references.ts"
import type { Transport } from "./transport/transport.ts"

export interface SessionOptions {
  readonly broker: Broker
  readonly protocol: Protocol
  /** Those of the broker's deep feeds, in their order. */
  readonly deepProtocols?: ReadonlyArray<Protocol>
  readonly reconnect?: ReconnectOptions
  readonly intensity?: Intensity
  /** How long an instrument stays subscribed upstream after its last reader; 0 by default. */
  readonly lingerMs?: number
  /** What the sessions before this one have left: how long its user has had no feed. */
  readonly lapse?: Lapse
}

/** The reader of those who do not name one. */
const OWN_READER = "adapter"

/** How often the watchdog looks, and emptying connections are thought about. */
const CARE_EVERY_MS = 1000
/** The pause before changes of credentials are watched again by a store that failed. */
const WATCH_AGAIN_MS = 5000
/** Views that a reader gives up in one turn of the event loop: it may have ten thousand, and many readers go at once. */
const RELEASED_AT_ONCE = 500
/** The pause before a session that had too many faults starts anew. */
const SESSION_PAUSE_MS = 1000

/** Makes the adapter. Everything in it ends with the scope. */
export const makeSession = (
  options: SessionOptions
): Effect.Effect<
  BrokerAdapter["Service"],
  never,
  Transport | CredentialStore | Instruments | FrameBus | Scope.Scope
> => withSoundLoggers(session(options))

const session = Effect.fnUntraced(function* (
  options: SessionOptions
): Effect.fn.Return<
  BrokerAdapter["Service"],
  never,
  Transport | CredentialStore | Instruments | FrameBus | Scope.Scope
> {
  const { broker, protocol } = options
  const clock = yield* Clock.Clock
  const count = yield* metrics.forBroker(broker.name)
  const log = yield* makeSampledLog
  const hookFaults = makeHookFaults(count, log)
  const protocols = [protocol, ...(options.deepProtocols ?? [])].map((one) => soundProtocol(one, hookFaults))
  const streams = streamsOf(broker).map((feed, i): BrokerStream => ({
    broker: feed,
    protocol: protocols[i]!
  }))
  const hours = broker.simulated === true ? alwaysOpen : soundHours(yield* Hours, hookFaults("Hours.at"))
  const bus = soundBus(yield* FrameBus, hookFaults)
  const publisher = yield* makePublisher(count, log, broker.name, bus)
  const source = yield* makeCredentialSource(broker, hookFaults("CredentialStore.get"))
  const resolver = yield* makeResolver(broker, hookFaults("Instruments.resolve"))
  const pauses = yield* FiberMap.make<"resume", void>()
  const restarts = new RestartIntensity(options.intensity)
  const events = yield* makeFeedEventPublisher({
    broker: broker.name,
    user: source.user,
    count,
    restarts,
    bus,
    flush: publisher.flush
  })
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const updates = new SubscriptionUpdates(() => {
    run(actor.tell({ tag: "Updates" }))
  })

  /** Of connections and subscriptions; told as times of day (`epochOf`). */
  const now = monotonicOf(clock)

  // ---- state of the actor: touched by its fiber only ----
  const lingerMs = options.lingerMs ?? 0
  const newDesk = () =>
    new SubscriptionPlanner(source.user(), broker, streams, lingerMs === 0 ? undefined : now)
  let planner = newDesk()
  let running = false
  /** Why nothing is tried for a while. */
  let unavailable: string | undefined
  let waiting: Array<Reply<void, ConnectionFailure>> = []
  const lapse = options.lapse ?? new Lapse()

  const mainState = () =>
    unavailable === undefined
      ? // A deep feed that is down costs its readers levels, not prices.
        stateOf(
          planner.connections.filter((s) => s.stream === 0),
          running
        )
      : { state: "unavailable" as const, reason: unavailable }
  const status = (): AdapterStatus => ({
    broker: broker.name,
    ...mainState(),
    connections: planner.connections.filter((s) => s.state.tag === "up").length,
    instruments: planner.subscriptions.size
  })
  const reported = (): Reported => {
    const { reason, state } = status()
    return {
      user: source.user(),
      broker,
      streams,
      planner,
      state,
      reason,
      quietBecause: healthCheck.quietBecause(),
      decisions: restarts.decisions,
      hours,
      now: now(),
      epochOf: (at) => epochOf(clock, at)
    }
  }

  /** The number of connections that are up may have changed. */
  const countConnections = (): void => {
    const up = planner.connections.filter(({ state }) => state.tag === "up")
    count.connections(up.length)
    const delivers = up.some(({ stream }) => stream === 0)
    lapse.note(restarts, delivers, now())
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => lapse.note(restarts, false, now())))

  /** Answers those who wait for the outcome of the first attempt. */
  const settle = (outcome: Effect.Effect<void, ConnectionFailure>): void => {
    for (const reply of waiting) Deferred.doneUnsafe(reply, outcome)
    waiting = []
  }

  const carryOut = Effect.fnUntraced(function* (actions: WireActions) {
    if (running && unavailable === undefined)
      for (const connection of actions.open) yield* children.start(connection)
    for (const [connection, changes] of actions.send)
      if (connection.state.tag === "up") connection.state.link.request(changes)
    for (const connection of actions.close) yield* children.stop(connection)
    count.instruments(planner.subscriptions.size)
    countConnections()
  })

  const children = yield* makeConnectionSupervisor({
    broker,
    streams,
    reconnect: options.reconnect,
    source,
    planner: () => planner,
    updates,
    publisher,
    count,
    log,
    hookFaults,
    tell: (message) => actor.tell(message)
  })
  const healthCheck = makeHealthCheck({ planner: () => planner, streams, hours, events, updates, carryOut })

  const connections = makeConnectionEvents({
    healthCheck,
    events,
    count,
    log,
    now,
    lapse,
    settle,
    connections: countConnections
  })

  const connect = Effect.fnUntraced(function* (reply: Reply<void, ConnectionFailure>) {
    const { reason, state } = status()
    if (state === "connected") return Deferred.doneUnsafe(reply, Effect.void)
    if (state === "waiting_for_login") {
      return Deferred.doneUnsafe(
        reply,
        Effect.fail(new AuthRejected({ detail: reason ?? "waiting for login" }))
      )
    }
    if (state === "unavailable") {
      return Deferred.doneUnsafe(reply, Effect.fail(new ConnectionRefused({ detail: reason ?? "" })))
    }
    waiting.push(reply)
    if (running) return
    running = true
    yield* Effect.logInfo(describeBroker(broker))
    if (planner.connections.length === 0) planner.openMain()
    for (const connection of planner.connections) yield* children.start(connection)
  })

  /** Ends all connections. What readers hold stays. */
  const stopAll = (reason: string) =>
    Effect.suspend(() => {
      for (const connection of planner.connections) {
        if (connection.downSince === 0) connection.downSince = now()
        enter(connection, now(), { tag: "down", reason })
        healthCheck.ended(connection)
        for (const upstream of connection.subscriptions.values()) reset(upstream)
      }
      settle(Effect.fail(new ConnectionLost({ detail: reason })))
      countConnections()
      return children.stopAll
    })

  const startAll = Effect.suspend(() =>
    running && unavailable === undefined
      ? Effect.forEach(planner.connections, children.start, { discard: true })
      : Effect.void
  )

  const pause = (ms: number, cause: string) =>
    FiberMap.run(pauses, "resume", Effect.delay(actor.tell({ tag: "Resume", cause }), ms))

  /** Something that should not happen: the supervisor says how far it goes. */
  const onFault = Effect.fnUntraced(function* (connection: PooledConnection, cause: string) {
    const decision = restarts.fault(connection.id, now())
    yield* events.decided(decision, cause, connection.id)
    if (decision === "restart_connection") {
      // Nearly always it is trying again by itself; a child that died is not.
      return yield* (yield* children.isRunning(connection)) ? Effect.void : children.start(connection)
    }
    children.alarm(`${decision}: ${cause}`)
    yield* stopAll(cause)
    if (decision === "restart_session")
      return yield* pause(SESSION_PAUSE_MS, "the pause after a restart is over")
    unavailable = `too many faults, the last one: ${cause}. Tried again in ${restarts.pauseMs / 1000} s, or with new credentials`
    yield* pause(restarts.pauseMs, "the pause is over")
  })

  const resume = Effect.fnUntraced(function* (cause: string) {
    unavailable = undefined
    if (!running) return
    yield* events.decided("resume", cause)
    yield* startAll
  })

  const onCredentials = Effect.suspend(() => {
    if (!running) return Effect.void
    unavailable = undefined
    for (const connection of planner.connections) {
      if (connection.state.tag === "up") connection.downSince = now()
      connection.connectsWithoutTick = 0
      connection.silentConnects = 0
    }
    return FiberMap.clear(pauses).pipe(
      Effect.andThen(events.decided("resume", "the credentials changed, connecting anew")),
      Effect.andThen(startAll)
    )
  })

  /**
   * A change is told up to a second after it was made, by when a connection may have begun with it, and one of another kind
   * may be told: connections that were all made with the stored credentials stay. So does a session that runs when they
   * cannot be read, under another master secret, say: it is better off with the login that it has.
   */
  const onChange = (stored: StoredVersion): Effect.Effect<void> => {
    if ("problem" in stored) {
      return planner.connections.some(({ state }) => state.tag === "up")
        ? Effect.logWarning(
            `the login that was stored cannot be read, the session goes on: ${stored.problem}`
          )
        : onCredentials
    }
    const inUse =
      unavailable === undefined &&
      planner.connections.length > 0 &&
      planner.connections.every(({ credentialsVersion }) => credentialsVersion === stored.version)
    return inUse ? Effect.void : onCredentials
  }

  const onNews = Effect.suspend(() => {
    const { confirmed, failed, fresh, moved } = updates.take()
    events.confirmed(confirmed)
    events.failed(failed)
    events.fresh(fresh)
    return healthCheck.arrived(moved)
  })

  const handle = (message: Message): Effect.Effect<unknown> => {
    switch (message.tag) {
      case "Initialise":
        // Views carry the user's name, so they are made for one user only.
        if (planner.subscriptions.size === 0 && !running) planner = newDesk()
        return Effect.andThen(onCredentials, Deferred.succeed(message.reply, undefined))
      case "Connect":
        return connect(message.reply)
      case "Disconnect":
        running = false
        unavailable = undefined
        return Effect.andThen(
          stopAll("disconnected"),
          Effect.andThen(FiberMap.clear(pauses), Deferred.succeed(message.reply, undefined))
        )
      case "Subscribe": {
        const { actions, results } = planner.add(message.reader, message.items)
        return Effect.andThen(carryOut(actions), Deferred.succeed(message.reply, results))
      }
      case "Unsubscribe": {
        const { actions, results } = planner.remove(message.reader, message.requests)
        return Effect.andThen(carryOut(actions), Deferred.succeed(message.reply, results))
      }
      case "Release":
        return Effect.andThen(
          carryOut(planner.release(message.reader, message.most)),
          Effect.suspend(() => Deferred.succeed(message.reply, planner.subscriptions.reads(message.reader)))
        )
      case "Status":
        return Deferred.succeed(message.reply, status())
      case "Subscriptions":
        return Deferred.succeed(message.reply, planner.subscriptions.all())
      case "Last":
        return Deferred.succeed(
          message.reply,
          message.requests.map((request) => planner.subscriptions.last(request))
        )
      case "Report":
        return Deferred.succeed(message.reply, statusOf(reported()))
      case "Inspect":
        return Deferred.succeed(
          message.reply,
          instrumentOf(reported(), message.exchange, message.symbol, message.resolved)
        )
      case "CredentialsChanged":
        return onChange(message.stored)
      case "Look":
        return Effect.andThen(
          lingerMs === 0 ? Effect.void : carryOut(planner.expire(now() - lingerMs)),
          running ? healthCheck.look(now(), clock.currentTimeMillisUnsafe()) : Effect.void
        )
      case "Updates":
        return onNews
      case "Resume":
        return resume(message.cause)
      default: {
        const connection = planner.connection(message.connection)
        // A message of a connection that was closed meanwhile.
        if (connection === undefined || !running || unavailable !== undefined) return Effect.void
        const named = Effect.annotateLogs({ connection: connection.id })
        if (message.tag === "Up") return named(connections.up(connection, message.link))
        if (message.tag === "Down") return named(connections.down(connection, message.failure))
        if (message.tag === "Parked") return named(connections.parked(connection, message.reason))
        if (message.tag === "Fault") return named(onFault(connection, message.cause))
        // Keeps the reason of the failure in sight while the next attempt runs.
        if (connection.state.tag !== "down") enter(connection, now(), { tag: "connecting" })
        countConnections()
        return Effect.void
      }
    }
  }

  const actor = yield* makeActor<Message>(`session ${broker.name}`, handle)

  // Read here and not by the actor, which has others to serve while a store takes its time.
  const readVersion = source.read.pipe(
    Effect.map(({ version }): StoredVersion => ({ version })),
    Effect.catch((error) =>
      Effect.succeed<StoredVersion>(
        error._tag === "CredentialsMissing" ? { version: undefined } : { problem: error.message }
      )
    )
  )
  const credentialsChanged = Effect.flatMap(readVersion, (stored) =>
    actor.tell({ tag: "CredentialsChanged", stored })
  )
  const watchCredentials: Effect.Effect<void> = Effect.suspend(() =>
    Stream.runForEach(source.changes, () => credentialsChanged)
  ).pipe(
    Effect.catchDefect((defect) => {
      hookFaults("CredentialStore.changes")(defect)
      // Something may have changed unseen.
      return Effect.delay(credentialsChanged, WATCH_AGAIN_MS).pipe(Effect.andThen(watchCredentials))
    })
  )
  yield* Effect.forkScoped(watchCredentials)
  yield* actor.tell({ tag: "Look" }).pipe(
    Effect.repeat(Schedule.spaced(CARE_EVERY_MS)),
    Effect.tapCause((cause) => Effect.logError("the watchdog stopped", cause)),
    Effect.forkScoped
  )

  return {
    broker,
    initialise: ({ credentials, user }) =>
      Effect.gen(function* () {
        source.use(user, credentials)
        const read = yield* Effect.exit(
          source.read.pipe(Effect.catchTag(["SecretFailed", "ConnectionRefused"], () => Effect.void))
        )
        // Also without credentials: whoever connects all the same waits for them to be stored.
        yield* actor.ask<void, never>((reply) => ({ tag: "Initialise", reply }))
        yield* read
      }),
    connect: actor.ask((reply) => ({ tag: "Connect", reply })),
    disconnect: actor.ask<void, never>((reply) => ({ tag: "Disconnect", reply })),
    subscribe: (requests, reader = OWN_READER) =>
      Effect.flatMap(resolver.resolve(requests), (items) =>
        actor.ask((reply) => ({ tag: "Subscribe", reader, items, reply }))
      ),
    unsubscribe: (requests, reader = OWN_READER) =>
      resolver.underEitherName(
        requests,
        (some) => actor.ask((reply) => ({ tag: "Unsubscribe", reader, requests: some, reply })),
        ({ status }) => status === "success"
      ),
    release: (reader) => {
      const some = (most: number) =>
        actor.ask<boolean, never>((reply) => ({ tag: "Release", reader, most, reply }))
      return some(RELEASED_AT_ONCE).pipe(
        Effect.tap((more) => (more ? breathe : Effect.void)),
        Effect.repeat({ while: (more) => more }),
        Effect.onInterrupt(() => some(Infinity)),
        Effect.asVoid
      )
    },
    status: actor.ask((reply) => ({ tag: "Status", reply })),
    subscriptions: actor.ask((reply) => ({ tag: "Subscriptions", reply })),
    last: (requests) =>
      resolver.underEitherName(
        requests,
        (some) => actor.ask((reply) => ({ tag: "Last", requests: some, reply })),
        ({ frame }) => frame !== undefined
      ),
    report: actor.ask((reply) => ({ tag: "Report", reply })),
    inspect: (exchange, symbol) =>
      Effect.flatMap(resolver.resolve([{ symbol, exchange, mode: "ltp" }]), ([resolved]) =>
        actor.ask((reply) => ({ tag: "Inspect", ...resolver.inTable({ exchange, symbol }), resolved, reply }))
      ),
    ticks: publisher.ticks
  }
})
