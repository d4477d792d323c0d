/**
 * What the gateway answers. The frames of a client are handled strictly one after another, because clients
 * send their subscribes right behind `authenticate` without waiting.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed, FeedError } from "../bus/feed.ts"
import { modeNumber } from "../market/mode.ts"
import type { Frame } from "../bus/frame.ts"
import type { LastTick, SubscribeRequest, UnsubscribeRequest } from "../market/subscription.ts"
import type { ApiKeys } from "../store/apiKeys.ts"
import * as answers from "./answers.ts"
import type { Client } from "./client.ts"
import type { FailedEntry, SubscribedEntry, UnsubscribedEntry } from "./messages/answers.ts"
import { CLOSE } from "./client.ts"
import type { FailedKeys } from "./failedKeys.ts"
import { Tally, roomFor } from "./limits.ts"
import type { GatewayMetrics } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"
import type {
  AccountRequest,
  Inbound,
  ModeChoice,
  Named,
  Problem,
  SubscribeBody,
  UnsubscribeBody
} from "./protocol.ts"
import type { OptIns } from "./delivery/delivery.ts"
import type { Encoding } from "./delivery/encoding.ts"
import type { Rooms, Seat } from "./rooms.ts"
import { snapshotFor } from "./rooms.ts"

export interface ConversationDeps {
  readonly feed: Feed["Service"]
  readonly keys: ApiKeys["Service"]
  readonly rooms: Rooms
  readonly metrics: GatewayMetrics
  readonly failedKeys: FailedKeys
  readonly limits: Pick<GatewaySettings, "maxConnectionsPerKey" | "maxSubscriptions">
  readonly now: () => number
}

/** A user's order updates. Topics of market data begin with the user's name and hold a colon. */
export const ordersTopic = (user: string, encoding: Encoding): string => `!orders/${encoding}/${user}`

