/** How the HTTP routes answer: JSON or text, also later, as long as the caller is still there. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as uWS from "uWebSockets.js"

export interface Answer {
  /** `200 OK` */
  readonly status: string
  /** Text as it is, everything else as JSON. */
  readonly body: unknown
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

export const write = (res: uWS.HttpResponse, { body, headers = {}, status }: Answer): void => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  res.cork(() => {
    res.writeStatus(status)
    res.writeHeader(
      "content-type",
      typeof body === "string" ? "text/plain; charset=utf-8" : "application/json"
    )
    // States change by the second.
    res.writeHeader("cache-control", "no-store")
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
    res.end(text)
  })
}

/**
 * Answers when the effect has; a fault of ours is an answer too. A response must not be touched after its caller has gone
 * away.
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
  run(
    answer.pipe(
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

/** Every path upgrades, the ones below as well: what asks for an upgrade goes on to the WebSocket route. */
export const plain =
  (handler: (res: uWS.HttpResponse, req: uWS.HttpRequest) => void) =>
  (res: uWS.HttpResponse, req: uWS.HttpRequest): void => {
    if (req.getHeader("upgrade").toLowerCase() === "websocket") req.setYield(true)
    else handler(res, req)
  }
