/** What a session does about each message. Runs in the session's actor. */
import type { Clock } from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { monotonicOf } from "../kit/monotonic.ts"
import type { ConnectionEvents } from "./connection/connectionEvents.ts"
import { enter } from "./connection/connectionEvents.ts"
import type { SubscriptionUpdates } from "./feed/subscriptionUpdates.ts"
import type { FeedEventPublisher } from "./health/feedEventPublisher.ts"
import type { HealthCheck } from "./health/healthCheck.ts"
import { instrumentOf, statusOf } from "./health/report.ts"
import type { RunState, SessionStatus } from "./health/sessionStatus.ts"
import type { Lifecycle } from "./lifecycle.ts"
import type { Message } from "./messages.ts"
import type { SubscriptionPlanner } from "./subscriptions/planner.ts"

export interface MessageHandlerOptions {
  readonly planner: SubscriptionPlanner
  readonly state: RunState
  readonly status: SessionStatus
  readonly lifecycle: Lifecycle
  readonly connections: ConnectionEvents
  readonly healthCheck: HealthCheck
  readonly events: FeedEventPublisher
  readonly updates: SubscriptionUpdates
  readonly clock: Clock
  /** How long an instrument stays subscribed upstream after its last reader. */
  readonly lingerMs: number
}

export const makeMessageHandler = (
  options: MessageHandlerOptions
): ((message: Message) => Effect.Effect<unknown>) => {
  const { clock, connections, events, healthCheck, lifecycle, lingerMs, planner, state, status, updates } =
    options
  const now = monotonicOf(clock)

  const onUpdates = Effect.suspend(() => {
    const { confirmed, failed, fresh, moved } = updates.take()
    events.confirmed(confirmed)
    events.failed(failed)
    events.fresh(fresh)
    return healthCheck.arrived(moved)
  })

  return (message) => {
    switch (message.tag) {
      case "Initialise":
        return Effect.andThen(lifecycle.credentialsChanged, Deferred.succeed(message.reply, undefined))
      case "Connect":
        return lifecycle.connect(message.reply)
      case "Disconnect":
        return Effect.andThen(lifecycle.disconnect, Deferred.succeed(message.reply, undefined))
      case "Subscribe": {
        const { actions, results } = planner.add(message.reader, message.items)
        return Effect.andThen(lifecycle.carryOut(actions), Deferred.succeed(message.reply, results))
      }
      case "Unsubscribe": {
        const { actions, results } = planner.remove(message.reader, message.requests)
        return Effect.andThen(lifecycle.carryOut(actions), Deferred.succeed(message.reply, results))
      }
      case "Release":
        return Effect.andThen(
          lifecycle.carryOut(planner.release(message.reader, message.most)),
          Effect.suspend(() => Deferred.succeed(message.reply, planner.subscriptions.reads(message.reader)))
        )
      case "Status":
        return Deferred.succeed(message.reply, status.now())
      case "Subscriptions":
        return Deferred.succeed(message.reply, planner.subscriptions.all())
      case "Last":
        return Deferred.succeed(
          message.reply,
          message.requests.map((request) => planner.subscriptions.last(request))
        )
      case "Report":
        return Deferred.succeed(message.reply, statusOf(status.inFull()))
      case "Inspect":
        return Deferred.succeed(
          message.reply,
          instrumentOf(status.inFull(), message.exchange, message.symbol, message.resolved)
        )
      case "CredentialsChanged":
        return lifecycle.credentialsStored(message.stored)
      case "Look":
        return Effect.andThen(
          lingerMs === 0 ? Effect.void : lifecycle.carryOut(planner.expire(now() - lingerMs)),
          state.running ? healthCheck.look(now(), clock.currentTimeMillisUnsafe()) : Effect.void
        )
      case "Updates":
        return onUpdates
      case "Resume":
        return lifecycle.resume(message.cause)
      default: {
        const connection = planner.connection(message.connection)
        // A message of a connection that was closed meanwhile.
        if (connection === undefined || !state.running || state.unavailable !== undefined) return Effect.void
        const named = Effect.annotateLogs({ connection: connection.id })
        if (message.tag === "Up") return named(connections.up(connection, message.link))
        if (message.tag === "Down") return named(connections.down(connection, message.failure))
        if (message.tag === "Parked") return named(connections.parked(connection, message.reason))
        if (message.tag === "Fault") return named(lifecycle.fault(connection, message.cause))
        // Keeps the reason of the failure in sight while the next attempt runs.
        if (connection.state.tag !== "down") enter(connection, now(), { tag: "connecting" })
        status.countConnections()
        return Effect.void
      }
    }
  }
}
