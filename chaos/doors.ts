/** The two ways in: the Feed, as the gateway has it, and an adapter, as an embedding application has it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Feed } from "../src/bus/feed.ts"
import type { FeedStatus, InstrumentStatus } from "../src/market/feedStatus.ts"
import type {
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../src/market/subscription.ts"
import type { Tick } from "../src/market/tick.ts"
import type { AdapterOptions, AdapterServices } from "../src/session/factory.ts"
import { createAdapter } from "../src/session/factory.ts"

export interface Doors {
  readonly subscribe: (
    reader: string,
    requests: ReadonlyArray<SubscribeRequest>
  ) => Effect.Effect<ReadonlyArray<SubscribeResult>>
  readonly unsubscribe: (
    reader: string,
    requests: ReadonlyArray<UnsubscribeRequest>
  ) => Effect.Effect<ReadonlyArray<UnsubscribeResult>>
  readonly release: (reader: string) => Effect.Effect<void>
  readonly report: Effect.Effect<FeedStatus>
  readonly inspect: (exchange: string, symbol: string) => Effect.Effect<InstrumentStatus>
}

export const feedDoors = (user: string): Effect.Effect<Doors, never, Feed> =>
  Effect.map(Feed, (feed): Doors => {
    const attached = new Set<string>()
    /** A feed that is not connected takes subscriptions all the same. */
    const attach = (reader: string) =>
      Effect.suspend(() => {
        if (attached.has(reader)) return Effect.void
        attached.add(reader)
        return Effect.asVoid(Effect.orDie(feed.attach(user, reader)))
      })
    return {
      subscribe: (reader, requests) =>
        Effect.andThen(attach(reader), Effect.orDie(feed.subscribe(user, reader, requests))),
      unsubscribe: (reader, requests) =>
        Effect.andThen(attach(reader), Effect.orDie(feed.unsubscribe(user, reader, requests))),
      release: (reader) =>
        Effect.suspend(() => {
          attached.delete(reader)
          return feed.release(user, reader)
        }),
      report: Effect.orDie(feed.status(user)),
      inspect: (exchange, symbol) => Effect.orDie(feed.instrument(user, exchange, symbol))
    }
  })

export const adapterDoors = (
  broker: string,
  user: string,
  options: AdapterOptions,
  onTick: (tick: Tick) => void
): Effect.Effect<Doors, never, AdapterServices | Scope.Scope> =>
  Effect.gen(function* () {
    const adapter = yield* createAdapter(broker, options)
    yield* adapter.ticks.pipe(
      Stream.runForEach((tick) => Effect.sync(() => onTick(tick))),
      Effect.forkScoped
    )
    yield* adapter.initialise({ user })
    // A busy machine may lose the first connection; the session tries again by itself, and is held to that.
    yield* Effect.catchTag(adapter.connect, "ConnectionLost", () => Effect.void)
    return {
      subscribe: (reader, requests) => adapter.subscribe(requests, reader),
      unsubscribe: (reader, requests) => adapter.unsubscribe(requests, reader),
      release: adapter.release,
      report: adapter.report,
      inspect: adapter.inspect
    } satisfies Doors
  }).pipe(Effect.orDie)
