/** How the HTTP routes answer: JSON or text, also later, as long as the caller is still there. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"

export interface Answer {
  /** `200 OK` */
  readonly status: string
  /** Text and bytes (which are JSON) as they are, everything else as JSON. */
  readonly body: unknown
  /** Of the body, where it is neither plain text nor JSON. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): Answer => ({ status: "200 OK", body })

/** An error with a remedy, in the terms of the client protocol. */
export const problem = (
  status: string,
  code: string,
  message: string,
  remedy: string,
  headers: Readonly<Record<string, string>> = {}
): Answer => ({ status, body: { status: "error", code, message, remedy }, headers })

/** So much fits into the system's buffer of a connection that has not been written to. */
const SMALL_BYTES = 16 * 1024

/** Anything but a buffer is made into one here; what never changes is handed over as one. */
const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))

const typeOf = (body: unknown): string =>
  typeof body === "string" ? "text/plain; charset=utf-8" : "application/json"

/**
 * One answer, and the connection is closed: further requests on it are not looked at. A large body goes out as its reader
 * takes it, so that nothing of it waits here; while it does, one more request ends the connection.
 */
const write = (res: uWS.HttpResponse, { body, headers = {}, status, type }: Answer): void => {
  const bytes = bytesOf(body)
  res.cork(() => {
    res.writeStatus(status)
    res.writeHeader("content-type", type ?? typeOf(body))
    // States change by the second.
    res.writeHeader("cache-control", "no-store")
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
    if (bytes.length <= SMALL_BYTES) return res.end(bytes, true)
    res.writeHeader("connection", "close")
    const [, complete] = res.tryEnd(bytes, bytes.length)
    if (!complete) res.onWritable((offset) => res.tryEnd(bytes.subarray(offset), bytes.length)[0])
    return undefined
  })
}

/** Lets sockets and timers have their turn. */
export const nextTurn: Effect.Effect<void> = Effect.callback((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

/**
 * Answers when the effect has, in a later turn at the earliest: a connection that sends its next request without waiting for
 * an answer is closed by the library meanwhile, however many requests came at once. A fault of ours is an answer too. A
 * response must not be touched after its caller has gone away.
 */
export const answerLater = (
  res: uWS.HttpResponse,
  run: (effect: Effect.Effect<void>) => void,
  answer: Effect.Effect<Answer>
): void => {
  let aborted = false
  res.onAborted(() => {
    aborted = true
  })
  const made = Effect.suspend(() => (aborted ? Effect.interrupt : answer))
  run(
    Effect.andThen(nextTurn, made).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause)
          : Effect.as(
              Effect.logError("an HTTP request could not be answered", cause),
              problem(
                "500 Internal Server Error",
                "SERVER_ERROR",
                "The gateway failed on this request",
                "Its log says why"
              )
            )
      ),
      Effect.map((ready) => {
        if (!aborted) write(res, ready)
      })
    )
  )
}
