/** Tells what happens to a session: to the bus (in order with the frames), the log and the metrics, each in one place. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { FrameBus } from "../../bus/frameBus.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import type { Decision, FeedEvent } from "../../market/feedEvent.ts"
import { epochOf } from "../../market/monotonic.ts"
import type { Line } from "../subscriptions/upstreamSubscription.ts"
import type { BrokerMetrics } from "../metrics.ts"
import { nameAndMode } from "../feed/subscriptionUpdates.ts"
import type { Slot } from "../subscriptions/pool.ts"
import type { Supervisor } from "./restartIntensity.ts"

type Payload<E> = E extends FeedEvent ? Omit<E, "user" | "broker" | "at"> : never

export interface HeraldOptions {
  readonly broker: string
  readonly user: () => string
  readonly count: BrokerMetrics
  readonly supervisor: Supervisor
  readonly bus: Pick<FrameBus["Service"], "tell">
  /** Publishes what waits, so that an event never overtakes a tick. */
  readonly flush: () => void
}

export interface Herald {
  readonly down: (slot: Slot, failure: ConnectionFailure) => void
  /** @param back `gapMs` is undefined where there was no feed before */
  readonly up: (
    slot: Slot,
    back: { readonly gapMs: number | undefined; readonly restored: number; readonly failed: number }
  ) => void
  readonly parked: (reason: string) => void
  readonly stale: (lines: ReadonlyArray<Line>) => void
  readonly fresh: (lines: ReadonlyArray<Line>) => void
  readonly confirmed: (lines: ReadonlyArray<Line>) => void
  readonly failed: (lines: ReadonlyArray<Line>) => void
  readonly decided: (decision: Decision, cause: string, connection?: number) => Effect.Effect<void>
}

const nameOnly = ({ entry }: Line) => ({ symbol: entry.symbol, exchange: entry.exchange })

/** Decisions of every day, and those that a person should read about. */
const everyday: ReadonlySet<Decision> = new Set(["restart_connection", "resume", "rebalance"])

export const makeHerald = Effect.fnUntraced(function* (options: HeraldOptions): Effect.fn.Return<Herald> {
  const { broker, bus, count, flush, supervisor, user } = options
  const clock = yield* Clock.Clock

  const tell = (payload: Payload<FeedEvent>): void => {
    flush()
    count.event(payload.type)
    bus.tell({ ...payload, user: user(), broker, at: clock.currentTimeMillisUnsafe() } as FeedEvent)
  }
  const about = <L>(lines: ReadonlyArray<Line>, each: (line: Line) => L): ReadonlyArray<L> | undefined =>
    lines.length === 0 ? undefined : lines.map(each)

  return {
    down: (slot, failure) =>
      tell({
        type: "feed_down",
        connection: slot.id,
        cause: failure._tag,
        detail: failure.message,
        since: epochOf(clock, slot.downSince)
      }),
    up: (slot, { failed, gapMs, restored }) =>
      tell({
        type: "feed_up",
        connection: slot.id,
        ...(gapMs === undefined ? {} : { gap_ms: gapMs }),
        restored,
        failed
      }),
    parked: (reason) => tell({ type: "waiting_for_login", reason }),
    stale: (lines) => {
      const instruments = about(lines, (line) => ({
        ...nameOnly(line),
        ...(line.lastTickAt === 0 ? {} : { last_tick: epochOf(clock, line.lastTickAt) })
      }))
      if (instruments !== undefined) tell({ type: "stale", instruments })
    },
    fresh: (lines) => {
      const instruments = about(lines, nameOnly)
      if (instruments !== undefined) tell({ type: "fresh", instruments })
    },
    confirmed: (lines) => {
      const instruments = about(lines, nameAndMode)
      if (instruments !== undefined) tell({ type: "subscription_confirmed", instruments })
    },
    failed: (lines) => {
      const instruments = about(lines, (line) => ({ ...nameAndMode(line), reason: line.failure ?? "" }))
      if (instruments !== undefined) tell({ type: "subscription_failed", instruments })
    },
    decided: (decision, cause, connection) =>
      Effect.suspend(() => {
        supervisor.note(decision, cause, clock.currentTimeMillisUnsafe(), connection)
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
