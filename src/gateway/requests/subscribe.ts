/**
 * Subscribes at the feed and to the gateway's topics.
 *
 * Existing clients ask only once, so the gateway accepts a subscription even without a feed. It knows the topic without
 * one: the client joins at once, and `settle` asks the feed when it is available.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed, FeedError } from "../../bus/feed.ts"
import type { MarketFrame } from "../../frame/marketFrame.ts"
import { topicOf } from "../../frame/marketFrame.ts"
import type { Mode } from "../../market/mode.ts"
import { modeNumber } from "../../market/mode.ts"
import type {
  LastTick,
  SubscribeRequest,
  SubscribeResult,
  SubscribeSuccess,
  UnsubscribeRequest
} from "../../market/subscription.ts"
import * as answers from "../messages/answerWriter.ts"
import type { Client } from "../client.ts"
import type { ClientSubscription } from "../topics/subscriptions.ts"
import { boundReached } from "../limits.ts"
import type { SubscriptionBound } from "../limits.ts"
import type { Unsubscribing } from "./unsubscribe.ts"
import type { FailedEntry, SubscribedEntry } from "../messages/answers.ts"
import type { GatewayMetrics } from "../metrics.ts"
import { refusedStatus } from "./missingFeed.ts"
import type { GatewaySettings } from "../options.ts"
import type { ModeChoice, Named, SubscribeBody } from "../messages/requestReader.ts"
import { DEFAULT_DEPTH } from "../messages/requestReader.ts"
import type { Topics, TopicSubscription, SubscriptionOptions } from "../topics/fanOut.ts"
import { snapshotFor } from "../topics/fanOut.ts"
import type { FairBatches } from "./fairBatches.ts"
import { atOnce } from "./fairBatches.ts"

export interface SubscribeDeps {
  readonly feed: Feed["Service"]
  /** The name of the user's broker, whether or not its feed is there. */
  readonly brokerOf: (user: string) => Effect.Effect<string>
  /** Epoch milliseconds. */
  readonly timeOfDay: () => number
  readonly rooms: Topics
  readonly metrics: GatewayMetrics
  readonly limits: Pick<
    GatewaySettings,
    "maxSubscriptions" | "maxSubscriptionsPerKey" | "maxSubscriptionsPerUser"
  >
  readonly batches: FairBatches
  readonly leaving: Unsubscribing
}

/** What an entry asks of the feed, or why it cannot be asked. */
const wantOf = (
  entry: SubscribeBody["entries"][number],
  { mode }: ModeChoice,
  depth: SubscribeBody["depth"]
): SubscribeRequest | string => {
  if (!entry.ok) return entry.message
  // A level behind the symbol speaks for this symbol alone, so it counts more than that of the request.
  const level = mode === "depth" ? (entry.suffixDepth ?? depth) : depth
  if (typeof level === "number") return { ...entry.instrument, mode, depth: level }
  return mode === "depth"
    ? `Invalid depth ${level.unusable}: it must be a number of levels`
    : { ...entry.instrument, mode }
}

/** The name with the feed's own symbol. */
const servedAs = (name: Named, symbol: string | undefined): Named =>
  symbol === undefined ? name : { ...name, instrument: { ...name.instrument, symbol } }

/** A known tick as the frame that it would be. Its text holds the names once before `data`. */
const lastFrame = (
  { exchange, exchanged, frame, mode, received, symbol }: LastTick,
  topicSubscription: TopicSubscription
): MarketFrame | undefined => {
  if (frame === undefined) return undefined
  const payload = Buffer.from(frame)
  const dataStart = payload.indexOf(DATA) + DATA.length
  const view = {
    topic: topicSubscription.topic.name,
    user: "",
    broker: "",
    symbol,
    exchange,
    mode,
    levels: 0
  }
  return { view, payload, dataStart, dataEnd: payload.length, received, exchanged, published: 0 }
}
const DATA = `"data":`

/** What is answered where no feed is there to judge: it is taken as it was asked for. */
const promise = (user: string, { depth = DEFAULT_DEPTH, exchange, mode, symbol }: SubscribeRequest) =>
  ({
    status: "success",
    symbol,
    exchange,
    mode,
    requested_depth: depth,
    actual_depth: depth,
    is_fallback: false,
    topic: topicOf(user, exchange, symbol, mode, depth)
  }) satisfies SubscribeSuccess

interface Joining {
  readonly name: Named
  readonly choice: ModeChoice
  readonly terms: SubscriptionOptions
  readonly topic: string
  readonly request: SubscribeRequest
}

interface Joined {
  readonly holding: ClientSubscription
  readonly request: SubscribeRequest
  /** What the feed is to be told where the client was served something else under this name. */
  readonly gone?: UnsubscribeRequest | undefined
}

/** A request that the feed has answered, and the client has not been told of yet. */
export interface RequestedSubscription {
  readonly answered: ReadonlyArray<SubscribedEntry | FailedEntry>
  readonly joins: ReadonlyArray<Joining>
  /** No feed took it. */
  readonly deferred: boolean
  readonly broker: string
  readonly mode: Mode
}

