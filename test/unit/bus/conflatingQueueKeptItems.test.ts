/** Items of a conflating queue that stand for something that happened, between items that may be conflated. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeConflatingQueue } from "../../../src/bus/conflatingQueue.ts"

interface Item {
  readonly kind: "price" | "event"
  readonly key: string
  readonly n: number
}
const make = (capacity: number, keptCapacity: number) => {
  const queue = makeConflatingQueue<Item>({ capacity, keptCapacity, keyOf: (i) => i.key })
  let n = 0
  return {
    queue,
    price: (key: string) => queue.offerUnsafe({ kind: "price", key, n: ++n }),
    event: () => queue.keepUnsafe({ kind: "event", key: "!", n: ++n })
  }
}
const texts = (items: ReadonlyArray<Item>) => items.map((i) => `${i.key}${i.n}`).join(" ")

describe("kept items", () => {
  it.effect("leave in order with the others while the queue keeps up", () =>
    Effect.gen(function* () {
      const { event, price, queue } = make(8, 2)
      price("A")
      event()
      price("A")
      assert.strictEqual(texts(yield* queue.takeAll), "A1 !2 A3")
    })
  )

  it.effect("are neither conflated nor overtaken when it is full", () =>
    Effect.gen(function* () {
      const { event, price, queue } = make(3, 4)
      price("A")
      price("B")
      event()
      event()
      price("B")
      price("C")
      price("A")
      assert.strictEqual(texts(yield* queue.takeAll), "!3 !4 B5 C6 A7")
      assert.deepInclude(queue.stats, { conflated: 2, dropped: 0, keptDropped: 0 })
      price("A")
      price("A")
      assert.strictEqual(texts(yield* queue.takeAll), "A8 A9", "after a take it starts afresh")
    })
  )

  it.effect("that come in a flood lose their oldest, and cost no other item its place", () =>
    Effect.gen(function* () {
      const { event, price, queue } = make(4, 3)
      for (const key of ["A", "B", "C"]) price(key)
      for (let i = 0; i < 1000; i++) event()
      price("D")
      assert.strictEqual(texts(yield* queue.takeAll), "A1 B2 C3 !1001 !1002 !1003 D1004")
      assert.deepInclude(queue.stats, { dropped: 0, keptDropped: 997 })
    })
  )

  it.effect("are refused where no place was made for them", () =>
    Effect.gen(function* () {
      const { event, price, queue } = make(4, 0)
      price("A")
      event()
      assert.strictEqual(texts(yield* queue.takeAll), "A1")
      assert.strictEqual(queue.stats.keptDropped, 1)
    })
  )

  it.effect("keep every promise for thousands of random offers and takes", () =>
    Effect.gen(function* () {
      let seed = 11
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        return (seed >>> 8) % below
      }
      for (const [capacity, keptCapacity] of [
        [1, 1],
        [2, 5],
        [5, 2],
        [16, 8]
      ] as const) {
        const { event, price, queue } = make(capacity, keptCapacity)
        let offered: Array<Item> = []
        let n = 0
        for (let i = 0; i < 4000; i++) {
          const key = random(4) === 0 ? "!" : `S${random(capacity * 2)}`
          offered.push({ kind: key === "!" ? "event" : "price", key, n: ++n })
          if (key === "!") event()
          else price(key)
          if (random(20) !== 0) continue
          const taken = yield* queue.takeAll
          for (const [i, { kind, n: at }] of taken.entries()) {
            if (kind !== "event") continue
            assert.isTrue(
              taken.every((t, j) => j === i || j < i === t.n < at),
              "nothing passes an event"
            )
          }
          const events = offered.filter((o) => o.kind === "event")
          assert.deepStrictEqual(
            taken.filter((t) => t.kind === "event"),
            events.slice(-keptCapacity),
            "the newest events are all there"
          )
          const prices = taken.filter((t) => t.kind === "price")
          const newest = new Map(offered.filter((o) => o.kind === "price").map((o) => [o.key, o.n]))
          const last = new Map(prices.map((p) => [p.key, p.n]))
          for (const [name, at] of last) assert.strictEqual(at, newest.get(name), `the newest of ${name}`)
          assert.isAtLeast(last.size, Math.min(capacity, newest.size))
          offered = []
        }
      }
    })
  )
})
