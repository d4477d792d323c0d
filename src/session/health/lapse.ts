/**
 * Since when a user's feed has delivered nothing, across all its sessions: a session that replaces another one knows
 * nothing of the time before. Belongs to the user's feed. A session without a user's feed has its own.
 */
export class Lapse {
  readonly #delivering = new Set<object>()
  /** Monotonic milliseconds. Undefined while a session delivers, and before any has delivered. */
  #since: number | undefined

  /** A session has started or stopped delivering. */
  note(session: object, delivers: boolean, now: number): void {
    if (delivers) {
      this.#delivering.add(session)
      this.#since = undefined
    } else if (this.#delivering.delete(session) && this.#delivering.size === 0) {
      this.#since = now
    }
  }

  /** Undefined if there is no gap: there was no feed before, or another session delivers. */
  length(now: number): number | undefined {
    return this.#since === undefined ? undefined : now - this.#since
  }
}
