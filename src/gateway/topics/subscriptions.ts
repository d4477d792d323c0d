/**
 * What one client holds: its subscriptions under its own spelling, and by instrument what they are to the feed.
 *
 * The feed knows a reader's subscription by instrument and mode, while a client may hold the same one under
 * several spellings (`TCS` and `TCS:20`, mode 3 and mode 4). The feed is told when the last of them goes.
 */
import { nameOf } from "../../market/instrument.ts"
import type { Mode } from "../../market/mode.ts"
import type { UnsubscribeRequest } from "../../market/subscription.ts"
import type { Named } from "../messages/requestReader.ts"
import type { ModeTag } from "../messages/words.ts"
import type { TopicSubscription } from "./topics.ts"

export interface ClientSubscription {
  /** As the client spelled them. */
  readonly symbol: string
  readonly exchange: string
  readonly tag: ModeTag
  readonly topic: string
  readonly topicSubscription: TopicSubscription
  /** With the feed's own symbol. */
  readonly name: Named
  readonly mode: Mode
  /** The book levels that it asked for. */
  readonly depth: number | undefined
}

/** A name as a client spells it. */
export type Spelled = Pick<ClientSubscription, "symbol" | "exchange">

export interface Removed {
  readonly subscriptions: ReadonlyArray<ClientSubscription>
  /** For the feed: what the client no longer holds in any spelling. */
  readonly requests: ReadonlyArray<UnsubscribeRequest>
}

const tagsOf: Readonly<Record<Mode, ReadonlyArray<ModeTag>>> = { ltp: [1], quote: [2], depth: [3, 4] }
const allTags: ReadonlyArray<ModeTag> = [1, 2, 3, 4]

/** Names may hold any character: a length tells where the first one ends. */
const keyOf = ({ exchange, symbol }: Spelled, tag: ModeTag): string =>
  `${tag}${exchange.length}:${exchange}${symbol}`

export class ClientSubscriptions {
  readonly #bySpelling = new Map<string, ClientSubscription>()
  /**
   * By the feed's name: a share that is held as `CENTRALBK-BE` may be CENTRALBK here. Nearly always one, and never many,
   * since spellings are limited (see requestedNames.ts).
   */
  readonly #instruments = new Map<string, Array<ClientSubscription>>()
  #size = 0

  /** Whether the feed's subscription is held by any spelling. Names in the common spelling. */
  has(symbol: string, exchange: string, mode: Mode): boolean {
    const held = this.#instruments.get(nameOf({ symbol, exchange }))
    return held?.some((subscription) => subscription.mode === mode) === true
  }

  /** Subscriptions of the feed. */
  get size(): number {
    return this.#size
  }

  /** Every spelling counted. */
  get count(): number {
    return this.#bySpelling.size
  }

  /** In the order in which they came. Goes on with what is there when others come and go meanwhile. */
  [Symbol.iterator](): Iterator<ClientSubscription> {
    return this.#bySpelling.values()
  }

  /** What it holds, as `EXCHANGE:SYMBOL` in the common spelling. */
  get instruments(): ReadonlyMap<string, unknown> {
    return this.#instruments
  }

  /**
   * How the client spells what it holds of an instrument, each spelling once.
   *
   * @param name as `EXCHANGE:SYMBOL` in the common spelling
   */
  namesOf(name: string): ReadonlyArray<Spelled> {
    const found = new Map<string, Spelled>()
    for (const { exchange, symbol } of this.#instruments.get(name) ?? []) {
      found.set(nameOf({ exchange, symbol }), { symbol, exchange })
    }
    return [...found.values()]
  }

  /** The holding of the same spelling and mode number, whichever book level it has. */
  find(name: Spelled, tag: ModeTag): ClientSubscription | undefined {
    return this.#bySpelling.get(keyOf(name, tag))
  }

  /**
   * Adds a holding, in place of an earlier one of the same spelling and mode number if there is one. Answers what the
   * feed is to be told where that was served under another symbol and was the last of its instrument and mode.
   */
  put(subscription: ClientSubscription): UnsubscribeRequest | undefined {
    const key = keyOf(subscription, subscription.tag)
    const earlier = this.#bySpelling.get(key)
    this.#bySpelling.set(key, subscription)
    const name = nameOf(subscription.name.instrument)
    const held = this.#instruments.get(name)
    if (held?.some(({ mode }) => mode === subscription.mode) !== true) this.#size++
    if (held === undefined) this.#instruments.set(name, [subscription])
    else held.push(subscription)
    return earlier === undefined ? undefined : this.#leave(earlier)
  }

  /** Takes a holding off its instrument. Answers what the feed is to be told where it was the last in its mode. */
  #leave(gone: ClientSubscription): UnsubscribeRequest | undefined {
    const { mode } = gone
    const { exchange, symbol } = gone.name.instrument
    const name = nameOf(gone.name.instrument)
    const held = this.#instruments.get(name)!
    held.splice(held.indexOf(gone), 1)
    if (held.length === 0) this.#instruments.delete(name)
    if (held.some((other) => other.mode === mode)) return undefined
    this.#size--
    return { symbol, exchange, mode }
  }

  /** Removes what is held under this spelling, in one mode or in all, whatever it is served as. */
  remove(name: Spelled, mode: Mode | undefined): Removed {
    const subscriptions: Array<ClientSubscription> = []
    const requests: Array<UnsubscribeRequest> = []
    for (const tag of mode === undefined ? allTags : tagsOf[mode]) {
      const key = keyOf(name, tag)
      const held = this.#bySpelling.get(key)
      if (held === undefined) continue
      this.#bySpelling.delete(key)
      subscriptions.push(held)
      const request = this.#leave(held)
      if (request !== undefined) requests.push(request)
    }
    return { subscriptions, requests }
  }

  /** Removes everything. */
  clear(): Removed {
    const subscriptions = [...this]
    const requests: Array<UnsubscribeRequest> = []
    for (const held of this.#instruments.values()) {
      for (const [i, { mode, name }] of held.entries()) {
        if (i === 0 || held.findIndex((other) => other.mode === mode) === i)
          requests.push({ ...name.instrument, mode })
      }
    }
    this.#bySpelling.clear()
    this.#instruments.clear()
    this.#size = 0
    return { subscriptions, requests }
  }
}
