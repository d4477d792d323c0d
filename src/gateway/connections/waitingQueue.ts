/** Those of one address who wait for a place: the newest and the oldest enter in turns, and anybody may go. */
interface Waiter<W> {
  readonly who: W
  readonly since: number
  isHere: boolean
}

export class WaitingQueue<W> {
  #entries: Array<Waiter<W>> = []
  #head = 0
  readonly #byWho = new Map<W, Waiter<W>>()
  #newestNext = true

  get size(): number {
    return this.#byWho.size
  }

  add(who: W, since: number): void {
    const entry = { who, since, isHere: true }
    this.#byWho.set(who, entry)
    this.#entries.push(entry)
  }

  /** False when it is not here. */
  remove(who: W): boolean {
    const entry = this.#byWho.get(who)
    if (entry === undefined) return false
    entry.isHere = false
    this.#byWho.delete(who)
    // Of those who have gone there are never more than of those who are here, but for a few.
    if (this.#entries.length - this.#head > 2 * this.#byWho.size + 64) {
      this.#entries = [...this.#byWho.values()]
      this.#head = 0
    }
    return true
  }

  /** Who has waited for the longest. */
  get oldest(): Waiter<W> | undefined {
    while (this.#head < this.#entries.length && !this.#entries[this.#head]!.isHere) this.#head++
    return this.#entries[this.#head]
  }

  /**
   * Takes one out. The newest, because those before may not be there any more, or never have meant to log in; then the oldest, so
   * that nobody waits in vain under ever newer ones.
   */
  next(): W | undefined {
    const entry = this.#newestNext ? this.#newest : this.oldest
    this.#newestNext = !this.#newestNext
    if (entry === undefined) return undefined
    this.remove(entry.who)
    return entry.who
  }

  get #newest(): Waiter<W> | undefined {
    while (this.#entries.length > this.#head && !this.#entries.at(-1)!.isHere) this.#entries.pop()
    return this.#entries.length > this.#head ? this.#entries.at(-1) : undefined
  }
}
