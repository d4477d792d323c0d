/** What the readers of one user hold, as they know it: the model that the feed is held against. */

interface Topic {
  readonly name: string
  readonly holders: Set<string>
  since: number
}

export class Wants {
  readonly #topics = new Map<string, Topic>()
  /** When the last view of an instrument, and a view, was given up. */
  readonly #left = new Map<string, number>()

  /** From the moment that it is asked for. @param name `NSE:RELIANCE` */
  add(topic: string, name: string, reader: string, now: number): void {
    const known = this.#topics.get(topic)
    if (known === undefined) this.#topics.set(topic, { name, holders: new Set([reader]), since: now })
    else known.holders.add(reader)
  }

  /** From the moment that this is answered. */
  remove(topic: string, reader: string, now: number): void {
    const known = this.#topics.get(topic)
    if (known === undefined || !known.holders.delete(reader) || known.holders.size > 0) return
    this.#topics.delete(topic)
    this.#left.set(topic, now)
    if (!this.hasInstrument(known.name)) this.#left.set(known.name, now)
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  hasInstrument(name: string): boolean {
    for (const topic of this.#topics.values()) if (topic.name === name) return true
    return false
  }

  /** @param what a topic, or the name of an instrument */
  leftAt(what: string): number {
    return this.#left.get(what) ?? 0
  }

  holds(topic: string, reader: string): boolean {
    return this.#topics.get(topic)?.holders.has(reader) === true
  }

  topicsOf(reader: string): ReadonlyArray<readonly [topic: string, name: string]> {
    return [...this.#topics].filter(([, t]) => t.holders.has(reader)).map(([topic, t]) => [topic, t.name])
  }

  get topics(): ReadonlyArray<{ readonly topic: string; readonly name: string; readonly since: number }> {
    return Array.from(this.#topics, ([topic, { name, since }]) => ({ topic, name, since }))
  }

  get names(): ReadonlySet<string> {
    return new Set(Array.from(this.#topics.values(), (t) => t.name))
  }
}
