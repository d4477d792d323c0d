/** Giving up what a client reads, in the rooms and at the feed: by request, and when it goes. */
import * as Effect from "effect/Effect"
import type { Feed } from "../../bus/feed.ts"
import type { UnsubscribeRequest } from "../../market/subscription.ts"
import * as answers from "../messages/answerWriter.ts"
import type { Client } from "../client.ts"
import type { ClientSubscription } from "../topics/subscriptions.ts"
import type { FailedEntry, UnsubscribedEntry } from "../messages/answers.ts"
import type { UnsubscribeBody } from "../messages/requestReader.ts"
import type { Topics } from "../topics/topics.ts"
import type { FairBatches } from "./fairBatches.ts"

export interface UnsubscribingDeps {
  readonly feed: Feed["Service"]
  /** The name of the user's broker, whether or not its feed is there. */
  readonly brokerOf: (user: string) => Effect.Effect<string>
  readonly rooms: Topics
  readonly slices: FairBatches
  /** Those of clients that go: however many leave at once, nobody's request waits behind them. */
  readonly goodbyes: FairBatches
}

export type Unsubscribing = ReturnType<typeof makeUnsubscribing>

export const makeUnsubscribing = ({
  brokerOf,
  feed,
  goodbyes,
  rooms: topics,
  slices: batches
}: UnsubscribingDeps) => {
  let stopped = false
  const stop = (): void => {
    stopped = true
  }

  const leaveSeat = (client: Client, subscription: ClientSubscription): void => {
    topics.unsubscribe(subscription.topicSubscription)
    client.delivery.forget(subscription.topicSubscription)
    client.unserved.delete(subscription)
  }

  /** To be run to the end, also when the client goes meanwhile: nobody else knows these seats any more. */
  const leaveSeats = (client: Client, subscriptions: ReadonlyArray<ClientSubscription>, turns: FairBatches) =>
    turns.inBatches(subscriptions, (some) =>
      Effect.sync(() => {
        if (!stopped) for (const subscription of some) leaveSeat(client, subscription)
        return []
      })
    )

  /** Never within the caller's turn: a client may be thrown out while the very room that it leaves is served. */
  const leaveRooms = Effect.fnUntraced(function* (client: Client) {
    // At once, however much it is: not subscription by subscription.
    client.delivery.clear()
    client.spellings.clear()
    client.unserved.clear()
    client.readOrders(undefined)
    if (client.holdings.count === 0 || stopped) return
    yield* goodbyes.turn
    yield* leaveSeats(client, client.holdings.clear().subscriptions, goodbyes)
    // What came for a client that is still there, until the last seat was left.
    client.delivery.clear()
  }, Effect.uninterruptible)

  /** Silences the client's topics at once; what the feed then says changes nothing for the client. */
  const release = (client: Client, user: string, requests: ReadonlyArray<UnsubscribeRequest>) =>
    batches
      .inBatches(requests, (some) => feed.unsubscribe(user, client.id, some))
      .pipe(
        Effect.catch((error) =>
          // A feed that is not there holds nothing.
          client.needsFeed ? Effect.void : Effect.logWarning(`unsubscribe: ${error.message}`)
        ),
        Effect.asVoid
      )

  const unsubscribe = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    { entries }: UnsubscribeBody,
    requestId: string | undefined
  ) {
    const broker = yield* brokerOf(user)
    const successful: Array<UnsubscribedEntry> = []
    const failed: Array<FailedEntry> = []
    const requests: Array<UnsubscribeRequest> = []
    const giveUp = (entry: UnsubscribeBody["entries"][number]): void => {
      const { symbol, exchange } = entry
      if (!entry.ok) {
        failed.push(answers.failedEntry(symbol, exchange, entry.message, broker))
        return
      }
      const removed = client.holdings.remove(entry, entry.mode)
      for (const subscription of removed.subscriptions) leaveSeat(client, subscription)
      requests.push(...removed.requests)
      // Also for what was not held: unsubscribing is idempotent.
      successful.push({ symbol, exchange, status: "success", broker })
    }
    yield* batches.before(entries.length)
    yield* batches.inBatches(entries, (some) =>
      Effect.sync(() => {
        for (const entry of some) giveUp(entry)
        client.recount()
        return []
      })
    )
    yield* release(client, user, requests)
    yield* batches.before(entries.length)
    client.send(answers.unsubscribed(successful, failed, broker, requestId))
  })

  const unsubscribeAll = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    requestId: string | undefined
  ) {
    const broker = yield* brokerOf(user)
    client.spellings.clear()
    yield* batches.before(client.holdings.count)
    const { subscriptions, requests } = yield* Effect.uninterruptible(
      Effect.suspend(() => {
        const removed = client.holdings.clear()
        client.recount()
        return Effect.as(leaveSeats(client, removed.subscriptions, batches), removed)
      })
    )
    yield* release(client, user, requests)
    yield* batches.before(subscriptions.length)
    const successful = subscriptions.map(({ symbol, exchange }) => ({
      symbol,
      exchange,
      status: "success" as const,
      broker
    }))
    client.send(answers.unsubscribed(successful, [], broker, requestId))
  })

  return { leaveSeat, leaveRooms, release, stop, unsubscribe, unsubscribeAll }
}
