/** Faults of background work are logged; interruption, its normal end, is not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import { logged, watched } from "../../../src/kit/watched.ts"

const observed = <A, E>(self: Effect.Effect<A, E>) => {
  const lines: Array<unknown> = []
  const logger = Logger.make<unknown, void>(({ message }) => {
    lines.push(Array.isArray(message) ? message[0] : message)
  })
  return Effect.exit(self).pipe(
    Effect.map((exit) => ({ exit, lines })),
    Effect.provide(Logger.layer([logger]))
  )
}

describe("watched", () => {
  it.effect("logs what ends it, and ends so", () =>
    Effect.gen(function* () {
      for (const end of [Effect.fail("no"), Effect.die("no")]) {
        const { exit, lines } = yield* observed(watched("it ended")(end))
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual(lines, ["it ended"])
      }
    })
  )

  it.effect("says nothing of its interruption", () =>
    Effect.gen(function* () {
      const { exit, lines } = yield* observed(watched("it ended")(Effect.interrupt))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(lines, [])
    })
  )
})

describe("logged", () => {
  it.effect("puts something else in a fault's place", () =>
    Effect.gen(function* () {
      const { exit, lines } = yield* observed(logged("it failed", Effect.succeed(2))(Effect.die("no")))
      assert.deepStrictEqual(exit, Exit.succeed(2))
      assert.deepStrictEqual(lines, ["it failed"])
    })
  )

  it.effect("stays interrupted", () =>
    Effect.gen(function* () {
      const { exit, lines } = yield* observed(logged("it failed", Effect.succeed(2))(Effect.interrupt))
      assert.isTrue(Exit.isFailure(exit) && Exit.hasInterrupts(exit))
      assert.deepStrictEqual(lines, [])
    })
  )
})
