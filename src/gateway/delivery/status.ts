/**
 * What happens to the feed, as the `status` frame of one client: without the user, and only about what it holds, under the
 * names that it holds it by.
 */
import type { FeedEvent } from "../../market/feedEvent.ts"
import type { Holdings } from "../holdings.ts"

/** JSON text, without the client's sequence number; undefined when it does not concern the client. */
export const statusFor = (event: FeedEvent, holdings: Holdings): string | undefined => {
  switch (event.type) {
    case "stale":
      return about(event, event.instruments.flatMap(spelled(holdings)))
    case "fresh":
      return about(event, event.instruments.flatMap(spelled(holdings)))
    case "subscription_confirmed":
      return about(event, event.instruments.flatMap(spelled(holdings)))
    case "subscription_failed":
      return about(event, event.instruments.flatMap(spelled(holdings)))
    // For operators: what a client sees of it are the gaps.
    case "supervisor":
      return event.decision === "unavailable" ? frame(event) : undefined
    default:
      return frame(event)
  }
}

/** An instrument once for each of the client's spellings of it, as its frames have them. */
const spelled =
  (holdings: Holdings) =>
  <A extends { readonly symbol: string; readonly exchange: string }>(instrument: A): ReadonlyArray<A> =>
    holdings
      .spellingsOf(instrument.symbol, instrument.exchange)
      .map((spelling) => ({ ...instrument, ...spelling }))

const about = (event: FeedEvent, instruments: ReadonlyArray<object>): string | undefined =>
  instruments.length === 0 ? undefined : frame({ ...event, instruments } as FeedEvent)

/** `undefined` has no JSON: the user is not told, the connection knows whose it is. */
const frame = ({ type, ...rest }: FeedEvent): string =>
  JSON.stringify({ type: "status", event: type, ...rest, user: undefined })
