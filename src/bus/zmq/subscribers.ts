/** Which topics anybody has subscribed to: what nobody asked for is not even handed to ZeroMQ. */

/** Of a subscription that reaches an XPUB socket: 1 and a prefix when the first subscriber of it came, 0 when the last left. */
const ADDED = 1

/** Answers that are kept; beyond, they are found anew. */
const MOST_KNOWN = 50_000

export class Subscribers {
  readonly #prefixes = new Set<string>()
  /** How many prefixes have each length: a topic is looked up once per length, however many there are. */
  readonly #lengths = new Map<number, number>()
  /** Answers since the last change. */
  readonly #known = new Map<string, boolean>()

  /** Takes a message of an XPUB socket. */
  take(message: Buffer): void {
    const prefix = message.toString("utf8", 1)
    if (message[0] === ADDED) {
      if (this.#prefixes.has(prefix)) return
      this.#prefixes.add(prefix)
      this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1)
    } else {
      if (!this.#prefixes.delete(prefix)) return
      const left = this.#lengths.get(prefix.length)! - 1
      if (left > 0) this.#lengths.set(prefix.length, left)
      else this.#lengths.delete(prefix.length)
    }
    this.#known.clear()
  }

  /** Nobody has subscribed to anything. */
  get isEmpty(): boolean {
    return this.#prefixes.size === 0
  }

  want(topic: string): boolean {
    if (this.isEmpty) return false
    let wanted = this.#known.get(topic)
    if (wanted === undefined) {
      wanted = this.#find(topic)
      if (this.#known.size >= MOST_KNOWN) this.#known.clear()
      this.#known.set(topic, wanted)
    }
    return wanted
  }

  /** Whether anybody asked for topics that begin with this. */
  wantAnyOf(start: string): boolean {
    for (const prefix of this.#prefixes) if (prefix.startsWith(start)) return true
    return false
  }

  #find(topic: string): boolean {
    for (const length of this.#lengths.keys()) if (this.#prefixes.has(topic.slice(0, length))) return true
    return false
  }
}
