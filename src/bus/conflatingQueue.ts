/**
 * The bounded queue between a socket's callback and the fiber that publishes: one per session or socket.
 *
 * Overflow policy: conflate by key. Below its capacity it is an array and every item arrives. When it is full,
 * the newest item of a key takes the place of the one that waits, because a live reader wants the latest price
 * and not its history; only when every place holds another key does the oldest item go. Both are counted.
 *
 * Items added by `keepUnsafe` are events: no item replaces them, and no later item overtakes them. They have a capacity of
 * their own, so that a flood of them displaces no other item. Beyond it the oldest event is dropped and counted.
 */
import * as Effect from "effect/Effect"

export interface ConflatingQueueOptions<A> {
  /** Items that may wait. At least 1. */
  readonly capacity: number
  /** What makes a newer item replace a waiting one. Called only when the queue is full or was since the last take. */
  readonly keyOf: (item: A) => string | number
  /** Kept items that may wait. Without it, nothing is kept. */
  readonly keptCapacity?: number
}

export interface QueueStats {
  /** Items that were ever offered (before shutdown). */
  readonly offered: number
  /** Items whose place was taken by a newer one of the same key. */
  readonly conflated: number
  /** Items that were lost without a newer one of the same key. */
  readonly dropped: number
  /** Kept items that were lost. */
  readonly keptDropped: number
  /** Items waiting now. */
  readonly size: number
}

export interface ConflatingQueue<A> {
  /** For callbacks: never blocks, never throws, runs nothing of the consumer. Ignored after shutdown. */
  readonly offerUnsafe: (item: A) => void
  /** The same for an item that must not be conflated or overtaken. */
  readonly keepUnsafe: (item: A) => void
  /**
   * All waiting items, oldest first; suspends while there are none. For one consumer at a time: a second one is
   * a defect. Interrupting a suspended take loses nothing. Interrupts its fiber once the queue is shut down.
   */
  readonly takeAll: Effect.Effect<ReadonlyArray<A>>
  /**
   * The same for ever and without a fiber's turn between a callback and its items: `handle` is called in a microtask
   * after the callback that offered them. Dies of what it throws, which costs the items of that call.
   */
  readonly serve: (handle: (items: ReadonlyArray<A>) => void) => Effect.Effect<never>
  /** All waiting items, oldest first, at once; none after shutdown. For callers that may not suspend. */
  readonly drainUnsafe: () => ReadonlyArray<A>
  /** Drops what waits and ends the consumer. */
  readonly shutdown: Effect.Effect<void>
  /** A snapshot. */
  readonly stats: QueueStats
}

const twoConsumers = Effect.die(new Error("a conflating queue has one consumer at a time"))

