/** How long a user has had no feed, as `feed_up` tells it: only where there was one before, also over a change of sessions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { AuthRejected, ConnectionLost } from "../../../../src/market/errors.ts"
import { Lapse } from "../../../../src/session/health/lapse.ts"
import type { World } from "../support.ts"
import { advance, makeWorld, settle, testBroker } from "../support.ts"

const gaps = (world: World): ReadonlyArray<number | undefined> =>
  world.events.flatMap((event) => (event.type === "feed_up" ? [event.gap_ms] : []))
const lost = new ConnectionLost({ detail: "reset" })

/** A session of the user's feed, and its end. Waits for nothing. */
const session = Effect.fnUntraced(function* (lapse: Lapse, refuse?: World["refuse"]) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const { adapter, world } = yield* makeWorld(testBroker(), [], { lapse }).pipe(Scope.provide(scope))
  world.refuse = refuse
  yield* adapter.initialise({ user: "asha" })
  yield* Effect.forkScoped(Effect.ignore(adapter.connect))
  yield* settle
  return { adapter, world, close: Scope.close(scope, Exit.void) }
})

describe("the gap that feed_up tells", () => {
  it.effect(
    "is none at the first connection, however often it was tried before, and at the day's first login",
    () =>
      Effect.gen(function* () {
        const tried = yield* session(new Lapse(), lost)
        yield* advance("20 seconds")
        tried.world.refuse = undefined
        yield* advance("20 seconds")
        assert.strictEqual(gaps(tried.world)[0], undefined)

        const rejected = yield* session(new Lapse(), new AuthRejected({ detail: "expired" }))
        yield* advance("1 hour")
        rejected.world.refuse = undefined
        yield* rejected.world.storeCredentials("token-2")
        yield* advance("1 second")
        assert.deepStrictEqual(gaps(rejected.world), [undefined])
      })
  )

  it.effect("is true over a wait for a login", () =>
    Effect.gen(function* () {
      const { world } = yield* session(new Lapse())
      world.refuse = new AuthRejected({ detail: "expired" })
      yield* world.sockets[0]!.fail(lost)
      yield* settle
      yield* advance("10 seconds")
      yield* advance("1 hour")
      world.refuse = undefined
      yield* world.storeCredentials("token-2")
      yield* settle
      assert.deepStrictEqual(gaps(world), [undefined, 3_610_000])
    })
  )

  it.effect("goes on over the session that takes the place of one that was down", () =>
    Effect.gen(function* () {
      const lapse = new Lapse()
      const first = yield* session(lapse)
      first.world.refuse = lost
      yield* first.world.sockets[0]!.fail(lost)
      yield* settle
      yield* advance("1 minute")
      const second = yield* session(lapse, lost)
      yield* first.close
      yield* advance("5 seconds")
      second.world.refuse = undefined
      yield* advance("8 seconds")
      const [gap] = gaps(second.world)
      assert.isAtLeast(gap!, 65_000)
      assert.isAtMost(gap!, 73_000)
    })
  )

  it.effect(
    "is none where one took over from another that delivered, and begins with its end where it came later",
    () =>
      Effect.gen(function* () {
        const lapse = new Lapse()
        const first = yield* session(lapse)
        const second = yield* session(lapse)
        yield* first.close
        assert.deepStrictEqual(gaps(second.world), [undefined])
        yield* advance("5 seconds")
        yield* second.close
        yield* advance("5 seconds")
        const third = yield* session(lapse)
        assert.deepStrictEqual(gaps(third.world), [5000])
      })
  )
})
