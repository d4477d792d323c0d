/**
 * Requests under way on a wire whose answers do not say what they answer. That answers come in order is nowhere promised,
 * so none is given to a request by its place: what is known is that each request gets one. When as many answers have
 * come as requests are under way, and all of them say the same, it is settled what they say of all.
 */

/** Requests without an answer beyond this: the wire does not answer each of them, and nothing can be concluded. */
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

  /** Takes an answer that names nothing. @returns what has been accepted, or refused, by now: all that is open, or nothing */
  answered(good: boolean): ReadonlyArray<A> {
    if (this.#requests.length === 0) return NOTHING
    if (good) this.#good++
    else this.#bad++
    return this.#settled()
  }

  /** Takes an answer that names what it accepts. @returns what has been refused by answers that named nothing */
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
