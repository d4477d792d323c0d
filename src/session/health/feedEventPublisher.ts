/**
 * Publishes what happens to a session: to the bus (in order with the market frames), the log and the metrics, each in
 * one place.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { FrameBus } from "../../bus/frameBus.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { Decision, FeedEvent } from "../../market/feedEvent.ts"
import { epochOf } from "../../kit/monotonic.ts"
import type { PooledConnection, UpstreamSubscription } from "../model.ts"
import type { BrokerMetrics } from "../metrics.ts"
import { nameAndMode } from "../feed/subscriptionUpdates.ts"
import type { RestartIntensity } from "./restartIntensity.ts"

type Payload<E> = E extends FeedEvent ? Omit<E, "user" | "broker" | "at"> : never

export interface FeedEventPublisherOptions {
  readonly broker: string
  readonly user: string
  readonly count: BrokerMetrics
  readonly restarts: RestartIntensity
  readonly bus: Pick<FrameBus["Service"], "tell">
  /** Publishes the ticks that wait, so that an event never overtakes a tick. */
  readonly flush: () => void
}

export interface FeedEventPublisher {
  readonly down: (connection: PooledConnection, failure: ConnectionFailure) => void
  /** @param back `gapMs` is undefined if there was no feed before */
  readonly up: (
    connection: PooledConnection,
    back: { readonly gapMs: number | undefined; readonly restored: number; readonly failed: number }
  ) => void
  readonly parked: (reason: string) => void
  readonly stale: (upstreams: ReadonlyArray<UpstreamSubscription>) => void
  readonly fresh: (upstreams: ReadonlyArray<UpstreamSubscription>) => void
  readonly confirmed: (upstreams: ReadonlyArray<UpstreamSubscription>) => void
  readonly failed: (upstreams: ReadonlyArray<UpstreamSubscription>) => void
  readonly decided: (decision: Decision, cause: string, connection?: number) => Effect.Effect<void>
}

const nameOnly = ({ instrument }: UpstreamSubscription) => ({
  symbol: instrument.symbol,
  exchange: instrument.exchange
})

/** Routine decisions are logged at a lower level than those that a person should read. */
const everyday: ReadonlySet<Decision> = new Set(["restart_connection", "resume", "rebalance"])

export const makeFeedEventPublisher = Effect.fnUntraced(function* (
  options: FeedEventPublisherOptions
): Effect.fn.Return<FeedEventPublisher> {
  const { broker, bus, count, flush, restarts, user } = options
  const clock = yield* Clock.Clock

  const tell = (payload: Payload<FeedEvent>): void => {
    flush()
    count.event(payload.type)
    bus.tell({ ...payload, user, broker, at: clock.currentTimeMillisUnsafe() } as FeedEvent)
  }
  const about = <L>(
    upstreams: ReadonlyArray<UpstreamSubscription>,
    each: (upstream: UpstreamSubscription) => L
  ): ReadonlyArray<L> | undefined => (upstreams.length === 0 ? undefined : upstreams.map(each))

  return {
    down: (connection, failure) =>
      tell({
        type: "feed_down",
        connection: connection.id,
        cause: failure._tag,
        detail: failure.message,
        since: epochOf(clock, connection.downSince)
      }),
    up: (connection, { failed, gapMs, restored }) =>
      tell({
        type: "feed_up",
        connection: connection.id,
        ...(gapMs === undefined ? {} : { gap_ms: gapMs }),
        restored,
        failed
      }),
    parked: (reason) => tell({ type: "waiting_for_login", reason }),
    stale: (upstreams) => {
      const instruments = about(upstreams, (upstream) => ({
        ...nameOnly(upstream),
        ...(upstream.lastTickAt === 0 ? {} : { last_tick: epochOf(clock, upstream.lastTickAt) })
      }))
      if (instruments !== undefined) tell({ type: "stale", instruments })
    },
    fresh: (upstreams) => {
      const instruments = about(upstreams, nameOnly)
      if (instruments !== undefined) tell({ type: "fresh", instruments })
    },
    confirmed: (upstreams) => {
      const instruments = about(upstreams, nameAndMode)
      if (instruments !== undefined) tell({ type: "subscription_confirmed", instruments })
    },
    failed: (upstreams) => {
      const instruments = about(upstreams, (upstream) => ({
        ...nameAndMode(upstream),
        reason: upstream.failure ?? ""
      }))
      if (instruments !== undefined) tell({ type: "subscription_failed", instruments })
    },
    decided: (decision, cause, connection) =>
      Effect.suspend(() => {
        restarts.note(decision, cause, clock.currentTimeMillisUnsafe(), connection)
        count.decided(decision)
        tell({
          type: "supervisor",
          decision,
          cause,
          ...(connection === undefined ? {} : { connection })
        })
        const where = connection === undefined ? "" : ` (connection ${connection})`
        const text = `${decision.replaceAll("_", " ")}${where}: ${cause}`
        return everyday.has(decision) ? Effect.logInfo(text) : Effect.logWarning(text)
      })
  }
})
