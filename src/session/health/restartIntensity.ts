/**
 * Decides what a session does about faults, and remembers its decisions. Restarts are limited in intensity and
 * escalate: from the connection to the session to "unavailable" with a reason. Losing a connection is no fault here:
 * it is retried for ever, at the pace of `retrySchedule.ts`. A fault is something that should not happen: a defect of
 * ours, or a broker that breaks its protocol.
 */
import type { Decision } from "../../market/feedEvent.ts"
import type { DecisionMade } from "../../market/feedStatus.ts"

export interface Intensity {
  /** This many faults of one connection within the time restart the session. */
  readonly connectionFaults: number
  /** This many restarts of the session within the time make it unavailable. */
  readonly sessionRestarts: number
  readonly withinMs: number
  /** How long the session then pauses. */
  readonly pauseMs: number
}

export const defaultIntensity: Intensity = {
  connectionFaults: 5,
  sessionRestarts: 3,
  withinMs: 60_000,
  pauseMs: 300_000
}

/** The number of decisions to remember for `/status`. */
const REMEMBERED = 50

export class RestartIntensity {
  readonly #intensity: Intensity
  readonly #faults = new Map<number, Array<number>>()
  #restarts: Array<number> = []
  readonly #decisions: Array<DecisionMade> = []

  constructor(intensity: Intensity = defaultIntensity) {
    this.#intensity = intensity
  }

  get pauseMs(): number {
    return this.#intensity.pauseMs
  }

  /** Newest last. */
  get decisions(): ReadonlyArray<DecisionMade> {
    return [...this.#decisions]
  }

  /** Records a connection's fault and decides what to do beyond reconnecting it. */
  fault(connection: number, now: number): "restart_connection" | "restart_session" | "unavailable" {
    const { connectionFaults, sessionRestarts, withinMs } = this.#intensity
    const recent = (times: ReadonlyArray<number>) => times.filter((at) => now - at < withinMs)
    const faults = [...recent(this.#faults.get(connection) ?? []), now]
    this.#faults.set(connection, faults)
    if (faults.length < connectionFaults) return "restart_connection"
    this.#faults.clear()
    // Each restart of the session takes several faults, so restarts are counted over a longer time.
    this.#restarts = [...this.#restarts.filter((at) => now - at < withinMs * connectionFaults), now]
    if (this.#restarts.length < sessionRestarts) return "restart_session"
    this.#restarts = []
    return "unavailable"
  }

  note(decision: Decision, cause: string, now: number, connection?: number): void {
    this.#decisions.push({
      at: now,
      decision,
      cause,
      ...(connection === undefined ? {} : { connection })
    })
    if (this.#decisions.length > REMEMBERED) this.#decisions.shift()
  }
}
