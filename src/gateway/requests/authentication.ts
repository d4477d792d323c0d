/**
 * Who a client is: its login by API key, and what it gives back when it goes or becomes somebody else.
 *
 * A good key is a login, whatever its user's feed does: existing clients wait five seconds for the answer and never ask
 * again. What the feed lacks is said beside it, and `settle` makes it good.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed, FeedInfo } from "../../bus/feed.ts"
import { breathe } from "../../kit/breathe.ts"
import type { ApiKeys } from "../../store/users/apiKeys.ts"
import { API_KEY_MIN_LENGTH } from "../../store/users/apiKeys.ts"
import type { Admission } from "./admission.ts"
import * as answers from "../messages/answerWriter.ts"
import type { Client } from "../client.ts"
import { CLOSE } from "../client.ts"
import { aboutClient } from "../logFields.ts"
import type { KeyGuard } from "./keyGuard.ts"
import type { MissingFeed } from "../messages/answers.ts"
import type { GatewayMetrics, Limit } from "../metrics.ts"
import { arrivedStatus, eventFor, missingFor, missingOf, missingStatus, noAnswerYet } from "./missingFeed.ts"
import type { ErrorCode } from "../messages/words.ts"
import type { GatewaySettings } from "../options.ts"
import type { OrderUpdates } from "../orderUpdates.ts"
import type { Request } from "../messages/requestReader.ts"
import type { Keeper } from "../resume/keeper.ts"
import { countOf } from "../resume/keptSet.ts"
import { makeResuming } from "../resume/resuming.ts"
import { BATCH } from "./fairBatches.ts"
import type { Subscribing } from "./subscribe.ts"
import { Shares } from "./shares.ts"
import type { ShareLimits } from "./shares.ts"

export interface AuthenticationDeps {
  readonly feed: Feed["Service"]
  readonly keys: ApiKeys["Service"]
  readonly metrics: GatewayMetrics
  readonly keyGuard: KeyGuard
  readonly limits: ShareLimits & Pick<GatewaySettings, "maxConnectionsPerUser">
  readonly now: () => number
  readonly timeOfDay: () => number
  /** The name of the user's broker, whether or not its feed is there. */
  readonly brokerOf: (user: string) => Effect.Effect<string>
  /** Removes the client from every topic. */
  readonly leaveAllTopics: (client: Client) => Effect.Effect<void>
  readonly subscriptions: Subscribing
  readonly keeper: Keeper
  readonly admission: Admission
  readonly orders: Pick<OrderUpdates["Service"], "available">
}

/** How long the answer to a login waits for the feed. The first attempt of a session takes two seconds of it. */
const PATIENCE_MS = 3000

/** Logins that were declined unseen, before a client is closed. */
const PATIENCE = 20

