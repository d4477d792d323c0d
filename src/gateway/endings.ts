/** Endings that are the library's: after how long it gives a connection up, and what it says of why. */
import type { CloseReason } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"

/** The largest that the library knows, in seconds. */
const MOST_IDLE_S = 960

/**
 * The library's own timer knows no reason and no metric: it must never be the first. A live client answers a ping or lags, and
 * is closed for either long before. The timer is for connections that the gateway has closed already and whose other end does
 * not read the reason: nobody but the library can end those. Beyond what it can measure there is none, as for `idleTimeout: 0`.
 */
export const idleTimeoutOf = ({
  maxLagMs,
  pingIntervalMs,
  pongTimeoutMs
}: Pick<GatewaySettings, "maxLagMs" | "pingIntervalMs" | "pongTimeoutMs">): number => {
  const seconds = Math.ceil((2 * pingIntervalMs + pongTimeoutMs + maxLagMs) / 1000) + 20
  return seconds > MOST_IDLE_S ? 0 : seconds
}

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
