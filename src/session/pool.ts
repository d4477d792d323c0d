/**
 * Which connection carries which instrument. Plain data, owned by the session's actor.
 *
 * Another connection is opened only when the open ones are full, within the broker's limits; past the last
 * slot an instrument has no place, and the answer says how many are in use.
 */
import type { Broker } from "../brokers/broker.ts"
import type { Protocol, Want } from "../protocols/protocol.ts"
import type { Link } from "./connection.ts"
import type { Entry, EntryChange } from "./subscriptionBook.ts"

export type SlotState =
  | { readonly tag: "connecting" }
  | { readonly tag: "up"; readonly link: Link }
  | { readonly tag: "down"; readonly reason: string }
  | { readonly tag: "parked"; readonly reason: string }

export interface Slot {
  readonly id: number
  readonly assigned: Map<Entry, Want>
  used: number
  state: SlotState
  /** True once it has been up: later trouble is a reconnect, not a failed start. */
  hasBeenUp: boolean
}

export type Placement =
  /** The slot's own share of the change, to be sent when it is up. */
  | { readonly tag: "placed"; readonly slot: Slot; readonly opened: boolean }
  | { readonly tag: "full"; readonly inUse: number; readonly limit: number }
  | { readonly tag: "nowhere" }

export class ConnectionPool {
  readonly slots: Array<Slot> = []
  readonly #slotOf = new Map<Entry, Slot>()
  readonly #capacity: number
  readonly #maxSlots: number
  readonly #cost: (want: Want) => number
  #nextId = 1

  constructor(broker: Broker, protocol: Protocol) {
    this.#capacity = broker.limits.subscriptionsPerConnection.value
    this.#maxSlots = broker.limits.connectionsPerLogin.value
    this.#cost = protocol.cost
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
      id: this.#nextId++,
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
  }

  /** Finds or makes room for a change. On "full" nothing has changed here. */
  place({ entry, to }: EntryChange): Placement {
    const current = this.#slotOf.get(entry)
    const before = current?.assigned.get(entry)
    const grown = (to === undefined ? 0 : this.#cost(to)) - (before === undefined ? 0 : this.#cost(before))
    if (to === undefined) {
      if (current === undefined) return { tag: "nowhere" }
      current.assigned.delete(entry)
      current.used += grown
      this.#slotOf.delete(entry)
      return { tag: "placed", slot: current, opened: false }
    }
    const room = (slot: Slot) => slot.used + grown <= this.#capacity
    let slot = current ?? this.slots.find(room)
    let opened = false
    if (slot === undefined && this.slots.length < this.#maxSlots) {
      slot = this.open()
      opened = true
    }
    if (slot === undefined || !room(slot)) {
      if (opened && slot !== undefined) this.close(slot)
      return { tag: "full", inUse: this.used, limit: this.#capacity * this.#maxSlots }
    }
    slot.assigned.set(entry, to)
    slot.used += grown
    this.#slotOf.set(entry, slot)
    return { tag: "placed", slot, opened }
  }
}
