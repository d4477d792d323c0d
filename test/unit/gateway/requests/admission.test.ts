import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fiber from "effect/Fiber"
import type { Feed } from "../../../../src/bus/feed.ts"
import { Admission } from "../../../../src/gateway/requests/admission.ts"

/** A feed that answers nobody. */
const silent: Feed["Service"] = {
  brokers: Effect.never,
  attach: () => Effect.never,
  subscribe: () => Effect.never,
  unsubscribe: () => Effect.never,
  release: () => Effect.never,
  info: () => Effect.never,
  last: () => Effect.never,
  status: () => Effect.never,
  instrument: () => Effect.never
}

describe("large requests", () => {
  it.live("are handled two at a time, and one of each user", () =>
    Effect.gen(function* () {
      const admission = new Admission()
      const now = new Map<string, number>()
      let most = 0
      let mostOfOne = 0
      const one = (user: string) =>
        admission.one(
          user,
          Effect.gen(function* () {
            now.set(user, (now.get(user) ?? 0) + 1)
            most = Math.max(
              most,
              [...now.values()].reduce((a, b) => a + b)
            )
            mostOfOne = Math.max(mostOfOne, ...now.values())
            yield* Effect.sleep(2)
            now.set(user, now.get(user)! - 1)
          })
        )
      const users = ["a", "a", "a", "b", "c", "c", "d"]
      yield* Effect.forEach(users, one, { concurrency: "unbounded" })
      assert.strictEqual(most, 2)
      assert.strictEqual(mostOfOne, 1)
    })
  )

  it.live("that hold others, such as a login with what it resumes, wait once", () =>
    Effect.gen(function* () {
      const admission = new Admission()
      const nested = (user: string, inner: string) =>
        admission.one(user, Effect.andThen(Effect.sleep(1), admission.one(inner, Effect.succeed(1))))
      const all = ["a", "b", "c", "d"].flatMap((user) => [nested(user, user), nested(user, `${user}2`)])
      const done = yield* Effect.all(all, { concurrency: "unbounded" }).pipe(Effect.timeoutOption(5000))
      assert.isTrue(Option.isSome(done))
    })
  )

  it.live("of others are handled while those of one user get stuck, or are given up", () =>
    Effect.gen(function* () {
      const admission = new Admission()
      const stuck = yield* Effect.forEach(
        Array.from({ length: 50 }),
        () => admission.one("a", Effect.never),
        {
          concurrency: "unbounded"
        }
      ).pipe(Effect.forkChild)
      yield* Effect.sleep(1)
      assert.strictEqual(yield* admission.one("b", Effect.succeed(7)), 7)
      yield* Fiber.interrupt(stuck)
      assert.strictEqual(yield* admission.one("a", Effect.succeed(8)), 8)
    })
  )

  it.live("that wait for their feed do not keep others waiting", () =>
    Effect.gen(function* () {
      const admission = new Admission()
      const feed = admission.ofFeed({ ...silent, last: () => Effect.delay(Effect.succeed([]), 400) })
      const stuck = yield* Effect.forEach(["a", "b", "b"], (user) => admission.one(user, feed.info(user)), {
        concurrency: "unbounded"
      }).pipe(Effect.forkChild)
      yield* Effect.sleep(1)
      // Each short wait of a request is part of the long one.
      const slow = yield* admission
        .one(
          "c",
          Effect.gen(function* () {
            for (let i = 0; i < 4; i++) yield* feed.last("c", [])
            yield* Effect.never
          })
        )
        .pipe(Effect.forkChild)
      yield* Effect.sleep(3000)
      const served = yield* admission.one("d", Effect.succeed(9)).pipe(Effect.timeoutOption(500))
      assert.deepStrictEqual(served, Option.some(9))
      yield* Fiber.interrupt(stuck)
      yield* Fiber.interrupt(slow)
      // Every place was given back once: there are two of them, not more and not fewer.
      let [now, most] = [0, 0]
      const counted = Effect.suspend(() => {
        most = Math.max(most, ++now)
        return Effect.map(Effect.sleep(2), () => void now--)
      })
      yield* Effect.forEach(["a", "b", "c", "d"], (user) => admission.one(user, counted), {
        concurrency: "unbounded"
      })
      assert.strictEqual(most, 2)
    })
  )
})
