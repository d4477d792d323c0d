/** Fault scripts: what is read, and how errors name the key and the remedy. */
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  FaultScriptInvalid,
  faultNames,
  loadFaultScript,
  readFaultScript
} from "../../../src/simulator/index.ts"

const root = join(import.meta.dirname, "../../..")

const problemsOf = (input: unknown): string => {
  const read = readFaultScript(input)
  assert.isTrue(Array.isArray(read), JSON.stringify(read))
  return (read as ReadonlyArray<string>).join("\n")
}

describe("a fault script", () => {
  it.effect("is read as it stands: the example", () =>
    Effect.gen(function* () {
      const script = yield* loadFaultScript(join(root, "examples/faults.json"))
      assert.strictEqual(script.seed, 7)
      assert.isAbove(script.faults.length, 10)
      assert.deepStrictEqual(script.faults[3], {
        fault: "deadTokens",
        at: 20_000,
        for: 15_000,
        share: 0.5,
        cure: "resubscribe"
      })
    })
  )

  it("is told what is wrong, where, and what may stand there", () => {
    assert.match(problemsOf({}), /^faults: is missing or no list\. A script is \{/)
    assert.match(problemsOf({ faults: [1] }), /faults\[0\]: a fault is an object like/)
    assert.match(problemsOf({ faults: [{ at: 1 }] }), /faults\[0\]\.fault: is missing\. Use one of: mute, /)
    assert.match(
      problemsOf({ faults: [{ fault: "mut" }] }),
      /is "mut", which is no fault\. Use one of: mute, /
    )
    assert.match(
      problemsOf({ faults: [{ fault: "mute" }, { fault: "slowdown", to: 2 }] }),
      /^faults\[1\]\.to: Expected .*between 0 and 1\. Correct it/
    )
    assert.match(
      problemsOf({ faults: [{ fault: "mute", code: 1 }] }),
      /^faults\[0\]\.code: .*\. Keys of mute: fault, at, for, on$/
    )
    assert.match(problemsOf({ faults: [{ fault: "clockSkew" }] }), /^faults\[0\]\.by: Missing key\. Add it/)
    assert.match(
      problemsOf({ faults: [{ fault: "mute", on: { share: "half" } }] }),
      /^faults\[0\]\.on\.share: Expected number/
    )
    assert.match(problemsOf({ seed: 1.5, sed: 1, faults: [] }), /seed: is 1\.5.*\nsed: is no key of a script/)
  })

  it.effect("names the file that is none", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(loadFaultScript(join(tmpdir(), "no-such-faults.json")))
      assert.instanceOf(missing, FaultScriptInvalid)
      assert.match(missing.message, /no-such-faults\.json cannot be used\.\n.*ENOENT\. Check the path/)
      const text = yield* Effect.flip(loadFaultScript(join(root, "README.md")))
      assert.match(text.message, /it is not JSON/)
    })
  )

  it("is documented: every fault has its row", () => {
    const page = readFileSync(join(root, "docs/simulator.md"), "utf8")
    const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map((m) => m[1])
    for (const name of faultNames) assert.include(rows, name)
  })
})
