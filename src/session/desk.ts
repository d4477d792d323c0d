/**
 * The session's desk: the subscription book and the connection pool together. It answers requests and says what
 * must be done upstream; it does nothing itself. Plain data, owned by the session's actor.
 */
import type { Broker } from "../brokers/broker.ts"
import type {
  SubscribeResult,
  SubscriptionFailure,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../market/subscription.ts"
import type { Protocol } from "../protocols/protocol.ts"
import { deepBooksOf } from "./depth.ts"
import type { Slot } from "./pool.ts"
import { ConnectionPool } from "./pool.ts"
import type { Resolved } from "./resolver.ts"
import type { EntryChange } from "./subscriptionBook.ts"
import { SubscriptionBook } from "./subscriptionBook.ts"

/** What the session has to carry out, in this order. */
export interface Orders {
  readonly open: ReadonlyArray<Slot>
  readonly send: ReadonlyMap<Slot, ReadonlyArray<EntryChange>>
  readonly close: ReadonlyArray<Slot>
}

type Resolvable = Extract<Resolved, { tag: "resolved" }>

export interface Answer<A> {
  readonly results: ReadonlyArray<A>
  readonly orders: Orders
}

export class Desk {
  readonly book: SubscriptionBook
  readonly pool: ConnectionPool
  readonly #broker: Broker

  constructor(user: string, broker: Broker, protocol: Protocol) {
    this.#broker = broker
    this.book = new SubscriptionBook(user, broker.name)
    this.pool = new ConnectionPool(broker, protocol)
  }

  hold(reader: string, items: ReadonlyArray<Resolved>): Answer<SubscribeResult> {
    const placed = new Dispatch(this.pool)
    const results = items.map((item) =>
      item.tag === "failed" ? item.failure : this.#holdOne(reader, item, placed)
    )
    return { results, orders: placed.orders() }
  }

  drop(reader: string, requests: ReadonlyArray<UnsubscribeRequest>): Answer<UnsubscribeResult> {
    const placed = new Dispatch(this.pool)
    const results = requests.map(({ exchange, mode, symbol }): UnsubscribeResult => {
      const { change, topics } = this.book.drop(reader, exchange, symbol, mode)
      if (change !== undefined) placed.add(change)
      if (topics.length > 0) return { status: "success", symbol, exchange, topics }
      const message = `Not subscribed to ${exchange}:${symbol}`
      return { status: "error", symbol, exchange, code: "NOT_SUBSCRIBED", message }
    })
    return { results, orders: placed.orders() }
  }

  release(reader: string): Orders {
    const placed = new Dispatch(this.pool)
    for (const change of this.book.release(reader)) placed.add(change)
    return placed.orders()
  }

  #holdOne(reader: string, item: Resolvable, placed: Dispatch): SubscribeResult {
    const { bookless, instrument, request, requestedDepth } = item
    const depth = this.#withinDeepBooks(item)
    const { symbol, exchange, mode } = request
    const levels = depth?.actual ?? 0
    const held = this.book.hold(reader, instrument, mode, requestedDepth, levels, bookless)
    if (held.change !== undefined) {
      const full = placed.add(held.change)
      if (full !== undefined) {
        // Nothing was placed, so taking the hold back moves nothing upstream.
        this.book.unhold(reader, exchange, symbol, held.view.topic)
        const message = `${this.#broker.title} allows ${full.limit} subscriptions per login and ${full.inUse} are in use`
        return {
          status: "error",
          symbol,
          exchange,
          code: "MAX_CAPACITY_REACHED",
          message
        } satisfies SubscriptionFailure
      }
    }
    return {
      status: "success",
      symbol,
      exchange,
      mode,
      requested_depth: requestedDepth,
      actual_depth: depth?.actual ?? requestedDepth,
      is_fallback: depth?.fallback ?? false,
      ...(depth?.message === undefined ? {} : { message: depth.message }),
      topic: held.view.topic
    }
  }

  /**
   * Gives the shallowest level when the broker's deep books are used up. The limit is per connection; counting
   * it over the whole login never oversteps it.
   */
  #withinDeepBooks({ depth, instrument: { exchange, symbol } }: Resolvable): Resolvable["depth"] {
    const deep = depth === undefined ? undefined : deepBooksOf(this.#broker, exchange)
    if (depth === undefined || deep === undefined || depth.actual <= deep.shallowest) return depth
    let used = 0
    for (const entry of this.book.entries()) {
      if (entry.exchange !== exchange || entry.want === undefined || entry.want.depth <= deep.shallowest)
        continue
      if (entry.symbol === symbol) return depth
      used++
    }
    if (used < deep.limit) return depth
    return {
      tag: "level",
      actual: deep.shallowest,
      fallback: true,
      message: `${this.#broker.title} serves more than ${deep.shallowest} levels for ${deep.limit} instruments of ${exchange}, all in use: using ${deep.shallowest}`
    }
  }
}

/** Collects placements into orders. */
class Dispatch {
  readonly #pool: ConnectionPool
  readonly #open: Array<Slot> = []
  readonly #send = new Map<Slot, Array<EntryChange>>()

  constructor(pool: ConnectionPool) {
    this.#pool = pool
  }

  /** Places a change, or says why there is no room. */
  add(change: EntryChange): { readonly inUse: number; readonly limit: number } | undefined {
    const placement = this.#pool.place(change)
    if (placement.tag === "full") return placement
    if (placement.tag === "nowhere") return undefined
    if (placement.opened) this.#open.push(placement.slot)
    const share = this.#send.get(placement.slot)
    if (share === undefined) this.#send.set(placement.slot, [change])
    else share.push(change)
    return undefined
  }

  orders(): Orders {
    // The first connection stays, so that a login without subscriptions is still seen to work; further ones
    // close when they are empty.
    const close = [...this.#send.keys()].filter((s) => s.assigned.size === 0 && s !== this.#pool.slots[0])
    for (const slot of close) {
      this.#pool.close(slot)
      this.#send.delete(slot)
    }
    return { open: this.#open.filter((s) => !close.includes(s)), send: this.#send, close }
  }
}
