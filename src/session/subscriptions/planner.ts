/**
 * The planner: the subscriptions and the connection pools together. It answers requests and says what
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
import type { PooledConnection, SubscriptionChange, UpstreamSubscription } from "../model.ts"
import type { Placement } from "./pool.ts"
import { ConnectionPool, counter } from "./pool.ts"
import type { Resolved } from "./resolver.ts"
import { Subscriptions } from "./subscriptions.ts"
import { sameWant } from "../model.ts"

/** One kind of connection that the broker has: its main feed first, then those for deep books. */
export interface BrokerStream {
  /** The broker's data, as far as it concerns this feed. */
  readonly broker: Broker
  readonly protocol: Protocol
}

/** What the session has to carry out, in this order. */
export interface WireActions {
  readonly open: ReadonlyArray<PooledConnection>
  readonly send: ReadonlyMap<PooledConnection, ReadonlyArray<SubscriptionChange>>
  readonly close: ReadonlyArray<PooledConnection>
}

type Resolvable = Extract<Resolved, { tag: "resolved" }>

export interface Plan<A> {
  readonly results: ReadonlyArray<A>
  readonly actions: WireActions
}

export class SubscriptionPlanner {
  readonly subscriptions: Subscriptions
  readonly #broker: Broker
  readonly #streams: Streams

  /**
   * @param broker all of it; `feeds` has its parts
   * @param now given, instruments linger after their last reader until `expire`
   */
  constructor(user: string, broker: Broker, streams: ReadonlyArray<BrokerStream>, now?: () => number) {
    this.#broker = broker
    this.subscriptions = new Subscriptions(user, broker, now)
    this.#streams = new Streams(streams)
  }

  /** The connections of all feeds. */
  get connections(): ReadonlyArray<PooledConnection> {
    return this.#streams.pools.flatMap((pool) => pool.connections)
  }

  connection(id: number): PooledConnection | undefined {
    return this.connections.find((s) => s.id === id)
  }

  pool(connection: PooledConnection): ConnectionPool {
    return this.#streams.pools[connection.stream]!
  }

  /** Begins to empty a connection that is not needed any more. Answers what is to be asked for at the new places. */
  startRebalance(): {
    readonly upstreams: ReadonlyArray<UpstreamSubscription>
    readonly actions: WireActions
  } {
    const upstreams: Array<UpstreamSubscription> = []
    const send = new Map<PooledConnection, Array<SubscriptionChange>>()
    for (const pool of this.#streams.pools) {
      const spare = pool.spare()
      if (spare === undefined) continue
      for (const upstream of spare.subscriptions.values()) {
        const next = pool.startMove(upstream)
        if (next === undefined) continue
        upstreams.push(upstream)
        const share = send.get(next.connection)
        const change = { instrument: upstream.instrument, from: undefined, to: upstream.want }
        if (share === undefined) send.set(next.connection, [change])
        else share.push(change)
      }
    }
    return { upstreams, actions: { open: [], send, close: [] } }
  }

