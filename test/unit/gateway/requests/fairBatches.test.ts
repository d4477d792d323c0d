import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Lane } from "../../../../src/gateway/requests/lane.ts"
import { FairBatches } from "../../../../src/gateway/requests/fairBatches.ts"

const numbers = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, i) => i)

describe("long lists", () => {
  it.live("keep their order, and take one piece of all of them in a turn of the event loop", () =>
    Effect.gen(function* () {
      const batches = new FairBatches(
        new Lane({ creditMs: 0, roundMs: 0.001, latenessMs: 1000, longestPauseMs: 0 }).turn
      )
      let loop = 0
      const count = () => {
        loop++
        immediate = setImmediate(count)
      }
      let immediate = setImmediate(count)
      const pieces: Array<{ readonly list: number; readonly loop: number }> = []
      const one = (list: number) =>
        batches.inBatches(numbers(1100), (some) =>
          Effect.sync(() => {
            pieces.push({ list, loop })
            return some.map((n) => n * 2)
          })
        )
      const results = yield* Effect.forEach([0, 1, 2], one, { concurrency: "unbounded" })
      clearImmediate(immediate)
      for (const result of results)
        assert.deepStrictEqual(
          result,
          numbers(1100).map((n) => n * 2)
        )
      // The first piece of each needs no turn.
      const later = pieces.slice(3).map((p) => p.loop)
      assert.strictEqual(later.length, 30)
      assert.strictEqual(new Set(later).size, later.length, later.join())
    })
  )

  it.live("wait for nobody's work, only for their turn", () =>
    Effect.gen(function* () {
      const batches = new FairBatches(
        new Lane({ creditMs: 0, roundMs: 0.001, latenessMs: 1000, longestPauseMs: 0 }).turn
      )
      const stuck = yield* batches.inBatches(numbers(600), () => Effect.never).pipe(Effect.forkChild)
      const result = yield* batches.inBatches(numbers(600), (some) => Effect.succeed(some))
      assert.strictEqual(result.length, 600)
      assert.isUndefined(stuck.pollUnsafe())
    })
  )
})
