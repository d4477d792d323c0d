/**
 * Supervises the session's connections: one fiber each, which sends messages to the session's actor. What the
 * sockets' callbacks learn about subscriptions goes to `subscriptionUpdates.ts` without a message.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { Broker } from "../../brokers/broker.ts"
import { faultText, faultWords } from "../../bus/hooks.ts"
import type { SampledLog } from "../../kit/sampledLog.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import type { WireEvent } from "../../protocols/protocol.ts"
import { keepConnected } from "./connection.ts"
import type { HookFaults } from "../containment.ts"
import { soundTap } from "../containment.ts"
import type { CredentialSource } from "./credentialSource.ts"
import type { BrokerStream, SubscriptionPlanner } from "../subscriptions/planner.ts"
import { reset } from "../subscriptions/upstreamSubscription.ts"
import type { Message } from "../messages.ts"
import type { BrokerMetrics } from "../metrics.ts"
import type { SubscriptionUpdates } from "../feed/subscriptionUpdates.ts"
import { forget, forgetFields } from "../ticks/tickMerge.ts"
import type { PooledConnection, SubscribedInstrument } from "../model.ts"
import type { Publisher } from "../ticks/publisher.ts"
import type { ReconnectOptions } from "./retrySchedule.ts"
import { ConnectionTaps } from "../references.ts"
import type { ConnectionTap } from "../ticks/tap.ts"
import { Transport } from "../transport/transport.ts"
import { withoutPaths } from "../../kit/withoutPaths.ts"

export interface ConnectionSupervisorOptions {
  readonly broker: Broker
  readonly streams: ReadonlyArray<BrokerStream>
  readonly reconnect: ReconnectOptions | undefined
  readonly source: CredentialSource
  readonly planner: SubscriptionPlanner
  readonly updates: SubscriptionUpdates
  readonly publisher: Publisher
  readonly count: BrokerMetrics
  readonly log: SampledLog
  readonly hookFaults: HookFaults
  /** Puts a message into the actor's mailbox. */
  readonly tell: (message: Message) => Effect.Effect<void>
}

export interface ConnectionSupervisor {
  /** Starts the connection, in place of one that runs. */
  readonly start: (connection: PooledConnection) => Effect.Effect<unknown>
  readonly isRunning: (connection: PooledConnection) => Effect.Effect<boolean>
  readonly stop: (connection: PooledConnection) => Effect.Effect<void>
  readonly stopAll: Effect.Effect<void>
  /** Asks the recorders to keep what led to this. */
  readonly alarm: (why: string) => void
}

export const makeConnectionSupervisor = Effect.fnUntraced(function* (
  options: ConnectionSupervisorOptions
): Effect.fn.Return<ConnectionSupervisor, never, Transport | Scope.Scope> {
  const { broker, count, planner, streams, hookFaults, log, updates, publisher, reconnect, source, tell } =
    options
  const transport = yield* Transport
  const taps = soundTap(yield* ConnectionTaps, hookFaults("ConnectionTap"))
  const clock = yield* Clock.Clock
  const fibers = yield* FiberMap.make<number, never, never>()
  const tapOf = new Map<number, ConnectionTap>()
  const now = monotonicOf(clock)

  /** Takes every event except failures, in the socket's callback. */
  const onEvent = (connection: PooledConnection, event: WireEvent): void => {
    switch (event.type) {
      case "confirmed":
        for (const instrument of event.instruments) {
          const upstream = connection.subscriptions.get(instrument as SubscribedInstrument)
          if (upstream !== undefined) updates.confirmed(upstream, "broker", now())
        }
        return
      case "refused": {
        const detail = `${event.code ?? ""} ${event.detail}`.trim()
        count.refused()
        log.warn("the broker refused a request", () => detail, { connection: connection.id })
        for (const instrument of event.instruments ?? []) {
          const upstream = connection.subscriptions.get(instrument as SubscribedInstrument)
          if (upstream !== undefined) updates.failed(upstream, detail)
        }
        return
      }
      case "notice":
        log.warn("message from the broker", () => event.text, { connection: connection.id })
    }
  }

  const start = (connection: PooledConnection): Effect.Effect<unknown> => {
    const feed = streams[connection.stream]!
    const partial = feed.protocol.partial === true
    const tap = taps.connection({
      user: source.user,
      broker: broker.name,
      stream: feed.broker.name,
      connection: connection.id
    })
    tapOf.set(connection.id, tap)
    // The previous run may have ended without a message to this actor.
    for (const [instrument, upstream] of connection.subscriptions) {
      forget(instrument, connection.stream)
      reset(upstream)
    }
    return FiberMap.run(
      fibers,
      connection.id,
      keepConnected({
        ...feed,
        ...(reconnect === undefined ? {} : { reconnect }),
        credentials: Effect.tap(source.read, ({ version }) =>
          Effect.sync(() => (connection.credentialsVersion = version))
        ),
        clocks: connection.clocks,
        tap,
        onHookFault: hookFaults,
        onDefect: (defect) =>
          log.error("an internal fault in a connection", () => faultText(defect), {
            connection: connection.id
          }),
        inlet: (reject, leftOut) =>
          publisher.tickHandler({
            connection,
            joined: streams.length > 1 || partial,
            partial,
            levels: broker.deepFeeds?.[connection.stream - 1]?.levels,
            onReject: reject,
            onLeftOut: leftOut,
            onTicking: (at) => tap.ticked?.(at),
            onFirst: (upstream, at) => {
              if (upstream.state !== "confirmed") updates.confirmed(upstream, "tick", at)
              if (upstream.stale) updates.fresh(upstream)
              const main = upstream.instrument.upstream[connection.stream]
              if (main === undefined || main === upstream) return
              planner.pool(connection).finishMove(main)
              updates.moved(main)
            }
          }),
        onReject: publisher.onReject,
        onLeftOut: publisher.onLeftOut,
        onFieldLeftOut: (instrument, field) => {
          if (partial) forgetFields(instrument as SubscribedInstrument, connection.stream, [field])
        },
        onFrame: count.frame,
        onSent: (changes, at) => {
          updates.sent(connection, changes, at)
          connection.leftovers.sent(changes, at, connection.subscriptions)
        },
        onUnwanted: (instrument, at) => connection.leftovers.ticked(instrument, at),
        onEvent: (event) => onEvent(connection, event),
        onConnecting: tell({ tag: "Connecting", connection: connection.id }),
        onUp: (link) => tell({ tag: "Up", connection: connection.id, link }),
        onDown: (failure) => tell({ tag: "Down", connection: connection.id, failure }),
        onParked: (reason) => tell({ tag: "Parked", connection: connection.id, reason }),
        onFault: (cause) => tell({ tag: "Fault", connection: connection.id, cause })
      }).pipe(
        Effect.provideService(Transport, transport),
        Effect.annotateLogs("connection", connection.id),
        // A child that dies in spite of all is a fault like any other, and started again by its handler.
        Effect.tapDefect((defect) =>
          tell({
            tag: "Fault",
            connection: connection.id,
            cause: withoutPaths(`the connection's supervisor died: ${faultWords(defect)}`)
          })
        )
      )
    )
  }

  return {
    start,
    isRunning: (connection) => FiberMap.has(fibers, connection.id),
    stop: (connection) => {
      tapOf.delete(connection.id)
      return FiberMap.remove(fibers, connection.id)
    },
    stopAll: FiberMap.clear(fibers),
    alarm: (why) => {
      for (const tap of tapOf.values()) tap.alarm(why, clock.currentTimeMillisUnsafe())
    }
  }
})
