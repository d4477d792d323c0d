import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { soak } from "../../../soak/flags.ts"
import { readTool, refusalOf } from "../../support/toolFlags.ts"

const root = resolve(import.meta.dirname, "../../..")
const run = (...args: ReadonlyArray<string>) =>
  spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--conditions=algoways-source", "soak/main.ts", ...args],
    { cwd: root, encoding: "utf8" }
  )

describe("the flags of the soak", () => {
  it.effect("run everything at full size unless told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* readTool(soak, []), { small: false, only: "" })
      assert.deepStrictEqual(yield* readTool(soak, ["--small", "--only=guessed keys"]), {
        small: true,
        only: "guessed keys"
      })
      assert.deepStrictEqual(yield* readTool(soak, ["--only", "guessed keys"]), {
        small: false,
        only: "guessed keys"
      })
    })
  )

  it.effect("refuse what names no act, and what they do not know", () =>
    Effect.gen(function* () {
      assert.match(
        yield* refusalOf(soak, ["--only", "nothing"]),
        /--only: "nothing"\. Expected: a part of the name/
      )
      assert.match(yield* refusalOf(soak, ["--smal"]), /--smal/)
    })
  )

  it("are explained by --help, and by a bad run", () => {
    const help = run("--help")
    assert.strictEqual(help.status, 0)
    assert.include(help.stdout, "--small")
    const bad = run("--only", "nothing")
    assert.strictEqual(bad.status, 1)
    assert.include(bad.stderr, '--only: "nothing"')
  })
})
