/** The bench suite's cases give the right results; how fast they are is not a test's business. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const bench = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/main.ts", ...args], {
    cwd: root,
    encoding: "utf8"
  })

describe("the bench suite", () => {
  it("checks every case, the SDKs' too", () => {
    const { status, stderr, stdout } = bench("--check")
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /^[1-9]\d* cases give the right results$/m)
  })

  it("names a bad flag and shows the help", () => {
    const { status, stderr } = bench("--fast")
    assert.strictEqual(status, 1)
    assert.include(stderr, "--fast")
    assert.include(stderr, "--quick")
  })
})
