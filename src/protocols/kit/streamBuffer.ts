/**
 * Keeps the beginning of a message on a byte stream until its rest comes. The reader decides how much may wait: this
 * buffer has no limit.
 */
export class StreamBuffer {
  #bytes = new Uint8Array(0)
  #length = 0

  /** What waits, with the new bytes behind it: often just these. Valid until `keep`, which has to follow. */
  join(bytes: Uint8Array): Uint8Array {
    if (this.#length === 0) return bytes
    const length = this.#length + bytes.length
    this.#reserve(length)
    this.#bytes.set(bytes, this.#length)
    return this.#bytes.subarray(0, length)
  }

  /** Keeps the rest of what `join` returned, from `at` on. */
  keep(joined: Uint8Array, at: number): void {
    const left = joined.length - at
    if (left > 0) {
      if (joined.buffer === this.#bytes.buffer) this.#bytes.copyWithin(0, at, joined.length)
      else {
        this.#reserve(left)
        this.#bytes.set(joined.subarray(at))
      }
    }
    this.#length = left
  }

  /** Doubles the memory, so that a message in many small pieces is not copied once per piece. */
  #reserve(length: number): void {
    if (length <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
