/** How old ticks are when they arrive, in whole milliseconds, as their timestamps are. */
import type { Message } from "./connection.ts"

/** Epoch times below it are not in milliseconds. */
const MILLISECONDS_FROM = 1e12

export class Ages {
  /** How many ticks, by their age. */
  readonly #counts = new Map<number, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(age: number, count = 1): void {
    this.#counts.set(age, (this.#counts.get(age) ?? 0) + count)
    this.#count += count
  }

  addAll(other: Ages): void {
    for (const [age, count] of other.#counts) this.add(age, count)
  }

  /** @param share 0 to 1; null when nothing was added */
  quantile(share: number): number | null {
    let left = Math.min(this.#count - 1, Math.floor(share * this.#count))
    for (const [age, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      if (left < count) return age
      left -= count
    }
    return null
  }

  clear(): void {
    this.#counts.clear()
    this.#count = 0
  }
}

/** By the tick's `timestamp`, which is when the feed received it; undefined when the server sends none. */
export const ageOf = (message: Message, now: number): number | undefined => {
  const { timestamp } = (message["data"] ?? {}) as { readonly timestamp?: unknown }
  return typeof timestamp === "number" && timestamp >= MILLISECONDS_FROM
    ? now - Math.round(timestamp)
    : undefined
}
