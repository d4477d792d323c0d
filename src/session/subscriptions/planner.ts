/**
 * The session's desk: the subscription book and the connection pool together. It answers requests and says what
 * must be done upstream; it does nothing itself. Plain data, owned by the session's actor.
 */
import type { Broker } from "../../brokers/broker.ts"
import { isExchange } from "../../market/exchange.ts"
import type {
  SubscribeResult,
  SubscriptionFailure,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../../market/subscription.ts"
import type { Protocol, Want } from "../../protocols/protocol.ts"
import { deepBooksOf } from "./depth.ts"
import { forget } from "../ticks/tickMerge.ts"
import type { Line } from "./upstreamSubscription.ts"
import type { Placement, Slot } from "./pool.ts"
import { ConnectionPool, counter } from "./pool.ts"
import type { Resolved } from "./resolver.ts"
import type { EntryChange } from "./subscriptions.ts"
import { SubscriptionBook, sameWant } from "./subscriptions.ts"

/** One kind of connection that the broker has: its main feed first, then those for deep books. */
export interface Feed {
  /** The broker's data, as far as it concerns this feed. */
  readonly broker: Broker
  readonly protocol: Protocol
}

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
  readonly #broker: Broker
  readonly #feeds: Feeds

  /**
   * @param broker all of it; `feeds` has its parts
   * @param now given, instruments linger after their last reader until `expire`
   */
  constructor(user: string, broker: Broker, feeds: ReadonlyArray<Feed>, now?: () => number) {
    this.#broker = broker
    this.book = new SubscriptionBook(user, broker, now)
    this.#feeds = new Feeds(feeds)
  }

  /** The connections of all feeds. */
  get slots(): ReadonlyArray<Slot> {
    return this.#feeds.pools.flatMap((pool) => pool.slots)
  }

  slot(id: number): Slot | undefined {
    return this.slots.find((s) => s.id === id)
  }

  pool(slot: Slot): ConnectionPool {
    return this.#feeds.pools[slot.feed]!
  }

  /** Begins to empty a connection that is not needed any more. Answers what is to be asked for at the new places. */
  startRebalance(): { readonly lines: ReadonlyArray<Line>; readonly orders: Orders } {
    const lines: Array<Line> = []
    const send = new Map<Slot, Array<EntryChange>>()
    for (const pool of this.#feeds.pools) {
      const spare = pool.spare()
      if (spare === undefined) continue
      for (const line of spare.lines.values()) {
        const next = pool.startMove(line)
        if (next === undefined) continue
        lines.push(line)
        const share = send.get(next.slot)
        const change = { entry: line.entry, from: undefined, to: line.want }
        if (share === undefined) send.set(next.slot, [change])
        else share.push(change)
      }
    }
    return { lines, orders: { open: [], send, close: [] } }
  }

  /** The new places of these serve: gives up the old ones. */
  finishRebalance(moved: ReadonlyArray<Line>): Orders {
    const placed = new Dispatch(this.#feeds)
    for (const line of moved) placed.moved(line)
    return placed.orders()
  }

  /** The first connection of the main feed, for a login without subscriptions. */
  openMain(): void {
    this.#feeds.main.open()
  }

  hold(reader: string, items: ReadonlyArray<Resolved>): Answer<SubscribeResult> {
    const placed = new Dispatch(this.#feeds)
    const results = items.map((item) =>
      item.tag === "failed" ? item.failure : this.#holdOne(reader, item, placed)
    )
    return { results, orders: placed.orders() }
  }

  drop(reader: string, requests: ReadonlyArray<UnsubscribeRequest>): Answer<UnsubscribeResult> {
    const placed = new Dispatch(this.#feeds)
    const results = requests.map(({ exchange, mode, symbol }): UnsubscribeResult => {
      const { change, topics } = this.book.drop(reader, exchange, symbol, mode)
      if (change !== undefined) placed.add(change)
      if (topics.length > 0) return { status: "success", symbol, exchange, topics }
      const message = `Not subscribed to ${exchange}:${symbol}`
      return { status: "error", symbol, exchange, code: "NOT_SUBSCRIBED", message }
    })
    return { results, orders: placed.orders() }
  }

  /** Gives up upstream what nobody has read since then. */
  expire(since: number): Orders {
    const placed = new Dispatch(this.#feeds)
    for (const change of this.book.expire(since)) placed.add(change)
    return placed.orders()
  }

  /** @param most views that the reader is taken off at once */
  release(reader: string, most = Infinity): Orders {
    const placed = new Dispatch(this.#feeds)
    for (const change of this.book.release(reader, most)) placed.add(change)
    return placed.orders()
  }

  #holdOne(reader: string, item: Resolvable, placed: Dispatch): SubscribeResult {
    const { bookless, instrument, request, requestedDepth } = item
    const depth = this.#withinDeepFeeds(item, this.#withinDeepBooks(item))
    const { symbol, exchange, mode } = request
    const levels = depth?.actual ?? 0
    const held = this.book.hold(reader, instrument, mode, requestedDepth, levels, bookless)
    if (held.change !== undefined) {
      let full = placed.add(held.change)
      if (full !== undefined) {
        // Whoever is wanted now goes before what merely lingers.
        for (const change of this.book.expire(Infinity)) placed.add(change)
        full = placed.add(held.change)
      }
      if (full !== undefined) {
        // Nothing was placed, so taking the hold back moves nothing upstream.
        this.book.unhold(reader, held)
        const message = full.alike
          ? `${this.#broker.title} cannot tell ${exchange}:${symbol} from an instrument with the same token that is subscribed, and has no further connection for it`
          : `${this.#broker.title} allows ${full.limit} subscriptions per login and ${full.inUse} are in use`
        return {
          status: "error",
          symbol,
          exchange,
          code: "MAX_CAPACITY_REACHED",
          message
        } satisfies SubscriptionFailure
      }
    }
    const notes = [
      ...(depth?.message === undefined ? [] : [depth.message]),
      ...(this.#broker.simulated === true ? ["the prices are those of a simulated market"] : [])
    ]
    return {
      status: "success",
      symbol,
      exchange,
      mode,
      requested_depth: requestedDepth,
      actual_depth: depth?.actual ?? requestedDepth,
      is_fallback: depth?.fallback ?? false,
      ...(notes.length === 0 ? {} : { message: notes.join("; ") }),
      ...(instrument.symbol === symbol ? {} : { served_as: instrument.symbol }),
      topic: held.view.topic
    }
  }

  /** Gives the main feed's deepest level when the socket for the deeper book is full. */
  #withinDeepFeeds({ instrument }: Resolvable, depth: Resolvable["depth"]): Resolvable["depth"] {
    if (depth === undefined) return depth
    const { exchange, symbol } = instrument
    const pool = this.#feeds.deepPool(exchange, depth.actual)
    const entry = this.book.find(exchange, symbol)
    if (pool === undefined || (entry?.want !== undefined && entry.want.depth > depth.actual)) return depth
    if (pool.hasRoom(instrument, { mode: "depth", depth: depth.actual }, entry)) return depth
    const actual = this.#feeds.mainLevel(exchange, depth.actual)
    return {
      tag: "level",
      actual,
      fallback: true,
      message: `${this.#broker.title} has no room for another book of ${depth.actual} levels: using ${actual}`
    }
  }

  /**
   * Gives the shallowest level when the broker's deep books are used up. The limit is per connection; counting
   * it over the whole login never oversteps it.
   */
  #withinDeepBooks({ depth, instrument: { exchange, symbol } }: Resolvable): Resolvable["depth"] {
    const deep = depth === undefined ? undefined : deepBooksOf(this.#broker, exchange)
    if (depth === undefined || deep === undefined || depth.actual <= deep.shallowest) return depth
    const own = this.book.find(exchange, symbol)?.want
    if (own !== undefined && own.depth > deep.shallowest) return depth
    if (this.book.deeper(exchange, deep.shallowest) < deep.limit) return depth
    return {
      tag: "level",
      actual: deep.shallowest,
      fallback: true,
      message: `${this.#broker.title} serves more than ${deep.shallowest} levels for ${deep.limit} instruments of ${exchange}, all in use: using ${deep.shallowest}`
    }
  }
}

/** The pools of a broker's feeds, and which want belongs to which. */
class Feeds {
  readonly pools: ReadonlyArray<ConnectionPool>
  readonly #feeds: ReadonlyArray<Feed>

  constructor(feeds: ReadonlyArray<Feed>) {
    const nextId = counter()
    this.#feeds = feeds
    this.pools = feeds.map(({ broker, protocol }, i) => new ConnectionPool(broker, protocol, i, nextId))
  }

  get main(): ConnectionPool {
    return this.pools[0]!
  }

  #levels(feed: number, exchange: string): ReadonlyArray<number> {
    return (
      (isExchange(exchange) ? this.#feeds[feed]!.broker.exchanges[exchange]?.depthLevels : undefined) ?? []
    )
  }

  deepPool(exchange: string, depth: number): ConnectionPool | undefined {
    return this.pools.find((_, feed) => feed > 0 && this.#levels(feed, exchange).includes(depth))
  }

  /** The main feed's deepest level that is not deeper than asked. */
  mainLevel(exchange: string, depth: number): number {
    return this.#levels(0, exchange).reduce((best, n) => (n <= depth ? Math.max(best, n) : best), 0)
  }

  /** A feed's share of a want: the main feed always has one. */
  share(feed: number, exchange: string, want: Want | undefined): Want | undefined {
    if (want === undefined) return undefined
    if (feed === 0) {
      return want.mode === "depth" && this.pools.length > 1
        ? { mode: "depth", depth: this.mainLevel(exchange, want.depth) }
        : want
    }
    return want.mode === "depth" && this.#levels(feed, exchange).includes(want.depth) ? want : undefined
  }
}

/** Collects placements into orders. */
class Dispatch {
  readonly #feeds: Feeds
  readonly #open: Array<Slot> = []
  readonly #send = new Map<Slot, Array<EntryChange>>()

  constructor(feeds: Feeds) {
    this.#feeds = feeds
  }

  /** Places a change on every feed that it concerns, or says why the main one has no room. */
  add({ entry, from, to }: EntryChange): Extract<Placement, { tag: "full" }> | undefined {
    for (const [feed, pool] of this.#feeds.pools.entries()) {
      const was = this.#feeds.share(feed, entry.exchange, from)
      const will = this.#feeds.share(feed, entry.exchange, to)
      if (sameWant(was, will)) continue
      if (will === undefined || (was !== undefined && will.mode !== was.mode)) forget(entry, feed)
      const line = entry.lines[feed]
      const half = line === undefined ? undefined : pool.cancelMove(line)
      if (half !== undefined) this.#put(half.slot, { entry, from: half.want, to: undefined })
      const change = { entry, from: was, to: will }
      const placement = pool.place(change)
      if (placement.tag === "full") {
        if (feed === 0) return placement
        continue
      }
      if (placement.tag === "nowhere") continue
      if (placement.opened) this.#open.push(placement.slot)
      this.#put(placement.slot, change)
    }
    return undefined
  }

  #put(slot: Slot, change: EntryChange): void {
    const share = this.#send.get(slot)
    if (share === undefined) this.#send.set(slot, [change])
    else share.push(change)
  }

  /** An instrument's new place serves: the old one is given up. */
  moved(line: Line): void {
    this.#put(line.slot, { entry: line.entry, from: line.want, to: undefined })
  }

  orders(): Orders {
    // One connection stays, so that a login without subscriptions is still seen to work; further ones close when they
    // are empty.
    const close: Array<Slot> = []
    for (const slot of this.#send.keys()) {
      const pool = this.#feeds.pools[slot.feed]!
      if (slot.lines.size > 0 || (slot.feed === 0 && pool.slots.length === 1)) continue
      pool.close(slot)
      close.push(slot)
    }
    for (const slot of close) this.#send.delete(slot)
    return { open: this.#open.filter((s) => !close.includes(s)), send: this.#send, close }
  }
}