export interface Conversation {
  /** Handles the frames that wait, then ends. */
  readonly drain: (client: Client) => Effect.Effect<void>
  /** The socket is gone: gives back everything the client held. */
  readonly leave: (client: Client) => Effect.Effect<void>
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

/** A known tick as the frame that it would be. Its text holds the names once before `data`. */
const lastFrame = (
  { exchange, exchanged, frame, mode, received, symbol }: LastTick,
  seat: Seat
): Frame | undefined => {
  if (frame === undefined) return undefined
  const payload = Buffer.from(frame)
  const dataStart = payload.indexOf(DATA) + DATA.length
  const view = { topic: seat.room.topic, user: "", broker: "", symbol, exchange, mode, levels: 0 }
  return { view, payload, dataStart, dataEnd: payload.length, received, exchanged, published: 0 }
}
const DATA = `"data":`

/** Entries that are handled in one go: a few milliseconds at most, so that a huge request holds up nobody else. */
const SLICE = 250

/** Symbols in the largest request of existing clients. */
const USUAL_BULK = 3000

/** Lets the event loop turn: sockets are read, ticks go out. */
const breathe = Effect.callback<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

const inSlices = Effect.fnUntraced(function* <A, B, E>(
  all: ReadonlyArray<A>,
  f: (some: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>,
  slice = SLICE
): Effect.fn.Return<ReadonlyArray<B>, E> {
  const results: Array<B> = []
  for (let at = 0; at < all.length; at += slice) {
    if (at > 0) yield* breathe
    for (const result of yield* f(all.slice(at, at + slice))) results.push(result)
  }
  return results
})

/** Attempts with keys that were not looked at, before a client is closed. */
const PATIENCE_KEYS = 20

export const makeConversation = ({
  failedKeys,
  feed,
  keys,
  limits,
  metrics,
  now,
  rooms
}: ConversationDeps): Conversation => {
  /** Logged-in clients by the number of their key. */
  const byKey = new Tally<number>()
  const leaveSeat = (client: Client, seat: Seat): void => {
    rooms.leave(seat)
    client.delivery.forget(seat)
  }

  const leaveRooms = (client: Client): void => {
    for (const holding of client.holdings.clear().holdings) leaveSeat(client, holding.seat)
    if (client.ordersTopic !== undefined) client.leaveTopic(client.ordersTopic)
    client.ordersTopic = undefined
  }

  const forgetKey = (client: Client): void => {
    if (client.keyId !== undefined) byKey.remove(client.keyId)
    client.keyId = undefined
  }

  /** When it is interrupted on the way, `client.user` is still there to be released again. */
  const leave = (client: Client): Effect.Effect<void> =>
    Effect.suspend(() => {
      leaveRooms(client)
      forgetKey(client)
      return client.user === undefined ? Effect.void : feed.release(client.user, client.id)
    }).pipe(
      Effect.catchDefect((defect) => Effect.logError(`client ${client.id} could not be released`, defect))
    )

  const authenticate = Effect.fnUntraced(function* (
    client: Client,
    key: string | undefined,
    optIns: OptIns,
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
    const { id, user } = verified.success
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
    const attached = yield* Effect.result(feed.attach(user, client.id))
    // Not before: the first thing that a client hears is the answer to its login.
    client.delivery.choose(optIns)
    client.reseat()
    if (Result.isFailure(attached)) {
      yield* Effect.logInfo(
        `client ${client.id} is logged in as ${user}; no feed: ${attached.failure.message}`
      )
      return client.fail(attached.failure.code, attached.failure.message, requestId)
    }
    yield* Effect.logInfo(`client ${client.id} is logged in as ${user}`)
    client.send(answers.authenticated(attached.success, user, optIns, requestId))
  })

  const join = (client: Client, name: Named, { choice, terms }: SubscribeBody, topic: string): Seat => {
    const { mode, tag } = choice
    const earlier = client.holdings.find(name, mode, tag)
    const sameTerms =
      earlier?.seat.terms.slow === terms.slow && earlier.seat.terms.intervalMs === terms.intervalMs
    if (earlier?.topic === topic && sameTerms) return earlier.seat
    // Another book level of the same thing: one frame per tick, so the new level takes the old one's place.
    if (earlier !== undefined) leaveSeat(client, earlier.seat)
    const spelling = { symbol: name.symbol, exchange: name.exchange, tag }
    const seat = rooms.join(topic, { ...name.instrument, tag: modeNumber[mode] }, spelling, client, terms)
    client.holdings.put(name, mode, { ...spelling, topic, seat })
    return seat
  }

  /** The last known ticks of what was just subscribed, for clients that asked for them at login. */
  const sendSnapshots = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    taken: ReadonlyArray<{ readonly request: SubscribeRequest; readonly seat: Seat }>
  ) {
    const known = yield* feed.last(
      user,
      taken.map(({ request }) => request)
    )
    for (const [i, { seat }] of taken.entries()) {
      const tick = known[i]
      const frame = tick === undefined ? undefined : lastFrame(tick, seat)
      if (frame === undefined) continue
      const payload = snapshotFor(seat, frame)
      if (payload !== undefined) client.delivery.snapshot(payload, frame)
    }
  })

