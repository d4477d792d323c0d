/** Gives a client the subscriptions of its last connection: requested before the answer to its login, delivered after it. */
import * as Effect from "effect/Effect"
import type { Client } from "../client.ts"
import type { OptIns } from "../delivery/delivery.ts"
import type { AuthAnswer } from "../messages/answers.ts"
import type { GatewayMetrics } from "../metrics.ts"
import type { Refused } from "../requests/missingFeed.ts"
import { refusedStatus } from "../requests/missingFeed.ts"
import type { OrderUpdates } from "../orderUpdates.ts"
import { ordersTopic } from "../orderUpdates.ts"
import type { Resume } from "../messages/requestReader.ts"
import type { RequestedSubscription, Subscribing } from "../requests/subscribe.ts"
import type { Claimed, Keeper } from "./keeper.ts"
import { identityOf, requestsOf } from "./keptSet.ts"

export interface ResumingDeps {
  readonly keeper: Keeper
  readonly orders: Pick<OrderUpdates["Service"], "available">
  readonly subscriptions: Pick<Subscribing, "ask" | "serve">
  readonly metrics: GatewayMetrics
  /** Epoch milliseconds. */
  readonly timeOfDay: () => number
}

/** What was requested on the client's behalf, before its login is answered. */
export interface Taken {
  readonly claimed: Claimed | undefined
  readonly asked: ReadonlyArray<RequestedSubscription>
  /** For the answer to the login. */
  readonly told: NonNullable<(typeof AuthAnswer.Type)["resumed"]>
}

const refusedIn = (asked: ReadonlyArray<RequestedSubscription>): ReadonlyArray<Refused> =>
  asked.flatMap(({ answered, mode }) =>
    answered.flatMap((entry) =>
      entry.status === "success"
        ? []
        : [{ symbol: entry.symbol, exchange: entry.exchange, mode, reason: entry.message }]
    )
  )

export const makeResuming = ({ keeper, metrics, orders, subscriptions, timeOfDay }: ResumingDeps) => {
  /** The last set, if there is one; undefined if the client does not want to resume. */
  const claim = (
    client: Client,
    login: { readonly keyId: number; readonly resume: Resume; readonly optIns: OptIns }
  ): { readonly claimed: Claimed | undefined } | undefined => {
    const { keyId, optIns, resume } = login
    if (resume === "no") {
      keeper.forget(client)
      return undefined
    }
    const { name } = resume
    const identity = identityOf({ ...optIns, keyId, encoding: client.encoding, name })
    // Logging in again does not change the client's subscriptions.
    const isFresh = client.holdings.size === 0 && client.ordersTopic === undefined && !keeper.has(client)
    const claimed = isFresh ? keeper.claim(identity, client) : undefined
    keeper.register(client, identity, name !== "", claimed)
    return { claimed }
  }

  /** Asks for all of it. */
  const ask = Effect.fnUntraced(function* (client: Client, user: string, claimed: Claimed | undefined) {
    const asked: Array<RequestedSubscription> = []
    if (claimed !== undefined) {
      for (const body of requestsOf(claimed.set)) asked.push(yield* subscriptions.ask(client, user, body))
    }
    const all = asked.reduce((sum, { answered }) => sum + answered.length, 0)
    const failed = refusedIn(asked).length
    const told = {
      subscriptions: all - failed,
      failed,
      ...(claimed === undefined ? {} : { since: claimed.ended })
    }
    return { claimed, asked, told } satisfies Taken
  })

  /** The client has its answer. */
  const serve = Effect.fnUntraced(function* (client: Client, user: string, broker: string, taken: Taken) {
    const { asked, claimed, told } = taken
    if (claimed === undefined) return
    metrics.resumed()
    if (client.delivery.optIns.events) {
      const at = timeOfDay()
      const gap = { since: claimed.ended, gap_ms: Math.max(0, at - claimed.ended) }
      const { failed, subscriptions: held } = told
      client.message(
        JSON.stringify({ type: "status", event: "resumed", broker, at, ...gap, subscriptions: held, failed })
      )
      const refused = refusedIn(asked)
      if (refused.length > 0) client.message(refusedStatus(broker, at, refused))
    }
    if (claimed.set.orders && orders.available(user)) client.readOrders(ordersTopic(user, client.encoding))
    for (const one of asked) yield* subscriptions.serve(client, user, one)
    keeper.served(client)
    yield* Effect.logDebug(`a client has ${told.subscriptions} subscriptions of its last connection back`)
  })

  return { claim, ask, serve }
}
