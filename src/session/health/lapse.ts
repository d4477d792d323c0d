/**
 * Since when a user's feed delivers nothing, over all sessions that it has had: a session that takes the place of another one
 * knows nothing of the time before it. Belongs to the user's feed; a session without one has its own.
 */
export class Lapse {
  readonly #delivering = new Set<object>()
  /** Monotonic milliseconds; undefined while somebody delivers, and before anybody has. */
  #since: number | undefined

  /** A session delivers, or does not any more. */
  note(session: object, delivers: boolean, now: number): void {
    if (delivers) {
      this.#delivering.add(session)
      this.#since = undefined
    } else if (this.#delivering.delete(session) && this.#delivering.size === 0) {
      this.#since = now
    }
  }

  /** Undefined where nothing is missed: there was no feed before, or another session delivers. */
  length(now: number): number | undefined {
    return this.#since === undefined ? undefined : now - this.#since
  }
}
