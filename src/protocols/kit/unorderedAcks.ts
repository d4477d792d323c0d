/**
 * Matches requests and answers on a wire whose answers do not name their request. No source promises that answers
 * come in order, so no answer is assigned by its position. Each request gets one answer. When as many answers have
 * come as requests are open, and all say the same, that answer holds for all of them.
 */

/** With more unanswered requests than this, the wire does not answer each of them, and nothing can be concluded. */
const MOST = 256

const NOTHING: ReadonlyArray<never> = []

export class UnorderedAcks<A> {
  #requests: Array<ReadonlyArray<A>> = []
  #good = 0
  #bad = 0
  #hopeless = false

  /** @param items what one request asks for */
  ask(items: ReadonlyArray<A>): void {
    if (this.#hopeless) return
    this.#requests.push(items)
    if (this.#requests.length <= MOST) return
    this.#hopeless = true
    this.#clear()
  }

  /** Takes an answer that names nothing. @returns what is now accepted or refused: all open requests, or nothing */
  answered(good: boolean): ReadonlyArray<A> {
    if (this.#requests.length === 0) return NOTHING
    if (good) this.#good++
    else this.#bad++
    return this.#settled()
  }

  /** Takes an answer that names what it accepts. @returns what answers that named nothing have refused */
  accepted(items: ReadonlySet<A>): ReadonlyArray<A> {
    const at = this.#requests.findIndex((request) => request.some((item) => items.has(item)))
    if (at < 0) return NOTHING
    this.#requests.splice(at, 1)
    return this.#settled()
  }

  #settled(): ReadonlyArray<A> {
    if (this.#good + this.#bad < this.#requests.length) return NOTHING
    const items = this.#good > 0 && this.#bad > 0 ? NOTHING : this.#requests.flat()
    this.#clear()
    return items
  }

  #clear(): void {
    this.#requests = []
    this.#good = 0
    this.#bad = 0
  }
}
