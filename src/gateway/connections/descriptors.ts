/**
 * When files and sockets run out, no broker's connection comes back and the database cannot be opened, so the gateway takes
 * no more connections while a reserve is left for those, and what ZeroMQ's sockets may still take.
 */
import type { DescriptorSource } from "../../bus/descriptors.ts"
import { freePlaces } from "../../bus/descriptors.ts"

/** A reading is good for so long, together with what has been opened since. */
const GOOD_FOR_MS = 100

export class Descriptors {
  readonly #source: DescriptorSource
  readonly #now: () => number
  readonly #elsewhere: () => number
  /** From here on the gateway takes no more connections, less what is set aside for others. */
  readonly most: number
  #read = 0
  #readAt = -Infinity
  #opened = 0
  #refused = false

  /**
   * @param reserve for all that is no client; of a low limit a quarter at most
   * @param elsewhere descriptors that others may still take
   */
  constructor(source: DescriptorSource, reserve: number, now: () => number, elsewhere = freePlaces) {
    this.#source = source
    this.#now = now
    this.#elsewhere = elsewhere
    this.most = source.limit - Math.min(reserve, Math.floor(source.limit / 4))
  }

  get limit(): number {
    return this.#source.limit
  }

  /** A connection was accepted. */
  opened(): void {
    this.#opened++
  }

  read(): number {
    this.#read = this.#source.used()
    this.#readAt = this.#now()
    this.#opened = 0
    return this.#read
  }

  /** Whether what is left is the reserve. Reads again when it seems so, since connections have closed meanwhile. */
  get scarce(): boolean {
    const most = this.most - this.#elsewhere()
    if (this.#read + this.#opened < most) return false
    const scarce = this.#now() - this.#readAt < GOOD_FOR_MS || this.read() >= most
    this.#refused ||= scarce
    return scarce
  }

  /** Whether they are scarce, or have been since it was asked the last time. */
  takeScarcity(): boolean {
    const refused = this.#refused
    this.#refused = false
    return refused || this.#read >= this.most - this.#elsewhere()
  }

  /** Whether even the reserve is all but gone: to accept could fail any moment, and to try again and again is all work. */
  get exhausted(): boolean {
    return this.#read >= this.most + ((this.limit - this.most) * 3) / 4
  }
}
