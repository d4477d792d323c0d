/** The notice of what a client lost. */
import type { TopicSubscription } from "../topics/fanOut.ts"
import type { Loss, Lost } from "./outbox.ts"

/** The most subscriptions that a notice names; it only counts the others. */
const NOTICE_MOST = 500

export const lostBetween = (before: Readonly<Lost>, after: Readonly<Lost>): Lost => ({
  conflated: after.conflated - before.conflated,
  dropped: after.dropped - before.dropped,
  statuses: after.statuses - before.statuses
})

export const isNothing = ({ conflated, dropped, statuses }: Lost): boolean =>
  conflated + dropped + statuses === 0

/** As JSON text. Times are epoch milliseconds. */
export const noticeOf = (
  from: number,
  at: number,
  { conflated, dropped, statuses }: Lost,
  losses: ReadonlyMap<TopicSubscription, Readonly<Loss>>
): string => {
  const symbols: Array<object> = []
  for (const [{ requested }, loss] of losses) {
    if (symbols.length === NOTICE_MOST) break
    const { exchange, symbol, tag } = requested
    symbols.push({ symbol, exchange, mode: tag, ...loss })
  }
  return JSON.stringify({
    type: "notice",
    since: from,
    at,
    conflated,
    dropped,
    statuses,
    subscriptions: losses.size,
    symbols
  })
}
