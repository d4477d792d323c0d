/** Derives the session's state from its connections. Pure. */
import type { SessionState } from "../../market/feedStatus.ts"
import type { PooledConnection } from "../model.ts"

/** The session's state, derived from its connections' states. */
export const stateOf = (
  connections: ReadonlyArray<PooledConnection>,
  running: boolean
): { readonly state: SessionState; readonly reason?: string } => {
  if (!running) return { state: "idle" }
  const parked = connections.find((s) => s.state.tag === "parked")?.state
  if (parked?.tag === "parked") return { state: "waiting_for_login", reason: parked.reason }
  if (connections.some((s) => s.state.tag === "up")) {
    const mute = connections.find((s) => s.connectsWithoutTick > 0 && s.state.tag === "up")
    return {
      state: "connected",
      ...(mute === undefined
        ? {}
        : { reason: "connected, but no tick has come since the login: it may be yesterday's" })
    }
  }
  const down = connections.find((s) => s.state.tag === "down")?.state
  return {
    state: connections.some((s) => s.hasBeenUp) ? "reconnecting" : "connecting",
    ...(down?.tag === "down" ? { reason: down.reason } : {})
  }
}
