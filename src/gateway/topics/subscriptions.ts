/**
 * One client's subscriptions: by the names that the client wrote, and by the feed's instruments.
 *
 * The feed knows a subscription by instrument and mode. A client may have the same one under several names (`TCS` and
 * `TCS:20`, mode 3 and mode 4). The gateway unsubscribes at the feed when the last of them goes.
 */
import { nameOf } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { UnsubscribeRequest } from "../../market/subscription.ts"
import type { Named } from "../messages/requestReader.ts"
import type { ModeTag } from "../messages/words.ts"
import type { TopicSubscription } from "./fanOut.ts"

export interface ClientSubscription {
  /** As the client wrote them. */
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
  readonly topic: string
  readonly topicSubscription: TopicSubscription
  /** With the feed's own symbol. */
  readonly name: Named
  readonly mode: Mode
  /** The depth levels that the client asked for. */
  readonly depth: number | undefined
}

/** A name as a client wrote it. */
export type WrittenName = Pick<ClientSubscription, "symbol" | "exchange">

export interface Removed {
  readonly subscriptions: ReadonlyArray<ClientSubscription>
  /** For the feed: what the client no longer has under any name. */
  readonly requests: ReadonlyArray<UnsubscribeRequest>
}

const tagsOf: Readonly<Record<Mode, ReadonlyArray<ModeTag>>> = { ltp: [1], quote: [2], depth: [3, 4] }
const allTags: ReadonlyArray<ModeTag> = [1, 2, 3, 4]

/** Names may contain any character: the length marks where the first one ends. */
const keyOf = ({ exchange, symbol }: WrittenName, tag: ModeTag): string =>
  `${tag}${exchange.length}:${exchange}${symbol}`

export class ClientSubscriptions {
  readonly #byWrittenName = new Map<string, ClientSubscription>()
  /**
   * By the feed's name: a share that was requested as `CENTRALBK-BE` may be CENTRALBK here. Nearly always one, and never
   * many, since the ways to write a name are limited (see requestedNames.ts).
   */
  readonly #byInstrument = new Map<string, Array<ClientSubscription>>()
  #size = 0

  /** Whether the client has the feed's subscription under any name. Takes the common name. */
  has(symbol: string, exchange: string, mode: Mode): boolean {
    const held = this.#byInstrument.get(nameOf({ symbol, exchange }))
    return held?.some((subscription) => subscription.mode === mode) === true
  }

  /** Subscriptions as the feed counts them: by instrument and mode. */
  get size(): number {
    return this.#size
  }

  /** Subscriptions as the client counts them: by written name and mode number. */
  get count(): number {
    return this.#byWrittenName.size
  }

  /** In the order of subscribing. Stays valid when subscriptions are added and removed meanwhile. */
  [Symbol.iterator](): Iterator<ClientSubscription> {
    return this.#byWrittenName.values()
  }

  /** The instruments, by their common name `EXCHANGE:SYMBOL`. */
  get instruments(): ReadonlyMap<string, unknown> {
    return this.#byInstrument
  }

  /**
   * The names that the client wrote for an instrument, each once.
   *
   * @param name the common name, `EXCHANGE:SYMBOL`
   */
  namesOf(name: string): ReadonlyArray<WrittenName> {
    const found = new Map<string, WrittenName>()
    for (const { exchange, symbol } of this.#byInstrument.get(name) ?? []) {
      found.set(nameOf({ exchange, symbol }), { symbol, exchange })
    }
    return [...found.values()]
  }

  /** The subscription of the same written name and mode number, with any depth levels. */
  find(name: WrittenName, tag: ModeTag): ClientSubscription | undefined {
    return this.#byWrittenName.get(keyOf(name, tag))
  }

  /**
   * Adds a subscription; it replaces an earlier one of the same written name and mode number. Returns the unsubscribe
   * request for the feed, if the earlier one had another symbol and was the last of its instrument and mode.
   */
  put(subscription: ClientSubscription): UnsubscribeRequest | undefined {
    const key = keyOf(subscription, subscription.tag)
    const earlier = this.#byWrittenName.get(key)
    this.#byWrittenName.set(key, subscription)
    const name = nameOf(subscription.name.instrument)
    const held = this.#byInstrument.get(name)
    if (held?.some(({ mode }) => mode === subscription.mode) !== true) this.#size++
    if (held === undefined) this.#byInstrument.set(name, [subscription])
    else held.push(subscription)
    return earlier === undefined ? undefined : this.#removeFromInstrument(earlier)
  }

  /**
   * Removes a subscription from its instrument. Returns the unsubscribe request for the feed if it was the last one in its
   * mode.
   */
  #removeFromInstrument(gone: ClientSubscription): UnsubscribeRequest | undefined {
    const { mode } = gone
    const { exchange, symbol } = gone.name.instrument
    const name = nameOf(gone.name.instrument)
    const held = this.#byInstrument.get(name)!
    held.splice(held.indexOf(gone), 1)
    if (held.length === 0) this.#byInstrument.delete(name)
    if (held.some((other) => other.mode === mode)) return undefined
    this.#size--
    return { symbol, exchange, mode }
  }

  /** Removes the subscriptions of this written name, in one mode or in all, whatever instrument it stands for by now. */
  remove(name: WrittenName, mode: Mode | undefined): Removed {
    const subscriptions: Array<ClientSubscription> = []
    const requests: Array<UnsubscribeRequest> = []
    for (const tag of mode === undefined ? allTags : tagsOf[mode]) {
      const key = keyOf(name, tag)
      const held = this.#byWrittenName.get(key)
      if (held === undefined) continue
      this.#byWrittenName.delete(key)
      subscriptions.push(held)
      const request = this.#removeFromInstrument(held)
      if (request !== undefined) requests.push(request)
    }
    return { subscriptions, requests }
  }

  /** Removes everything. */
  clear(): Removed {
    const subscriptions = [...this]
    const requests: Array<UnsubscribeRequest> = []
    for (const held of this.#byInstrument.values()) {
      for (const [i, { mode, name }] of held.entries()) {
        if (i === 0 || held.findIndex((other) => other.mode === mode) === i)
          requests.push({ ...name.instrument, mode })
      }
    }
    this.#byWrittenName.clear()
    this.#byInstrument.clear()
    this.#size = 0
    return { subscriptions, requests }
  }
}
