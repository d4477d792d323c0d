/** One reader of this gateway: what it holds, and what the feed process knows of that. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { breathe } from "../../kit/breathe.ts"
import { nameOf } from "../../market/instrument.ts"
import type {
  SubscribeRequest,
  SubscribeResult,
  UnsubscribeRequest,
  UnsubscribeResult
} from "../../market/subscription.ts"

/** What the readers of one user hold. */
export interface Held {
  readonly instruments: number
  /** How many of them the feed process refused to restore. */
  readonly failed: number
}

export interface Reader {
  readonly user: string
  readonly name: string
  readonly turn: Semaphore.Semaphore
  /** By topic: the request that wins it. */
  readonly held: Map<string, SubscribeRequest>
  attached: boolean
  /** What could not be restored, as `EXCHANGE:SYMBOL`. */
  refused: ReadonlySet<string>
  /** The lease under which the feed process knows this reader. */
  lease: string | undefined
  /** The feed process knows the reader, but perhaps not all of this. */
  incomplete: boolean
  /** Not to be completed before then (by performance.now). */
  restoreAfter: number
}

/** Subscriptions of one reader. */
const MANY = 250

const nothing: ReadonlySet<string> = new Set()

export const newReader = (user: string, name: string): Reader => ({
  user,
  name,
  turn: Semaphore.makeUnsafe(1),
  held: new Map(),
  attached: false,
  refused: nothing,
  lease: undefined,
  incomplete: false,
  restoreAfter: 0
})

/** Records a successful subscription under the feed's symbol, to restore it later. */
export const hold = (
  reader: Reader,
  requests: ReadonlyArray<SubscribeRequest>,
  results: ReadonlyArray<SubscribeResult>
): void => {
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!
    const request = requests[i]
    if (result.status !== "success" || request === undefined) continue
    reader.held.set(result.topic, { ...request, symbol: result.served_as ?? request.symbol })
  }
}

/** Takes note of what was given up: by topic, or by name where the feed process does not know of it any more. */
export const letGo = (
  reader: Reader,
  requests: ReadonlyArray<UnsubscribeRequest>,
  results: ReadonlyArray<UnsubscribeResult>
): void => {
  let topics: ReadonlyMap<string, ReadonlyArray<readonly [string, SubscribeRequest]>> | undefined
  for (const [i, result] of results.entries()) {
    if (result.status === "success") {
      for (const topic of result.topics) reader.held.delete(topic)
      continue
    }
    const request = requests[i]
    if (result.code !== "NOT_SUBSCRIBED" || request === undefined) continue
    // Seldom, but then of all that is held: looked through once.
    topics ??= Map.groupBy(reader.held, ([, held]) => nameOf(held))
    for (const [topic, { mode }] of topics.get(nameOf(request)) ?? []) {
      if (request.mode === undefined || mode === request.mode) reader.held.delete(topic)
    }
  }
}

/** Users with readers that are attached. */
export const usersOf = (readers: Iterable<Reader>): ReadonlySet<string> => {
  const users = new Set<string>()
  for (const { attached, user } of readers) if (attached) users.add(user)
  return users
}

/** What all readers of a user hold together. A reader that holds much is looked at in a turn of its own. */
export const heldBy = Effect.fnUntraced(function* (readers: Iterable<Reader>, name: string) {
  const all = new Set<string>()
  const failed = new Set<string>()
  for (const { held, refused, user } of readers) {
    if (user !== name) continue
    if (held.size > MANY) yield* breathe
    for (const request of held.values()) {
      const instrument = nameOf(request)
      all.add(instrument)
      if (refused.has(instrument)) failed.add(instrument)
    }
  }
  return { instruments: all.size, failed: failed.size } satisfies Held
})
