/** Who asks over HTTP: the user of the API key in the request's headers. */
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"
import type { ApiKeys } from "../../store/users/apiKeys.ts"
import type { TrustedProxies } from "../connections/address.ts"
import { requestAddress } from "../connections/address.ts"
import type { KeyGuard } from "../requests/keyGuard.ts"
import type { Answer } from "./answer.ts"
import { problem } from "./answer.ts"

export interface AccessDeps {
  readonly keys: ApiKeys["Service"]
  readonly keyGuard: KeyGuard
  readonly trustedProxies: TrustedProxies
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A key was refused. */
  readonly onRefused: () => void
  /** A key was not looked at. */
  readonly onStopped: () => void
}

/** What the request's headers say; to be read before anything waits. */
export interface Caller {
  readonly key: string
  readonly address: string
}

export const callerOf = (
  { trustedProxies }: AccessDeps,
  res: uWS.HttpResponse,
  req: uWS.HttpRequest
): Caller => {
  const bearer = /^bearer +(\S+) *$/i.exec(req.getHeader("authorization"))
  return {
    key: req.getHeader("x-api-key").trim() || (bearer?.[1] ?? ""),
    address: requestAddress(res, req, trustedProxies)
  }
}

const MAKE_ONE = 'Make a key with "algoways keys create USER"'
const SEND_IT = "send it in the header X-API-Key or Authorization: Bearer"

const unauthorized = (message: string): Answer =>
  problem("401 Unauthorized", "AUTHENTICATION_ERROR", message, `${MAKE_ONE} and ${SEND_IT}`, {
    "www-authenticate": "Bearer"
  })

/** The user, or the answer that turns the caller away. */
export const userOf = (
  { keyGuard, keys, now, onRefused, onStopped }: AccessDeps,
  { address, key }: Caller
): Effect.Effect<string, Answer> =>
  Effect.gen(function* () {
    if (key === "") return yield* Effect.fail(unauthorized("An API key is required"))
    const shown = { address, key, first: true }
    const waitMs = keyGuard.waitMs(shown, now())
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000)
      onStopped()
      return yield* Effect.fail(
        problem(
          "429 Too Many Requests",
          "RATE_LIMITED",
          "Too many wrong API keys came from this address",
          `Try again in ${seconds} s with a key that is right`,
          { "retry-after": String(seconds) }
        )
      )
    }
    const user = yield* keys.verify(key).pipe(
      Effect.tapError((error) => Effect.logError(`an API key could not be checked: ${error.message}`)),
      Effect.mapError(() =>
        problem(
          "503 Service Unavailable",
          "SERVER_ERROR",
          "The key could not be checked",
          "Try again later; the gateway's log says more"
        )
      )
    )
    if (user !== undefined) {
      keyGuard.succeeded(shown)
      return user
    }
    // The same wrong key again is no news.
    if (keyGuard.failed(shown, now())) yield* Effect.logInfo("an HTTP request had an unknown API key")
    onRefused()
    return yield* Effect.fail(unauthorized("Invalid API key"))
  })
