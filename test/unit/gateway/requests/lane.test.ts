import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Lane } from "../../../../src/gateway/requests/lane.ts"

/** Uses so many milliseconds of the processor. */
const work = (ms: number): void => {
  const before = process.cpuUsage()
  const since = performance.now()
  for (;;) {
    const { system, user } = process.cpuUsage(before)
    // The processor's time is that of all the process's threads, so it may run ahead of the clock.
    if (system + user > ms * 1000 && performance.now() - since > ms) return
  }
}

const working = (ms: number) => Effect.sync(() => work(ms))
const nextTurn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("a lane", () => {
  it.live("is free until so much was done in one go, and then after the others had their turn", () =>
    Effect.gen(function* () {
      const lane = new Lane({ creditMs: 0, roundMs: 50, latenessMs: 1e9, longestPauseMs: 0 })
      assert.isTrue(lane.free)
      lane.run(() => undefined)
      assert.isTrue(lane.free)
      lane.run(() => work(51))
      assert.isFalse(lane.free)
      yield* nextTurn
      yield* nextTurn
      assert.isTrue(lane.free)
    })
  )

  it.live("serves those who wait in their order, one piece each", () =>
    Effect.gen(function* () {
      const lane = new Lane({ creditMs: 0, roundMs: 1, latenessMs: 1000, longestPauseMs: 0 })
      const served: Array<string> = []
      const one = Effect.fnUntraced(function* (name: string) {
        for (let i = 0; i < 3; i++) {
          if (!lane.free) yield* lane.turn
          served.push(name)
          yield* working(1.5)
        }
      })
      lane.run(() => work(2))
      yield* Effect.forEach(["a", "b", "c"], one, { concurrency: "unbounded" })
      assert.strictEqual(served.join(""), "abcabcabc")
    })
  )

  it.live("pauses behind a long piece, longer than in proportion, and not for ever", () =>
    Effect.gen(function* () {
      const after = (ms: number, longestPauseMs: number, creditMs = 0.001) =>
        Effect.gen(function* () {
          const lane = new Lane({ creditMs, roundMs: 1, latenessMs: 0.5, longestPauseMs })
          // Uses up what little credit there is.
          lane.run(() => work(50))
          yield* lane.turn
          yield* nextTurn
          lane.run(() => work(ms))
          const began = performance.now()
          yield* lane.turn
          return performance.now() - began
        })
      assert.isAbove(yield* after(30, 1000), 800)
      assert.isBelow(yield* after(30, 20), 800)
      assert.isBelow(yield* after(30, 1000, 100), 800, "the credit is not used up")
    })
  )

  it.live("passes over those who gave up", () =>
    Effect.gen(function* () {
      const lane = new Lane({ creditMs: 0, roundMs: 1, latenessMs: 1000, longestPauseMs: 0 })
      lane.run(() => work(2))
      const gone = yield* Effect.forkChild(lane.turn)
      const waiting = yield* Effect.forkChild(lane.turn)
      yield* Fiber.interrupt(gone)
      yield* Fiber.join(waiting)
    })
  )

  it("is as good as before when a piece throws", () => {
    const lane = new Lane({ creditMs: 0, roundMs: 1, latenessMs: 1000, longestPauseMs: 0 })
    assert.throws(() =>
      lane.run(() => {
        throw new Error("a fault")
      })
    )
    assert.isTrue(lane.free)
  })
})
