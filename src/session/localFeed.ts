/**
 * The Feed in this process: one session per user, started when the first reader attaches and closed a while
 * after the last one left.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import type { BrokerAdapter } from "../brokers/adapter.ts"
import { BrokerRegistry } from "../brokers/registry.ts"
import type { FeedInfo } from "../bus/feed.ts"
import { Feed, FeedError } from "../bus/feed.ts"
import type { UserFeed, UserFeedOptions } from "./userFeed.ts"
import { defaultUserFeed, makeUserFeed } from "./userFeed.ts"

export interface LocalFeedOptions extends Partial<UserFeedOptions> {
  /** How long a session outlives its last reader. */
  readonly idleTimeToLive?: Duration.Input
}

const infoOf = (feed: UserFeed): Effect.Effect<FeedInfo> => {
  const adapter = feed.adapter()
  return Effect.map(adapter.status, ({ reason, state }) => ({
    broker: adapter.broker.name,
    state,
    modes: adapter.broker.modes,
    ...(reason === undefined ? {} : { reason })
  }))
}

const noFeed = (user: string) =>
  Effect.fail(new FeedError({ code: "BROKER_ERROR", detail: `Broker adapter not found for user ${user}` }))

const make = Effect.fnUntraced(function* (options: LocalFeedOptions) {
  const registry = yield* BrokerRegistry
  const settings: UserFeedOptions = { ...defaultUserFeed, ...options }
  const feeds = yield* RcMap.make({
    lookup: (user: string) => makeUserFeed(user, settings),
    idleTimeToLive: options.idleTimeToLive ?? "60 seconds"
  })
  /** One hold on the user's session per attached reader; the key is the pair. */
  const readers = new Map<string, { readonly feed: UserFeed; readonly scope: Scope.Closeable }>()
  const keyOf = (user: string, reader: string) => `${user}\n${reader}`

  const attach = Effect.fnUntraced(function* (user: string, reader: string) {
    const key = keyOf(user, reader)
    const known = readers.get(key)
    if (known !== undefined) return known.feed
    const scope = yield* Scope.make()
    const feed = yield* RcMap.get(feeds, user).pipe(
      Scope.provide(scope),
      // A feed that could not start is no feed: the next reader starts a fresh attempt.
      Effect.onError(() => Effect.andThen(RcMap.invalidate(feeds, user), Scope.close(scope, Exit.void)))
    )
    // Two requests of one reader may have raced; the second hold is given back.
    if (readers.has(key)) yield* Scope.close(scope, Exit.void)
    else readers.set(key, { feed, scope })
    return feed
  })

  const withFeed = <A>(
    user: string,
    reader: string,
    f: (feed: UserFeed) => Effect.Effect<A>
  ): Effect.Effect<A, FeedError> =>
    Effect.suspend(() => {
      const known = readers.get(keyOf(user, reader))
      return known === undefined ? noFeed(user) : f(known.feed)
    })

  const feedOf = (user: string): UserFeed | undefined => {
    for (const [key, { feed }] of readers) if (key.startsWith(`${user}\n`)) return feed
    return undefined
  }
  const of = <A>(
    user: string,
    f: (adapter: BrokerAdapter["Service"]) => Effect.Effect<A>
  ): Effect.Effect<A, FeedError> => {
    const feed = feedOf(user)
    return feed === undefined ? noFeed(user) : f(feed.adapter())
  }

  const release = Effect.fnUntraced(function* (user: string, reader: string) {
    const key = keyOf(user, reader)
    const known = readers.get(key)
    if (known === undefined) return
    readers.delete(key)
    yield* known.feed.use((adapter) => adapter.release(reader))
    yield* Scope.close(known.scope, Exit.void)
  })

  yield* Effect.addFinalizer(() =>
    Effect.forEach(readers.values(), ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
  )

  return Feed.of({
    brokers: registry.names,
    attach: (user, reader) =>
      Effect.gen(function* () {
        const info = yield* infoOf(yield* attach(user, reader))
        // A session that has been connected comes back by itself: its readers need not be turned away.
        if (info.state === "connected" || info.state === "reconnecting") return info
        return yield* new FeedError({
          code: "BROKER_CONNECTION_ERROR",
          detail: `${info.broker} is not connected (${info.state}): ${info.reason ?? "no answer yet"}`
        })
      }),
    subscribe: (user, reader, requests) =>
      withFeed(user, reader, (feed) => feed.use((adapter) => adapter.subscribe(requests, reader))),
    unsubscribe: (user, reader, requests) =>
      withFeed(user, reader, (feed) => feed.use((adapter) => adapter.unsubscribe(requests, reader))),
    release,
    info: (user) =>
      Effect.suspend(() => {
        const feed = feedOf(user)
        return feed === undefined ? noFeed(user) : infoOf(feed)
      }),
    last: (user, requests) => Effect.suspend(() => of(user, (adapter) => adapter.last(requests))),
    status: (user) => Effect.suspend(() => of(user, (adapter) => adapter.report)),
    instrument: (user, exchange, symbol) =>
      Effect.suspend(() => of(user, (adapter) => adapter.inspect(exchange, symbol)))
  })
})

/** Requires the store, the registry, a transport and a bus; see `factory.ts`. */
export const layer = (options: LocalFeedOptions = {}) => Layer.effect(Feed, make(options))
