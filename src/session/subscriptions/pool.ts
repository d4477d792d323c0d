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
import type { Link } from "../connection/connection.ts"
import { Leftovers } from "./leftovers.ts"
import type { Line } from "./upstreamSubscription.ts"
import { makeLine } from "./upstreamSubscription.ts"
import type { StrayKinds } from "./packetKinds.ts"
import { strayKindsOf } from "./packetKinds.ts"
import type { Entry, EntryChange } from "./subscriptions.ts"

export type SlotState =
  | { readonly tag: "connecting" }
  | { readonly tag: "up"; readonly link: Link }
  | { readonly tag: "down"; readonly reason: string }
  | { readonly tag: "parked"; readonly reason: string }

/** The watchdog's three clocks of one connection: monotonic milliseconds, 0 for never. */
export interface Clocks {
  /** When the frame or the answer came that is being decoded. */
  arrival: number
  byte: number
  tick: number
  pong: number
}

export interface Slot {
  /** Unique among all feeds of the session. */
  readonly id: number
  /** Which of the broker's feeds it belongs to: 0 is the main one, the others serve deep books. */
  readonly feed: number
  readonly lines: Map<Entry, Line>
  readonly clocks: Clocks
  /** The credentials that its last attempt was made with; undefined before the first one. */
  credentialsVersion: number | undefined
  /** By its lines; what it has given up and the broker goes on with comes on top. */
  used: number
  readonly leftovers: Leftovers
  state: SlotState
  /** Since when it is in this state: monotonic milliseconds, here and below. */
  since: number
  /** True once it has been up: later trouble is a reconnect, not a failed start. */
  hasBeenUp: boolean
  /** When the last connection ended; 0 while it is up. */
  downSince: number
  restarts: number
  /** Valid ticks so far, and a short average of them per second. */
  ticks: number
  rate: number
  /** Connections in a row that came up and never ticked. */
  mutes: number
  /** Connections in a row that ticked and were replaced because they, or part of them, fell silent. */
  silences: number
  /** Since when nothing on it has been silent. */
  lively: number
}

/** Upstream subscriptions of a connection, as the broker counts them. */
export const loadOf = ({ leftovers, used }: Slot): number => used + leftovers.used

export type Placement =
  /** The slot's own share of the change, to be sent when it is up. */
  | { readonly tag: "placed"; readonly slot: Slot; readonly opened: boolean }
  | { readonly tag: "full"; readonly inUse: number; readonly limit: number; readonly alike: boolean }
  | { readonly tag: "nowhere" }

export class ConnectionPool {
  readonly slots: Array<Slot> = []
  readonly #capacity: number
  readonly #maxSlots: number
  readonly #cost: Protocol["cost"]
  readonly #exclusive: Protocol["exclusive"]
  /** What cannot be told apart on one connection, by slot. */
  readonly #keys = new Map<Slot, Set<string>>()
  readonly #nextId: () => number
  readonly #feed: number
  readonly #strayKinds: StrayKinds

