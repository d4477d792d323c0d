/** HTTP to a broker's REST front. */
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { BodyTooLarge } from "../../kit/http.ts"
import { boundedBody, causeOf, codeOf, send } from "../../kit/http.ts"
import { explainedCode, hostOf } from "../../kit/networkReason.ts"
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../protocols/protocol.ts"

const TIMEOUT_MS = 10_000
/** Large enough for snapshots of a whole batch, many times over. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** Errors show only the host of the address, and no header: paths, queries and headers hold secrets. */
export const requestHttp = (request: HttpRequest): Effect.Effect<HttpAnswer, ConnectionFailure> => {
  const { method, timeoutMs = TIMEOUT_MS, url } = request
  const failed = (why: string) =>
    new ConnectionRefused({ detail: `${method} ${hostOf(url) ?? "an invalid address"}: ${why}` })
  return Effect.gen(function* () {
    // A redirect would take the secrets in headers and body to a host that nobody chose.
    const response = yield* send({ ...request, redirect: "manual" })
    const { headers, status } = response
    if (status >= 300 && status < 400)
      return yield* failed(`the answer is a redirect (HTTP ${status}), which is not followed`)
    const body = yield* boundedBody(response, MAX_BODY_BYTES)
    return { status, headers: { ...headers }, body: body.toString("utf8") }
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error._tag === "ConnectionRefused" ? error : failed(reasonOf(error)))),
    Effect.timeoutOrElse({
      duration: Math.min(timeoutMs, TIMEOUT_MS),
      orElse: () => Effect.fail(failed(explainedCode("ETIMEDOUT")))
    })
  )
}

/** Without the error's own text, which may quote the address. */
const reasonOf = (error: HttpClientError | BodyTooLarge): string => {
  if (error._tag === "BodyTooLarge") return "the answer is too large"
  const code = codeOf(error)
  if (code !== undefined) return explainedCode(code)
  const cause = causeOf(error)
  return cause instanceof Error ? cause.name : "failed"
}
