/** Endings for silence, which are ours before they are the library's, and what the library says of why it ended a connection. */
import type { CloseReason } from "../metrics.ts"
import type { GatewaySettings } from "../options.ts"

type Timing = Pick<GatewaySettings, "maxLagMs" | "pingIntervalMs" | "pongTimeoutMs">

/** The largest that the library knows. */
const MOST_IDLE_MS = 960_000
/** Its own resolution is four seconds, and our beats can be late. */
const MARGIN_MS = 20_000
/** Seldom enough; with fewer pings its timer could be the first to miss a live client. */
const SELDOMEST_PING_MS = 400_000

/** How often clients are pinged, whatever is set. */
export const pingEveryMs = ({ pingIntervalMs }: Timing): number => Math.min(pingIntervalMs, SELDOMEST_PING_MS)

/**
 * For how long a live client may send nothing, not even a pong: it lags, and catches up just before it is closed for that, and then
 * has a ping to answer. Whoever is silent for longer is closed, however it reads: lagging on and off excuses nobody.
 */
export const mostSilentMs = (timing: Timing): number => {
  const every = pingEveryMs(timing)
  return Math.min(every + timing.pongTimeoutMs + timing.maxLagMs, MOST_IDLE_MS - MARGIN_MS - every)
}

/**
 * The library's own timer, in seconds. It knows no reason and no metric, so it is never the first: each live client is closed before
 * by `pinger`, with a code. It cannot be 0, which is none: a connection that the gateway has closed is the library's alone until its other
 * end closes too. The library gives it four to sixteen seconds, but when something that waited for it is read meanwhile it starts this
 * timer anew, and none would keep such a connection, and what still waits for it, for ever (seen: open after a minute with 0, closed after
 * 16 s with 16). Connections that are no WebSockets (yet) have a timer of their own, ten seconds, whatever this is.
 */
export const idleTimeoutOf = (timing: Timing): number =>
  Math.ceil((mostSilentMs(timing) + pingEveryMs(timing) + MARGIN_MS) / 1000)

const ABNORMAL = 1006

/** Why a connection ended that the gateway did not end itself, in the words of the library. */
export const endOf = (code: number, message: ArrayBuffer): CloseReason => {
  if (code !== ABNORMAL) return "client"
  const words = Buffer.from(message).toString("latin1")
  if (words.includes("too big")) return "too_big"
  if (words.includes("timed out")) return "idle"
  if (words.includes("UTF-8")) return "invalid_text"
  return words.includes("invalid") ? "invalid_frame" : "lost"
}
