/**
 * Requests to others' HTTP servers: Effect's HttpClient over the platform's fetch, and one bounded reader of bodies.
 *
 * Nothing of a request is traced, neither in spans nor in headers to the server: addresses and headers hold secrets. For the
 * same reason callers show `codeOf` an error and the host, never its message, which may quote either.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"

export interface OutgoingRequest {
  readonly url: string
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE"
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** By default redirects are followed. */
  readonly redirect?: "follow" | "error" | "manual"
}

/**
 * The request is over when the scope closes, whatever is still to come of the body then.
 */
export const send = ({
  body,
  headers = {},
  method = "GET",
  redirect = "follow",
  url
}: OutgoingRequest): Effect.Effect<HttpClientResponse, HttpClientError, Scope.Scope> => {
  // The body as it is: one of another kind would bring a type of content along.
  const options = body === undefined ? {} : { body: HttpBody.raw(body) }
  const request = HttpClientRequest.make(method)(url, options)
  return Effect.flatMap(HttpClient.HttpClient, (client) =>
    HttpClient.withScope(client).execute(request)
  ).pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.provideContext(
      Context.make(HttpClient.TracerDisabledWhen, () => true).pipe(
        Context.add(FetchHttpClient.RequestInit, { redirect }),
        // Effect's Headers are in lower case. Servers get them as their documentation spells them.
        Context.add(FetchHttpClient.Fetch, (to, init) => fetch(to, { ...init, headers }))
      )
    )
  )
}

export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly maxBytes: number }> {}

/** The whole body; empty where there is none. Reading stops at the first byte too many. */
export const boundedBody = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<Buffer, HttpClientError | BodyTooLarge> =>
  Effect.suspend(() => {
    const parts: Array<Uint8Array> = []
    let length = 0
    return response.stream.pipe(
      Stream.runForEachArray((chunk) => {
        for (const part of chunk) {
          length += part.length
          if (length > maxBytes) return Effect.fail(new BodyTooLarge({ maxBytes }))
          parts.push(part)
        }
        return Effect.void
      }),
      Effect.catchIf(
        (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
        () => Effect.void
      ),
      Effect.map(() => Buffer.concat(parts, length))
    )
  })

/** A request and its whole answer, within a time and a size. */
export const exchange = (
  request: OutgoingRequest,
  { maxBytes, timeoutMs }: { readonly maxBytes: number; readonly timeoutMs: number }
): Effect.Effect<
  { readonly status: number; readonly text: string },
  HttpClientError | BodyTooLarge | Cause.TimeoutError
> =>
  send(request).pipe(
    Effect.flatMap((response) =>
      Effect.map(boundedBody(response, maxBytes), (body) => ({
        status: response.status,
        text: body.toString("utf8")
      }))
    ),
    Effect.scoped,
    Effect.timeout(timeoutMs)
  )

/** The error that a system or a library gave; fetch says "fetch failed" and keeps that in its cause. */
export const causeOf = ({ reason }: HttpClientError): unknown => {
  const cause = "cause" in reason ? reason.cause : undefined
  return cause instanceof Error ? (cause.cause ?? cause) : cause
}

/** The code of that error, such as `ECONNREFUSED`. */
export const codeOf = (error: HttpClientError): string | undefined => {
  const cause = causeOf(error)
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined
}
