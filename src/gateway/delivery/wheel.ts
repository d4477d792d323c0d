/**
 * A timer wheel: wakes the sleepers of all clients with one timer. Its work depends on how many are due, not on how many
 * sleep.
 */
import { PIECE } from "./turns.ts"
import type { Turns } from "./turns.ts"

/** The length of a step, which is the finest interval at which sleepers are woken. */
const STEP_MS = 5

export interface Sleeper {
  /** The wheel's own: the step that wakes it. */
  step: number
  /** Must not throw. */
  readonly wake: () => void
}

export class Wheel {
  readonly #turns: Turns
  readonly now: () => number
  readonly #steps = new Map<number, Set<Sleeper>>()
  #size = 0
  /** The last step of which all were woken. */
  #done = 0
  /** Those of the step after it that are still to be woken, where one piece was not enough. */
  #rest: Iterator<Sleeper, undefined> | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param now milliseconds of a clock that never steps back */
  constructor(turns: Turns, now: () => number) {
    this.#turns = turns
    this.now = now
  }

  /** Who sleeps. */
  get size(): number {
    return this.#size
  }

  /** @param sleeper one that does not sleep yet */
  add(sleeper: Sleeper, at: number): void {
    if (this.#timer === undefined) {
      this.#done = Math.floor(this.now() / STEP_MS)
      this.#timer = setInterval(this.#look, STEP_MS)
    }
    // The step after the last may be under way.
    const step = Math.max(Math.ceil(at / STEP_MS), this.#done + 2)
    sleeper.step = step
    const others = this.#steps.get(step)
    if (others === undefined) this.#steps.set(step, new Set([sleeper]))
    else others.add(sleeper)
    this.#size++
  }

  /** @param sleeper may have been woken meanwhile */
  remove(sleeper: Sleeper): void {
    const others = this.#steps.get(sleeper.step)
    if (others?.delete(sleeper) !== true) return
    this.#size--
    if (others.size === 0) this.#steps.delete(sleeper.step)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#rest = undefined
    this.#steps.clear()
    this.#size = 0
  }

  readonly #look = (): void => {
    // A piece of it waits for its turn.
    if (this.#rest === undefined && this.#wakeSome()) this.#turns.add(this.#wakeSome)
  }

  readonly #wakeSome = (): boolean => {
    const due = Math.floor(this.now() / STEP_MS)
    let left = PIECE
    while (this.#done < due && this.#size > 0) {
      const step = this.#done + 1
      this.#rest ??= this.#steps.get(step)?.values()
      for (let one = this.#rest?.next(); one !== undefined && one.done !== true; one = this.#rest?.next()) {
        this.remove(one.value)
        one.value.wake()
        if (--left === 0) return true
      }
      this.#rest = undefined
      this.#done = step
    }
    if (this.#size === 0) this.stop()
    return false
  }
}
