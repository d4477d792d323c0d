/** What a client is told where its user's feed delivers nothing: in the answer to its login, and by event. */
import type { FeedError, FeedInfo } from "../bus/feed.ts"
import type { MissingFeed } from "./messages/answers.ts"

/** The answer to a login has to stay short. */
const LONGEST_REASON = 300

const missing = (state: MissingFeed["state"], code: MissingFeed["code"], reason: string): MissingFeed => ({
  state,
  code,
  message: reason.length <= LONGEST_REASON ? reason : `${reason.slice(0, LONGEST_REASON)}…`
})

/** Undefined for a feed that delivers. */
export const missingOf = ({ broker, reason, state }: FeedInfo): MissingFeed | undefined =>
  state === "connected"
    ? undefined
    : missing(
        state,
        "BROKER_CONNECTION_ERROR",
        `${broker} is not connected (${state}): ${reason ?? "no answer yet"}`
      )

export const missingFor = ({ code, detail }: FeedError): MissingFeed =>
  missing(code === "BROKER_CONNECTION_ERROR" ? "unreachable" : "unavailable", code, detail)

export const noAnswerYet: MissingFeed = {
  state: "connecting",
  code: "BROKER_CONNECTION_ERROR",
  message: "The feed has not answered yet"
}

/** The connection that events of the gateway itself name; those of a session begin with 1. */
const GATEWAY = 0

/** The status frame that says the same, without the client's sequence number. */
export const missingStatus = ({ code, message, state }: MissingFeed, broker: string, at: number): string =>
  JSON.stringify(
    state === "waiting_for_login"
      ? { type: "status", event: "waiting_for_login", broker, at, reason: message }
      : {
          type: "status",
          event: "feed_down",
          broker,
          at,
          connection: GATEWAY,
          cause: code,
          detail: message,
          since: at
        }
  )

/** The feed is there at last, and no event of its own has told the client. */
export const arrivedStatus = (
  broker: string,
  at: number,
  gapMs: number,
  { failed, restored }: { readonly restored: number; readonly failed: number }
): string =>
  JSON.stringify({
    type: "status",
    event: "feed_up",
    broker,
    at,
    connection: GATEWAY,
    gap_ms: Math.round(gapMs),
    restored,
    failed
  })

export interface Refused {
  readonly symbol: string
  readonly exchange: string
  readonly mode: string
  readonly reason: string
}

export const refusedStatus = (broker: string, at: number, instruments: ReadonlyArray<Refused>): string =>
  JSON.stringify({ type: "status", event: "subscription_failed", broker, at, instruments })