// oxlint-disable-next-line max-lines-per-function -- the steps of a login, over the same parts
export const makeAuthentication = (deps: AuthenticationDeps) => {
  const {
    admission,
    brokerOf,
    feed,
    keeper,
    keyGuard,
    keys,
    leaveAllTopics,
    limits,
    metrics,
    now,
    timeOfDay
  } = deps
  const { subscriptions } = deps
  const resuming = makeResuming(deps)
  const shares = new Shares(limits)
  /** Keys that are too short, and were said to be. */
  const guessable = new Set<number>()

  const discount = (client: Client): void => {
    if (client.shares === undefined) return
    client.shares.ofKey.clients--
    client.shares.ofUser.clients--
    client.countFor(undefined)
  }

  /** Answered without a look at the key. Who goes on all the same is closed. */
  const decline = (
    client: Client,
    limit: Limit,
    code: ErrorCode,
    message: string,
    requestId: string | undefined
  ): void => {
    metrics.limited(limit)
    if (++client.declinedLogins <= PATIENCE) return client.fail(code, message, requestId)
    if (limit === "failed_keys") client.end("too_many_wrong_keys", CLOSE.TOO_MANY_WRONG_KEYS)
    else client.end("too_many_logins", CLOSE.TOO_MANY_LOGINS)
  }

  const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`

  const tooManyLogins = (client: Client, limit: Limit, waitMs: number, requestId: string | undefined) =>
    decline(client, limit, "RATE_LIMITED", `Too many logins: try again in ${seconds(waitMs)}`, requestId)

  /** When it is interrupted on the way, `client.user` is still there to be released again. */
  const leave = (client: Client): Effect.Effect<void> =>
    Effect.suspend(() => {
      discount(client)
      keeper.ended(client)
      client.needsFeed = false
      client.reportedDown = undefined
      return leaveAllTopics(client)
    }).pipe(
      Effect.andThen(
        Effect.suspend(() => (client.user === undefined ? Effect.void : feed.release(client.user, client.id)))
      ),
      Effect.catchDefect((defect) => Effect.logError("a client could not be released", defect))
    )

  const authenticate = Effect.fnUntraced(function* (
    client: Client,
    { key, optIns, resume }: Extract<Request, { verb: "authenticate" }>,
    requestId: string | undefined
  ) {
    if (key === undefined) return client.fail("AUTHENTICATION_ERROR", "API key is required", requestId)
    const shown = { address: client.address, key, first: client.shownKeys++ === 0 }
    const stopped = keyGuard.waitMs(shown, now())
    if (stopped > 0) {
      const message = `Too many wrong API keys came from this address: try again in ${seconds(stopped)}`
      return decline(client, "failed_keys", "AUTHENTICATION_ERROR", message, requestId)
    }
    const tooOften = client.loginWaitMs(now())
    if (tooOften > 0) return tooManyLogins(client, "logins", tooOften, requestId)
    const verified = yield* Effect.result(keys.identify(key))
    if (Result.isFailure(verified)) {
      yield* Effect.logError(`the key of a client could not be checked: ${verified.failure.message}`)
      return client.fail("SERVER_ERROR", "The key could not be checked; try again later", requestId)
    }
    if (verified.success === undefined) {
      // Log only a wrong key that is new for this address, and only up to the limit of such keys.
      if (keyGuard.failed(shown, now())) yield* Effect.logInfo("a client sent an unknown API key")
      return client.fail("AUTHENTICATION_ERROR", "Invalid API key", requestId)
    }
    const { id, resume: resumesUnasked, user } = verified.success
    // It may have gone while its key was looked up: nobody would count it down again.
    if (!client.isOpen) return
    keyGuard.succeeded(shown)
    const own = shares.of(id, user, now())
    const wait = own.ofKey.logins.takeOrWait(1, now())
    if (wait > 0) return tooManyLogins(client, "logins_per_key", wait, requestId)
    const again = client.shares?.keyId === id
    if (!again && own.ofKey.clients >= limits.maxConnectionsPerKey)
      return client.end("too_many_clients", CLOSE.TOO_MANY_CLIENTS)
    if (client.shares?.user !== user && own.ofUser.clients >= limits.maxConnectionsPerUser)
      return client.end("too_many_clients_of_user", CLOSE.TOO_MANY_CLIENTS_OF_USER)
    // Another account: nothing of the first one may reach this socket any more.
    if (client.user !== undefined && client.user !== user) yield* leave(client)
    if (!again) {
      discount(client)
      own.ofKey.clients++
      own.ofUser.clients++
      client.countFor(own)
    }
    if (key.length < API_KEY_MIN_LENGTH && !guessable.has(id)) {
      guessable.add(id)
      yield* Effect.logWarning(
        `API key ${id} of ${user} has fewer than ${API_KEY_MIN_LENGTH} characters and can be guessed: ` +
          `make another with "algoways keys create ${user}", and revoke it with "algoways keys revoke ${id}"`
      )
    }
    client.logIn(user)
    const { info, missing } = yield* attach(client, user)
    client.asksToResume = resume !== undefined && resume !== "no"
    const wanted = resume ?? (resumesUnasked ? { name: "" } : "no")
    const last = resuming.claim(client, { keyId: id, resume: wanted, optIns })
    const welcome = Effect.gen(function* () {
      const taken = last === undefined ? undefined : yield* resuming.ask(client, user, last.claimed)
      // Not before: the first thing that a client hears is the answer to its login.
      const { personal } = client.delivery
      client.delivery.choose(optIns)
      if (client.delivery.personal !== personal) client.reseat()
      // From the answer on, its frames are as it chose.
      while (client.isOpen && client.isReseating) yield* breathe
      const lacking = missing === undefined ? "" : `; no feed: ${missing.message}`
      yield* again
        ? aboutClient(client)(Effect.logDebug(`a client is logged in again${lacking}`))
        : aboutClient(client)(Effect.logInfo(`a client is logged in${lacking}`))
      client.declinedLogins = 0
      const resumed = taken?.told
      client.send(answers.authenticated(info, user, { optIns, missing, resumed }, requestId))
      if (missing !== undefined && optIns.events && client.reportedDown?.event !== eventFor(missing)) {
        client.reportedDown = { event: eventFor(missing), byLogin: true }
        client.message(missingStatus(missing, info.broker, timeOfDay()))
      }
      if (taken !== undefined) yield* resuming.serve(client, user, info.broker, taken)
    })
    const isLarge = last?.claimed !== undefined && countOf(last.claimed.set) > BATCH
    yield* isLarge ? admission.one(user, welcome) : welcome
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
    const settling = subscriptions.settle(client, user, info.broker)
    const refused = yield* Effect.result(asked > BATCH ? admission.one(user, settling) : settling)
    if (Result.isFailure(refused)) {
      client.feedFaults++
      return
    }
    client.needsFeed = false
    client.feedFaults = 0
    keeper.changed(client)
    if (missing !== undefined || client.reportedDown?.byLogin !== true) return
    // No session started, so no event has reported this.
    const restored = asked - refused.success
    client.message(arrivedStatus(info.broker, timeOfDay(), { restored, failed: refused.success }))
    client.reportedDown = undefined
  })

  return { authenticate, leave, settle }
}
