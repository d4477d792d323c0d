/** Remembers requests by id, for answers that repeat the id. Brokers answer at once or never. */

/** How many requests to remember. */
const REMEMBERED = 64

export class RequestsById<Id, A> {
  readonly #requests = new Map<Id, A>()

  remember(id: Id, what: A): void {
    this.#requests.set(id, what)
    if (this.#requests.size <= REMEMBERED) return
    for (const oldest of this.#requests.keys()) {
      this.#requests.delete(oldest)
      return
    }
  }

  /** Returns what the request asked for, once. */
  take(id: Id): A | undefined {
    const what = this.#requests.get(id)
    this.#requests.delete(id)
    return what
  }
}
