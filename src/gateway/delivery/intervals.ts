/**
 * Fewer ticks for those who ask for fewer: at most one per subscription and interval, and always the last one of it.
 * The first tick after a pause goes out at once.
 */

export interface Paced<F> {
  /** The newest frame of the running interval that has not been sent. */
  held: F | undefined
  /** When the running interval ends, in monotonic milliseconds. */
  until: number
}

/** The finest step in which held frames leave. */
const STEP_MS = 5

export class Intervals<K extends object, F> {
  readonly #paced = new Map<K, Paced<F>>()
  readonly #waiting = new Set<K>()
  readonly #deliver: (key: K, frame: F) => void
  readonly #keep: (frame: F) => F
  readonly #intervalOf: (key: K) => number
  readonly #now: () => number
  #timer: NodeJS.Timeout | undefined

  /**
   * @param deliver sends a frame whose time has come; must not throw
   * @param keep makes a frame's memory its own: what is offered is good for the moment only
   */
  constructor(
    deliver: (key: K, frame: F) => void,
    keep: (frame: F) => F,
    intervalOf: (key: K) => number,
    now: () => number
  ) {
    this.#deliver = deliver
    this.#keep = keep
    this.#intervalOf = intervalOf
    this.#now = now
  }

  offer(key: K, frame: F): void {
    const now = this.#now()
    const paced = this.#paced.get(key)
    if (paced === undefined) {
      this.#paced.set(key, { held: undefined, until: now + this.#intervalOf(key) })
      return this.#deliver(key, frame)
    }
    if (paced.held === undefined && now >= paced.until) {
      paced.until = now + this.#intervalOf(key)
      return this.#deliver(key, frame)
    }
    paced.held = this.#keep(frame)
    this.#waiting.add(key)
    this.#timer ??= setInterval(() => this.#turn(), STEP_MS)
  }

  forget(key: K): void {
    this.#paced.delete(key)
    this.#waiting.delete(key)
    this.#rest()
  }

  clear(): void {
    this.#paced.clear()
    this.#waiting.clear()
    this.#rest()
  }

  #turn(): void {
    const now = this.#now()
    for (const key of this.#waiting) {
      const paced = this.#paced.get(key)!
      if (now < paced.until) continue
      const frame = paced.held!
      paced.held = undefined
      paced.until = now + this.#intervalOf(key)
      this.#waiting.delete(key)
      this.#deliver(key, frame)
    }
    this.#rest()
  }

  #rest(): void {
    if (this.#waiting.size > 0 || this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
