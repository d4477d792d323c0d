/** A session's state in a few words, in full for operators, and as metrics. */
import type { Clock } from "effect/Clock"
import type { AdapterStatus } from "../../brokers/adapter.ts"
import type { Broker } from "../../brokers/broker.ts"
import type { MarketHours } from "../../market/hours.ts"
import { epochOf, monotonicOf } from "../../kit/monotonic.ts"
import type { BrokerMetrics } from "../metrics.ts"
import type { BrokerStream, SubscriptionPlanner } from "../subscriptions/planner.ts"
import type { HealthCheck } from "./healthCheck.ts"
import type { Lapse } from "./lapse.ts"
import type { Reported } from "./report.ts"
import type { RestartIntensity } from "./restartIntensity.ts"
import { stateOf } from "./sessionState.ts"

/** Whether the session is to be connected. Touched by its actor only. */
export interface RunState {
  running: boolean
  /** Why nothing is tried for a while. */
  unavailable: string | undefined
}

export interface SessionStatusOptions {
  readonly broker: Broker
  readonly user: string
  readonly streams: ReadonlyArray<BrokerStream>
  readonly planner: SubscriptionPlanner
  readonly state: RunState
  readonly healthCheck: HealthCheck
  readonly restarts: RestartIntensity
  readonly lapse: Lapse
  readonly hours: MarketHours
  readonly count: BrokerMetrics
  readonly clock: Clock
}

export interface SessionStatus {
  readonly now: () => AdapterStatus
  readonly inFull: () => Reported
  /** The number of connections that are up may have changed. */
  readonly countConnections: () => void
  /** The session ends. */
  readonly ended: () => void
}

export const makeSessionStatus = (options: SessionStatusOptions): SessionStatus => {
  const { broker, clock, count, healthCheck, hours, lapse, planner, restarts, state, streams, user } = options
  const now = monotonicOf(clock)

  const mainState = () =>
    state.unavailable === undefined
      ? // A deep stream that is down costs its readers levels, not prices.
        stateOf(
          planner.connections.filter(({ stream }) => stream === 0),
          state.running
        )
      : { state: "unavailable" as const, reason: state.unavailable }

  const status = (): AdapterStatus => ({
    broker: broker.name,
    ...mainState(),
    connections: planner.connections.filter((s) => s.state.tag === "up").length,
    instruments: planner.subscriptions.size
  })

  return {
    now: status,
    inFull: () => {
      const { reason, state } = status()
      return {
        user,
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
    },
    countConnections: () => {
      const up = planner.connections.filter(({ state }) => state.tag === "up")
      count.connections(up.length)
      const delivers = up.some(({ stream }) => stream === 0)
      lapse.note(restarts, delivers, now())
    },
    ended: () => lapse.note(restarts, false, now())
  }
}