// oxlint-disable-next-line max-lines-per-function -- one queue: every part works on the same few variables, on the way of every tick
export const makeConflatingQueue = <A>(options: ConflatingQueueOptions<A>): ConflatingQueue<A> => {
  const capacity = Math.max(1, Math.floor(options.capacity))
  const keptCapacity = Math.max(0, Math.floor(options.keptCapacity ?? 0))
  const { keyOf } = options
  /** What waits while there is room. Empty while `late` is in use. */
  let items: Array<A> = []
  /** Where in `items` the kept ones are. */
  let keptAt: Array<number> = []
  /** What waits since the queue was full, in order of arrival. A symbol stands for a kept item. */
  let late: Map<string | number | symbol, A> | undefined
  /** The symbols in `late`, oldest first. */
  let marks: Array<symbol> = []
  /** Walks along `late` with the evictions, so that finding its oldest key never means a search. */
  let oldest: Iterator<string | number | symbol> | undefined
  let wake: (() => void) | undefined
  let closed = false
  let offered = 0
  let conflated = 0
  let dropped = 0
  let keptDropped = 0

  /** Kept items are passed by: they have a limit of their own. */
  const evictOldest = (waiting: Map<string | number | symbol, A>): void => {
    let next = oldest!.next()
    while (next.done !== true && typeof next.value === "symbol") next = oldest!.next()
    if (next.done !== true) waiting.delete(next.value)
  }

  const offerLate = (waiting: Map<string | number | symbol, A>, item: A): void => {
    const key = keyOf(item)
    if (waiting.has(key)) {
      conflated++
      // In its old place it would leave before a kept item that came first.
      if (marks.length > 0) waiting.delete(key)
    } else if (waiting.size - marks.length >= capacity) {
      dropped++
      evictOldest(waiting)
    }
    waiting.set(key, item)
  }

  const keepLate = (waiting: Map<string | number | symbol, A>, item: A): void => {
    if (marks.length >= keptCapacity) {
      keptDropped++
      const first = marks.shift()
      if (first === undefined) return
      waiting.delete(first)
    }
    const mark = Symbol()
    marks.push(mark)
    waiting.set(mark, item)
  }

  /** Full: from here to the next take, items wait by key. */
  const fallBehind = (): void => {
    late = new Map()
    oldest = late.keys()
    const waited = items
    const kept = keptAt
    items = []
    keptAt = []
    let next = 0
    for (let i = 0; i < waited.length; i++) {
      if (kept[next] === i) {
        next++
        keepLate(late, waited[i]!)
      } else offerLate(late, waited[i]!)
    }
  }

  const offerUnsafe = (item: A): void => {
    if (closed) return
    offered++
    if (late !== undefined) {
      offerLate(late, item)
    } else if (items.push(item) > capacity) {
      fallBehind()
    }
    if (wake !== undefined) wake()
  }

  const keepUnsafe = (item: A): void => {
    if (closed) return
    offered++
    if (late === undefined && keptAt.length >= keptCapacity) fallBehind()
    if (late !== undefined) {
      keepLate(late, item)
    } else {
      keptAt.push(items.length)
      if (items.push(item) > capacity) fallBehind()
    }
    if (wake !== undefined) wake()
  }

  const drain = (): ReadonlyArray<A> => {
    if (late === undefined) {
      const waited = items
      items = []
      if (keptAt.length > 0) keptAt = []
      return waited
    }
    const waited = [...late.values()]
    late = undefined
    marks = []
    oldest = undefined
    return waited
  }

  const size = (): number => (late === undefined ? items.length : late.size)

  /**
   * Calls `turn` in a microtask after each callback that offers something: not inside `offerUnsafe`, so that everything
   * that one callback offers comes in one chunk, and not by a turn of the event loop, in which a tick would wait for other
   * sockets (measured at three ticks a millisecond: 150 us from the broker's bytes to the bus at the 99th percentile,
   * instead of 300). Answers how to stop.
   */
  const listen = (turn: () => void): (() => void) => {
    let scheduled = false
    const mine = (): void => {
      if (scheduled) return
      scheduled = true
      queueMicrotask(() => {
        scheduled = false
        if (wake === mine) turn()
      })
    }
    wake = mine
    return () => {
      if (wake === mine) wake = undefined
    }
  }

  /** It drains when the consumer runs, not before, so that an interruption in between loses nothing. */
  const offeredSomething = Effect.callback<void>((resume) => {
    if (wake !== undefined) return resume(twoConsumers)
    const stop = listen(() => {
      stop()
      resume(Effect.void)
    })
    return Effect.sync(stop)
  })

  const serve = (handle: (items: ReadonlyArray<A>) => void): Effect.Effect<never> =>
    Effect.callback<never>((resume) => {
      if (wake !== undefined) return resume(twoConsumers)
      const stop = listen(() => {
        if (closed) return resume(Effect.interrupt)
        const items = drain()
        try {
          if (items.length > 0) handle(items)
        } catch (defect) {
          stop()
          resume(Effect.die(defect))
        }
      })
      if (closed || size() > 0) wake!()
      return Effect.sync(stop)
    })

  const takeAll: Effect.Effect<ReadonlyArray<A>> = Effect.suspend(() => {
    if (closed) return Effect.interrupt
    return size() === 0 ? Effect.andThen(offeredSomething, takeAll) : Effect.succeed(drain())
  })

  return {
    offerUnsafe,
    keepUnsafe,
    takeAll,
    serve,
    drainUnsafe: drain,
    shutdown: Effect.sync(() => {
      closed = true
      drain()
      wake?.()
    }),
    get stats() {
      return { offered, conflated, dropped, keptDropped, size: size() }
    }
  }
}
