/**
 * What a session does about faults, and what it did: restarts are limited in intensity and escalate, from a connection
 * to the session to "unavailable" with a reason. Losing a connection is no fault here: that is retried for ever, at the
 * pace of `reconnect.ts`. A fault is what should not happen: a defect of ours, a broker that breaks its protocol.
 */
import type { Decision } from "../../market/feedEvent.ts"
import type { DecisionMade } from "../../market/feedStatus.ts"

export interface Intensity {
  /** So many faults of one connection within the time restart the session. */
  readonly connectionFaults: number
  /** So many restarts of the session within the time make it unavailable. */
  readonly sessionRestarts: number
  readonly withinMs: number
  /** How long nothing is tried then. */
  readonly pauseMs: number
}

export const defaultIntensity: Intensity = {
  connectionFaults: 5,
  sessionRestarts: 3,
  withinMs: 60_000,
  pauseMs: 300_000
}

/** Decisions that are remembered for `/status`. */
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

  /** A fault of a connection: what is to be done beyond trying that connection again. */
  fault(connection: number, now: number): "restart_connection" | "restart_session" | "unavailable" {
    const { connectionFaults, sessionRestarts, withinMs } = this.#intensity
    const recent = (times: ReadonlyArray<number>) => times.filter((at) => now - at < withinMs)
    const faults = [...recent(this.#faults.get(connection) ?? []), now]
    this.#faults.set(connection, faults)
    if (faults.length < connectionFaults) return "restart_connection"
    this.#faults.clear()
    // Each restart of the session takes that many faults, so restarts are counted over a longer time.
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
