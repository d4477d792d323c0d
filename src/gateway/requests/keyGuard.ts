/**
 * Limits attempts to log in, so that keys cannot be guessed and wrong keys of one client do not lock out the others.
 *
 * An address that showed too many different wrong keys lately is blocked: its keys are not checked for a while. All addresses
 * are blocked when together they showed too many. The same wrong key again does not count: a forgotten script with an old
 * key must not lock out other programs on the same machine.
 *
 * Two kinds of keys are checked from a blocked address too: a key that has logged in from there before, and, a few times a
 * second, the first key of a new connection. Both must be too long to be guessed; shorter keys stay blocked, or the block
 * would be useless.
 */
import { createHash } from "node:crypto"
import { API_KEY_MIN_LENGTH } from "../../store/users/apiKeys.ts"
import { Allowances } from "../limits.ts"

export interface KeyGuardOptions {
  /** Different wrong keys that an address may show within the window, and all addresses together. */
  readonly most?: number
  readonly mostInAll?: number
  readonly windowMs?: number
  /** Addresses with wrong keys that are remembered. Beyond, the one that began longest ago is forgotten. */
  readonly addresses?: number
  /** Pairs of an address and a key that logged in from there; beyond, the one that did so longest ago is forgotten. */
  readonly known?: number
}

const MOST = 10
const MOST_IN_ALL = 100
const WINDOW_MS = 60_000
const ADDRESSES = 10_000
const KNOWN = 20_000
/** First keys of connections that are checked nevertheless, for each blocked address. */
const NEWCOMERS_PER_SECOND = 10

/** What a client showed. */
export interface ShownKey {
  readonly address: string
  readonly key: string
  /** Whether its connection showed none before. */
  readonly first: boolean
}

const digest = (key: string): string => createHash("sha256").update(key).digest("base64")

/** The different wrong keys since a moment, up to a limit. Holds hashes, never the keys themselves. */
class Window {
  readonly since: number
  readonly #most: number
  readonly #digests = new Set<string>()

  constructor(since: number, most: number) {
    this.since = since
    this.#most = most
  }

  get full(): boolean {
    return this.#digests.size >= this.#most
  }

  /** False for a key that it has already, or when it is full. */
  add(key: string): boolean {
    if (this.full || this.#digests.has(key)) return false
    this.#digests.add(key)
    return true
  }
}

export class KeyGuard {
  readonly #most: number
  readonly #windowMs: number
  readonly #addresses: number
  readonly #mostKnown: number
  readonly #mostInAll: number
  readonly #shown = new Map<string, Window>()
  #inAll: Window
  readonly #known = new Set<string>()
  readonly #newcomers = new Allowances(NEWCOMERS_PER_SECOND, NEWCOMERS_PER_SECOND)

  constructor({
    addresses = ADDRESSES,
    known = KNOWN,
    most = MOST,
    mostInAll = MOST_IN_ALL,
    windowMs = WINDOW_MS
  }: KeyGuardOptions = {}) {
    this.#most = most
    this.#mostInAll = mostInAll
    this.#windowMs = windowMs
    this.#addresses = addresses
    this.#mostKnown = known
    this.#inAll = new Window(-windowMs, mostInAll)
  }

  #left(window: Window, now: number): number {
    return window.full ? Math.max(0, window.since + this.#windowMs - now) : 0
  }

  /** Milliseconds until keys from this address are checked again; 0: they are checked now. */
  #stoppedMs(address: string, now: number): number {
    const shown = this.#shown.get(address)
    return Math.max(this.#left(this.#inAll, now), shown === undefined ? 0 : this.#left(shown, now))
  }

  /** Milliseconds until this key may be checked; 0: now. */
  waitMs({ address, first, key }: ShownKey, now: number): number {
    const left = this.#stoppedMs(address, now)
    if (left === 0 || key.length < API_KEY_MIN_LENGTH) return left
    if (this.#known.has(`${address} ${digest(key)}`)) return 0
    return first && this.#newcomers.takeOrWait(address, 1, now) === 0 ? 0 : left
  }

  /** Counts a wrong key. False, and not counted, when this address has shown it before or has reached its limit. */
  failed({ address, key }: ShownKey, now: number): boolean {
    const shown = digest(key)
    // The key was valid and has been revoked.
    this.#known.delete(`${address} ${shown}`)
    if (this.#inAll.since + this.#windowMs <= now) this.#inAll = new Window(now, this.#mostInAll)
    let window = this.#shown.get(address)
    if (window === undefined || window.since + this.#windowMs <= now) {
      this.#shown.delete(address)
      const oldest = this.#shown.keys().next()
      if (this.#shown.size >= this.#addresses && oldest.done !== true) this.#shown.delete(oldest.value)
      this.#shown.set(address, (window = new Window(now, this.#most)))
    }
    if (!window.add(shown)) return false
    this.#inAll.add(shown)
    return true
  }

  /** The key is valid. */
  succeeded({ address, key }: ShownKey): void {
    if (key.length < API_KEY_MIN_LENGTH) return
    const pair = `${address} ${digest(key)}`
    this.#known.delete(pair)
    const oldest = this.#known.keys().next()
    if (this.#known.size >= this.#mostKnown && oldest.done !== true) this.#known.delete(oldest.value)
    this.#known.add(pair)
  }
}
