import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { makeConflatingQueue } from "../../../src/bus/conflatingQueue.ts"

interface Price {
  readonly symbol: string
  readonly price: number
}
const price = (symbol: string, value: number): Price => ({ symbol, price: value })
const make = (capacity: number) => {
  let asked = 0
  const queue = makeConflatingQueue<Price>({
    capacity,
    keyOf: (p) => {
      asked++
      return p.symbol
    }
  })
  return { queue, asked: () => asked }
}
const texts = (items: ReadonlyArray<Price>) => items.map((p) => `${p.symbol}${p.price}`).join(" ")

/** What the queue should hold, the slow and plain way. */
const model = (capacity: number) => {
  let waiting: Array<Price> = []
  let late = false
  let dropped = 0
  let conflated = 0
  const place = (item: Price) => {
    const at = waiting.findIndex((w) => w.symbol === item.symbol)
    if (at >= 0) {
      waiting[at] = item
      conflated++
      return
    }
    if (waiting.length >= capacity) {
      waiting.shift()
      dropped++
    }
    waiting.push(item)
  }
  return {
    offer: (item: Price) => {
      if (!late && waiting.length < capacity) return void waiting.push(item)
      if (!late) {
        late = true
        const before = waiting
        waiting = []
        for (const w of before) place(w)
      }
      place(item)
    },
    take: () => {
      const all = waiting
      waiting = []
      late = false
      return all
    },
    counts: () => ({ dropped, conflated, size: waiting.length })
  }
}

