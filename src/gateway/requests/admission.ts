/**
 * Large requests are handled whole, a few at a time, and one of each user: only those are parsed, the others wait as the bytes
 * that came. What a client resumes, or has asked for while there was no feed, is such a request too. Whoever has waited for a feed
 * for a second in all gives its place to others and goes on without one: a feed that keeps its user waiting keeps no other.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Feed } from "../../bus/feed.ts"

/** A request of twenty thousand entries takes some 20 MB while it is handled. */
const AT_A_TIME = 2

/** How long a request may wait for its feed and keep its place. */
const PATIENCE_MS = 1000

/** One of the few. Given back once: when its request is done, or has waited for too long. */
class Place {
  readonly #giveBack: () => void
  #patienceMs = PATIENCE_MS
  #held = true

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack
  }

  giveBack(): void {
    if (this.#held) this.#giveBack()
    this.#held = false
  }

  /** What it waits for here uses up its patience. */
  waiting<A, E>(what: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      if (!this.#held) return what
      const began = performance.now()
      const timer = setTimeout(() => this.giveBack(), this.#patienceMs)
      return Effect.ensuring(
        what,
        Effect.sync(() => {
          clearTimeout(timer)
          this.#patienceMs -= performance.now() - began
        })
      )
    })
  }
}

/** Whoever has a place, or had one, needs no second one: two that wait for one each would wait for ever. */
const OwnPlace = Context.Reference<Place | undefined>("algoways/gateway/OwnPlace", {
  defaultValue: () => undefined
})

interface WaitingUser {
  readonly turns: Semaphore.Semaphore
  members: number
}

export class Admission {
  readonly #doors = Semaphore.makeUnsafe(AT_A_TIME)
  readonly #lines = new Map<string, WaitingUser>()

  /** @param name of the line to wait in */
  one<A, E>(name: string, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(OwnPlace, (place) => (place === undefined ? this.#inLine(name, work) : work))
  }

  /** The feed for those who are admitted: what they wait for it does not keep others waiting. */
  ofFeed(feed: Feed["Service"]): Feed["Service"] {
    const waiting = <A, E>(what: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.flatMap(OwnPlace, (place) => (place === undefined ? what : place.waiting(what)))
    return {
      brokers: waiting(feed.brokers),
      attach: (user, reader) => waiting(feed.attach(user, reader)),
      subscribe: (user, reader, requests) => waiting(feed.subscribe(user, reader, requests)),
      unsubscribe: (user, reader, requests) => waiting(feed.unsubscribe(user, reader, requests)),
      release: (user, reader) => waiting(feed.release(user, reader)),
      info: (user) => waiting(feed.info(user)),
      last: (user, requests) => waiting(feed.last(user, requests)),
      status: (user) => waiting(feed.status(user)),
      instrument: (user, exchange, symbol) => waiting(feed.instrument(user, exchange, symbol))
    }
  }

  #inLine<A, E>(name: string, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const placed = Effect.acquireUseRelease(
      Effect.map(
        Effect.interruptible(this.#doors.take(1)),
        () => new Place(() => void Effect.runFork(this.#doors.release(1)))
      ),
      (place) => Effect.provideService(work, OwnPlace, place),
      (place) => Effect.sync(() => place.giveBack())
    )
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        let line = this.#lines.get(name)
        if (line === undefined) this.#lines.set(name, (line = { turns: Semaphore.makeUnsafe(1), members: 0 }))
        line.members++
        return line
      }),
      ({ turns }) => turns.withPermits(1)(placed),
      (line) =>
        Effect.sync(() => {
          if (--line.members === 0) this.#lines.delete(name)
        })
    )
  }
}
