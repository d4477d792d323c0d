/**
 * Fewer ticks for those who ask for fewer: at most one per subscription and interval, and always the last one of it.
 * The first tick after a pause goes out at once.
 */
import type { Sleeper, Wheel } from "./wheel.ts"

class Paced<K extends object, F> implements Sleeper {
  readonly key: K
  readonly #owner: Intervals<K, F>
  step = 0
  /** The newest frame of the running interval that has not been sent. It sleeps while there is one. */
  held: F | undefined
  /** When the running interval ends, by the wheel's clock. */
  until: number

  constructor(owner: Intervals<K, F>, key: K, until: number) {
    this.#owner = owner
    this.key = key
    this.until = until
  }

  wake(): void {
    this.#owner.release(this)
  }
}

export class Intervals<K extends object, F> {
  readonly #paced = new Map<K, Paced<K, F>>()
  readonly #wheel: Wheel
  readonly #deliver: (key: K, frame: F) => void
  readonly #keep: (frame: F) => F
  readonly #intervalOf: (key: K) => number

  /**
   * @param deliver sends a frame whose time has come; must not throw
   * @param keep makes a frame's memory its own: what is offered is good for the moment only
   */
  constructor(
    wheel: Wheel,
    deliver: (key: K, frame: F) => void,
    keep: (frame: F) => F,
    intervalOf: (key: K) => number
  ) {
    this.#wheel = wheel
    this.#deliver = deliver
    this.#keep = keep
    this.#intervalOf = intervalOf
  }

  offer(key: K, frame: F): void {
    const paced = this.#paced.get(key)
    // Nearly all of a long interval: what waits already needs no look at the clock.
    if (paced !== undefined && paced.held !== undefined) {
      paced.held = this.#keep(frame)
      return
    }
    const now = this.#wheel.now()
    if (paced === undefined) {
      this.#paced.set(key, new Paced(this, key, now + this.#intervalOf(key)))
      return this.#deliver(key, frame)
    }
    if (now >= paced.until) {
      paced.until = now + this.#intervalOf(key)
      return this.#deliver(key, frame)
    }
    this.#wheel.add(paced, paced.until)
    paced.held = this.#keep(frame)
  }

  /** Its interval is over. */
  release(paced: Paced<K, F>): void {
    const frame = paced.held!
    paced.held = undefined
    paced.until = this.#wheel.now() + this.#intervalOf(paced.key)
    this.#deliver(paced.key, frame)
  }

  forget(key: K): void {
    const paced = this.#paced.get(key)
    if (paced === undefined) return
    this.#paced.delete(key)
    if (paced.held !== undefined) this.#wheel.remove(paced)
  }
}
