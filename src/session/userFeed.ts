/**
 * One user's feed: the adapter of the broker that is set for the user, and its replacement when that setting
 * changes. Readers hold on to the feed and notice nothing but another broker's name in their frames.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { BrokerAdapter, Holding } from "../brokers/adapter.ts"
import { FeedError } from "../bus/feed.ts"
import { Users } from "../store/users.ts"
import type { AdapterOptions } from "./factory.ts"
import { createAdapter } from "./factory.ts"

export interface UserFeedOptions extends AdapterOptions {
  /** How long the first reader waits for the outcome of the first connection attempt. */
  readonly firstAttempt: Duration.Input
  /** How often the user's broker setting is looked at. */
  readonly watchEvery: Duration.Input
}

/** Readers come and go, charts above all: a few seconds spare the broker most of it. */
const LINGER_MS = 3000

export const defaultUserFeed: UserFeedOptions = {
  firstAttempt: "5 seconds",
  watchEvery: "1 second",
  lingerMs: LINGER_MS
}

type Adapter = BrokerAdapter["Service"]

export interface UserFeed {
  /** Runs with the adapter of the moment; a change of broker waits until it is done, and the other way round. */
  readonly use: <A, E>(f: (adapter: Adapter) => Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly adapter: () => Adapter
}

const brokerOf = Effect.fnUntraced(function* (user: string) {
  const users = yield* Users
  const { broker } = yield* Effect.mapError(
    users.get(user),
    (error) => new FeedError({ code: "BROKER_ERROR", detail: error.message })
  )
  if (broker !== undefined) return broker
  return yield* new FeedError({
    code: "BROKER_ERROR",
    detail: `No broker configuration found for user ${user}: set one with "algoways users set-broker"`
  })
})

/** Builds, initialises and starts an adapter in the scope. Waits a little for the first attempt's outcome. */
const start = Effect.fnUntraced(function* (user: string, broker: string, options: UserFeedOptions) {
  const adapter = yield* Effect.mapError(
    createAdapter(broker, options),
    (error) => new FeedError({ code: "BROKER_INIT_ERROR", detail: error.message })
  )
  yield* Effect.mapError(
    adapter.initialise({ user }),
    (error) =>
      new FeedError({
        code: "BROKER_ERROR",
        detail: `No broker configuration found for user ${user}: ${error.message}`
      })
  )
  yield* Effect.ignore(Effect.timeoutOption(adapter.connect, options.firstAttempt))
  return adapter
})

const takeOver = (adapter: Adapter, holdings: ReadonlyArray<Holding>) => {
  const byReader = Map.groupBy(holdings, (h) => h.reader)
  return Effect.forEach(
    byReader,
    ([reader, held]) =>
      adapter.subscribe(
        held.map((h) => h.request),
        reader
      ),
    { discard: true }
  )
}

export const makeUserFeed = Effect.fnUntraced(function* (user: string, options: UserFeedOptions) {
  const outer = yield* Effect.scope
  const gate = yield* Semaphore.make(1)

  const startIn = Effect.fnUntraced(function* (broker: string) {
    const scope = yield* Scope.fork(outer)
    const adapter = yield* start(user, broker, options).pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    return { adapter, scope }
  })

  let current = yield* startIn(yield* brokerOf(user))

  /** The new adapter takes over what the old one holds; if it cannot start, the old one stays. */
  const follow = Effect.gen(function* () {
    const broker = (yield* brokerOf(user)).toLowerCase()
    if (broker === current.adapter.broker.name) return
    yield* Effect.logInfo(`user ${user} changes from ${current.adapter.broker.name} to ${broker}`)
    const next = yield* startIn(broker)
    const previous = current
    yield* gate.withPermits(1)(
      Effect.gen(function* () {
        yield* takeOver(next.adapter, yield* previous.adapter.holdings)
        current = next
      })
    )
    yield* Scope.close(previous.scope, Exit.void)
  }).pipe(Effect.catchCause((cause) => Effect.logWarning(`user ${user}: the broker was not changed`, cause)))

  yield* follow.pipe(Effect.delay(options.watchEvery), Effect.repeat(Schedule.forever), Effect.forkIn(outer))

  const feed: UserFeed = {
    use: (f) => gate.withPermits(1)(Effect.suspend(() => f(current.adapter))),
    adapter: () => current.adapter
  }
  return feed
})
