/** HTTP to a broker's REST API, by the platform's own fetch. */
import * as Effect from "effect/Effect"
import type { ConnectionFailure } from "../../market/errors.ts"
import { ConnectionRefused } from "../../market/errors.ts"
import { explainedCode, hostOf } from "../../kit/networkReason.ts"
import type { HttpAnswer, HttpRequest } from "../../protocols/protocol.ts"

const TIMEOUT_MS = 10_000
/** Large enough for snapshots of a whole batch, many times over. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** Errors show only the host of the address, and no header: paths, queries and headers hold secrets. */
export const requestHttp = (request: HttpRequest): Effect.Effect<HttpAnswer, ConnectionFailure> =>
  Effect.tryPromise({
    try: async (signal) => {
      const { body, headers, method, timeoutMs = TIMEOUT_MS, url } = request
      const response = await fetch(url, {
        method,
        headers,
        // A redirect would take the secrets in headers and body to a host that nobody chose.
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, TIMEOUT_MS))]),
        ...(body === undefined ? {} : { body })
      })
      if (response.status >= 300 && response.status < 400) {
        await response.body?.cancel()
        throw new Error(`the answer is a redirect (HTTP ${response.status}), which is not followed`)
      }
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await bounded(response)
      }
    },
    catch: (cause) =>
      new ConnectionRefused({
        detail: `${request.method} ${hostOf(request.url) ?? "an invalid address"}: ${reasonOf(cause)}`
      })
  })

const bounded = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const parts: Array<Uint8Array> = []
  let length = 0
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > MAX_BODY_BYTES) throw new Error("the answer is too large")
    parts.push(part)
  }
  return Buffer.concat(parts, length).toString("utf8")
}

/** fetch says "fetch failed" and keeps the reason in its cause. Its texts may quote the address. */
const reasonOf = (cause: unknown): string => {
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") {
    return explainedCode(inner.code)
  }
  if (cause instanceof Error && cause.name === "TimeoutError") return explainedCode("ETIMEDOUT")
  return cause instanceof Error ? (cause.name === "Error" ? cause.message : cause.name) : "failed"
}
