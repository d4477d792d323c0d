/** The short form of the endurance runs of `make chaos`: in a process of its own, whose handles and memory are its own. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runEndurance, shortLengths } from "../../chaos/endurance.ts"

it("has no more of anything after reconnects and subscriptions that come and go", async () => {
  const { laps, violations } = await Effect.runPromise(runEndurance(shortLengths, () => {}))
  assert.deepStrictEqual(violations, [])
  for (const { after } of laps) {
    assert.strictEqual(after.connections, 1)
    assert.strictEqual(after.instruments, 10)
    assert.isAbove(after.fibers, 0)
  }
}, 90_000)
