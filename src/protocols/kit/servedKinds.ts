/** What a client has subscribed at the broker's side: kinds of packets (modes, channels, topics), by what the wire calls an instrument. */

const NONE: ReadonlySet<never> = new Set()

export class ServedKinds<Key, Kind> {
  readonly #kinds = new Map<Key, Set<Kind>>()
  /** Subscriptions, each kind by itself. */
  #count = 0

  get count(): number {
    return this.#count
  }

  of(key: Key): ReadonlySet<Kind> {
    return this.#kinds.get(key) ?? NONE
  }

  has(key: Key, kind: Kind): boolean {
    return this.of(key).has(kind)
  }

  /** What has this kind. */
  with(kind: Kind): ReadonlyArray<Key> {
    return [...this.#kinds].flatMap(([key, kinds]) => (kinds.has(kind) ? [key] : []))
  }

  add(key: Key, kind: Kind): void {
    if (this.has(key, kind)) return
    this.#kinds.set(key, (this.#kinds.get(key) ?? new Set<Kind>()).add(kind))
    this.#count++
  }

  /** @returns whether it was there */
  remove(key: Key, kind: Kind): boolean {
    const kinds = this.#kinds.get(key)
    if (kinds?.delete(kind) !== true) return false
    this.#count--
    if (kinds.size === 0) this.#kinds.delete(key)
    return true
  }
}
