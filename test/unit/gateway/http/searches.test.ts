/** Searches over HTTP take turns with everything else on the thread, and each user has an allowance of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ok } from "../../../../src/gateway/http/answer.ts"
import { makeSearches } from "../../../../src/gateway/http/searches.ts"
import { Allowance } from "../../../../src/gateway/limits.ts"

describe("searches that arrive together", () => {
  it.effect("run one at a time, with a turn of the event loop after each", () =>
    Effect.gen(function* () {
      const happened: Array<string> = []
      const { of } = makeSearches({
        perSecond: 10,
        now: () => 0,
        onLimited: () => undefined,
        turn: Effect.sync(() => void happened.push("turn"))
      })
      const search = (name: string) =>
        Effect.gen(function* () {
          happened.push(name)
          yield* Effect.yieldNow
          happened.push(`${name} ends`)
          return ok(name)
        })
      const answers = yield* Effect.all([of("asha", search("a")), of("bina", search("b"))], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        answers.map(({ body }) => body),
        ["a", "b"]
      )
      assert.deepStrictEqual(happened, ["a", "a ends", "turn", "b", "b ends", "turn"])
    })
  )

  it.live("let what waits on the thread go before the next of them", () =>
    Effect.gen(function* () {
      const { of } = makeSearches({ perSecond: 10, now: () => 0, onLimited: () => undefined })
      let turns = 0
      let going = true
      const count = (): void => {
        turns++
        if (going) setImmediate(count)
      }
      setImmediate(count)
      const seen: Array<number> = []
      const search = Effect.sync(() => {
        seen.push(turns)
        return ok("")
      })
      yield* Effect.all(
        Array.from({ length: 5 }, () => of("asha", search)),
        { concurrency: "unbounded" }
      )
      going = false
      assert.strictEqual(new Set(seen).size, 5, String(seen))
    })
  )

  it.effect("go on after one that failed", () =>
    Effect.gen(function* () {
      const { of } = makeSearches({ perSecond: 10, now: () => 0, onLimited: () => undefined })
      assert.strictEqual(yield* Effect.flip(of("asha", Effect.fail("broken"))), "broken")
      assert.strictEqual((yield* of("asha", Effect.succeed(ok("next")))).body, "next")
    })
  )

  it.effect("are declined while a hundred wait", () =>
    Effect.gen(function* () {
      const { of } = makeSearches({ perSecond: 1000, now: () => 0, onLimited: () => undefined })
      const answers = yield* Effect.all(
        Array.from({ length: 103 }, () => of("asha", Effect.succeed(ok("")))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(answers.filter(({ status }) => status === "200 OK").length, 100)
      assert.strictEqual(answers.filter(({ status }) => status.startsWith("429")).length, 3)
    })
  )
})

describe("a user's allowance", () => {
  it.effect("is five seconds' worth at once; then 429 says when to come back, and other users go on", () =>
    Effect.gen(function* () {
      let at = 0
      let limited = 0
      const { of } = makeSearches({ perSecond: 2, now: () => at, onLimited: () => void limited++ })
      const ask = (user: string) => of(user, Effect.succeed(ok("found")))
      for (let n = 0; n < 10; n++) assert.strictEqual((yield* ask("asha")).status, "200 OK")
      const refusal = yield* ask("asha")
      assert.strictEqual(refusal.status, "429 Too Many Requests")
      assert.deepStrictEqual(refusal.headers, { "retry-after": "1" })
      assert.deepInclude(refusal.body, {
        code: "RATE_LIMITED",
        message: "A user may search 2 times a second, and 10 at once"
      })
      assert.strictEqual(limited, 1)
      assert.strictEqual((yield* ask("bina")).status, "200 OK")
      at = 500
      assert.strictEqual((yield* ask("asha")).status, "200 OK")
    })
  )

  it("is not diminished by what was refused", () => {
    const allowance = new Allowance(1, 1, 0)
    assert.strictEqual(allowance.takeOrWait(1, 0), 0)
    for (let n = 0; n < 50; n++) assert.strictEqual(allowance.takeOrWait(1, 400), 600)
    assert.strictEqual(allowance.takeOrWait(1, 1000), 0)
  })
})
