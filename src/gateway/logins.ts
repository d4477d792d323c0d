/**
 * Who a client is: its login by API key, and what it gives back when it goes or becomes somebody else.
 *
 * A good key is a login, whatever its user's feed does: existing clients wait five seconds for the answer and never ask
 * again. What the feed lacks is said beside it, and `settle` makes it good.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed, FeedInfo } from "../bus/feed.ts"
import type { ApiKeys } from "../store/apiKeys.ts"
import * as answers from "./answers.ts"
import type { Client } from "./client.ts"
import { CLOSE } from "./client.ts"
import type { FailedKeys } from "./failedKeys.ts"
import { Tally } from "./limits.ts"
import type { MissingFeed } from "./messages/answers.ts"
import type { GatewayMetrics } from "./metrics.ts"
import { arrivedStatus, missingFor, missingOf, missingStatus, noAnswerYet } from "./missingFeed.ts"
import type { GatewaySettings } from "./options.ts"
import type { OrderUpdates } from "./orderUpdates.ts"
import type { Request } from "./protocol.ts"
import type { Keeper } from "./resume/keeper.ts"
import { makeResuming } from "./resume/resuming.ts"
import type { Subscriptions } from "./subscriptions.ts"

export interface LoginDeps {
  readonly feed: Feed["Service"]
  readonly keys: ApiKeys["Service"]
  readonly metrics: GatewayMetrics
  readonly failedKeys: FailedKeys
  readonly limits: Pick<GatewaySettings, "maxConnectionsPerKey">
  readonly now: () => number
  /** The name of the user's broker, whether or not its feed is there. */
  readonly brokerOf: (user: string) => Effect.Effect<string>
  readonly subscriptions: Subscriptions
  readonly keeper: Keeper
  readonly orders: Pick<OrderUpdates["Service"], "available">
}

/** How long the answer to a login waits for the feed. The first attempt of a session takes two seconds of it. */
const PATIENCE_MS = 3000

/** Attempts with keys that were not looked at, before a client is closed. */
const PATIENCE_KEYS = 20

