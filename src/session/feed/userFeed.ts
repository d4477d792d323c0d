/**
 * One user's feed: the adapter of the user's broker, and its replacement when the user changes brokers. Readers stay
 * attached and see only that their market frames name another broker.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { messageOf } from "../../kit/messageOf.ts"
import type { BrokerAdapter, ReaderSubscription } from "../../brokers/adapter.ts"
import type { FeedInfo } from "../../bus/feed.ts"
import { FeedError } from "../../bus/feed.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import type { SubscriptionFailed } from "../../market/feedEvent.ts"
import type { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"
import { nameOf } from "../../market/instrument.ts"
import type { LastTick, SubscribeRequest } from "../../market/subscription.ts"
import { withoutPaths } from "../../kit/withoutPaths.ts"
import { Users } from "../../store/users/users.ts"
import { bareStatus, noBroker } from "./offlineStatus.ts"
import type { AdapterOptions, AdapterServices } from "../factory.ts"
import { createAdapter } from "../factory.ts"
import { Lapse } from "../health/lapse.ts"

export interface UserFeedOptions extends AdapterOptions {
  /**
   * How long the first reader waits for the outcome of the first connection attempt. Existing clients wait five
   * seconds for the answer to their login and never retry.
   */
  readonly firstAttempt: Duration.Input
  /** How often a change of broker that failed is tried again, if nothing about the user changes before. */
  readonly retryEvery: Duration.Input
}

/** Readers come and go, charts above all: waiting a few seconds spares the broker most of the requests. */
const LINGER_MS = 3000

export const defaultUserFeed: UserFeedOptions = {
  firstAttempt: "2 seconds",
  retryEvery: "1 second",
  lingerMs: LINGER_MS
}

type Adapter = BrokerAdapter["Service"]

export interface UserFeed {
  /**
   * Runs `f` with the current adapter. `f` and a change of broker wait for each other. If the adapter dies, this
   * user's feed fails with an error.
   */
  readonly use: <A, E>(f: (adapter: Adapter) => Effect.Effect<A, E>) => Effect.Effect<A, E | FeedError>
  /** Replaces the current adapter if it no longer answers. */
  readonly revive: Effect.Effect<void, FeedError>
  readonly info: Effect.Effect<FeedInfo, FeedError>
  /** Never fails: an adapter that cannot report its status is unavailable. This and the two below wait for no other request. */
  readonly report: Effect.Effect<FeedStatus>
  readonly inspect: (exchange: string, symbol: string) => Effect.Effect<InstrumentStatus, FeedError>
  readonly last: (
    requests: ReadonlyArray<SubscribeRequest>
  ) => Effect.Effect<ReadonlyArray<LastTick>, FeedError>
}

/** An embedder's adapter may never answer, and requests behind it would wait. */
const PATIENCE = "30 seconds"

const brokerOf = Effect.fnUntraced(function* (user: string) {
  const users = yield* Users
  const { broker } = yield* Effect.suspend(() => users.get(user)).pipe(
    Effect.mapError((error) => new FeedError({ code: "BROKER_ERROR", detail: error.message })),
    Effect.catchDefect((defect) =>
      Effect.andThen(
        Effect.logError("the user could not be looked up", defect),
        Effect.fail(
          new FeedError({ code: "BROKER_ERROR", detail: "the user could not be looked up, see the log" })
        )
      )
    )
  )
  if (broker !== undefined) return broker
  return yield* new FeedError({
    code: "BROKER_ERROR",
    detail: noBroker(user)
  })
})

/**
 * Logs what an adapter dies of and turns it into an error of this feed, as for an answer that never comes. Whatever
 * one adapter does wrong, the other users' feeds keep running.
 */
const contained =
  (code: FeedError["code"], user: string, broker: string, what: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | FeedError, R> =>
    Effect.catchCause(answered(self, code, broker), (cause): Effect.Effect<A, E | FeedError> => {
      if (!Cause.hasDies(cause)) return Effect.failCause(cause)
      return Effect.andThen(
        Effect.annotateLogs(Effect.logError(`the adapter of ${broker} ${what}`, cause), { user, broker }),
        Effect.fail(
          new FeedError({ code, detail: `the adapter of ${broker} ${what}: internal fault, see the log` })
        )
      )
    })

const answered = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  code: FeedError["code"],
  broker: string
): Effect.Effect<A, E | FeedError, R> =>
  Effect.timeoutOrElse(self, {
    duration: PATIENCE,
    orElse: () =>
      Effect.fail(
        new FeedError({ code, detail: `the adapter of ${broker} does not answer within ${PATIENCE}` })
      )
  })

