/** What was asked for by the id of the request, for answers that repeat it. Brokers answer at once or never. */

/** Requests whose answer would still be understood. */
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

  /** Answers what was asked, once. */
  take(id: Id): A | undefined {
    const what = this.#requests.get(id)
    this.#requests.delete(id)
    return what
  }
}