  /** The new places of these serve: gives up the old ones. */
  finishRebalance(moved: ReadonlyArray<UpstreamSubscription>): WireActions {
    const placed = new Placements(this.#streams)
    for (const upstream of moved) placed.moved(upstream)
    return placed.actions()
  }

  /** The first connection of the main feed, for a login without subscriptions. */
  openMain(): void {
    this.#streams.main.open()
  }

  add(reader: string, items: ReadonlyArray<Resolved>): Plan<SubscribeResult> {
    const placed = new Placements(this.#streams)
    const results = items.map((item) =>
      item.tag === "failed" ? item.failure : this.#addOne(reader, item, placed)
    )
    return { results, actions: placed.actions() }
  }

  remove(reader: string, requests: ReadonlyArray<UnsubscribeRequest>): Plan<UnsubscribeResult> {
    const placed = new Placements(this.#streams)
    const results = requests.map(({ exchange, mode, symbol }): UnsubscribeResult => {
      const { change, topics } = this.subscriptions.remove(reader, exchange, symbol, mode)
      if (change !== undefined) placed.add(change)
      if (topics.length > 0) return { status: "success", symbol, exchange, topics }
      const message = `Not subscribed to ${exchange}:${symbol}`
      return { status: "error", symbol, exchange, code: "NOT_SUBSCRIBED", message }
    })
    return { results, actions: placed.actions() }
  }

  /** Gives up upstream what nobody has read since then. */
  expire(since: number): WireActions {
    const placed = new Placements(this.#streams)
    for (const change of this.subscriptions.expire(since)) placed.add(change)
    return placed.actions()
  }

  /** @param most views that the reader is taken off at once */
  release(reader: string, most = Infinity): WireActions {
    const placed = new Placements(this.#streams)
    for (const change of this.subscriptions.release(reader, most)) placed.add(change)
    return placed.actions()
  }

  #addOne(reader: string, item: Resolvable, placed: Placements): SubscribeResult {
    const { bookless, instrument, request, requestedDepth } = item
    const depth = this.#withinDeepStreams(item, this.#withinDeepBooks(item))
    const { symbol, exchange, mode } = request
    const levels = depth?.actual ?? 0
    const held = this.subscriptions.add(reader, instrument, mode, requestedDepth, levels, bookless)
    if (held.change !== undefined) {
      let full = placed.add(held.change)
      if (full !== undefined) {
        // Whoever is wanted now goes before what merely lingers.
        for (const change of this.subscriptions.expire(Infinity)) placed.add(change)
        full = placed.add(held.change)
      }
      if (full !== undefined) {
        // Nothing was placed, so taking the hold back moves nothing upstream.
        this.subscriptions.takeBack(reader, held)
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
  #withinDeepStreams({ instrument }: Resolvable, depth: Resolvable["depth"]): Resolvable["depth"] {
    if (depth === undefined) return depth
    const { exchange, symbol } = instrument
    const pool = this.#streams.deepPool(exchange, depth.actual)
    const entry = this.subscriptions.find(exchange, symbol)
    if (pool === undefined || (entry?.want !== undefined && entry.want.depth > depth.actual)) return depth
    if (pool.hasRoom(instrument, { mode: "depth", depth: depth.actual }, entry)) return depth
    const actual = this.#streams.mainLevel(exchange, depth.actual)
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
    const own = this.subscriptions.find(exchange, symbol)?.want
    if (own !== undefined && own.depth > deep.shallowest) return depth
    if (this.subscriptions.deeper(exchange, deep.shallowest) < deep.limit) return depth
    return {
      tag: "level",
      actual: deep.shallowest,
      fallback: true,
      message: `${this.#broker.title} serves more than ${deep.shallowest} levels for ${deep.limit} instruments of ${exchange}, all in use: using ${deep.shallowest}`
    }
  }
}

/** The pools of a broker's feeds, and which want belongs to which. */
class Streams {
  readonly pools: ReadonlyArray<ConnectionPool>
  readonly #streams: ReadonlyArray<BrokerStream>

  constructor(streams: ReadonlyArray<BrokerStream>) {
    const nextId = counter()
    this.#streams = streams
    this.pools = streams.map(({ broker, protocol }, i) => new ConnectionPool(broker, protocol, i, nextId))
  }

  get main(): ConnectionPool {
    return this.pools[0]!
  }

  #levels(feed: number, exchange: string): ReadonlyArray<number> {
    return (
      (isExchange(exchange) ? this.#streams[feed]!.broker.exchanges[exchange]?.depthLevels : undefined) ?? []
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
class Placements {
  readonly #streams: Streams
  readonly #open: Array<PooledConnection> = []
  readonly #send = new Map<PooledConnection, Array<SubscriptionChange>>()

  constructor(feeds: Streams) {
    this.#streams = feeds
  }

  /** Places a change on every feed that it concerns, or says why the main one has no room. */
  add({ instrument, from, to }: SubscriptionChange): Extract<Placement, { tag: "full" }> | undefined {
    for (const [feed, pool] of this.#streams.pools.entries()) {
      const was = this.#streams.share(feed, instrument.exchange, from)
      const will = this.#streams.share(feed, instrument.exchange, to)
      if (sameWant(was, will)) continue
      if (will === undefined || (was !== undefined && will.mode !== was.mode)) forget(instrument, feed)
      const upstream = instrument.upstream[feed]
      const half = upstream === undefined ? undefined : pool.cancelMove(upstream)
      if (half !== undefined) this.#put(half.connection, { instrument, from: half.want, to: undefined })
      const change = { instrument, from: was, to: will }
      const placement = pool.place(change)
      if (placement.tag === "full") {
        if (feed === 0) return placement
        continue
      }
      if (placement.tag === "nowhere") continue
      if (placement.opened) this.#open.push(placement.connection)
      this.#put(placement.connection, change)
    }
    return undefined
  }

  #put(connection: PooledConnection, change: SubscriptionChange): void {
    const share = this.#send.get(connection)
    if (share === undefined) this.#send.set(connection, [change])
    else share.push(change)
  }

  /** An instrument's new place serves: the old one is given up. */
  moved(upstream: UpstreamSubscription): void {
    this.#put(upstream.connection, { instrument: upstream.instrument, from: upstream.want, to: undefined })
  }

  actions(): WireActions {
    // One connection stays, so that a login without subscriptions is still seen to work; further ones close when they
    // are empty.
    const close: Array<PooledConnection> = []
    for (const connection of this.#send.keys()) {
      const pool = this.#streams.pools[connection.stream]!
      if (connection.subscriptions.size > 0 || (connection.stream === 0 && pool.connections.length === 1))
        continue
      pool.close(connection)
      close.push(connection)
    }
    for (const connection of close) this.#send.delete(connection)
    return { open: this.#open.filter((s) => !close.includes(s)), send: this.#send, close }
  }
}
