/**
 * What the gateway answers. The frames of a client are handled strictly one after another, because clients
 * send their subscribes right behind `authenticate` without waiting.
 */
import * as Effect from "effect/Effect"
import { logged } from "../../kit/watched.ts"
import type { FeedError } from "../../bus/feed.ts"
import { Admission } from "./admission.ts"
import * as answers from "../messages/answerWriter.ts"
import type { Client } from "../client.ts"
import { CLOSE } from "../client.ts"
import { makeUnsubscribing } from "./unsubscribe.ts"
import type { Unread } from "./inbox.ts"
import { Lane } from "./lane.ts"
import type { LaneOptions } from "./lane.ts"
import type { AuthenticationDeps } from "./authentication.ts"
import { makeAuthentication } from "./authentication.ts"
import { ordersTopic } from "../orderUpdates.ts"
import type { AccountRequest, Inbound, Problem } from "../messages/requestReader.ts"
import { FairBatches } from "./fairBatches.ts"
import type { SubscribeDeps } from "./subscribe.ts"
import { makeSubscribing } from "./subscribe.ts"

export type RequestsDeps = Omit<SubscribeDeps, "batches" | "leaving"> &
  Omit<AuthenticationDeps, "leaveAllTopics" | "subscriptions" | "admission"> & {
    /** Where requests of the usual size take turns. */
    readonly lane: Lane
  }

const orderUpdatesUnavailable: Problem = {
  code: "ORDERS_UNAVAILABLE",
  message: "No order updates: nothing here publishes them for this account, so that none would ever come"
}

export interface Requests {
  /** Handles the frames that wait, and tries the feed again where that is due; then ends. */
  readonly drain: (client: Client) => Effect.Effect<void>
  /** The socket is gone: gives back everything the client held. */
  readonly leave: (client: Client) => Effect.Effect<void>
  /** The gateway stops, and its topics with it: from now on clients need not leave them. */
  readonly stop: () => void
}

/**
 * What may wait in a client's socket while its next request is handled: beyond what market data leaves there, so only
 * answers make it so much. An answer to a bulk request has megabytes.
 */
const MOST_UNREAD_BYTES = 1024 * 1024
const UNREAD_EVERY_MS = 20

/** Some hundred entries. More is a large request: it waits for its turn unparsed. */
export const LARGE_BYTES = 4096

/** Requests of the usual size: a ping waits for a few of them. */
export const usualLane: LaneOptions = { creditMs: 100, roundMs: 1, latenessMs: 0.4, longestPauseMs: 3 }
/** Pieces of large requests: whoever sends one waits. */
const bulkLane: LaneOptions = { creditMs: 200, roundMs: 0.5, latenessMs: 0.25, longestPauseMs: 200 }

/** Requests that were declined for the entries that they name, before a client is closed. */
const PATIENCE = 20

