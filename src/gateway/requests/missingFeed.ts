/** Reports to a client that its user's feed delivers nothing: in the answer to its login, and by event. */
import type { FeedError, FeedInfo } from "../../bus/feed.ts"
import type { FeedEvent } from "../../market/feedEvent.ts"
import type { MissingFeed } from "../messages/answers.ts"

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

/** The connection that events of the gateway and of its line to the feed process name; those of a session begin with 1. */
const GATEWAY = 0

export interface ReportedDown {
  readonly event: "feed_down" | "waiting_for_login"
  /** By the gateway when it logged in, and not by the watch over the feed process, which tells of the end as well. */
  readonly byLogin: boolean
}

/** The event that says the same. */
export const eventFor = ({ state }: MissingFeed): ReportedDown["event"] =>
  state === "waiting_for_login" ? "waiting_for_login" : "feed_down"

/** Its status frame, without the client's sequence number. */
export const missingStatus = (missing: MissingFeed, broker: string, at: number): string => {
  const { code, message } = missing
  return JSON.stringify(
    eventFor(missing) === "waiting_for_login"
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
}

/** The feed is available, and no event has said so to this client. The client had no feed before, so there is no gap. */
export const arrivedStatus = (
  broker: string,
  at: number,
  { failed, restored }: { readonly restored: number; readonly failed: number }
): string =>
  JSON.stringify({
    type: "status",
    event: "feed_up",
    broker,
    at,
    connection: GATEWAY,
    restored,
    failed
  })

/**
 * Whether the client has not had this event yet; it is then noted as delivered. The login may have reported that the feed
 * process is silent before the watch over that process does. Likewise, `arrivedStatus` may have reported that it is back.
 */
export const isFirstReport = (
  client: { reportedDown: ReportedDown | undefined },
  event: FeedEvent
): boolean => {
  if (event.type !== "feed_up" && event.type !== "feed_down") return true
  const before = client.reportedDown
  const isOfLink = event.connection === GATEWAY
  if (event.type === "feed_up") {
    client.reportedDown = undefined
    return !isOfLink || before !== undefined
  }
  if (!isOfLink) return true
  if (before?.event === "feed_down") return false
  client.reportedDown = { event: "feed_down", byLogin: false }
  return true
}

export interface Refused {
  readonly symbol: string
  readonly exchange: string
  readonly mode: string
  readonly reason: string
}

export const refusedStatus = (broker: string, at: number, instruments: ReadonlyArray<Refused>): string =>
  JSON.stringify({ type: "status", event: "subscription_failed", broker, at, instruments })
