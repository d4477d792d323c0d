/**
 * Whose search may run, and when. A search is synchronous work on the thread that carries ticks: they run one at a time,
 * with a turn of the event loop between them, and each user has an allowance of them.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { breathe } from "../../kit/breathe.ts"
import { Allowances } from "../limits.ts"
import type { Answer } from "./answer.ts"
import { problem } from "./answer.ts"

export interface SearchesOptions {
  /** Of one user, on average. */
  readonly perSecond: number
  readonly now: () => number
  /** A search was declined. */
  readonly onLimited: () => void
  /** Lets sockets and timers have their turn. */
  readonly turn?: Effect.Effect<void>
}

export interface Searches {
  /** Runs the search when it is its turn, or says why it does not. */
  readonly of: <E>(user: string, search: Effect.Effect<Answer, E>) => Effect.Effect<Answer, E>
}

/** So many seconds' worth of searches may come at once, as with a client's messages. */
const BURST_S = 5

/** Of all users together: even the most costly are all answered before their callers' patience ends. */
const MOST_WAITING = 100

const tooMany = (message: string, waitMs: number): Answer => {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return problem(
    "429 Too Many Requests",
    "RATE_LIMITED",
    message,
    `Try again in ${seconds} s; while somebody types, wait for a pause before you ask`,
    { "retry-after": String(seconds) }
  )
}

export const makeSearches = ({ now, onLimited, perSecond, turn = breathe }: SearchesOptions): Searches => {
  const oneAtATime = Semaphore.makeUnsafe(1)
  const allowances = new Allowances(perSecond, BURST_S * perSecond)
  let waiting = 0

  const declined = (user: string): Answer | undefined => {
    if (waiting >= MOST_WAITING) return tooMany("Too many searches wait for their turn", 0)
    const waitMs = allowances.takeOrWait(user, 1, now())
    return waitMs === 0
      ? undefined
      : tooMany(`A user may search ${perSecond} times a second, and ${BURST_S * perSecond} at once`, waitMs)
  }

  return {
    of: (user, search) =>
      Effect.suspend(() => {
        const refusal = declined(user)
        if (refusal !== undefined) {
          onLimited()
          return Effect.succeed(refusal)
        }
        waiting++
        return oneAtATime
          .withPermits(1)(Effect.ensuring(search, turn))
          .pipe(
            Effect.ensuring(
              Effect.sync(() => {
                waiting--
              })
            )
          )
      })
  }
}