export type Subscribing = ReturnType<typeof makeSubscribing>

const requestOf = ({ depth, mode, name: { instrument } }: ClientSubscription): SubscribeRequest => ({
  ...instrument,
  mode,
  ...(depth === undefined ? {} : { depth })
})

// oxlint-disable-next-line max-lines-per-function -- the steps of a subscription, over the same parts
export const makeSubscribing = (deps: SubscribeDeps) => {
  const { brokerOf, feed, leaving, limits, metrics, rooms: topics, batches, timeOfDay } = deps

  const join = (client: Client, { choice, name, request, terms: options, topic }: Joining): Joined => {
    const { mode, tag } = choice
    const earlier = client.holdings.find(name, tag)
    const sameTerms =
      earlier?.topicSubscription.options.slow === options.slow &&
      earlier.topicSubscription.options.intervalMs === options.intervalMs
    if (earlier?.topic === topic && sameTerms) return { holding: earlier, request }
    // Other depth levels or options, or the name stands for another instrument by now. A client gets one frame per tick of
    // a name and mode number, so the new subscription replaces the earlier one.
    if (earlier !== undefined) leaving.leaveTopic(client, earlier)
    const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
    const topicSubscription = topics.subscribe(
      topic,
      { ...name.instrument, tag: modeNumber[mode] },
      spelling,
      client,
      options
    )
    const holding = { ...spelling, topic, topicSubscription, name, mode, depth: request.depth }
    return { holding, request, gone: client.holdings.put(holding) }
  }

  /**
   * Unsubscribes earlier symbols at the feed, where a name stands for another symbol by now. The feed may treat the
   * earlier symbol as an alias of the new one; the new one is then requested again.
   */
  const giveUpEarlier = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    taken: ReadonlyArray<Joined>
  ) {
    const moved = taken.flatMap(({ gone, request }) =>
      // A later entry of the same message may have subscribed to it again.
      gone === undefined || client.holdings.has(gone.symbol, gone.exchange, request.mode)
        ? []
        : [{ gone, request }]
    )
    if (moved.length === 0) return
    yield* leaving.release(
      client,
      user,
      moved.map(({ gone }) => gone)
    )
    const again = moved.filter(({ gone, request }) => gone.symbol === request.symbol)
    yield* batches
      .inBatches(again, (some) =>
        feed.subscribe(
          user,
          client.id,
          some.map(({ request }) => request)
        )
      )
      .pipe(Effect.catch((error) => Effect.logWarning(`subscribe: ${error.message}`)))
  })

  const sendSnapshot = (
    client: Client,
    topicSubscription: TopicSubscription,
    tick: LastTick | undefined
  ): void => {
    const frame = tick === undefined ? undefined : lastFrame(tick, topicSubscription)
    const payload = frame === undefined ? undefined : snapshotFor(topicSubscription, frame)
    if (frame !== undefined && payload !== undefined)
      client.delivery.snapshot(topicSubscription, payload, frame)
  }

  /** Sends the last known ticks of new subscriptions to clients that asked for snapshots at login. */
  const sendSnapshots = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    taken: ReadonlyArray<Joined>
  ) {
    yield* batches.inBatches(taken, (some) =>
      Effect.map(
        feed.last(
          user,
          some.map(({ request }) => request)
        ),
        (known) => {
          for (const [i, { holding: subscription }] of some.entries())
            sendSnapshot(client, subscription.topicSubscription, known[i])
          return []
        }
      )
    )
  })

  const boundsOf = ({ holdings: subscriptions, shares }: Client): ReadonlyArray<SubscriptionBound> => [
    {
      whose: "A client",
      held: subscriptions.count,
      most: limits.maxSubscriptions,
      limit: "subscriptions"
    },
    {
      whose: "The clients of an API key",
      held: shares?.ofKey.subscriptions ?? 0,
      most: limits.maxSubscriptionsPerKey,
      limit: "subscriptions_per_key"
    },
    {
      whose: "The clients of a user",
      held: shares?.ofUser.subscriptions ?? 0,
      most: limits.maxSubscriptionsPerUser,
      limit: "subscriptions_per_user"
    }
  ]

  /** Asks the feed for the subscriptions, batch by batch. Changes nothing for the client yet. */
  const ask = Effect.fnUntraced(function* (client: Client, user: string, body: SubscribeBody) {
    const { choice, depth, entries, terms: options } = body
    const broker = yield* brokerOf(user)
    const beyond = boundReached(client.holdings, choice, boundsOf(client))
    const refusal = (entry: Named): string | undefined => {
      const full = beyond(entry)
      const why =
        full === undefined
          ? client.spellings.take(user, entry)
          : `${full.whose} may hold ${full.most} subscriptions and holds ${full.held}`
      if (why !== undefined) metrics.limited(full?.limit ?? "spellings")
      return why
    }
    let deferred = false
    /** The feed's results; without a feed, provisional ones. */
    const request = Effect.fnUntraced(function* (requests: ReadonlyArray<SubscribeRequest>) {
      if (!deferred && requests.length > 0) {
        const taken = yield* Effect.result(feed.subscribe(user, client.id, requests))
        if (Result.isSuccess(taken)) return taken.success
        deferred = true
      }
      return requests.map((wanted): SubscribeResult => promise(user, wanted))
    })
    const joins: Array<Joining> = []
    const piece = Effect.fnUntraced(function* (some: SubscribeBody["entries"]) {
      const wants = some.map((entry) => {
        const want = wantOf(entry, choice, depth)
        return typeof want === "string" || !entry.ok ? want : (refusal(entry) ?? want)
      })
      const results = yield* request(wants.filter((want) => typeof want !== "string"))
      let next = 0
      return some.map((entry, i): SubscribedEntry | FailedEntry => {
        const { symbol, exchange } = entry
        const want = wants[i]!
        if (typeof want === "string") return answers.failedEntry(symbol, exchange, want, broker)
        const result = results[next++]
        if (!entry.ok || result?.status !== "success") {
          const message = result?.message ?? "The feed gave no answer"
          return answers.failedEntry(symbol, exchange, message, broker)
        }
        const { served_as, topic } = result
        joins.push({ name: servedAs(entry, served_as), choice, terms: options, topic, request: want })
        return answers.subscribedEntry(symbol, exchange, choice.mode, result, broker)
      })
    })
    yield* batches.before(entries.length)
    const answered = yield* batches.inBatches(entries, piece)
    yield* batches.before(entries.length)
    return { answered, joins, deferred, broker, mode: choice.mode } satisfies RequestedSubscription
  })

  /** Starts delivery. The client has its answer by now. */
  const serve = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    { deferred, joins }: RequestedSubscription
  ) {
    if (!client.isOpen) return
    // Delivery starts with the acknowledgement, so a bulk subscribe of the usual size joins its topics at once.
    const joined = yield* batches.inBatches(
      joins,
      (some) => Effect.sync(() => (client.isOpen ? some.map((one) => join(client, one)) : [])),
      atOnce(joins.length)
    )
    client.recount()
    if (deferred) {
      client.needsFeed = true
      for (const { holding } of joined) client.unserved.add(holding)
      return
    }
    // These subscriptions may have waited for a feed. It has been asked for them by now.
    for (const { holding } of joined) client.unserved.delete(holding)
    yield* giveUpEarlier(client, user, joined)
    yield* snapshots(client, user, joined)
  })

  /** A failure is only logged: the client is subscribed already, and without a snapshot its first frame is the next tick. */
  const snapshots = (client: Client, user: string, joined: ReadonlyArray<Joined>) =>
    client.delivery.optIns.snapshot && joined.length > 0
      ? Effect.catch(sendSnapshots(client, user, joined), (error) =>
          Effect.logWarning(`a client got no snapshots: ${error.message}`)
        )
      : Effect.void

  const subscribe = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    body: SubscribeBody,
    requestId: string | undefined
  ) {
    const asked = yield* ask(client, user, body)
    // The answer goes first: clients take the first frame after a subscribe for its acknowledgement.
    client.send(answers.subscribed(asked.answered, asked.broker, requestId))
    yield* serve(client, user, asked)
  })

  /**
   * Asks the feed, when it is available, for the subscriptions that were accepted without it. Returns how many it refused.
   * Fails if the feed is gone again.
   */
  const settle = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    broker: string
  ): Effect.fn.Return<number, FeedError> {
    const waiting = [...client.unserved]
    yield* batches.before(waiting.length)
    const results = yield* batches.inBatches(waiting, (some) =>
      feed.subscribe(user, client.id, some.map(requestOf))
    )
    const joined: Array<Joined> = []
    const refused: Array<{ readonly holding: ClientSubscription; readonly reason: string }> = []
    for (const [i, subscription] of waiting.entries()) {
      // The client left, and its subscriptions have been removed.
      if (!client.unserved.has(subscription)) continue
      const result = results[i]
      if (result?.status !== "success") {
        refused.push({ holding: subscription, reason: result?.message ?? "The feed gave no answer" })
        continue
      }
      client.unserved.delete(subscription)
      const { mode, name, topicSubscription, tag } = subscription
      const named = servedAs(name, result.served_as)
      const { topic } = result
      joined.push(
        join(client, {
          name: named,
          choice: { mode, tag },
          terms: topicSubscription.options,
          topic,
          request: requestOf(subscription)
        })
      )
    }
    for (const { holding } of refused) {
      for (const gone of client.holdings.remove(holding.name, holding.mode).subscriptions)
        leaving.leaveTopic(client, gone)
    }
    client.recount()
    if (refused.length > 0) {
      yield* Effect.logInfo(
        `${refused.length} of ${waiting.length} subscriptions that waited for the feed were refused, such as: ${refused[0]!.reason}`
      )
      if (client.delivery.optIns.events) {
        const named = refused.map(({ holding: { exchange, mode, symbol }, reason }) => ({
          symbol,
          exchange,
          mode,
          reason
        }))
        client.message(refusedStatus(broker, timeOfDay(), named))
      }
    }
    yield* giveUpEarlier(client, user, joined)
    yield* snapshots(client, user, joined)
    return refused.length
  })

  return { ask, serve, settle, subscribe }
}
