/**
 * Large requests are handled whole, a few at a time, and one of each user: only those are parsed, the others wait as the bytes
 * that came. A feed that keeps one user waiting keeps no other.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** A request of twenty thousand entries takes some 20 MB while it is handled. */
const AT_A_TIME = 2

interface Line {
  readonly turns: Semaphore.Semaphore
  members: number
}

export class Admission {
  readonly #doors = Semaphore.makeUnsafe(AT_A_TIME)
  readonly #lines = new Map<string, Line>()

  /** @param name of the line to wait in */
  one<A, E>(name: string, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        let line = this.#lines.get(name)
        if (line === undefined) this.#lines.set(name, (line = { turns: Semaphore.makeUnsafe(1), members: 0 }))
        line.members++
        return line
      }),
      ({ turns }) => turns.withPermits(1)(this.#doors.withPermits(1)(work)),
      (line) =>
        Effect.sync(() => {
          if (--line.members === 0) this.#lines.delete(name)
        })
    )
  }
}
