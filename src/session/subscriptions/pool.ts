/**
 * Which connection of a feed carries which instrument. Plain data, owned by the session's actor.
 *
 * Another connection is opened only when the open ones are full, within the broker's limits; past the last
 * slot an instrument has no place, and the answer says how many are in use. A connection whose instruments would fit
 * elsewhere is emptied into the others, each instrument only let go when it ticks at its new place.
 */
import type { Broker } from "../../brokers/broker.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { Protocol, Want } from "../../protocols/protocol.ts"
import type {
  PooledConnection,
  SubscribedInstrument,
  SubscriptionChange,
  UpstreamSubscription
} from "../model.ts"
import { LeftoverTracker } from "./leftovers.ts"
import { loadOf, makePooledConnection, makeUpstreamSubscription } from "../model.ts"
import type { StrayKinds } from "./packetKinds.ts"
import { strayKindsOf } from "./packetKinds.ts"

export type Placement =
  /** The slot's own share of the change, to be sent when it is up. */
  | { readonly tag: "placed"; readonly connection: PooledConnection; readonly opened: boolean }
  | { readonly tag: "full"; readonly inUse: number; readonly limit: number; readonly alike: boolean }
  | { readonly tag: "nowhere" }

export class ConnectionPool {
  readonly connections: Array<PooledConnection> = []
  readonly #capacity: number
  readonly #maxConnections: number
  readonly #cost: Protocol["cost"]
  readonly #exclusive: Protocol["exclusive"]
  /** What cannot be told apart on one connection, by slot. */
  readonly #keys = new Map<PooledConnection, Set<string>>()
  readonly #nextId: () => number
  readonly #stream: number
  readonly #strayKinds: StrayKinds

