/** A fault that was handed in: when it holds, what it has chosen, and how often it struck. */
import { drawOf, randomOf } from "./chance.ts"
import type { Fault, FaultName, FaultOf, Selection } from "./schema.ts"
import type { Random } from "../random.ts"
import { nameOf } from "../../market/instrument.ts"
import type { WireInstrument } from "../../market/instrument.ts"

export type FaultState = "waiting" | "active" | "over"

/** What who handed a fault in holds of it. */
export interface FaultHandle {
  /** Counted from 1, in the order of their coming. */
  readonly id: number
  readonly fault: Fault
  readonly state: () => FaultState
  /** Frames, connections or requests that it has struck. */
  readonly struck: () => number
  /** Ends it, or has it never begin. What it held back is sent. */
  readonly end: () => void
}

/** What a selection looks at. */
export interface Selectable {
  readonly id: number
  readonly protocol: string
}

export class Active<F extends Fault = Fault> {
  readonly id: number
  readonly fault: F
  readonly #seed: number
  readonly #over: () => void
  readonly #chosen = new Map<WireInstrument, boolean>()
  state: FaultState = "waiting"
  struck = 0
  /** The newest connection at its beginning. */
  lastBefore = 0

  constructor(id: number, fault: F, seed: number, over: () => void) {
    this.id = id
    this.fault = fault
    this.#seed = seed
    this.#over = over
  }

  /** @param connection of the draws, 0 for those of none */
  random(connection: number): Random {
    return randomOf(this.#seed, this.id, connection)
  }

  /** Counts a strike, and knows when it was the last. Ended at once, tidied up after the frame at hand. */
  strike(): void {
    this.struck++
    const { count } = this.fault as { readonly count?: number }
    if (count === undefined || this.struck < count) return
    this.state = "over"
    queueMicrotask(this.#over)
  }

  /** Whether a frame is struck; counts it if so. */
  rolls(random: Random): boolean {
    if (this.state !== "active") return false
    const { probability } = this.fault as { readonly probability?: number }
    if (probability !== undefined && random.unit() >= probability) return false
    this.strike()
    return true
  }

  concerns({ id, protocol }: Selectable): boolean {
    const on: Selection | undefined = this.fault.on
    if (on === undefined) return true
    if (on.connections !== undefined && !on.connections.includes(id)) return false
    if (on.protocol !== undefined && on.protocol !== protocol) return false
    if (on.which !== undefined && (on.which === "existing") !== id <= this.lastBefore) return false
    return on.share === undefined || drawOf("", this.#seed, this.id, id) < on.share
  }

  /** Whether an instrument is among those that the fault names, or among its share of all. */
  chooses(instrument: WireInstrument, share: number): boolean {
    const known = this.#chosen.get(instrument)
    if (known !== undefined) return known
    const { instruments } = this.fault as { readonly instruments?: ReadonlyArray<string> }
    const name = nameOf(instrument)
    const chosen =
      instruments === undefined ? drawOf(name, this.#seed, this.id) < share : instruments.includes(name)
    this.#chosen.set(instrument, chosen)
    return chosen
  }
}

export const isActive = <N extends FaultName>(active: Active, name: N): active is Active<FaultOf<N>> =>
  active.fault.fault === name && active.state === "active"
