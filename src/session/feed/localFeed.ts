/**
 * The Feed in this process: one session per user. It starts when the first reader attaches and closes some time after
 * the last reader has left.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { Feed, FeedError } from "../../bus/feed.ts"
import { steady } from "../../kit/monotonic.ts"
import { makeOfflineStatus } from "./offlineStatus.ts"
import { withSoundLoggers } from "../containment.ts"
import { ClaimUser } from "../references.ts"
import type { UserFeed, UserFeedOptions } from "./userFeed.ts"
import { defaultUserFeed, makeUserFeed } from "./userFeed.ts"

export interface LocalFeedOptions extends Partial<UserFeedOptions> {
  /** How long a session outlives its last reader. */
  readonly idleTimeToLive?: Duration.Input
}

const make = Effect.fnUntraced(function* (options: LocalFeedOptions) {
  const registry = yield* BrokerRegistry
  const offline = yield* makeOfflineStatus
  /** Reports the same reason as the answer to the login, not a second one that hides it. */
  const noFeed = (user: string) =>
    Effect.flatMap(offline.whyNone(user), (detail) =>
      Effect.fail(new FeedError({ code: "BROKER_ERROR", detail }))
    )
  const settings: UserFeedOptions = { ...defaultUserFeed, ...options }
  /** Every running feed, including feeds without a reader. */
  const running = new Map<string, UserFeed>()

  const claim = yield* ClaimUser
  const startFor = Effect.fnUntraced(function* (user: string) {
    yield* claim(user)
    const feed = yield* makeUserFeed(user, settings)
    running.set(user, feed)
    offline.started(user)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (running.get(user) === feed) running.delete(user)
      })
    )
    return feed
  })
  const noteFailure = (user: string) => (error: FeedError) => offline.failed(user, error)

  /** RcMap measures idle times by the time of day. */
  const byDurations = Effect.provideService(Clock.Clock, steady(yield* Clock.Clock))

  const feeds = yield* RcMap.make({
    lookup: (user: string): ReturnType<typeof startFor> =>
      startFor(user).pipe(
        Effect.tapError(noteFailure(user)),
        // Do not keep a feed that could not start: the next reader starts a fresh attempt.
        Effect.onError(() => forget(user))
      ),
    idleTimeToLive: options.idleTimeToLive ?? "60 seconds"
  })
  const forget = (user: string): Effect.Effect<void> => RcMap.invalidate(feeds, user)

  /** One reference to the user's session per attached reader. The key is the pair. */
  const readers = new Map<string, { readonly feed: UserFeed; readonly scope: Scope.Closeable }>()
  const keyOf = (user: string, reader: string) => `${user}\n${reader}`

  const attach = Effect.fnUntraced(function* (user: string, reader: string) {
    const key = keyOf(user, reader)
    const known = readers.get(key)
    if (known !== undefined) return known.feed
    const scope = yield* Scope.make()
    const feed = yield* RcMap.get(feeds, user).pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    // Two requests of one reader may have raced; the second hold is given back.
    if (readers.has(key)) yield* byDurations(Scope.close(scope, Exit.void))
    else readers.set(key, { feed, scope })
    return feed
  })

  const withFeed = <A>(
    user: string,
    reader: string,
    f: (feed: UserFeed) => Effect.Effect<A, FeedError>
  ): Effect.Effect<A, FeedError> =>
    Effect.suspend(() => {
      const known = readers.get(keyOf(user, reader))
      return known === undefined ? noFeed(user) : f(known.feed)
    })

  const release = Effect.fnUntraced(function* (user: string, reader: string) {
    const key = keyOf(user, reader)
    const known = readers.get(key)
    if (known === undefined) return
    readers.delete(key)
    yield* Effect.ignore(known.feed.use((adapter) => adapter.release(reader))).pipe(
      Effect.ensuring(byDurations(Scope.close(known.scope, Exit.void)))
    )
  })

  yield* Effect.addFinalizer(() =>
    Effect.forEach(readers.values(), ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
  )

  return Feed.of({
    brokers: registry.names,
    attach: (user, reader) =>
      Effect.gen(function* () {
        const feed = yield* attach(user, reader)
        yield* Effect.tapError(feed.revive, noteFailure(user))
        return yield* feed.info
      }),
    subscribe: (user, reader, requests) =>
      withFeed(user, reader, (feed) => feed.use((adapter) => adapter.subscribe(requests, reader))),
    unsubscribe: (user, reader, requests) =>
      withFeed(user, reader, (feed) => feed.use((adapter) => adapter.unsubscribe(requests, reader))),
    release,
    info: (user) => Effect.suspend(() => running.get(user)?.info ?? noFeed(user)),
    last: (user, requests) => Effect.suspend(() => running.get(user)?.last(requests) ?? noFeed(user)),
    status: (user) => Effect.suspend(() => running.get(user)?.report ?? offline.status(user)),
    instrument: (user, exchange, symbol) =>
      Effect.suspend(
        () => running.get(user)?.inspect(exchange, symbol) ?? offline.instrument(user, exchange, symbol)
      )
  })
})

/** Requires the store, the registry, a transport and a bus; see `factory.ts`. */
export const layer = (options: LocalFeedOptions = {}) => Layer.effect(Feed, withSoundLoggers(make(options)))
