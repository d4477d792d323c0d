/**
 * When a session's connections run: started on request, stopped, paused after faults, begun anew with new credentials.
 * Runs in the session's actor.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { Broker } from "../brokers/broker.ts"
import type { ConnectionFailure } from "../market/errors.ts"
import { AuthRejected, ConnectionLost, ConnectionRefused } from "../market/errors.ts"
import { describeBroker } from "./capabilities.ts"
import { enter } from "./connection/connectionEvents.ts"
import type { ConnectionSupervisor } from "./connection/connectionSupervisor.ts"
import type { StoredVersion } from "./connection/credentialWatch.ts"
import type { FeedEventPublisher } from "./health/feedEventPublisher.ts"
import type { HealthCheck } from "./health/healthCheck.ts"
import type { RestartIntensity } from "./health/restartIntensity.ts"
import type { RunState, SessionStatus } from "./health/sessionStatus.ts"
import type { Message, Reply } from "./messages.ts"
import type { BrokerMetrics } from "./metrics.ts"
import type { PooledConnection } from "./model.ts"
import type { SubscriptionPlanner, WireActions } from "./subscriptions/planner.ts"
import { reset } from "./subscriptions/upstreamSubscription.ts"

/** The pause before a session that had too many faults starts anew. */
const SESSION_PAUSE_MS = 1000

export interface LifecycleOptions {
  readonly broker: Broker
  readonly planner: SubscriptionPlanner
  readonly state: RunState
  readonly status: SessionStatus
  readonly supervisor: ConnectionSupervisor
  readonly healthCheck: HealthCheck
  readonly restarts: RestartIntensity
  readonly events: FeedEventPublisher
  readonly count: BrokerMetrics
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Puts a message into the actor's mailbox. */
  readonly tell: (message: Message) => Effect.Effect<void>
}

export interface Lifecycle {
  /** Answers with the outcome of the first attempt. */
  readonly connect: (reply: Reply<void, ConnectionFailure>) => Effect.Effect<unknown>
  readonly disconnect: Effect.Effect<void>
  /** Opens, closes and asks what the planner says. */
  readonly carryOut: (actions: WireActions) => Effect.Effect<void>
  /** Answers those who wait for the outcome of the first attempt. */
  readonly settle: (outcome: Effect.Effect<void, ConnectionFailure>) => void
  /** Something that should not happen: the restart intensity says how far it goes. */
  readonly fault: (connection: PooledConnection, cause: string) => Effect.Effect<unknown>
  /** A pause is over. */
  readonly resume: (cause: string) => Effect.Effect<void>
  /** Begins anew with other credentials. */
  readonly credentialsChanged: Effect.Effect<void>
  /** The same, where the stored ones are not those in use. */
  readonly credentialsStored: (stored: StoredVersion) => Effect.Effect<void>
}

export const makeLifecycle = Effect.fnUntraced(function* (
  options: LifecycleOptions
): Effect.fn.Return<Lifecycle, never, Scope.Scope> {
  const { broker, count, events, healthCheck, now, planner, restarts, state, status, supervisor, tell } =
    options
  const pauses = yield* FiberMap.make<"resume", void>()
  let waiting: Array<Reply<void, ConnectionFailure>> = []

  /** Answers those who wait for the outcome of the first attempt. */
  const settle = (outcome: Effect.Effect<void, ConnectionFailure>): void => {
    for (const reply of waiting) Deferred.doneUnsafe(reply, outcome)
    waiting = []
  }

  const carryOut = Effect.fnUntraced(function* (actions: WireActions) {
    if (state.running && state.unavailable === undefined)
      for (const connection of actions.open) yield* supervisor.start(connection)
    for (const [connection, changes] of actions.send)
      if (connection.state.tag === "up") connection.state.link.request(changes)
    for (const connection of actions.close) yield* supervisor.stop(connection)
    count.instruments(planner.subscriptions.size)
    status.countConnections()
  })

  const connect = Effect.fnUntraced(function* (reply: Reply<void, ConnectionFailure>) {
    const { reason, state: current } = status.now()
    if (current === "connected") return Deferred.doneUnsafe(reply, Effect.void)
    if (current === "waiting_for_login") {
      return Deferred.doneUnsafe(
        reply,
        Effect.fail(new AuthRejected({ detail: reason ?? "waiting for login" }))
      )
    }
    if (current === "unavailable") {
      return Deferred.doneUnsafe(reply, Effect.fail(new ConnectionRefused({ detail: reason ?? "" })))
    }
    waiting.push(reply)
    if (state.running) return
    state.running = true
    yield* Effect.logInfo(describeBroker(broker))
    if (planner.connections.length === 0) planner.openMain()
    for (const connection of planner.connections) yield* supervisor.start(connection)
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
      status.countConnections()
      return supervisor.stopAll
    })

  const startAll = Effect.suspend(() =>
    state.running && state.unavailable === undefined
      ? Effect.forEach(planner.connections, supervisor.start, { discard: true })
      : Effect.void
  )

  const pause = (ms: number, cause: string) =>
    FiberMap.run(pauses, "resume", Effect.delay(tell({ tag: "Resume", cause }), ms))

  /** Something that should not happen: the supervisor says how far it goes. */
  const fault = Effect.fnUntraced(function* (connection: PooledConnection, cause: string) {
    const decision = restarts.fault(connection.id, now())
    yield* events.decided(decision, cause, connection.id)
    if (decision === "restart_connection") {
      // Nearly always it is trying again by itself; a child that died is not.
      return yield* (yield* supervisor.isRunning(connection)) ? Effect.void : supervisor.start(connection)
    }
    supervisor.alarm(`${decision}: ${cause}`)
    yield* stopAll(cause)
    if (decision === "restart_session")
      return yield* pause(SESSION_PAUSE_MS, "the pause after a restart is over")
    state.unavailable = `too many faults, the last one: ${cause}. Tried again in ${restarts.pauseMs / 1000} s, or with new credentials`
    yield* pause(restarts.pauseMs, "the pause is over")
  })

  const resume = Effect.fnUntraced(function* (cause: string) {
    state.unavailable = undefined
    if (!state.running) return
    yield* events.decided("resume", cause)
    yield* startAll
  })

  const credentialsChanged = Effect.suspend(() => {
    if (!state.running) return Effect.void
    state.unavailable = undefined
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
  const credentialsStored = (stored: StoredVersion): Effect.Effect<void> => {
    if ("problem" in stored) {
      return planner.connections.some(({ state }) => state.tag === "up")
        ? Effect.logWarning(
            `the login that was stored cannot be read, the session goes on: ${stored.problem}`
          )
        : credentialsChanged
    }
    const inUse =
      state.unavailable === undefined &&
      planner.connections.length > 0 &&
      planner.connections.every(({ credentialsVersion }) => credentialsVersion === stored.version)
    return inUse ? Effect.void : credentialsChanged
  }

  return {
    connect,
    disconnect: Effect.suspend(() => {
      state.running = false
      state.unavailable = undefined
      return Effect.andThen(stopAll("disconnected"), FiberMap.clear(pauses))
    }),
    carryOut,
    settle,
    fault,
    resume,
    credentialsChanged,
    credentialsStored
  }
})
