/**
 * Large requests are handled whole, a few at a time, and one of each user: only those are parsed, the others wait as the bytes
 * that came. What a client resumes, or has asked for while there was no feed, is such a request too. A feed that keeps one user waiting keeps no other.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** A request of twenty thousand entries takes some 20 MB while it is handled. */
const AT_A_TIME = 2

/** Whoever has a place needs no second one: two that wait for one each would wait for ever. */
const HasPlace = Context.Reference<boolean>("algoways/gateway/HasPlace", { defaultValue: () => false })

interface Line {
  readonly turns: Semaphore.Semaphore
  members: number
}

export class Admission {
  readonly #doors = Semaphore.makeUnsafe(AT_A_TIME)
  readonly #lines = new Map<string, Line>()

  /** @param name of the line to wait in */
  one<A, E>(name: string, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(HasPlace, (has) => (has ? work : this.#inLine(name, work)))
  }

  #inLine<A, E>(name: string, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const placed = Effect.provideService(work, HasPlace, true)
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        let line = this.#lines.get(name)
        if (line === undefined) this.#lines.set(name, (line = { turns: Semaphore.makeUnsafe(1), members: 0 }))
        line.members++
        return line
      }),
      ({ turns }) => turns.withPermits(1)(this.#doors.withPermits(1)(placed)),
      (line) =>
        Effect.sync(() => {
          if (--line.members === 0) this.#lines.delete(name)
        })
    )
  }
}
