/** What it means to the session that a connection came up, went down, or waits for a login. Runs in the session's actor. */
import * as Effect from "effect/Effect"
import type { ConnectionFailure } from "../../market/errors.ts"
import { AuthRejected } from "../../market/errors.ts"
import { modeBit } from "../../market/mode.ts"
import type { Care } from "../health/healthCheck.ts"
import type { Link } from "./connection.ts"
import type { Unusable } from "./credentialSource.ts"
import type { Herald } from "../health/feedEventPublisher.ts"
import type { Lapse } from "../health/lapse.ts"
import { reset } from "../subscriptions/upstreamSubscription.ts"
import type { BrokerMetrics } from "../metrics.ts"
import { forget } from "../ticks/tickMerge.ts"
import type { Slot, SlotState } from "../subscriptions/pool.ts"
import type { SampledLog } from "../../bus/sampledLog.ts"

export interface SlotEventsOptions {
  readonly care: Care
  readonly herald: Herald
  readonly count: BrokerMetrics
  readonly log: SampledLog
  readonly now: () => number
  readonly lapse: Lapse
  /** Answers those who wait for the outcome of the first attempt. */
  readonly settle: (outcome: Effect.Effect<void, ConnectionFailure>) => void
  /** The number of connections that are up may have changed. */
  readonly connections: () => void
}

/** Keeps the time at which a state began. */
export const enter = (slot: Slot, now: number, state: SlotState): void => {
  if (slot.state.tag !== state.tag) slot.since = now
  slot.state = state
}

export const makeSlotEvents = (options: SlotEventsOptions) => {
  const { care, connections, count, herald, lapse, log, now, settle } = options

  /** Undefined where nothing was delivered before that could be missed. */
  const gapBefore = (slot: Slot): number | undefined => {
    if (slot.hasBeenUp && slot.downSince > 0) return now() - slot.downSince
    return slot.feed === 0 ? lapse.length(now()) : undefined
  }

  const up = (slot: Slot, link: Link) => {
    enter(slot, now(), { tag: "up", link })
    const failed = [...slot.lines.values()].filter((line) => line.failure !== undefined).length
    const gapMs = gapBefore(slot)
    slot.hasBeenUp = true
    slot.leftovers.clear()
    // A fresh connection knows nothing: restore all that is wanted and not confirmed, richest first.
    const wanted = [...slot.lines].map(([entry, line]) => ({ entry, from: undefined, to: line.want }))
    wanted.sort((a, b) => modeBit[b.to.mode] - modeBit[a.to.mode] || b.to.depth - a.to.depth)
    link.request(wanted)
    settle(Effect.void)
    count.connected()
    connections()
    herald.up(slot, { gapMs, restored: wanted.length, failed })
    slot.downSince = 0
    const after = gapMs === undefined ? "" : ` after ${gapMs} ms`
    return Effect.logInfo(`connection ${slot.id} is up${after}, ${wanted.length} instruments to subscribe`)
  }

  const down = (slot: Slot, failure: ConnectionFailure) => {
    const wasUp = slot.state.tag === "up"
    care.ended(slot)
    for (const [entry, line] of slot.lines) {
      forget(entry, slot.feed)
      reset(line)
    }
    enter(slot, now(), { tag: "down", reason: failure.message })
    slot.restarts++
    if (slot.downSince === 0) slot.downSince = now()
    // Told once per gap, not for every attempt in it.
    if (wasUp || slot.restarts === 1) herald.down(slot, failure)
    settle(Effect.fail(failure))
    count.failed(failure._tag)
    connections()
    log.warn(`connection ${slot.id}`, () => failure.message, { connection: slot.id })
    return failure._tag === "Displaced"
      ? herald.decided("back_off", failure.message, slot.id)
      : wasUp
        ? herald.decided("restart_connection", failure.message, slot.id)
        : Effect.void
  }

  const parked = (slot: Slot, reason: AuthRejected | Unusable) => {
    // Clients read this. What is wrong with a secret names files: that is for the log.
    const text = reason._tag === "SecretFailed" ? reason.forClients : reason.message
    if (reason._tag === "SecretFailed")
      log.warn(`connection ${slot.id}`, () => reason.message, { connection: slot.id })
    enter(slot, now(), { tag: "parked", reason: text })
    settle(Effect.fail(reason._tag === "AuthRejected" ? reason : new AuthRejected({ detail: text })))
    herald.parked(text)
    // What is missing names the remedy itself.
    const cause =
      reason._tag === "AuthRejected"
        ? `${text}; waiting until new credentials are stored ("algoways credentials set")`
        : text
    return herald.decided("park", cause, slot.id)
  }

  return { up, down, parked }
}
