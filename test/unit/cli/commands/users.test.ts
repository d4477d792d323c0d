/** What `algoways users` says is still to do. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { folder, outcome } from "../outcome.ts"

describe("algoways users", () => {
  it.live.each([
    [
      "zerodha",
      "algoways credentials set asha; algoways instruments import zerodha; algoways keys create asha"
    ],
    // A simulated market inside the process.
    ["dhan_sandbox", "algoways instruments import dhan_sandbox; algoways keys create asha"]
  ] as const)("says what a user of %s lacks before a client can read", ([broker, next]) =>
    Effect.gen(function* () {
      const { said } = yield* outcome([
        "users",
        "add",
        "asha",
        "--broker",
        broker,
        "--data-dir",
        yield* folder
      ])
      assert.include(said, `Added user asha at ${broker}. Next: ${next}`)
    }).pipe(Effect.scoped)
  )

  it.live("says what a broker still lacks before a feed can change to it", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const say = (...args: ReadonlyArray<string>) => outcome([...args, "--data-dir", dir])
      assert.include((yield* say("users", "add", "asha")).said, "algoways users set-broker asha BROKER")
      const before = (yield* say("users", "set-broker", "asha", "zerodha")).said
      assert.include(before, "Still missing for Zerodha: --api-key")
      assert.include(before, "algoways credentials set asha")
      yield* say("credentials", "set", "asha", "--api-key", "key-of-asha", "--auth-token", "token-of-asha")
      const after = (yield* say("users", "set-broker", "asha", "zerodha")).said
      assert.notInclude(after, "missing")
      assert.include(after, "A running feed follows within seconds")
    }).pipe(Effect.scoped)
  )
})
