/** How soon clients speak that mean to log in, by their address: whoever is silent for much longer does not mean to. */

/** Addresses that are remembered; beyond, the one that was first heard of is forgotten. */
const ADDRESSES = 1000
/** How much the last client says about the next. */
const WEIGHT = 0.3
/** So many times as long as others took is long. */
const FACTOR = 4
const LEAST_MS = 50
const MOST_MS = 4000
/** Where no client of an address has logged in yet. */
const UNKNOWN_MS = 500

export class Pace {
  readonly #usual = new Map<string, number>()

  /** A client of this address has logged in, and took so long until it spoke. */
  loggedIn(address: string, ms: number): void {
    const usual = this.#usual.get(address)
    if (usual === undefined && this.#usual.size >= ADDRESSES) {
      const [oldest] = this.#usual.keys()
      if (oldest !== undefined) this.#usual.delete(oldest)
    }
    this.#usual.set(address, usual === undefined ? ms : usual + WEIGHT * (ms - usual))
  }

  /** How long a client of this address may be silent while others wait. */
  peaceMs(address: string): number {
    const usual = this.#usual.get(address)
    return usual === undefined ? UNKNOWN_MS : Math.min(MOST_MS, Math.max(LEAST_MS, FACTOR * usual))
  }
}
