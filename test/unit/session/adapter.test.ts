/** The adapter and the session of its user. */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "@effect/vitest"
import { RELIANCE } from "./instruments.ts"
import { advance, makeWorld, settle } from "./support.ts"

const ltp = { symbol: RELIANCE.symbol, exchange: RELIANCE.exchange, mode: "ltp" as const }

describe("adapter", () => {
  it.effect("answers before anybody has named a user", () =>
    Effect.gen(function* () {
      const { adapter } = yield* makeWorld()
      assert.deepInclude(yield* adapter.status, { state: "idle", connections: 0, instruments: 0 })
      assert.deepStrictEqual(yield* adapter.subscriptions, [])
    })
  )

  it.effect("keeps the session of a user who is named again", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* makeWorld()
      yield* adapter.initialise({ user: "asha" })
      yield* adapter.connect
      yield* adapter.subscribe([ltp])
      yield* adapter.initialise({ user: "asha" })
      yield* advance("2 seconds")
      assert.deepInclude(yield* adapter.status, { state: "connected", instruments: 1 })
      assert.strictEqual(world.sockets.filter((socket) => !socket.closed).length, 1)
    })
  )

  it.effect("begins anew for another user, of whom everything is then", () =>
    Effect.gen(function* () {
      const { adapter, world } = yield* makeWorld()
      yield* adapter.initialise({ user: "asha" })
      yield* adapter.connect
      yield* adapter.subscribe([ltp])
      yield* adapter.initialise({ user: "bina" })
      yield* settle
      assert.isTrue(world.sockets[0]!.closed)
      assert.deepInclude(yield* adapter.status, { state: "idle", instruments: 0 })
      const [result] = yield* adapter.subscribe([ltp])
      assert.include((result as { topic: string }).topic, "bina")
    })
  )

  it.effect("is the named user's, however early others ask it something", () =>
    Effect.gen(function* () {
      const { adapter } = yield* makeWorld()
      yield* Effect.all([adapter.status, adapter.initialise({ user: "asha" }), adapter.status], {
        concurrency: "unbounded"
      })
      const [result] = yield* adapter.subscribe([ltp])
      assert.include((result as { topic: string }).topic, "asha")
    })
  )
})
