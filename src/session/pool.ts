/**
 * Which connection of a feed carries which instrument. Plain data, owned by the session's actor.
 *
 * Another connection is opened only when the open ones are full, within the broker's limits; past the last
 * slot an instrument has no place, and the answer says how many are in use.
 */
import type { Broker } from "../brokers/broker.ts"
import type { WireInstrument } from "../market/instrument.ts"
import type { Protocol, Want } from "../protocols/protocol.ts"
import type { Link } from "./connection.ts"
import type { Entry, EntryChange } from "./subscriptionBook.ts"

export type SlotState =
  | { readonly tag: "connecting" }
  | { readonly tag: "up"; readonly link: Link }
  | { readonly tag: "down"; readonly reason: string }
  | { readonly tag: "parked"; readonly reason: string }

export interface Slot {
  /** Unique among all feeds of the session. */
  readonly id: number
  /** Which of the broker's feeds it belongs to: 0 is the main one, the others serve deep books. */
  readonly feed: number
  readonly assigned: Map<Entry, Want>
  used: number
  state: SlotState
  /** True once it has been up: later trouble is a reconnect, not a failed start. */
  hasBeenUp: boolean
}

export type Placement =
  /** The slot's own share of the change, to be sent when it is up. */
  | { readonly tag: "placed"; readonly slot: Slot; readonly opened: boolean }
  | { readonly tag: "full"; readonly inUse: number; readonly limit: number; readonly alike: boolean }
  | { readonly tag: "nowhere" }

export class ConnectionPool {
  readonly slots: Array<Slot> = []
  readonly #slotOf = new Map<Entry, Slot>()
  readonly #capacity: number
  readonly #maxSlots: number
  readonly #cost: Protocol["cost"]
  readonly #exclusive: Protocol["exclusive"]
  /** What cannot be told apart on one connection, by slot. */
  readonly #keys = new Map<Slot, Set<string>>()
  readonly #nextId: () => number
  readonly #feed: number

  constructor(broker: Broker, protocol: Protocol, feed = 0, nextId: () => number = counter()) {
    this.#feed = feed
    this.#nextId = nextId
    this.#capacity = broker.limits.subscriptionsPerConnection.value
    this.#maxSlots = broker.limits.connectionsPerLogin.value
    this.#cost = protocol.cost
    this.#exclusive = protocol.exclusive
  }

  /** Whether one more instrument in this mode and depth would find a place. */
  hasRoom(instrument: WireInstrument, want: Want, entry: Entry | undefined): boolean {
    const current = entry === undefined ? undefined : this.#slotOf.get(entry)
    const before = entry === undefined ? undefined : current?.assigned.get(entry)
    const grown = this.#cost(want, instrument) - (before === undefined ? 0 : this.#cost(before, instrument))
    if (current !== undefined) return current.used + grown <= this.#capacity
    return this.slots.length < this.#maxSlots || this.slots.some((s) => this.#fits(s, instrument, grown))
  }

  #fits(slot: Slot, instrument: WireInstrument, grown: number): boolean {
    if (slot.used + grown > this.#capacity) return false
    return this.#exclusive === undefined || this.#keys.get(slot)?.has(this.#exclusive(instrument)) !== true
  }

  /** Upstream subscriptions in use, over all connections. */
  get used(): number {
    return this.slots.reduce((sum, slot) => sum + slot.used, 0)
  }

  slot(id: number): Slot | undefined {
    return this.slots.find((s) => s.id === id)
  }

  open(): Slot {
    const slot: Slot = {
      id: this.#nextId(),
      feed: this.#feed,
      assigned: new Map(),
      used: 0,
      state: { tag: "connecting" },
      hasBeenUp: false
    }
    this.slots.push(slot)
    return slot
  }

  close(slot: Slot): void {
    const at = this.slots.indexOf(slot)
    if (at >= 0) this.slots.splice(at, 1)
    for (const entry of slot.assigned.keys()) this.#slotOf.delete(entry)
    this.#keys.delete(slot)
  }

  /** Finds or makes room for a change. On "full" nothing has changed here. */
  place({ entry, to }: EntryChange): Placement {
    const current = this.#slotOf.get(entry)
    const before = current?.assigned.get(entry)
    const grown =
      (to === undefined ? 0 : this.#cost(to, entry)) - (before === undefined ? 0 : this.#cost(before, entry))
    if (to === undefined) {
      if (current === undefined) return { tag: "nowhere" }
      current.assigned.delete(entry)
      current.used += grown
      if (this.#exclusive !== undefined) this.#keys.get(current)?.delete(this.#exclusive(entry))
      this.#slotOf.delete(entry)
      return { tag: "placed", slot: current, opened: false }
    }
    let slot = current ?? this.slots.find((s) => this.#fits(s, entry, grown))
    let opened = false
    if (slot === undefined && this.slots.length < this.#maxSlots) {
      slot = this.open()
      opened = true
    }
    if (slot === undefined || slot.used + grown > this.#capacity) {
      if (opened && slot !== undefined) this.close(slot)
      // Room there is, but beside an instrument that the wire cannot tell from this one.
      const alike = current === undefined && this.slots.some((s) => s.used + grown <= this.#capacity)
      return { tag: "full", inUse: this.used, limit: this.#capacity * this.#maxSlots, alike }
    }
    slot.assigned.set(entry, to)
    slot.used += grown
    this.#slotOf.set(entry, slot)
    if (this.#exclusive !== undefined) {
      const keys = this.#keys.get(slot)
      if (keys === undefined) this.#keys.set(slot, new Set([this.#exclusive(entry)]))
      else keys.add(this.#exclusive(entry))
    }
    return { tag: "placed", slot, opened }
  }
}

/** 1, 2, 3, ... */
export const counter = (): (() => number) => {
  let last = 0
  return () => ++last
}
