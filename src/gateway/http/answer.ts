/** How the HTTP routes answer: JSON or text, also later, as long as the caller is still there. */
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"
import { logged } from "../../kit/watched.ts"
import { breathe } from "../../kit/breathe.ts"

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

/** Anything but a buffer is made into one here; what never changes is handed over as one. */
const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))

const typeOf = (body: unknown): string =>
  typeof body === "string" ? "text/plain; charset=utf-8" : "application/json"

/** Who is to be told when a connection that has sent a request ends. */
const watchers = new WeakMap<uWS.HttpResponse, () => void>()

export const whenGone = (res: uWS.HttpResponse, tell: () => void): void => {
  watchers.set(res, tell)
}

/** The library knows one handler of a connection's end, the last one: it is set here, and nowhere else. */
export const onGone = (res: uWS.HttpResponse, handler: () => void): void => {
  const tell = watchers.get(res)
  res.onAborted(() => {
    handler()
    tell?.()
  })
}

/**
 * What is left of a body. True when all of it is written. The library hears of one byte more than there is: an answer that it takes
 * for complete it forgets, together with who waits for the connection's end.
 */
const writeRest = (res: uWS.HttpResponse, body: Uint8Array): boolean =>
  res.tryEnd(body.subarray(res.getWriteOffset()), body.length + 1)[0]

/**
 * One answer, and the connection is closed: further requests on it are not looked at. A large body goes out as its reader
 * takes it, so that nothing of it waits here; while it does, one more request ends the connection.
 */
const write = (
  res: uWS.HttpResponse,
  { body, headers = {}, status, type }: Answer,
  isGone: () => boolean
): void => {
  const bytes = bytesOf(body)
  let written = false
  res.cork(() => {
    res.writeStatus(status)
    res.writeHeader("content-type", type ?? typeOf(body))
    // States change by the second.
    res.writeHeader("cache-control", "no-store")
    res.writeHeader("connection", "close")
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
    // The first piece states the length, and is not all of it. What the library collects before it writes is less than a
    // connection takes that has not been written to.
    const [taken] = res.tryEnd(bytes.subarray(0, -1), bytes.length)
    written = taken && writeRest(res, bytes)
  })
  if (written) {
    res.close()
    return
  }
  res.onWritable(() => {
    const all = writeRest(res, bytes)
    // Not within its callback, which the library still has to do with.
    if (all) setImmediate(() => isGone() || res.close())
    return all
  })
}

const ourFault = problem(
  "500 Internal Server Error",
  "SERVER_ERROR",
  "The gateway failed on this request",
  "Its log says why"
)

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
  onGone(res, () => {
    aborted = true
  })
  const made = Effect.suspend(() => (aborted ? Effect.interrupt : answer))
  run(
    Effect.andThen(breathe, made).pipe(
      logged("an HTTP request could not be answered", Effect.succeed(ourFault)),
      Effect.map((ready) => {
        if (!aborted) write(res, ready, () => aborted)
      })
    )
  )
}