  const subscribe = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    body: SubscribeBody,
    requestId: string | undefined
  ) {
    const { choice, depth, entries } = body
    const { broker } = yield* feed.info(user)
    const beyond = roomFor(client.holdings, choice, limits.maxSubscriptions)
    const wants = entries.map((entry) => {
      const want = wantOf(entry, choice, depth)
      const full = typeof want === "string" ? undefined : beyond(entry)
      if (full === undefined) return want
      metrics.limited("subscriptions")
      return full
    })
    const requests = wants.filter((want) => typeof want !== "string")
    const results = yield* inSlices(requests, (some) => feed.subscribe(user, client.id, some))
    const answered: Array<SubscribedEntry | FailedEntry> = []
    const joins: Array<{ readonly name: Named; readonly topic: string; readonly request: SubscribeRequest }> =
      []
    let next = 0
    for (const [i, entry] of entries.entries()) {
      const { symbol, exchange } = entry
      const want = wants[i]
      const result = typeof want === "string" ? undefined : results[next++]
      if (entry.ok && typeof want !== "string" && want !== undefined && result?.status === "success") {
        answered.push(answers.subscribedEntry(symbol, exchange, choice.mode, result, broker))
        joins.push({ name: entry, topic: result.topic, request: want })
      } else {
        const message = typeof want === "string" ? want : (result?.message ?? "The feed gave no answer")
        answered.push(answers.failedEntry(symbol, exchange, message, broker))
      }
    }
    // The answer first: the frame behind a subscribe is its acknowledgement.
    client.send(answers.subscribed(answered, broker, requestId))
    if (!client.isOpen) return
    // What is acknowledged is served from then on, so a bulk subscribe of the usual size takes its seats at once.
    const seats = yield* inSlices(
      joins,
      (some) =>
        Effect.sync(() =>
          client.isOpen
            ? some.map(({ name, request, topic }) => ({ request, seat: join(client, name, body, topic) }))
            : []
        ),
      USUAL_BULK
    )
    if (client.delivery.optIns.snapshot && seats.length > 0) yield* sendSnapshots(client, user, seats)
  })

  /** Silences the client's topics at once; what the feed then says changes nothing for the client. */
  const release = (client: Client, user: string, requests: ReadonlyArray<UnsubscribeRequest>) =>
    inSlices(requests, (some) => feed.unsubscribe(user, client.id, some)).pipe(
      Effect.catch((error) => Effect.logWarning(`client ${client.id}: unsubscribe: ${error.message}`)),
      Effect.asVoid
    )

  const unsubscribe = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    { entries }: UnsubscribeBody,
    requestId: string | undefined
  ) {
    const { broker } = yield* feed.info(user)
    const successful: Array<UnsubscribedEntry> = []
    const failed: Array<FailedEntry> = []
    const requests: Array<UnsubscribeRequest> = []
    for (const entry of entries) {
      const { symbol, exchange } = entry
      if (!entry.ok) {
        failed.push(answers.failedEntry(symbol, exchange, entry.message, broker))
        continue
      }
      const removed = client.holdings.remove(entry, entry.mode)
      for (const holding of removed.holdings) leaveSeat(client, holding.seat)
      for (const request of removed.requests) requests.push(request)
      // Also for what was not held: unsubscribing is idempotent.
      successful.push({ symbol, exchange, status: "success", broker })
    }
    yield* release(client, user, requests)
    client.send(answers.unsubscribed(successful, failed, broker, requestId))
  })

  const unsubscribeAll = Effect.fnUntraced(function* (
    client: Client,
    user: string,
    requestId: string | undefined
  ) {
    const { broker } = yield* feed.info(user)
    const { holdings, requests } = client.holdings.clear()
    for (const holding of holdings) leaveSeat(client, holding.seat)
    yield* release(client, user, requests)
    const successful = holdings.map(({ symbol, exchange }) => ({
      symbol,
      exchange,
      status: "success" as const,
      broker
    }))
    client.send(answers.unsubscribed(successful, [], broker, requestId))
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

  /** The verbs that need a login. */
  const serve = (
    client: Client,
    user: string,
    request: AccountRequest,
    requestId: string | undefined
  ): Effect.Effect<void, FeedError> => {
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
        return Effect.sync(() => {
          client.send(answers.ordersSubscribed(requestId))
          client.ordersTopic = ordersTopic(user, client.encoding)
          client.joinTopic(client.ordersTopic)
        })
      case "unsubscribe_orders":
        return Effect.sync(() => {
          if (client.ordersTopic !== undefined) client.leaveTopic(client.ordersTopic)
          client.ordersTopic = undefined
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
        return authenticate(client, request.key, request.optIns, requestId)
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
          Effect.catchTag("FeedError", (error) => reject(client, error, requestId))
        )
  }

  const drain = Effect.fnUntraced(function* (client: Client) {
    for (let frame = client.next(); frame !== undefined; frame = client.next()) {
      const requestId = frame.kind === "ignored" ? undefined : frame.requestId
      yield* handle(client, frame).pipe(
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : Effect.andThen(
                Effect.logError(`a request of client ${client.id} could not be handled`, cause),
                Effect.sync(() =>
                  client.fail(
                    "SERVER_ERROR",
                    "The gateway failed on this request; its log says why",
                    requestId
                  )
                )
              )
        )
      )
    }
    client.busy = false
  })

  return { drain, leave }
}
