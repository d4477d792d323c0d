import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { makeActor } from "../../../src/session/actor.ts"

interface Message {
  readonly fault: "throws" | "dies" | undefined
  readonly reply: Deferred.Deferred<string>
}

describe("an actor", () => {
  for (const fault of ["throws", "dies"] as const) {
    it.effect(`whose handler ${fault} answers with that, and goes on with the next message`, () =>
      Effect.gen(function* () {
        const actor = yield* makeActor<Message>("test", ({ fault: how, reply }) => {
          if (how === "throws") throw new Error("boom")
          return how === "dies" ? Effect.die(new Error("boom")) : Deferred.succeed(reply, "well")
        })
        const ask = (how: Message["fault"]) => actor.ask<string, never>((reply) => ({ fault: how, reply }))
        const exit = yield* Effect.exit(ask(fault))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(exit), "boom")
        assert.strictEqual(yield* ask(undefined), "well")
      })
    )
  }
})
