/**
 * What a session does by itself once a second: judges its connections, asks again for what is silent, and closes
 * connections that are not needed any more. Runs in the session's actor.
 */
import * as Effect from "effect/Effect"
import type { Exchange } from "../../market/exchange.ts"
import { ConnectionLost } from "../../market/errors.ts"
import type { MarketHours } from "../../market/hours.ts"
import type { Desk, Feed, Orders } from "../subscriptions/planner.ts"
import type { Herald } from "./feedEventPublisher.ts"
import type { Leftover } from "../subscriptions/leftovers.ts"
import { GOES_ON_MS } from "../subscriptions/leftovers.ts"
import type { Line } from "../subscriptions/upstreamSubscription.ts"
import type { News } from "../feed/subscriptionUpdates.ts"
import type { Slot } from "../subscriptions/pool.ts"
import type { EntryChange } from "../subscriptions/subscriptions.ts"
import { judge, tickLimits } from "./watchdog.ts"

/** A second place that does not tick takes over all the same after this: the instrument may simply be quiet. */
const MOVE_WITHIN_MS = 10_000
/** Connections are not emptied oftener than this: closing one in a hurry gains nobody anything. */
const REBALANCE_EVERY_MS = 30_000

export interface CareOptions {
  readonly desk: () => Desk
  readonly feeds: ReadonlyArray<Feed>
  readonly hours: MarketHours
  readonly herald: Herald
  readonly news: News
  readonly carryOut: (orders: Orders) => Effect.Effect<void>
  readonly rebalanceEveryMs?: number
}

export interface Care {
  /** @param time the time of day, for the calendar */
  readonly look: (now: number, time: number) => Effect.Effect<void>
  /** Why no ticks are due; undefined: they are. As of the last look. */
  readonly quietBecause: () => string | undefined
  /** A connection ended: instruments that were on their way from or to it stay at the other end. */
  readonly ended: (slot: Slot) => void
  /** These tick at their new places. */
  readonly arrived: (lines: ReadonlyArray<Line>) => Effect.Effect<void>
}

/** The first of them, for people. */
const namesOf = ([first, ...others]: ReadonlyArray<Leftover>): string =>
  `${first?.entry.name ?? ""}${first?.now === undefined ? "" : ` in ${first.want.mode} mode`}${others.length === 0 ? "" : ` and ${others.length} more`}`

export const makeCare = (options: CareOptions): Care => {
  const { carryOut, desk, feeds, herald, hours } = options
  const limits = feeds.map(({ broker }) => tickLimits(broker))
  const ticksBefore = new WeakMap<Slot, number>()
  let moving: Array<{ readonly line: Line; readonly until: number }> = []
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

  const resend = (slot: Slot, lines: ReadonlyArray<Line>, now: number): void => {
    if (slot.state.tag !== "up") return
    const changes: Array<EntryChange> = []
    for (const line of lines) {
      line.resends++
      line.resentAt = now
      changes.push({ entry: line.entry, from: undefined, to: line.want, again: true })
    }
    slot.state.link.request(changes)
  }

  const watch = (slot: Slot, now: number, elapsedMs: number, closed: (e: Exchange) => string | undefined) =>
    Effect.suspend(() => {
      if (slot.state.tag !== "up") return Effect.void
      const before = ticksBefore.get(slot) ?? slot.ticks
      ticksBefore.set(slot, slot.ticks)
      if (slot.mutes > 0 && slot.clocks.tick >= slot.since) slot.mutes = 0
      const verdict = judge(slot, slot.ticks - before, { now, elapsedMs, limits: limits[slot.feed]!, closed })
      if (slot.feed === 0 && (verdict.due || quiet !== undefined)) {
        quiet = verdict.due ? undefined : verdict.quietBecause
      }
      if (verdict.mute !== undefined) {
        if (slot.clocks.tick < slot.since) slot.mutes++
        else slot.silences++
        slot.state.link.fail(new ConnectionLost({ detail: verdict.mute }))
        return herald.decided("replace_connection", verdict.mute, slot.id)
      }
      for (const line of verdict.silenced) line.stale = true
      herald.stale(verdict.silenced)
      resend(slot, verdict.resend, now)
      const silent = verdict.resend.filter((line) => line.stale)
      return silent.length === 0
        ? Effect.void
        : herald.decided("resend", `${silent.length} instruments are silent while others flow`, slot.id)
    })

  /** What the broker goes on sending although it was given up. */
  const tidy = (slot: Slot, now: number) =>
    Effect.suspend(() => {
      if (slot.state.tag !== "up") return Effect.void
      const { again, stubborn } = slot.leftovers.tidy(now)
      if (stubborn.length > 0) {
        const why = `given up twice and still ticking: ${namesOf(stubborn)}`
        slot.state.link.fail(new ConnectionLost({ detail: why }))
        return herald.decided("replace_connection", why, slot.id)
      }
      if (again.length === 0) return Effect.void
      slot.state.link.request(
        again.map(({ entry, now, want }) => ({ entry, from: want, to: now?.want, again: true }))
      )
      const why = `given up ${GOES_ON_MS / 1000} s ago and still ticking: ${namesOf(again)}`
      return herald.decided("unsubscribe_again", why, slot.id)
    })

  /** Those that took too long are taken over as they are. */
  const overdueMoves = (now: number): ReadonlyArray<Line> => {
    const late = moving.filter(({ until }) => now >= until).map(({ line }) => line)
    for (const line of late) desk().pool(line.slot).finishMove(line)
    return late
  }

  const arrived = (lines: ReadonlyArray<Line>): Effect.Effect<void> => {
    if (lines.length === 0) return Effect.void
    const gone = new Set(lines)
    moving = moving.filter(({ line }) => !gone.has(line))
    return carryOut(desk().finishRebalance(lines))
  }

  const rebalance = (now: number): Effect.Effect<void> => {
    moving = moving.filter(({ line }) => line.next !== undefined)
    if (moving.length > 0 || now - rebalancedAt < (options.rebalanceEveryMs ?? REBALANCE_EVERY_MS))
      return Effect.void
    const { lines, orders } = desk().startRebalance()
    if (lines.length === 0) return Effect.void
    rebalancedAt = now
    moving = lines.map((line) => ({ line, until: now + MOVE_WITHIN_MS }))
    return Effect.andThen(
      herald.decided("rebalance", `moving ${lines.length} instruments off a connection that is not needed`),
      carryOut(orders)
    )
  }

  return {
    look: Effect.fnUntraced(function* (now, time) {
      const elapsedMs = lookedAt === 0 ? 1000 : Math.max(1, now - lookedAt)
      lookedAt = now
      const closed = closedAt(time)
      const { slots } = desk()
      quiet = "nothing is connected"
      for (const slot of slots) {
        yield* watch(slot, now, elapsedMs, closed)
        yield* tidy(slot, now)
      }
      yield* arrived(overdueMoves(now))
      yield* rebalance(now)
    }),
    quietBecause: () => quiet,
    ended: (slot) => {
      for (const { line } of moving) {
        if (line.next?.slot === slot) desk().pool(slot).cancelMove(line)
        else if (line.slot === slot) desk().pool(slot).finishMove(line)
      }
    },
    arrived
  }
}
