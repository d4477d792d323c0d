/** What the gateway takes from the feed's side: market frames, events of the feed, and order updates. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { FrameBus } from "../../bus/frameBus.ts"
import type { Client } from "../client.ts"
import type { GatewayClock } from "../clock.ts"
import type { Listeners } from "../connections/listeners.ts"
import type { GatewayMetrics } from "../metrics.ts"
import { OrderUpdates, orderFrame, ordersTopic } from "../orderUpdates.ts"
import { isFirstReport } from "../requests/missingFeed.ts"
import type { Topics } from "../topics/fanOut.ts"
import { toMsgpack } from "./encoding.ts"
import { statusOf } from "./status.ts"

/** How often sockets are asked how much waits in them, while frames flow. A call costs some 50 ns. */
const CHECK_EVERY_MS = 5

export interface FeedSubscriptionDeps {
  readonly clients: ReadonlySet<Client>
  /** Those whose sockets the library fills by itself. */
  readonly topicReaders: ReadonlySet<Client>
  readonly topics: Topics
  readonly listeners: Pick<Listeners, "publish">
  readonly metrics: GatewayMetrics
  readonly clock: GatewayClock
}

/** Until the scope closes. */
export const subscribeToFeed = Effect.fnUntraced(function* (
  deps: FeedSubscriptionDeps
): Effect.fn.Return<void, never, FrameBus | OrderUpdates | Scope.Scope> {
  const { clients, clock, listeners, metrics, topicReaders, topics } = deps
  const { now, timeOfDay } = clock
  const orders = yield* OrderUpdates
  let checkedAt = 0
  const bus = yield* FrameBus
  yield* bus.subscribe((frames) => {
    for (const frame of frames) topics.deliver(frame)
    metrics.delivered(topics.framesOut, topics.bytesOut)
    const at = now()
    if (frames.length > 0) metrics.latency(frames[0]!, timeOfDay())
    if (at - checkedAt < CHECK_EVERY_MS) return
    checkedAt = at
    for (const client of topicReaders) client.delivery.check()
  })
  yield* bus.listen((event) => {
    metrics.heard(event.type)
    const status = statusOf(event)
    for (const client of clients) {
      if (client.user !== event.user || !client.delivery.optIns.events) continue
      if (!isFirstReport(client, event)) continue
      const payload = status(client.holdings, client.encoding)
      if (payload !== undefined) client.delivery.message(payload)
    }
  })
  yield* orders.subscribe((user, order) => {
    const text = orderFrame(user, order)
    listeners.publish(ordersTopic(user, "json"), text, false)
    listeners.publish(ordersTopic(user, "msgpack"), toMsgpack(text), true)
  })
})