/**
 * Builds, initialises and starts an adapter in the scope. Waits briefly for the outcome of the first attempt.
 *
 * @param complete fails if credentials are missing; without it the adapter waits for them
 */
const start = Effect.fnUntraced(function* (
  user: string,
  broker: string,
  options: UserFeedOptions,
  complete: boolean
) {
  const adapter = yield* createAdapter(broker, options).pipe(
    Effect.tapError((error) =>
      error._tag === "BrokerLoadFailed" ? Effect.logError(error.message) : Effect.void
    ),
    Effect.mapError(
      (error) =>
        new FeedError({
          code: "BROKER_INIT_ERROR",
          // The reason that an import fails may name files, and clients read this.
          detail: withoutPaths(error.message)
        })
    )
  )
  yield* Effect.catch(adapter.initialise({ user }), (error) =>
    // The error's own message says what is missing: a broker is set, so a text about having no broker would mislead.
    complete ? Effect.fail(new FeedError({ code: "BROKER_ERROR", detail: error.message })) : Effect.void
  )
  yield* Effect.ignore(Effect.timeoutOption(adapter.connect, options.firstAttempt))
  return adapter
})

/** Publishes what the new adapter refuses. Otherwise its readers would wait for it without a word. */
const takeOver = Effect.fnUntraced(function* (
  user: string,
  adapter: Adapter,
  subscriptions: ReadonlyArray<ReaderSubscription>
) {
  const refused = new Map<string, (typeof SubscriptionFailed.Type)["instruments"][number]>()
  for (const [reader, own] of Map.groupBy(subscriptions, (s) => s.reader)) {
    const requests = own.map((s) => s.request)
    for (const [i, result] of (yield* adapter.subscribe(requests, reader)).entries()) {
      if (result.status === "success") continue
      const { mode } = requests[i]!
      const { exchange, message, symbol } = result
      refused.set(`${nameOf(result)}/${mode}`, { symbol, exchange, mode, reason: message })
    }
  }
  if (refused.size === 0) return
  const broker = adapter.broker.name
  const names = [...refused.values()].map(nameOf).join(", ")
  yield* Effect.logWarning(`${broker} does not serve what was held before: ${names}`)
  const { tell } = yield* FrameBus
  const at = yield* Clock.currentTimeMillis
  tell({ type: "subscription_failed", user, broker, at, instruments: [...refused.values()] })
})

/** Log lines of this feed and its fibers name its user, not whichever reader came first. */
export const makeUserFeed = (user: string, options: UserFeedOptions) =>
  Effect.provideService(userFeed(user, options), References.CurrentLogAnnotations, { user })

