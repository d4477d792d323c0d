/** The last minutes of one connection, bounded in time and bytes. Evicted records go to the prologue. */
import type { Change, Frame, HttpAnswer, HttpRequest } from "../../protocols/protocol.ts"
import type { WireInstrument } from "../../market/instrument.ts"
import type { ConnectionName } from "../ticks/tap.ts"
import type { PrologueView } from "./prologue.ts"
import { Prologue } from "./prologue.ts"
import { InstrumentTable, KIND, digestOf, writeChanges } from "./records.ts"
import type { Slab, SlabRecord } from "./slabs.ts"
import { HEAD, SLAB_BYTES, appendBytes, appendText, makeSlab, pick, roomIn } from "./slabs.ts"

export interface RingLimits {
  readonly windowMs: number
  /** Of one connection. */
  readonly maxBytes: number
  /** Of one connection's early wire frames and answers. */
  readonly prologueBytes: number
  /** Of all connections together. */
  readonly maxTotalBytes: number
}

/** The memory of all rings together. */
export class Budget {
  readonly #max: number
  readonly rings = new Set<Ring>()
  used = 0
  #spare: Array<Slab> = []

  constructor(max: number) {
    this.#max = max
  }

  /** A slab for a record. If there is no more memory, it is taken from the ring that uses the most. */
  take(size: number): Slab {
    const bytes = Math.max(SLAB_BYTES, size)
    while (this.used + bytes > this.#max) {
      let largest: Ring | undefined
      for (const ring of this.rings) if (ring.bytes > (largest?.bytes ?? 0)) largest = ring
      if (largest === undefined || !largest.letGo()) break
    }
    this.used += bytes
    return (bytes === SLAB_BYTES ? this.#spare.pop() : undefined) ?? makeSlab(size)
  }

  give(slab: Slab): void {
    this.used -= slab.bytes.length
    if (slab.lent || slab.bytes.length !== SLAB_BYTES || this.#spare.length >= 16) return
    slab.end = 0
    this.#spare.push(slab)
  }

  /** For a prologue: never taken from a ring. A negative number gives memory back. */
  grow(bytes: number): boolean {
    if (bytes > 0 && this.used + bytes > this.#max) return false
    this.used += bytes
    return true
  }
}

/** A ring at one moment. Its slabs are not overwritten until it is forgotten. */
export interface RingView {
  readonly name: ConnectionName
  readonly instruments: ReadonlyArray<WireInstrument>
  readonly prologue: PrologueView
  readonly slabs: ReadonlyArray<readonly [slab: Slab, end: number]>
}

export class Ring {
  readonly name: ConnectionName
  readonly #limits: RingLimits
  readonly #budget: Budget
  readonly #table = new InstrumentTable()
  readonly #prologue: Prologue
  readonly #slabs: Array<Slab> = []
  readonly #now: () => number
  readonly #fold = (record: SlabRecord): void => this.#prologue.fold(record)
  bytes = 0
  /** When its last record came, by `now`. */
  heardAt: number
  /** When it was last written because of an alarm, by `now`. */
  alarmedAt = -Infinity

  /** @param now monotonic milliseconds: records carry the time of day, which may be set */
  constructor(name: ConnectionName, limits: RingLimits, budget: Budget, now: () => number) {
    this.name = name
    this.#limits = limits
    this.#budget = budget
    this.#now = now
    this.heardAt = now()
    this.#prologue = new Prologue(limits.prologueBytes, (bytes) => budget.grow(bytes))
  }

  mark(kind: number, at: number, text = ""): void {
    this.#text(kind, at, text)
  }

  requested(changes: ReadonlyArray<Change>, at: number): void {
    this.#bytes(KIND.requested, at, writeChanges(changes, this.#table))
  }

  frame(frame: Frame, at: number): void {
    if (typeof frame === "string") this.#text(KIND.text, at, frame)
    else this.#bytes(KIND.binary, at, frame)
  }

  answered(request: HttpRequest, { body, status }: HttpAnswer, at: number): void {
    this.#text(KIND.answered, at, JSON.stringify({ digest: digestOf(request), status, body }))
  }

  #text(kind: number, at: number, text: string): void {
    const last = this.#slabs.at(-1)
    // No character takes more than three bytes. The exact size is computed only if that does not fit.
    const slab = roomIn(last, text.length * 3) ? last : this.#slabFor(Buffer.byteLength(text))
    appendText(slab, kind, at, text)
    this.#heard(slab)
  }

  #bytes(kind: number, at: number, payload: Uint8Array): void {
    const slab = this.#slabFor(payload.length)
    appendBytes(slab, kind, at, payload)
    this.#heard(slab)
  }

  #heard(slab: Slab): void {
    slab.heardAt = this.heardAt = this.#now()
  }

  #slabFor(payload: number): Slab {
    const last = this.#slabs.at(-1)
    if (roomIn(last, payload)) return last
    this.#wake()
    this.expire()
    const size = Math.max(SLAB_BYTES, HEAD + payload)
    while (this.bytes + size > this.#limits.maxBytes && this.letGo());
    const slab = this.#budget.take(HEAD + payload)
    this.#slabs.push(slab)
    this.bytes += slab.bytes.length
    return slab
  }

  /** Lets go of slabs whose last record is older than the window. */
  expire(): void {
    const before = this.#now() - this.#limits.windowMs
    while (this.#slabs.length > 0 && this.#slabs[0]!.heardAt < before && this.letGo());
  }

  /** Gives its oldest slab to the prologue. False when it has none. */
  letGo(): boolean {
    const slab = this.#slabs.shift()
    if (slab === undefined) return false
    this.bytes -= slab.bytes.length
    pick(slab, this.#prologue.wants, this.#fold)
    this.#budget.give(slab)
    return true
  }

  /** Nothing has come for long: its memory is for others, and it is found again when something comes. */
  rest(): void {
    while (this.letGo());
    if (this.#budget.rings.delete(this)) this.#budget.used -= this.#prologue.bytes
  }

  #wake(): void {
    if (this.#budget.rings.has(this)) return
    this.#budget.rings.add(this)
    this.#budget.used += this.#prologue.bytes
  }

  view(): RingView {
    for (const slab of this.#slabs) slab.lent = true
    return {
      name: this.name,
      instruments: [...this.#table.list],
      prologue: this.#prologue.view(),
      slabs: this.#slabs.map((slab) => [slab, slab.end])
    }
  }
}
