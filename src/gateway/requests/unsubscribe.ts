/** Ends subscriptions, at the gateway's topics and at the feed: on request, and when a client leaves. */
import * as Effect from "effect/Effect"
import type { Feed } from "../../bus/feed.ts"
import type { UnsubscribeRequest } from "../../market/subscription.ts"
import * as answers from "../messages/answerWriter.ts"
import type { Client } from "../client.ts"
import type { ClientSubscription } from "../topics/subscriptions.ts"
import type { FailedEntry, UnsubscribedEntry } from "../messages/answers.ts"
import type { UnsubscribeBody } from "../messages/requestReader.ts"
import type { Topics } from "../topics/fanOut.ts"
import type { FairBatches } from "./fairBatches.ts"

export interface UnsubscribingDeps {
  readonly feed: Feed["Service"]
  /** The name of the user's broker, whether or not its feed is there. */
  readonly brokerOf: (user: string) => Effect.Effect<string>
  readonly rooms: Topics
  readonly batches: FairBatches
  /** For clients that leave. Kept apart, so that many departures at once do not delay requests. */
  readonly departures: FairBatches
}

export type Unsubscribing = ReturnType<typeof makeUnsubscribing>

export const makeUnsubscribing = ({
  brokerOf,
  feed,
  departures,
  rooms: topics,
  batches
}: UnsubscribingDeps) => {
  let stopped = false
  const stop = (): void => {
    stopped = true
  }

  const leaveTopic = (client: Client, subscription: ClientSubscription): void => {
    topics.unsubscribe(subscription.topicSubscription)
    client.delivery.forget(subscription.topicSubscription)
    client.unserved.delete(subscription)
  }

  /** Must run to its end even if the client leaves: nothing else refers to these subscriptions any more. */
  const leaveTopics = (
    client: Client,
    subscriptions: ReadonlyArray<ClientSubscription>,
    turns: FairBatches
  ) =>
    turns.inBatches(subscriptions, (some) =>
      Effect.sync(() => {
        if (!stopped) for (const subscription of some) leaveTopic(client, subscription)
        return []
      })
    )

  /**
   * Leaves the topics in a later turn, never in the caller's: the gateway may close a client while it delivers a frame of a
   * topic that the client leaves.
   */
  const leaveAllTopics = Effect.fnUntraced(function* (client: Client) {
    // All at once, not subscription by subscription.
    client.delivery.clear()
    client.spellings.clear()
    client.unserved.clear()
    client.readOrders(undefined)
    if (client.holdings.count === 0 || stopped) return
    yield* departures.turn
    yield* leaveTopics(client, client.holdings.clear().subscriptions, departures)
    // Frames that arrived before the client left its last topic.
    client.delivery.clear()
  }, Effect.uninterruptible)

  /** Unsubscribes at the feed. The client has left the topics already, so the feed's answer changes nothing for it. */
  const release = (client: Client, user: string, requests: ReadonlyArray<UnsubscribeRequest>) =>
    batches
      .inBatches(requests, (some) => feed.unsubscribe(user, client.id, some))
      .pipe(
        Effect.catch((error) =>
          // Without a feed there is nothing to unsubscribe.
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
      for (const subscription of removed.subscriptions) leaveTopic(client, subscription)
      requests.push(...removed.requests)
      // Unsubscribing is idempotent: it also succeeds for what was not subscribed.
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
        return Effect.as(leaveTopics(client, removed.subscriptions, batches), removed)
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

  return { leaveTopic, leaveAllTopics, release, stop, unsubscribe, unsubscribeAll }
}
