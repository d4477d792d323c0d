/**
 * What a decoder must know before the first record of a ring: the history of the connection, as far as it is worth
 * keeping. All changes in their order (some wires number subscriptions by it), and the wire frames that followed the
 * login and each request: acknowledgements, and snapshots that later packets build on.
 *
 * It is built from records that the ring evicts, so that nothing is kept twice and a frame costs nothing for it on
 * arrival.
 */
import type { Want } from "../../protocols/protocol.ts"
import { KIND, readChanges } from "./records.ts"
import type { Slab, SlabRecord } from "./slabs.ts"
import { HEAD, appendBytes, makeSlab, roomIn } from "./slabs.ts"

/** How many wire frames to keep after the connection opened, after a request, and for each instrument in it. */
const AFTER_OPENING = 256
const AFTER_REQUEST = 16
const PER_CHANGE = 4
/** Changes are small and matter most: they may exceed the bound up to this. */
const CHANGES_BYTES = 1024 * 1024

export interface MergedChange {
  readonly from: Want | undefined
  readonly to: Want | undefined
}

export interface PrologueView {
  readonly slabs: ReadonlyArray<readonly [slab: Slab, end: number]>
  /** Changes beyond the bound, one per instrument, as of `lateAt`. */
  readonly late: ReadonlyMap<number, MergedChange>
  readonly lateAt: number
  /** Records that were not kept. */
  readonly skipped: number
}

export class Prologue {
  readonly #maxBytes: number
  readonly #grown: (bytes: number) => boolean
  #slabs: Array<Slab> = []
  #late = new Map<number, MergedChange>()
  #lateAt = 0
  #due = 0
  #skipped = 0
  /** Memory in use. */
  bytes = 0

  /** @param grown called for every slab (false: there is no memory for it), and for memory that is given back */
  constructor(maxBytes: number, grown: (bytes: number) => boolean) {
    this.#maxBytes = maxBytes
    this.#grown = grown
  }

  /** Whether the next record is needed. Others count as skipped. Most frames are not needed, so this is cheap. */
  readonly wants = (kind: number): boolean => {
    if (kind !== KIND.text && kind !== KIND.binary) return true
    // What follows late changes would come before them.
    if (this.#due > 0 && this.#late.size === 0) return true
    this.#skipped++
    return false
  }

  /** Takes the next record that the ring evicts, if it is needed. */
  fold(record: SlabRecord): void {
    switch (record.kind) {
      case KIND.opened:
        this.clear()
        this.#due = AFTER_OPENING
        this.#keep(record, CHANGES_BYTES)
        return
      case KIND.requested: {
        const changes = readChanges(record.payload)
        this.#due = Math.max(this.#due, AFTER_REQUEST + PER_CHANGE * changes.length)
        if (this.#late.size === 0 && this.#keep(record, CHANGES_BYTES)) return
        this.#lateAt = record.at
        for (const { from, instrument, to } of changes) {
          const earlier = this.#late.get(instrument)
          this.#late.set(instrument, { from: earlier === undefined ? from : earlier.from, to })
        }
        return
      }
      case KIND.text:
      case KIND.binary:
        this.#due--
        if (!this.#keep(record, 0)) this.#skipped++
        return
      case KIND.answered:
        if (this.#late.size > 0 || !this.#keep(record, 0)) this.#skipped++
    }
  }

  clear(): void {
    this.#grown(-this.bytes)
    this.#slabs = []
    this.#late = new Map()
    this.#due = 0
    this.#skipped = 0
    this.bytes = 0
  }

  view(): PrologueView {
    for (const slab of this.#slabs) slab.lent = true
    return {
      slabs: this.#slabs.map((slab) => [slab, slab.end]),
      late: new Map(this.#late),
      lateAt: this.#lateAt,
      skipped: this.#skipped
    }
  }

  #keep({ at, kind, payload }: SlabRecord, beyond: number): boolean {
    let slab = this.#slabs.at(-1)
    if (!roomIn(slab, payload.length)) {
      slab = makeSlab(HEAD + payload.length)
      const size = slab.bytes.length
      if (this.bytes + size > this.#maxBytes + beyond || !this.#grown(size)) return false
      this.#slabs.push(slab)
      this.bytes += size
    }
    appendBytes(slab, kind, at, payload)
    return true
  }
}
