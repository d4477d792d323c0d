/** What happens to the feed, as the `status` frame of one client: without the user, and only about what it holds. */
import type { FeedEvent } from "../../market/feedEvent.ts"
import type { Holdings } from "../holdings.ts"

/** JSON text, without the client's sequence number; undefined when it does not concern the client. */
export const statusFor = (event: FeedEvent, holdings: Holdings): string | undefined => {
  switch (event.type) {
    case "stale":
      return about(event, event.instruments.filter(held(holdings)))
    case "fresh":
      return about(event, event.instruments.filter(held(holdings)))
    case "subscription_confirmed":
      return about(event, event.instruments.filter(held(holdings)))
    case "subscription_failed":
      return about(event, event.instruments.filter(held(holdings)))
    // For operators: what a client sees of it are the gaps.
    case "supervisor":
      return event.decision === "unavailable" ? frame(event) : undefined
    default:
      return frame(event)
  }
}

const held =
  (holdings: Holdings) =>
  ({ exchange, symbol }: { readonly symbol: string; readonly exchange: string }): boolean =>
    holdings.has(symbol, exchange)

const about = (event: FeedEvent, instruments: ReadonlyArray<object>): string | undefined =>
  instruments.length === 0 ? undefined : frame({ ...event, instruments } as FeedEvent)

/** `undefined` has no JSON: the user is not told, the connection knows whose it is. */
const frame = ({ type, ...rest }: FeedEvent): string =>
  JSON.stringify({ type: "status", event: type, ...rest, user: undefined })
