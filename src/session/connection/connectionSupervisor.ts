/**
 * The session's connections as its supervised children: one fiber each, which speaks to the session's actor by message. What
 * the sockets' callbacks learn of subscriptions goes to `subscriptionUpdates.ts` without one.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { Broker } from "../../brokers/broker.ts"
import { faultText, faultWords } from "../../bus/hooks.ts"
import type { SampledLog } from "../../bus/sampledLog.ts"
import { monotonicOf } from "../../market/monotonic.ts"
import type { WireEvent } from "../../protocols/protocol.ts"
import { keepConnected } from "./connection.ts"
import type { HookFaults } from "../containment.ts"
import { soundTap } from "../containment.ts"
import type { CredentialSource } from "./credentialSource.ts"
import type { Desk, Feed } from "../subscriptions/planner.ts"
import { reset } from "../subscriptions/upstreamSubscription.ts"
import type { Message } from "../messages.ts"
import type { BrokerMetrics } from "../metrics.ts"
import type { News } from "../feed/subscriptionUpdates.ts"
import { forget, forgetFields } from "../ticks/tickMerge.ts"
import type { Slot } from "../subscriptions/pool.ts"
import type { Publisher } from "../ticks/publisher.ts"
import type { ReconnectOptions } from "./reconnect.ts"
import type { Entry } from "../subscriptions/subscriptions.ts"
import { ConnectionTaps } from "../references.ts"
import type { ConnectionTap } from "../ticks/tap.ts"
import { Transport } from "../transport/transport.ts"
import { withoutPaths } from "../../market/withoutPaths.ts"

export interface ChildrenOptions {
  readonly broker: Broker
  readonly feeds: ReadonlyArray<Feed>
  readonly reconnect: ReconnectOptions | undefined
  readonly source: CredentialSource
  readonly desk: () => Desk
  readonly news: News
  readonly publisher: Publisher
  readonly count: BrokerMetrics
  readonly log: SampledLog
  readonly hookFaults: HookFaults
  /** Puts a message into the actor's mailbox. */
  readonly tell: (message: Message) => Effect.Effect<void>
}

export interface Children {
  /** Starts the slot's connection, in place of one that runs. */
  readonly start: (slot: Slot) => Effect.Effect<unknown>
  readonly isRunning: (slot: Slot) => Effect.Effect<boolean>
  readonly stop: (slot: Slot) => Effect.Effect<void>
  readonly stopAll: Effect.Effect<void>
  /** Asks whoever records to keep what led to this. */
  readonly alarm: (why: string) => void
}

export const makeChildren = Effect.fnUntraced(function* (
  options: ChildrenOptions
): Effect.fn.Return<Children, never, Transport | Scope.Scope> {
  const { broker, count, desk, feeds, hookFaults, log, news, publisher, reconnect, source, tell } = options
  const transport = yield* Transport
  const taps = soundTap(yield* ConnectionTaps, hookFaults("ConnectionTap"))
  const clock = yield* Clock.Clock
  const fibers = yield* FiberMap.make<number, never, never>()
  const tapOf = new Map<number, ConnectionTap>()
  const now = monotonicOf(clock)

  /** Every event but failures, in the socket's callback. */
  const onEvent = (slot: Slot, event: WireEvent): void => {
    switch (event.type) {
      case "confirmed":
        for (const instrument of event.instruments) {
          const line = slot.lines.get(instrument as Entry)
          if (line !== undefined) news.confirmed(line, "broker", now())
        }
        return
      case "refused": {
        const detail = `${event.code ?? ""} ${event.detail}`.trim()
        count.refused()
        log.warn("the broker refused a request", () => detail, { connection: slot.id })
        for (const instrument of event.instruments ?? []) {
          const line = slot.lines.get(instrument as Entry)
          if (line !== undefined) news.failed(line, detail)
        }
        return
      }
      case "notice":
        log.warn("message from the broker", () => event.text, { connection: slot.id })
    }
  }

  const start = (slot: Slot): Effect.Effect<unknown> => {
    const feed = feeds[slot.feed]!
    const partial = feed.protocol.partial === true
    const tap = taps.connection({
      user: source.user(),
      broker: broker.name,
      stream: feed.broker.name,
      connection: slot.id
    })
    tapOf.set(slot.id, tap)
    // The one before it may have ended without a word to this actor.
    for (const [entry, line] of slot.lines) {
      forget(entry, slot.feed)
      reset(line)
    }
    return FiberMap.run(
      fibers,
      slot.id,
      keepConnected({
        ...feed,
        ...(reconnect === undefined ? {} : { reconnect }),
        credentials: Effect.tap(source.read, ({ version }) =>
          Effect.sync(() => (slot.credentialsVersion = version))
        ),
        clocks: slot.clocks,
        tap,
        onHookFault: hookFaults,
        onDefect: (defect) =>
          log.error("an internal fault in a connection", () => faultText(defect), { connection: slot.id }),
        inlet: (reject, leftOut) =>
          publisher.inlet({
            slot,
            joined: feeds.length > 1 || partial,
            partial,
            levels: broker.deepFeeds?.[slot.feed - 1]?.levels,
            onReject: reject,
            onLeftOut: leftOut,
            onTicking: (at) => tap.ticked?.(at),
            onFirst: (line, at) => {
              if (line.state !== "confirmed") news.confirmed(line, "tick", at)
              if (line.stale) news.fresh(line)
              const main = line.entry.lines[slot.feed]
              if (main === undefined || main === line) return
              desk().pool(slot).finishMove(main)
              news.moved(main)
            }
          }),
        onReject: publisher.onReject,
        onLeftOut: publisher.onLeftOut,
        onFieldLeftOut: (instrument, field) => {
          if (partial) forgetFields(instrument as Entry, slot.feed, [field])
        },
        onFrame: count.frame,
        onSent: (changes, at) => {
          news.sent(slot, changes, at)
          slot.leftovers.sent(changes, at, slot.lines)
        },
        onUnwanted: (instrument, at) => slot.leftovers.ticked(instrument, at),
        onEvent: (event) => onEvent(slot, event),
        onConnecting: tell({ tag: "Connecting", slot: slot.id }),
        onUp: (link) => tell({ tag: "Up", slot: slot.id, link }),
        onDown: (failure) => tell({ tag: "Down", slot: slot.id, failure }),
        onParked: (reason) => tell({ tag: "Parked", slot: slot.id, reason }),
        onFault: (cause) => tell({ tag: "Fault", slot: slot.id, cause })
      }).pipe(
        Effect.provideService(Transport, transport),
        Effect.annotateLogs("connection", slot.id),
        // A child that dies in spite of all is a fault like any other, and started again by its handler.
        Effect.tapDefect((defect) =>
          tell({
            tag: "Fault",
            slot: slot.id,
            cause: withoutPaths(`the connection's supervisor died: ${faultWords(defect)}`)
          })
        )
      )
    )
  }

  return {
    start,
    isRunning: (slot) => FiberMap.has(fibers, slot.id),
    stop: (slot) => {
      tapOf.delete(slot.id)
      return FiberMap.remove(fibers, slot.id)
    },
    stopAll: FiberMap.clear(fibers),
    alarm: (why) => {
      for (const tap of tapOf.values()) tap.alarm(why, clock.currentTimeMillisUnsafe())
    }
  }
})