  constructor(broker: Broker, protocol: Protocol, feed = 0, nextId: () => number = counter()) {
    this.#feed = feed
    this.#nextId = nextId
    this.#capacity = broker.limits.subscriptionsPerConnection.value
    this.#maxSlots = broker.limits.connectionsPerLogin.value
    this.#cost = protocol.cost
    this.#strayKinds = strayKindsOf(broker, protocol)
    this.#exclusive = protocol.exclusive
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Whether one more instrument in this mode and depth would find a place. */
  hasRoom(instrument: WireInstrument, want: Want, entry: Entry | undefined): boolean {
    const line = entry?.lines[this.#feed]
    const grown = this.#cost(want, instrument) - (line?.cost ?? 0)
    if (line !== undefined) return loadOf(line.slot) + grown <= this.#capacity
    return this.slots.length < this.#maxSlots || this.slots.some((s) => this.#fits(s, instrument, grown))
  }

  #fits(slot: Slot, instrument: WireInstrument, grown: number): boolean {
    if (loadOf(slot) + grown > this.#capacity) return false
    return this.#exclusive === undefined || this.#keys.get(slot)?.has(this.#exclusive(instrument)) !== true
  }

  /** Upstream subscriptions in use, over all connections. */
  get used(): number {
    return this.slots.reduce((sum, slot) => sum + loadOf(slot), 0)
  }

  slot(id: number): Slot | undefined {
    return this.slots.find((s) => s.id === id)
  }

  open(): Slot {
    const slot: Slot = {
      id: this.#nextId(),
      feed: this.#feed,
      lines: new Map(),
      clocks: { arrival: 0, byte: 0, tick: 0, pong: 0 },
      credentialsVersion: undefined,
      used: 0,
      leftovers: new Leftovers(this.#cost, this.#strayKinds),
      state: { tag: "connecting" },
      since: 0,
      hasBeenUp: false,
      downSince: 0,
      restarts: 0,
      ticks: 0,
      rate: 0,
      mutes: 0,
      silences: 0,
      lively: 0
    }
    this.slots.push(slot)
    return slot
  }

  close(slot: Slot): void {
    const at = this.slots.indexOf(slot)
    if (at >= 0) this.slots.splice(at, 1)
    for (const [entry, line] of slot.lines) {
      if (entry.lines[this.#feed] === line) entry.lines[this.#feed] = undefined
    }
    this.#keys.delete(slot)
  }

  /** Finds or makes room for a change. On "full" nothing has changed here. */
  place({ entry, to }: EntryChange): Placement {
    const line = entry.lines[this.#feed]
    if (to === undefined) {
      if (line === undefined) return { tag: "nowhere" }
      this.#remove(line)
      entry.lines[this.#feed] = undefined
      return { tag: "placed", slot: line.slot, opened: false }
    }
    const cost = this.#cost(to, entry)
    const grown = cost - (line?.cost ?? 0)
    let slot = line?.slot ?? this.slots.find((s) => this.#fits(s, entry, grown))
    let opened = false
    if (slot === undefined && this.slots.length < this.#maxSlots) {
      slot = this.open()
      opened = true
    }
    if (slot === undefined || loadOf(slot) + grown > this.#capacity) {
      if (opened && slot !== undefined) this.close(slot)
      // Room there is, but beside an instrument that the wire cannot tell from this one.
      const alike = line === undefined && this.slots.some((s) => loadOf(s) + grown <= this.#capacity)
      return { tag: "full", inUse: this.used, limit: this.#capacity * this.#maxSlots, alike }
    }
    if (line === undefined) entry.lines[this.#feed] = this.#add(entry, slot, to, cost)
    else {
      line.want = to
      line.cost = cost
      slot.used += grown
    }
    return { tag: "placed", slot, opened }
  }

  #add(entry: Entry, slot: Slot, want: Want, cost: number): Line {
    const line = makeLine(entry, slot, want, cost, this.#exclusive?.(entry))
    slot.lines.set(entry, line)
    slot.used += cost
    if (line.key !== undefined) {
      const keys = this.#keys.get(slot)
      if (keys === undefined) this.#keys.set(slot, new Set([line.key]))
      else keys.add(line.key)
    }
    return line
  }

  #remove({ cost, entry, key, slot }: Line): void {
    if (!slot.lines.delete(entry)) return
    slot.used -= cost
    if (key !== undefined) this.#keys.get(slot)?.delete(key)
  }

  /**
   * The connection that could be closed when its instruments moved to the others: the emptiest one, if the others have
   * room for all of it and a tenth of a connection to spare. Without that spare room, one reader that comes and goes at
   * the border would open and close a connection each time.
   */
  spare(): Slot | undefined {
    if (this.slots.length < 2 || this.slots.some((s) => s.state.tag !== "up")) return undefined
    const emptiest = this.slots.reduce((least, s) => (s.used <= least.used ? s : least))
    const free = this.slots.reduce((sum, s) => (s === emptiest ? sum : sum + this.#capacity - loadOf(s)), 0)
    return emptiest.used > 0 && emptiest.used + Math.floor(this.#capacity / 10) <= free ? emptiest : undefined
  }

  /** Gives an instrument a second place, beside the one that it has. Undefined: no other connection has room. */
  startMove(line: Line): Line | undefined {
    const { cost, entry, slot, want } = line
    const target = this.slots.find((s) => s !== slot && s.state.tag === "up" && this.#fits(s, entry, cost))
    if (target === undefined) return undefined
    line.next = this.#add(entry, target, want, cost)
    return line.next
  }

  /** The new place serves from now on. The old one is free, once the broker has been told. */
  finishMove(line: Line): void {
    const { entry, next } = line
    if (next === undefined) return
    line.next = undefined
    if (entry.lines[this.#feed] === line) entry.lines[this.#feed] = next
    this.#remove(line)
  }

  /** The old place serves on. */
  cancelMove(line: Line): Line | undefined {
    const { next } = line
    if (next === undefined) return undefined
    line.next = undefined
    this.#remove(next)
    return next
  }
}

/** 1, 2, 3, ... */
export const counter = (): (() => number) => {
  let last = 0
  return () => ++last
}
