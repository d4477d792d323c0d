/** Bytes on their way out of one connection when they do not go as they come: in pieces, in lumps, or drop by drop. */
import type { Wire } from "../peer.ts"

export interface Pace {
  /** Bytes of the next write. */
  readonly size: () => number
  /** Between two writes; with 0 the next one follows as soon as the system has taken the last. */
  readonly gapMs: number
}

const LONGEST_COLLECTION_MS = 500

export class Outbox {
  readonly #wire: Wire
  #units: Array<Uint8Array> = []
  /** Epoch ms of the oldest byte, as far as somebody looked. */
  #since: number | undefined
  #at = 0
  #bytes = 0
  #pace: Pace | undefined
  #collect = 0
  #timer: NodeJS.Timeout | undefined
  #writing = false
  #closed = false
  /** Nothing leaves, whatever comes. */
  held = false

  constructor(wire: Wire) {
    this.#wire = wire
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#units.length === 0
  }

  /** Without either, what waits leaves at once. */
  setPace(pace: Pace | undefined, collect: number): void {
    this.#pace = pace
    this.#collect = collect
    if (pace !== undefined) return this.#step()
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (collect === 0) this.flush()
  }

  add(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return
    this.#units.push(bytes)
    this.#bytes += bytes.length
    if (this.#pace !== undefined) this.#step()
    else if (this.#units.length >= this.#collect) this.flush()
  }

  /** Lumps do not wait for ever. */
  turn(now: number): void {
    if (this.#pace !== undefined || this.isEmpty) return
    this.#since ??= now
    if (now - this.#since >= LONGEST_COLLECTION_MS) this.flush()
  }

  /** Everything in one write. */
  flush(): void {
    this.#since = undefined
    if (this.#closed || this.held || this.isEmpty) return
    this.#wire.write(this.#take(this.#bytes), () => {})
  }

  /** The connection is gone. */
  discard(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#units = []
    this.#at = 0
    this.#bytes = 0
  }

  #take(most: number): Uint8Array {
    const size = Math.min(most, this.#bytes)
    const taken = new Uint8Array(size)
    let filled = 0
    let used = 0
    while (filled < size) {
      const unit = this.#units[used]!
      const part = unit.subarray(this.#at, this.#at + size - filled)
      taken.set(part, filled)
      filled += part.length
      this.#at += part.length
      if (this.#at < unit.length) break
      this.#at = 0
      used++
    }
    this.#units.splice(0, used)
    this.#bytes -= size
    return taken
  }

  #step(): void {
    const pace = this.#pace
    if (
      pace === undefined ||
      this.held ||
      this.#writing ||
      this.#timer !== undefined ||
      this.isEmpty ||
      this.#closed
    )
      return
    this.#writing = true
    this.#wire.write(this.#take(Math.max(1, pace.size())), () => {
      if (pace.gapMs > 0) {
        this.#writing = false
        return this.#step()
      }
      // At once is not enough: the system would join the writes, and the reader the reads.
      setImmediate(() => {
        this.#writing = false
        this.#step()
      })
    })
    if (pace.gapMs === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#step()
    }, pace.gapMs)
  }
}
