/** Knows which topics have subscribers. The publisher hands the frames of no other topic to ZeroMQ. */

/**
 * The first byte of a message from an XPUB socket that reports every subscription; a prefix follows. 1: a subscriber added
 * it; 0: a subscriber removed it or left.
 */
const ADDED = 1

/** Topics of events begin with it, and no symbol does. */
export const EVENT_MARK = "!"

/** The most cached answers. When the cache is full, it is cleared. */
const MOST_KNOWN = 50_000

/** What subscribers may ask for together. ZeroMQ keeps up to 50 bytes for each character of a prefix, on its own heap. */
export interface SubscriberBounds {
  /** Characters of all distinct prefixes together. */
  readonly characters: number
  /** Subscriptions: ten subscribers to one prefix are ten. */
  readonly subscriptions: number
}

/** Prefixes are kept as their bytes, one character each, so that no two become one. */
const bytesOf = (topic: string): string => Buffer.from(topic, "utf8").toString("latin1")
/** Where bytes and characters are the same, as in every topic that brokers have given so far. */
const isPlain = (topic: string): boolean => {
  for (let i = 0; i < topic.length; i++) if (topic.charCodeAt(i) > 0x7f) return false
  return true
}

export class Subscribers {
  /** How many subscribers each prefix has. */
  readonly #prefixes = new Map<string, number>()
  /** How many prefixes have each length: a topic is looked up once per length, however many there are. */
  readonly #lengths = new Map<number, number>()
  /** Answers since the last change. */
  readonly #known = new Map<string, boolean>()
  #events = 0
  #characters = 0
  #subscriptions = 0

  /** Takes a message of an XPUB socket. */
  take(message: Buffer): void {
    const prefix = message.toString("latin1", 1)
    const count = this.#prefixes.get(prefix) ?? 0
    if (message[0] === ADDED) {
      this.#subscriptions++
      this.#prefixes.set(prefix, count + 1)
      if (count === 0) this.#changed(prefix, 1)
      return
    }
    if (count === 0) return
    this.#subscriptions--
    if (count > 1) this.#prefixes.set(prefix, count - 1)
    else {
      this.#prefixes.delete(prefix)
      this.#changed(prefix, -1)
    }
  }

  /** Nobody has subscribed to anything. */
  get isEmpty(): boolean {
    return this.#prefixes.size === 0
  }

  /** Whether they ask for more than is kept for them. */
  exceed({ characters, subscriptions }: SubscriberBounds): boolean {
    return this.#characters > characters || this.#subscriptions > subscriptions
  }

  want(topic: string): boolean {
    if (this.isEmpty) return false
    let wanted = this.#known.get(topic)
    if (wanted === undefined) {
      wanted = this.#find(isPlain(topic) ? topic : bytesOf(topic))
      if (this.#known.size >= MOST_KNOWN) this.#known.clear()
      this.#known.set(topic, wanted)
    }
    return wanted
  }

  /** Whether anybody asked for topics of events. */
  get wantEvents(): boolean {
    return this.#events > 0
  }

  #changed(prefix: string, by: 1 | -1): void {
    const { length } = prefix
    const left = (this.#lengths.get(length) ?? 0) + by
    if (left > 0) this.#lengths.set(length, left)
    else this.#lengths.delete(length)
    this.#characters += by * length
    if (prefix.startsWith(EVENT_MARK)) this.#events += by
    this.#known.clear()
  }

  #find(topic: string): boolean {
    for (const length of this.#lengths.keys()) {
      if (length <= topic.length && this.#prefixes.has(topic.slice(0, length))) return true
    }
    return false
  }
}