const userFeed = Effect.fnUntraced(function* (user: string, given: UserFeedOptions) {
  const options = { ...given, lapse: new Lapse() }
  const outer = yield* Effect.scope
  const context = yield* Effect.context<Users | AdapterServices>()
  const gate = yield* Semaphore.make(1)

  const close = (scope: Scope.Closeable) =>
    Effect.catchCause(Scope.close(scope, Exit.void), (cause) =>
      Effect.logError(`an adapter could not be closed properly`, cause)
    )

  const startIn = Effect.fnUntraced(function* (broker: string, complete = false) {
    const scope = yield* Scope.fork(outer)
    const adapter = yield* start(user, broker, options, complete).pipe(
      Scope.provide(scope),
      contained("BROKER_INIT_ERROR", user, broker, "failed while it started"),
      Effect.onError(() => close(scope))
    )
    return { adapter, scope, setting: broker.toLowerCase() }
  })

  // Subscribe before the first look, so that no change in between is missed.
  const changed = yield* (yield* Users).changesOf(user)
  let current = yield* startIn(yield* brokerOf(user))
  /** The broker to change to, and why the change has not happened yet. */
  let awaited: string | undefined
  let complaint: string | undefined

  /** The new adapter takes over the old one's subscriptions. If it cannot start, the old one stays. */
  const follow = Effect.gen(function* () {
    const broker = yield* brokerOf(user)
    const setting = broker.toLowerCase()
    // Compare the setting, not the adapter's own name: a module may be registered under another name.
    if (setting === current.setting) {
      awaited = undefined
      complaint = undefined
      return
    }
    if (setting !== awaited) {
      awaited = setting
      yield* Effect.logInfo(`the user changes from ${current.adapter.broker.name} to ${broker}`)
    }
    // Do not give up a working broker for one whose credentials are still missing.
    const { state } = yield* current.adapter.status
    const next = yield* startIn(broker, state === "connected" || state === "reconnecting")
    const previous = current
    yield* gate.withPermits(1)(
      Effect.gen(function* () {
        yield* takeOver(user, next.adapter, yield* previous.adapter.subscriptions)
        current = next
      })
    )
    yield* close(previous.scope)
  }).pipe(
    Effect.catchCause((cause) => {
      // It is tried again until it works or the setting changes, so log it once.
      const failure = Cause.squash(cause)
      const text = messageOf(failure)
      if (text === complaint || Cause.hasInterruptsOnly(cause)) return Effect.void
      complaint = text
      const { name } = current.adapter.broker
      const message = `the feed stays at ${name}: ${text}`
      return Cause.hasDies(cause) ? Effect.logWarning(message, cause) : Effect.logWarning(message)
    })
  )

  const due = Effect.suspend(() =>
    complaint === undefined ? changed : Effect.raceFirst(changed, Effect.sleep(options.retryEvery))
  )
  yield* Effect.andThen(due, follow).pipe(Effect.forever, Effect.forkIn(outer))

  const revive = gate.withPermits(1)(
    Effect.gen(function* () {
      const { adapter, scope } = current
      const silent = () => Effect.die(new Error(`it does not answer within ${PATIENCE}`))
      const alive = yield* Effect.exit(
        Effect.timeoutOrElse(adapter.status, { duration: PATIENCE, orElse: silent })
      )
      if (Exit.isSuccess(alive) || !Cause.hasDies(alive.cause)) return
      yield* Effect.logError(
        `the session at ${adapter.broker.name} has died and is replaced by a new one`,
        alive.cause
      )
      const subscriptions = yield* Effect.exit(
        answered(adapter.subscriptions, "BROKER_ERROR", adapter.broker.name)
      )
      // It may still use the login.
      yield* close(scope)
      current = yield* startIn(yield* brokerOf(user))
      if (Exit.isSuccess(subscriptions)) yield* takeOver(user, current.adapter, subscriptions.value)
    }).pipe(Effect.provideContext(context))
  )

  const use: UserFeed["use"] = (f) =>
    gate.withPermits(1)(
      Effect.suspend(() =>
        Effect.suspend(() => f(current.adapter)).pipe(
          contained("BROKER_ERROR", user, current.adapter.broker.name, "failed on a request")
        )
      )
    )

  /** Runs at once, without waiting for other requests. */
  const peek = <A>(f: (adapter: Adapter) => Effect.Effect<A>) =>
    Effect.suspend(() => {
      const { adapter } = current
      return Effect.suspend(() => f(adapter)).pipe(
        contained("BROKER_ERROR", user, adapter.broker.name, "could not tell its state")
      )
    })

  const feed: UserFeed = {
    use,
    revive,
    info: peek(({ broker, status }) =>
      Effect.map(status, ({ reason, state }): FeedInfo => ({
        broker: broker.name,
        ...(broker.simulated === true ? { simulated: true as const } : {}),
        state,
        modes: broker.modes,
        ...(reason === undefined ? {} : { reason })
      }))
    ),
    report: Effect.catch(
      Effect.map(
        peek(({ report }) => report),
        (report) =>
          complaint === undefined || report.reason !== undefined
            ? report
            : { ...report, reason: `stays at ${report.broker}: ${withoutPaths(complaint)}` }
      ),
      (error) => Effect.sync(() => bareStatus(user, current.adapter.broker.name, "unavailable", error.detail))
    ),
    inspect: (exchange, symbol) => peek((adapter) => adapter.inspect(exchange, symbol)),
    last: (requests) => peek((adapter) => adapter.last(requests))
  }
  return feed
})
