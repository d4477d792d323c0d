/** What the session does when a connection comes up, goes down, or waits for a login. Runs in the session's actor. */
import * as Effect from "effect/Effect"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import { modeBit } from "../../market/mode.ts"
import type { HealthCheck } from "../health/healthCheck.ts"
import type { ConnectionState, Link, PooledConnection } from "../model.ts"
import type { Unusable } from "./credentialSource.ts"
import type { FeedEventPublisher } from "../health/feedEventPublisher.ts"
import type { Lapse } from "../health/lapse.ts"
import { reset } from "../subscriptions/upstreamSubscription.ts"
import type { BrokerMetrics } from "../metrics.ts"
import { forget } from "../ticks/tickMerge.ts"
import type { SampledLog } from "../../kit/sampledLog.ts"

export interface ConnectionEventsOptions {
  readonly healthCheck: HealthCheck
  readonly events: FeedEventPublisher
  readonly count: BrokerMetrics
  readonly log: SampledLog
  readonly now: () => number
  readonly lapse: Lapse
  /** Answers callers that wait for the outcome of the first attempt. */
  readonly settle: (outcome: Effect.Effect<void, ConnectionFailure>) => void
  /** The number of connections that are up may have changed. */
  readonly connections: () => void
}

/** Keeps the time at which a state began. */
export const enter = (connection: PooledConnection, now: number, state: ConnectionState): void => {
  if (connection.state.tag !== state.tag) connection.since = now
  connection.state = state
}

export type ConnectionEvents = ReturnType<typeof makeConnectionEvents>

export const makeConnectionEvents = (options: ConnectionEventsOptions) => {
  const { healthCheck, connections, count, events, lapse, log, now, settle } = options

  /** Undefined if nothing was delivered before, so there is no gap. */
  const gapBefore = (connection: PooledConnection): number | undefined => {
    if (connection.hasBeenUp && connection.downSince > 0) return now() - connection.downSince
    return connection.stream === 0 ? lapse.length(now()) : undefined
  }

  const up = (connection: PooledConnection, link: Link) => {
    enter(connection, now(), { tag: "up", link })
    const failed = [...connection.subscriptions.values()].filter(
      (upstream) => upstream.failure !== undefined
    ).length
    const gapMs = gapBefore(connection)
    connection.hasBeenUp = true
    connection.leftovers.clear()
    // A fresh connection knows nothing: restore everything that is wanted and not confirmed, richest mode first.
    const wanted = [...connection.subscriptions].map(([instrument, upstream]) => ({
      instrument,
      from: undefined,
      to: upstream.want
    }))
    wanted.sort((a, b) => modeBit[b.to.mode] - modeBit[a.to.mode] || b.to.depth - a.to.depth)
    link.request(wanted)
    settle(Effect.void)
    count.connected()
    connections()
    events.up(connection, { gapMs, restored: wanted.length, failed })
    connection.downSince = 0
    const after = gapMs === undefined ? "" : ` after ${gapMs} ms`
    return Effect.logInfo(
      `connection ${connection.id} is up${after}, ${wanted.length} instruments to subscribe`
    )
  }

  const down = (connection: PooledConnection, failure: ConnectionFailure) => {
    const wasUp = connection.state.tag === "up"
    healthCheck.ended(connection)
    for (const [instrument, upstream] of connection.subscriptions) {
      forget(instrument, connection.stream)
      reset(upstream)
    }
    enter(connection, now(), { tag: "down", reason: failure.message })
    connection.restarts++
    if (connection.downSince === 0) connection.downSince = now()
    // Told once per gap, not for every attempt in it.
    if (wasUp || connection.restarts === 1) events.down(connection, failure)
    settle(Effect.fail(failure))
    count.failed(failure._tag)
    connections()
    log.warn(`connection ${connection.id}`, () => failure.message, { connection: connection.id })
    return failure._tag === "Displaced"
      ? events.decided("back_off", failure.message, connection.id)
      : wasUp
        ? events.decided("restart_connection", failure.message, connection.id)
        : Effect.void
  }

  const parked = (connection: PooledConnection, reason: AuthRejected | Unusable) => {
    // Clients read this. What is wrong with a secret names files: that is for the log.
    const text = reason._tag === "SecretFailed" ? reason.forClients : reason.message
    if (reason._tag === "SecretFailed")
      log.warn(`connection ${connection.id}`, () => reason.message, { connection: connection.id })
    enter(connection, now(), { tag: "parked", reason: text })
    settle(Effect.fail(reason._tag === "AuthRejected" ? reason : new AuthRejected({ detail: text })))
    events.parked(text)
    // What is missing names the remedy itself.
    const cause =
      reason._tag === "AuthRejected"
        ? `${text}; waiting until new credentials are stored ("algoways credentials set")`
        : text
    return events.decided("park", cause, connection.id)
  }

  return { up, down, parked }
}
