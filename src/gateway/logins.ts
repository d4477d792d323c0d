/** Who a client is: its login by API key, and what it gives back when it goes or becomes somebody else. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Feed } from "../bus/feed.ts"
import type { ApiKeys } from "../store/apiKeys.ts"
import * as answers from "./answers.ts"
import type { Client } from "./client.ts"
import { CLOSE } from "./client.ts"
import type { OptIns } from "./delivery/delivery.ts"
import type { FailedKeys } from "./failedKeys.ts"
import { Tally } from "./limits.ts"
import type { GatewayMetrics } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"

export interface LoginDeps {
  readonly feed: Feed["Service"]
  readonly keys: ApiKeys["Service"]
  readonly metrics: GatewayMetrics
  readonly failedKeys: FailedKeys
  readonly limits: Pick<GatewaySettings, "maxConnectionsPerKey">
  readonly now: () => number
  /** Takes the client out of every room. */
  readonly leaveRooms: (client: Client) => void
}

/** Attempts with keys that were not looked at, before a client is closed. */
const PATIENCE_KEYS = 20

export const makeLogins = ({ failedKeys, feed, keys, leaveRooms, limits, metrics, now }: LoginDeps) => {
  /** Logged-in clients by the number of their key. */
  const byKey = new Tally<number>()
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

  return { authenticate, leave }
}