// oxlint-disable-next-line max-lines-per-function -- one function a verb, over the same parts
export const makeRequests = (given: RequestsDeps): Requests => {
  const admission = new Admission()
  const feed = admission.ofFeed(given.feed)
  const deps = { ...given, feed }
  const { keeper, lane, metrics, now, orders } = deps
  const batches = new FairBatches(new Lane(bulkLane).turn)
  const leaving = makeUnsubscribing({
    ...deps,
    batches,
    departures: new FairBatches(new Lane(bulkLane).turn)
  })
  const { leaveAllTopics, stop, unsubscribe, unsubscribeAll } = leaving
  const subscriptions = makeSubscribing({ ...deps, batches, leaving })
  const { subscribe } = subscriptions
  const { authenticate, leave, settle } = makeAuthentication({
    ...deps,
    leaveAllTopics,
    subscriptions,
    admission
  })

  const listBrokers = (client: Client, requestId: string | undefined) =>
    feed.brokers.pipe(
      Effect.map((brokers) => client.send(answers.supportedBrokers(brokers, requestId))),
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError("the list of brokers could not be read", defect),
          Effect.sync(() =>
            client.fail("BROKER_LIST_ERROR", "The list of brokers could not be read", requestId)
          )
        )
      )
    )

  const reject = (client: Client, { code, limit, message }: Problem, requestId: string | undefined) =>
    Effect.sync(() => {
      if (limit !== undefined) metrics.limited(limit)
      client.fail(code, message, requestId)
    })

  /** Declines what names more instruments than the client may name now. */
  const tooManyEntries = (client: Client, amount: number, requestId: string | undefined): boolean => {
    const [waitMs, limit] = client.entriesWaitMs(amount, now())
    if (waitMs === 0) {
      client.declinedRequests = 0
      return false
    }
    metrics.limited(limit)
    if (++client.declinedRequests > PATIENCE) client.end("too_many_requests", CLOSE.TOO_MANY_REQUESTS)
    else {
      const seconds = Math.ceil(waitMs / 1000)
      client.fail(
        "RATE_LIMITED",
        `Too many instruments in a short time: try again in ${seconds} s`,
        requestId
      )
    }
    return true
  }

  /** The verbs that need a login. */
  const serve = (
    client: Client,
    user: string,
    request: AccountRequest,
    requestId: string | undefined
  ): Effect.Effect<void, FeedError> => {
    if ("body" in request && "entries" in request.body) {
      if (tooManyEntries(client, request.body.entries.length, requestId)) return Effect.void
    }
    switch (request.verb) {
      case "subscribe":
        return "code" in request.body
          ? reject(client, request.body, requestId)
          : subscribe(client, user, request.body, requestId)
      case "unsubscribe":
        return "code" in request.body
          ? reject(client, request.body, requestId)
          : unsubscribe(client, user, request.body, requestId)
      case "unsubscribe_all":
        return unsubscribeAll(client, user, requestId)
      case "subscribe_orders":
        if (!orders.available(user)) return reject(client, orderUpdatesUnavailable, requestId)
        return Effect.sync(() => {
          client.send(answers.ordersSubscribed(requestId))
          client.readOrders(ordersTopic(user, client.encoding))
        })
      case "unsubscribe_orders":
        return Effect.sync(() => {
          client.readOrders(undefined)
          client.send(answers.ordersUnsubscribed(requestId))
        })
      case "get_broker_info":
        return Effect.map(feed.info(user), (info) => client.send(answers.brokerInfo(info, user, requestId)))
    }
  }

  const handle = (client: Client, frame: Inbound): Effect.Effect<void> => {
    if (frame.kind === "ignored") return Effect.void
    const { requestId } = frame
    if (frame.kind === "problem") return reject(client, frame.problem, requestId)
    const { request } = frame
    switch (request.verb) {
      case "authenticate":
        return authenticate(client, request, requestId)
      case "get_supported_brokers":
        return listBrokers(client, requestId)
      case "ping":
        return Effect.clockWith((clock) =>
          Effect.sync(() => {
            const now = clock.currentTimeMillisUnsafe()
            client.send(answers.pong(now, request.timestamp, request.pingId, requestId))
          })
        )
    }
    const { user } = client
    return user === undefined
      ? reject(client, { code: "NOT_AUTHENTICATED", message: "You must authenticate first" }, requestId)
      : serve(client, user, request, requestId).pipe(
          Effect.ensuring(Effect.sync(() => keeper.changed(client))),
          Effect.catchTag("FeedError", (error) => reject(client, error, requestId))
        )
  }

  /** Whoever does not read its answers is not given more of them. */
  const answersRead = Effect.fnUntraced(function* (client: Client) {
    while (client.waitingBytes > MOST_UNREAD_BYTES) yield* Effect.sleep(UNREAD_EVERY_MS)
  })

  /** In the client's line, like its requests: what it holds changes in one place. */
  const settleIfDue = (client: Client): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!client.mustSettle) return Effect.void
      client.mustSettle = false
      return settle(client)
    }).pipe(
      Effect.catchDefect((defect) => Effect.logError("the feed of a client could not be tried again", defect))
    )

  const handleUnread = Effect.fnUntraced(function* (client: Client, unread: Unread) {
    const frame = unread.read()
    const requestId = frame.kind === "ignored" ? undefined : frame.requestId
    yield* handle(client, frame).pipe(
      logged(
        "a request could not be handled",
        Effect.sync(() =>
          client.fail("SERVER_ERROR", "The gateway failed on this request; its log says why", requestId)
        )
      )
    )
  })

  const drain = Effect.fnUntraced(function* (client: Client) {
    yield* settleIfDue(client)
    for (let unread = client.next(); unread !== undefined; unread = client.next()) {
      if (client.waitingBytes > MOST_UNREAD_BYTES) yield* answersRead(client)
      if (unread.bytes > LARGE_BYTES) {
        const line = client.user ?? client.address
        yield* admission.one(line, Effect.andThen(batches.turn, handleUnread(client, unread)))
      } else {
        if (!lane.free) yield* lane.turn
        yield* handleUnread(client, unread)
      }
      if (client.mustSettle) yield* settleIfDue(client)
    }
    client.busy = false
  })

  return { drain, leave, stop }
}
