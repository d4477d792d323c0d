/**
 * What a session does once a second on its own: it judges its connections, requests silent instruments again, and
 * closes connections that are no longer needed. Runs in the session's actor.
 */
import * as Effect from "effect/Effect"
import type { Exchange } from "../../market/exchange.ts"
import { ConnectionLost } from "../../market/errors.ts"
import type { MarketHours } from "../../market/hours.ts"
import type { BrokerStream, SubscriptionPlanner, WireActions } from "../subscriptions/planner.ts"
import type { FeedEventPublisher } from "./feedEventPublisher.ts"
import type { Leftover, PooledConnection, SubscriptionChange, UpstreamSubscription } from "../model.ts"
import { GOES_ON_MS } from "../subscriptions/leftovers.ts"
import type { SubscriptionUpdates } from "../feed/subscriptionUpdates.ts"
import { judge, tickLimits } from "./watchdog.ts"

/** After this time a second connection takes over even without a tick: the instrument may simply be quiet. */
const MOVE_WITHIN_MS = 10_000
/** Connections are not emptied more often than this: there is no benefit in closing one in a hurry. */
const REBALANCE_EVERY_MS = 30_000

export interface HealthCheckOptions {
  readonly planner: SubscriptionPlanner
  readonly streams: ReadonlyArray<BrokerStream>
  readonly hours: MarketHours
  readonly events: FeedEventPublisher
  readonly updates: SubscriptionUpdates
  readonly carryOut: (actions: WireActions) => Effect.Effect<void>
  readonly rebalanceEveryMs?: number
}

export interface HealthCheck {
  /** @param time the time of day, for the calendar */
  readonly look: (now: number, time: number) => Effect.Effect<void>
  /** Why no ticks are due, as of the last check. Undefined: ticks are due. */
  readonly quietBecause: () => string | undefined
  /** A connection ended: instruments that were moving from or to it stay on the other one. */
  readonly ended: (connection: PooledConnection) => void
  /** These tick on their new connections. */
  readonly arrived: (upstreams: ReadonlyArray<UpstreamSubscription>) => Effect.Effect<void>
}

/** The first names, for log lines. */
const namesOf = ([first, ...others]: ReadonlyArray<Leftover>): string =>
  `${first?.instrument.name ?? ""}${first?.now === undefined ? "" : ` in ${first.want.mode} mode`}${others.length === 0 ? "" : ` and ${others.length} more`}`