export const makeLogins = (deps: LoginDeps) => {
  const { brokerOf, failedKeys, feed, keeper, keys, limits, metrics, now, subscriptions } = deps
  const resuming = makeResuming(deps)
  /** Logged-in clients by the number of their key. */
  const byKey = new Tally<number>()
  const forgetKey = (client: Client): void => {
    if (client.keyId !== undefined) byKey.remove(client.keyId)
    client.keyId = undefined
  }

  /** When it is interrupted on the way, `client.user` is still there to be released again. */
  const leave = (client: Client): Effect.Effect<void> =>
    Effect.suspend(() => {
      keeper.ended(client)
      subscriptions.leaveRooms(client)
      forgetKey(client)
      client.needsFeed = false
      client.toldDownAt = 0
      return client.user === undefined ? Effect.void : feed.release(client.user, client.id)
    }).pipe(
      Effect.catchDefect((defect) => Effect.logError(`client ${client.id} could not be released`, defect))
    )

  const authenticate = Effect.fnUntraced(function* (
    client: Client,
    { key, optIns, resume }: Extract<Request, { verb: "authenticate" }>,
    requestId: string | undefined
  ) {
    if (key === undefined) return client.fail("AUTHENTICATION_ERROR", "API key is required", requestId)
    const waitMs = failedKeys.waitMs(client.address, now())
    if (waitMs > 0) {
      metrics.limited("failed_keys")
      if (++client.declinedKeys > PATIENCE_KEYS)
        return client.end("too_many_wrong_keys", CLOSE.TOO_MANY_WRONG_KEYS)
      const message = `Too many wrong API keys came from this address: try again in ${Math.ceil(waitMs / 1000)} s`
      return client.fail("AUTHENTICATION_ERROR", message, requestId)
    }
    const verified = yield* Effect.result(keys.identify(key))
    if (Result.isFailure(verified)) {
      yield* Effect.logError(
        `the key of client ${client.id} could not be checked: ${verified.failure.message}`
      )
      return client.fail("SERVER_ERROR", "The key could not be checked; try again later", requestId)
    }
    if (verified.success === undefined) {
      failedKeys.failed(client.address, key, now())
      yield* Effect.logInfo(`client ${client.id} sent an unknown API key`)
      return client.fail("AUTHENTICATION_ERROR", "Invalid API key", requestId)
    }
    const { id, resume: resumesUnasked, user } = verified.success
    // It may have gone while its key was looked up: nobody would count it down again.
    if (!client.isOpen) return
    if (client.keyId !== id) {
      if (byKey.of(id) >= limits.maxConnectionsPerKey)
        return client.end("too_many_clients", CLOSE.TOO_MANY_CLIENTS)
    }
    // Another account: nothing of the first one may reach this socket any more.
    if (client.user !== undefined && client.user !== user) yield* leave(client)
    if (client.keyId !== id) {
      forgetKey(client)
      client.keyId = id
      byKey.add(id)
    }
    client.logIn(user)
    const { info, missing } = yield* attach(client, user)
    client.asksToResume = resume !== undefined && resume !== "no"
    const wanted = resume ?? (resumesUnasked ? { name: "" } : "no")
    const taken = yield* resuming.take(client, { user, keyId: id, resume: wanted, optIns })
    // Not before: the first thing that a client hears is the answer to its login.
    client.delivery.choose(optIns)
    client.reseat()
    yield* Effect.logInfo(
      `client ${client.id} is logged in as ${user}${missing === undefined ? "" : `; no feed: ${missing.message}`}`
    )
    const resumed = taken?.told
    client.send(answers.authenticated(info, user, { optIns, missing, resumed }, requestId))
    if (missing !== undefined && optIns.events) {
      client.toldDownAt = now()
      client.delivery.message(missingStatus(missing, info.broker, now()))
    }
    if (taken !== undefined) yield* resuming.serve(client, user, info.broker, taken)
  })

  /** The feed as far as it is there, and what is missing. */
  const attach = Effect.fnUntraced(function* (client: Client, user: string) {
    const attached = yield* Effect.result(feed.attach(user, client.id)).pipe(
      Effect.timeoutOrElse({ duration: PATIENCE_MS, orElse: () => Effect.succeed(undefined) })
    )
    client.needsFeed = attached === undefined || Result.isFailure(attached) || client.unserved.size > 0
    if (attached !== undefined && Result.isSuccess(attached)) {
      return { info: attached.success, missing: missingOf(attached.success) }
    }
    if (attached?.failure.code === "BROKER_INIT_ERROR") client.feedFaults++
    const missing: MissingFeed = attached === undefined ? noAnswerYet : missingFor(attached.failure)
    const info: Pick<FeedInfo, "broker" | "modes"> = { broker: yield* brokerOf(user), modes: [] }
    return { info, missing }
  })

  /** Tries again what a client lacks of its feed. To be run when it is the client's turn. */
  const settle = Effect.fnUntraced(function* (client: Client) {
    const { user } = client
    if (user === undefined || !client.needsFeed) return
    const { info, missing } = yield* attach(client, user)
    if (missing !== undefined && !("state" in info)) return
    const asked = client.unserved.size
    const refused = yield* Effect.result(subscriptions.settle(client, user, info.broker))
    if (Result.isFailure(refused)) {
      client.feedFaults++
      return
    }
    client.needsFeed = false
    client.feedFaults = 0
    keeper.changed(client)
    if (missing !== undefined || client.toldDownAt === 0) return
    // No session came up for it, so that no event has told it.
    const restored = asked - refused.success
    client.delivery.message(
      arrivedStatus(info.broker, now(), client.toldDownAt, { restored, failed: refused.success })
    )
    client.toldDownAt = 0
  })

  return { authenticate, leave, settle }
}
