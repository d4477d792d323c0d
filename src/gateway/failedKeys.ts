/**
 * How many different wrong API keys an address has shown lately, so that keys cannot be guessed. The same wrong key again
 * is no guess: a forgotten script with an old key must not lock out its neighbours on the same machine.
 */
import { createHash } from "node:crypto"

export interface FailedKeysOptions {
  /** Different wrong keys that an address may show within the window. */
  readonly most?: number
  readonly windowMs?: number
  /** Addresses that are remembered; beyond, the one that began longest ago is forgotten. */
  readonly addresses?: number
}

const MOST = 10
const WINDOW_MS = 60_000
const ADDRESSES = 10_000

interface Shown {
  readonly since: number
  /** Never the keys themselves. */
  readonly digests: Set<string>
}

const digest = (key: string): string => createHash("sha256").update(key).digest("base64")

export class FailedKeys {
  readonly #most: number
  readonly #windowMs: number
  readonly #addresses: number
  readonly #shown = new Map<string, Shown>()

  constructor({ addresses = ADDRESSES, most = MOST, windowMs = WINDOW_MS }: FailedKeysOptions = {}) {
    this.#most = most
    this.#windowMs = windowMs
    this.#addresses = addresses
  }

  /** Milliseconds until this address may show a key again; 0: it may now. */
  waitMs(address: string, now: number): number {
    const shown = this.#shown.get(address)
    if (shown === undefined) return 0
    const left = shown.since + this.#windowMs - now
    if (left <= 0) {
      this.#shown.delete(address)
      return 0
    }
    return shown.digests.size < this.#most ? 0 : left
  }

  /** The address has shown a key that nobody has. */
  failed(address: string, key: string, now: number): void {
    let shown = this.#shown.get(address)
    if (shown !== undefined && shown.since + this.#windowMs <= now) {
      this.#shown.delete(address)
      shown = undefined
    }
    if (shown === undefined) {
      const oldest = this.#shown.keys().next()
      if (this.#shown.size >= this.#addresses && oldest.done !== true) this.#shown.delete(oldest.value)
      this.#shown.set(address, (shown = { since: now, digests: new Set() }))
    }
    shown.digests.add(digest(key))
  }
}