export const makeHealthCheck = (options: HealthCheckOptions): HealthCheck => {
  const { carryOut, planner, streams, events, hours } = options
  const limits = streams.map(({ broker }) => tickLimits(broker))
  const ticksBefore = new WeakMap<PooledConnection, number>()
  let moving: Array<{ readonly upstream: UpstreamSubscription; readonly until: number }> = []
  let lookedAt = 0
  let rebalancedAt = -Infinity
  let quiet: string | undefined = "nothing is connected"

  const closedAt = (time: number) => {
    const known = new Map<Exchange, string | undefined>()
    return (exchange: Exchange): string | undefined => {
      if (known.has(exchange)) return known.get(exchange)
      const { open, why } = hours.at(exchange, time)
      const reason = open ? undefined : `${exchange} is closed: ${why}`
      known.set(exchange, reason)
      return reason
    }
  }

  const resend = (
    connection: PooledConnection,
    upstreams: ReadonlyArray<UpstreamSubscription>,
    now: number
  ): void => {
    if (connection.state.tag !== "up") return
    const changes: Array<SubscriptionChange> = []
    for (const upstream of upstreams) {
      upstream.resends++
      upstream.resentAt = now
      changes.push({ instrument: upstream.instrument, from: undefined, to: upstream.want, again: true })
    }
    connection.state.link.request(changes)
  }

  const watch = (
    connection: PooledConnection,
    now: number,
    elapsedMs: number,
    closed: (e: Exchange) => string | undefined
  ) =>
    Effect.suspend(() => {
      if (connection.state.tag !== "up") return Effect.void
      const before = ticksBefore.get(connection) ?? connection.ticks
      ticksBefore.set(connection, connection.ticks)
      if (connection.connectsWithoutTick > 0 && connection.clocks.tick >= connection.since)
        connection.connectsWithoutTick = 0
      const verdict = judge(connection, connection.ticks - before, {
        now,
        elapsedMs,
        limits: limits[connection.stream]!,
        closed
      })
      if (connection.stream === 0 && (verdict.due || quiet !== undefined)) {
        quiet = verdict.due ? undefined : verdict.quietBecause
      }
      if (verdict.mute !== undefined) {
        if (connection.clocks.tick < connection.since) connection.connectsWithoutTick++
        else connection.silentConnects++
        connection.state.link.fail(new ConnectionLost({ detail: verdict.mute }))
        return events.decided("replace_connection", verdict.mute, connection.id)
      }
      for (const upstream of verdict.silenced) upstream.stale = true
      events.stale(verdict.silenced)
      resend(connection, verdict.resend, now)
      const silent = verdict.resend.filter((upstream) => upstream.stale)
      return silent.length === 0
        ? Effect.void
        : events.decided("resend", `${silent.length} instruments are silent while others flow`, connection.id)
    })

  /** What the broker keeps sending after it was given up. */
  const tidy = (connection: PooledConnection, now: number) =>
    Effect.suspend(() => {
      if (connection.state.tag !== "up") return Effect.void
      const { again, stubborn } = connection.leftovers.tidy(now)
      if (stubborn.length > 0) {
        const why = `given up twice and still ticking: ${namesOf(stubborn)}`
        connection.state.link.fail(new ConnectionLost({ detail: why }))
        return events.decided("replace_connection", why, connection.id)
      }
      if (again.length === 0) return Effect.void
      connection.state.link.request(
        again.map(({ instrument, now, want }) => ({ instrument, from: want, to: now?.want, again: true }))
      )
      const why = `given up ${GOES_ON_MS / 1000} s ago and still ticking: ${namesOf(again)}`
      return events.decided("unsubscribe_again", why, connection.id)
    })

  /** Moves that take too long are completed without a tick. */
  const overdueMoves = (now: number): ReadonlyArray<UpstreamSubscription> => {
    const late = moving.filter(({ until }) => now >= until).map(({ upstream }) => upstream)
    for (const upstream of late) planner.pool(upstream.connection).finishMove(upstream)
    return late
  }

  const arrived = (upstreams: ReadonlyArray<UpstreamSubscription>): Effect.Effect<void> => {
    if (upstreams.length === 0) return Effect.void
    const gone = new Set(upstreams)
    moving = moving.filter(({ upstream }) => !gone.has(upstream))
    return carryOut(planner.finishRebalance(upstreams))
  }

  const rebalance = (now: number): Effect.Effect<void> => {
    moving = moving.filter(({ upstream }) => upstream.next !== undefined)
    if (moving.length > 0 || now - rebalancedAt < (options.rebalanceEveryMs ?? REBALANCE_EVERY_MS))
      return Effect.void
    const { upstreams, actions } = planner.startRebalance()
    if (upstreams.length === 0) return Effect.void
    rebalancedAt = now
    moving = upstreams.map((upstream) => ({ upstream, until: now + MOVE_WITHIN_MS }))
    return Effect.andThen(
      events.decided(
        "rebalance",
        `moving ${upstreams.length} instruments off a connection that is not needed`
      ),
      carryOut(actions)
    )
  }

  return {
    look: Effect.fnUntraced(function* (now, time) {
      const elapsedMs = lookedAt === 0 ? 1000 : Math.max(1, now - lookedAt)
      lookedAt = now
      const closed = closedAt(time)
      const { connections } = planner
      quiet = "nothing is connected"
      for (const connection of connections) {
        yield* watch(connection, now, elapsedMs, closed)
        yield* tidy(connection, now)
      }
      yield* arrived(overdueMoves(now))
      yield* rebalance(now)
    }),
    quietBecause: () => quiet,
    ended: (connection) => {
      for (const { upstream } of moving) {
        if (upstream.next?.connection === connection) planner.pool(connection).cancelMove(upstream)
        else if (upstream.connection === connection) planner.pool(connection).finishMove(upstream)
      }
    },
    arrived
  }
}