describe("conflatingQueue", () => {
  it.effect("hands over everything in order while it keeps up, and never asks for keys", () =>
    Effect.gen(function* () {
      const { queue, asked } = make(4)
      for (const n of [1, 2, 3, 4]) queue.offerUnsafe(price("A", n))
      assert.strictEqual(texts(yield* queue.takeAll), "A1 A2 A3 A4")
      assert.strictEqual(asked(), 0)
      assert.deepStrictEqual(queue.stats, { offered: 4, conflated: 0, dropped: 0, keptDropped: 0, size: 0 })
    })
  )

  it.effect("when full, keeps the newest of every key in its place", () =>
    Effect.gen(function* () {
      const { queue } = make(3)
      for (const p of [price("A", 1), price("B", 1), price("A", 2), price("C", 1), price("B", 2)]) {
        queue.offerUnsafe(p)
      }
      assert.strictEqual(texts(yield* queue.takeAll), "A2 B2 C1")
      assert.deepStrictEqual(queue.stats, { offered: 5, conflated: 2, dropped: 0, keptDropped: 0, size: 0 })
      queue.offerUnsafe(price("A", 3))
      queue.offerUnsafe(price("A", 4))
      assert.strictEqual(texts(yield* queue.takeAll), "A3 A4")
    })
  )

  it.effect("evicts the oldest key only when every place holds another one, and counts it", () =>
    Effect.gen(function* () {
      const { queue } = make(2)
      for (const p of [price("A", 1), price("B", 1), price("C", 1), price("A", 2)]) queue.offerUnsafe(p)
      assert.strictEqual(texts(yield* queue.takeAll), "C1 A2")
      assert.deepStrictEqual(queue.stats, { offered: 4, conflated: 0, dropped: 2, keptDropped: 0, size: 0 })
    })
  )

  it.effect("does what the plain model does, for thousands of random offers and takes", () =>
    Effect.gen(function* () {
      let seed = 7
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        return (seed >>> 8) % below
      }
      for (const capacity of [1, 2, 5, 16]) {
        const { queue } = make(capacity)
        const expected = model(capacity)
        for (let i = 0; i < 4000; i++) {
          const item = price(`S${random(capacity * 2)}`, i)
          queue.offerUnsafe(item)
          expected.offer(item)
          const { conflated, dropped, size } = queue.stats
          assert.deepStrictEqual({ dropped, conflated, size }, expected.counts())
          if (random(20) === 0) assert.strictEqual(texts(yield* queue.takeAll), texts(expected.take()))
        }
      }
    })
  )

  it.effect("suspends while empty and gives one callback's items in one chunk", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const taker = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      assert.isUndefined(taker.pollUnsafe())
      queue.offerUnsafe(price("A", 1))
      queue.offerUnsafe(price("B", 1))
      assert.isUndefined(taker.pollUnsafe(), "the consumer does not run inside the callback")
      queue.offerUnsafe(price("A", 2))
      assert.strictEqual(texts(yield* Fiber.join(taker)), "A1 B1 A2")
    })
  )

  it.effect("loses nothing when a waiting consumer is interrupted, before or after an offer", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const first = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      yield* Fiber.interrupt(first)
      queue.offerUnsafe(price("A", 1))
      assert.strictEqual(texts(yield* queue.takeAll), "A1")

      const second = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      queue.offerUnsafe(price("B", 1))
      yield* Fiber.interrupt(second)
      assert.strictEqual(texts(yield* queue.takeAll), "B1")

      const third = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      queue.offerUnsafe(price("C", 1))
      assert.strictEqual(texts(yield* Fiber.join(third)), "C1")
    })
  )

  it.effect("serves a handler with one callback's items in one chunk, again and again", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const chunks: Array<string> = []
      queue.offerUnsafe(price("A", 1))
      const server = yield* Effect.forkChild(
        queue.serve((items) => chunks.push(texts(items))),
        { startImmediately: true }
      )
      yield* Effect.promise(async () => undefined)
      assert.deepStrictEqual(chunks, ["A1"], "what waited before")
      queue.offerUnsafe(price("A", 2))
      queue.offerUnsafe(price("B", 1))
      assert.strictEqual(chunks.length, 1, "the handler does not run inside the callback")
      yield* Effect.promise(async () => undefined)
      queue.offerUnsafe(price("A", 3))
      yield* Effect.promise(async () => undefined)
      assert.deepStrictEqual(chunks, ["A1", "A2 B1", "A3"])
      queue.offerUnsafe(price("A", 4))
      assert.strictEqual(texts(queue.drainUnsafe()), "A4")
      yield* Effect.promise(async () => undefined)
      assert.strictEqual(chunks.length, 3, "no call for nothing")
      queue.offerUnsafe(price("A", 5))
      yield* Fiber.interrupt(server)
      yield* Effect.promise(async () => undefined)
      assert.strictEqual(chunks.length, 3, "no call after an interruption")
      assert.strictEqual(texts(yield* queue.takeAll), "A5")
    })
  )

  it.effect("serves on after a handler that threw, and ends at shutdown", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const chunks: Array<string> = []
      const defects: Array<unknown> = []
      const server = yield* queue
        .serve((items) => {
          if (texts(items) === "A1") throw new Error("a bad chunk")
          chunks.push(texts(items))
        })
        .pipe(
          Effect.catchDefect((defect) => Effect.sync(() => defects.push(defect))),
          Effect.forever({ disableYield: true }),
          Effect.forkChild({ startImmediately: true })
        )
      const second = yield* Effect.exit(queue.serve(() => undefined))
      assert.isTrue(Exit.isFailure(second) && Cause.hasDies(second.cause), "one consumer at a time")
      queue.offerUnsafe(price("A", 1))
      yield* Effect.promise(async () => undefined)
      queue.offerUnsafe(price("B", 1))
      yield* Effect.promise(async () => undefined)
      assert.deepStrictEqual([chunks, defects], [["B1"], [new Error("a bad chunk")]])
      yield* queue.shutdown
      const exit = yield* Fiber.await(server)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )

  it.effect("refuses a second consumer and leaves the first one waiting", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const taker = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      const second = yield* Effect.exit(queue.takeAll)
      assert.isTrue(Exit.isFailure(second) && Cause.hasDies(second.cause))
      queue.offerUnsafe(price("A", 1))
      assert.strictEqual(texts(yield* Fiber.join(taker)), "A1")
    })
  )

  it.effect("ends its consumer at shutdown and ignores later offers", () =>
    Effect.gen(function* () {
      const { queue } = make(8)
      const taker = yield* Effect.forkChild(queue.takeAll, { startImmediately: true })
      yield* queue.shutdown
      const exit = yield* Fiber.await(taker)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      queue.offerUnsafe(price("A", 1))
      assert.deepStrictEqual(queue.stats, { offered: 0, conflated: 0, dropped: 0, keptDropped: 0, size: 0 })
      const later = yield* Effect.exit(queue.takeAll)
      assert.isTrue(Exit.isFailure(later) && Cause.hasInterruptsOnly(later.cause))
    })
  )
})