  constructor(broker: Broker, protocol: Protocol, feed = 0, nextId: () => number = counter()) {
    this.#stream = feed
    this.#nextId = nextId
    this.#capacity = broker.limits.subscriptionsPerConnection.value
    this.#maxConnections = broker.limits.connectionsPerLogin.value
    this.#cost = protocol.cost
    this.#strayKinds = strayKindsOf(broker, protocol)
    this.#exclusive = protocol.exclusive
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Whether one more instrument in this mode and depth would find a place. */
  hasRoom(instrument: WireInstrument, want: Want, entry: SubscribedInstrument | undefined): boolean {
    const upstream = entry?.upstream[this.#stream]
    const grown = this.#cost(want, instrument) - (upstream?.cost ?? 0)
    if (upstream !== undefined) return loadOf(upstream.connection) + grown <= this.#capacity
    return (
      this.connections.length < this.#maxConnections ||
      this.connections.some((s) => this.#fits(s, instrument, grown))
    )
  }

  #fits(connection: PooledConnection, instrument: WireInstrument, grown: number): boolean {
    if (loadOf(connection) + grown > this.#capacity) return false
    return (
      this.#exclusive === undefined || this.#keys.get(connection)?.has(this.#exclusive(instrument)) !== true
    )
  }

  /** Upstream subscriptions in use, over all connections. */
  get used(): number {
    return this.connections.reduce((sum, connection) => sum + loadOf(connection), 0)
  }

  connection(id: number): PooledConnection | undefined {
    return this.connections.find((s) => s.id === id)
  }

  open(): PooledConnection {
    const leftovers = new LeftoverTracker(this.#cost, this.#strayKinds)
    const connection = makePooledConnection(this.#nextId(), this.#stream, leftovers)
    this.connections.push(connection)
    return connection
  }

  close(connection: PooledConnection): void {
    const at = this.connections.indexOf(connection)
    if (at >= 0) this.connections.splice(at, 1)
    for (const [instrument, upstream] of connection.subscriptions) {
      if (instrument.upstream[this.#stream] === upstream) instrument.upstream[this.#stream] = undefined
    }
    this.#keys.delete(connection)
  }

  /** Finds or makes room for a change. On "full" nothing has changed here. */
  place({ instrument, to }: SubscriptionChange): Placement {
    const upstream = instrument.upstream[this.#stream]
    if (to === undefined) {
      if (upstream === undefined) return { tag: "nowhere" }
      this.#remove(upstream)
      instrument.upstream[this.#stream] = undefined
      return { tag: "placed", connection: upstream.connection, opened: false }
    }
    const cost = this.#cost(to, instrument)
    const grown = cost - (upstream?.cost ?? 0)
    let connection = upstream?.connection ?? this.connections.find((s) => this.#fits(s, instrument, grown))
    let opened = false
    if (connection === undefined && this.connections.length < this.#maxConnections) {
      connection = this.open()
      opened = true
    }
    if (connection === undefined || loadOf(connection) + grown > this.#capacity) {
      if (opened && connection !== undefined) this.close(connection)
      // Room there is, but beside an instrument that the wire cannot tell from this one.
      const alike =
        upstream === undefined && this.connections.some((s) => loadOf(s) + grown <= this.#capacity)
      return { tag: "full", inUse: this.used, limit: this.#capacity * this.#maxConnections, alike }
    }
    if (upstream === undefined)
      instrument.upstream[this.#stream] = this.#add(instrument, connection, to, cost)
    else {
      upstream.want = to
      upstream.cost = cost
      connection.used += grown
    }
    return { tag: "placed", connection, opened }
  }

  #add(
    instrument: SubscribedInstrument,
    connection: PooledConnection,
    want: Want,
    cost: number
  ): UpstreamSubscription {
    const upstream = makeUpstreamSubscription(
      instrument,
      connection,
      want,
      cost,
      this.#exclusive?.(instrument)
    )
    connection.subscriptions.set(instrument, upstream)
    connection.used += cost
    if (upstream.key !== undefined) {
      const keys = this.#keys.get(connection)
      if (keys === undefined) this.#keys.set(connection, new Set([upstream.key]))
      else keys.add(upstream.key)
    }
    return upstream
  }

  #remove({ cost, instrument, key, connection }: UpstreamSubscription): void {
    if (!connection.subscriptions.delete(instrument)) return
    connection.used -= cost
    if (key !== undefined) this.#keys.get(connection)?.delete(key)
  }

  /**
   * The connection that could be closed when its instruments moved to the others: the emptiest one, if the others have
   * room for all of it and a tenth of a connection to spare. Without that spare room, one reader that comes and goes at
   * the border would open and close a connection each time.
   */
  spare(): PooledConnection | undefined {
    if (this.connections.length < 2 || this.connections.some((s) => s.state.tag !== "up")) return undefined
    const emptiest = this.connections.reduce((least, s) => (s.used <= least.used ? s : least))
    const free = this.connections.reduce(
      (sum, s) => (s === emptiest ? sum : sum + this.#capacity - loadOf(s)),
      0
    )
    return emptiest.used > 0 && emptiest.used + Math.floor(this.#capacity / 10) <= free ? emptiest : undefined
  }

  /** Gives an instrument a second place, beside the one that it has. Undefined: no other connection has room. */
  startMove(upstream: UpstreamSubscription): UpstreamSubscription | undefined {
    const { cost, instrument, connection, want } = upstream
    const target = this.connections.find(
      (s) => s !== connection && s.state.tag === "up" && this.#fits(s, instrument, cost)
    )
    if (target === undefined) return undefined
    upstream.next = this.#add(instrument, target, want, cost)
    return upstream.next
  }

  /** The new place serves from now on. The old one is free, once the broker has been told. */
  finishMove(upstream: UpstreamSubscription): void {
    const { instrument, next } = upstream
    if (next === undefined) return
    upstream.next = undefined
    if (instrument.upstream[this.#stream] === upstream) instrument.upstream[this.#stream] = next
    this.#remove(upstream)
  }

  /** The old place serves on. */
  cancelMove(upstream: UpstreamSubscription): UpstreamSubscription | undefined {
    const { next } = upstream
    if (next === undefined) return undefined
    upstream.next = undefined
    this.#remove(next)
    return next
  }
}

/** 1, 2, 3, ... */
export const counter = (): (() => number) => {
  let last = 0
  return () => ++last
}
