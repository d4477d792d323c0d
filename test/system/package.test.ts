/** The package as others use it: from source in this checkout, and as it is built. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "../..")
const node = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 30_000
  })

const streams = ({ status, stderr, stdout }: ReturnType<typeof node>): void => {
  assert.strictEqual(status, 0, stderr)
  assert.strictEqual(stdout.split("symbol: 'RELIANCE'").length - 1, 3, "three ticks")
  assert.match(stdout, /mode: 'depth'/)
}

describe("the package", () => {
  it("runs the example from source", () => {
    streams(node("--conditions=algoways-source", "examples/stream.ts"))
  })

  it("runs the example as built, and every entry point can be imported", { timeout: 120_000 }, () => {
    const build = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, encoding: "utf8" })
    assert.strictEqual(build.status, 0, build.stdout + build.stderr)
    streams(node("examples/stream.ts"))
    const entries = [
      "",
      "/protocols/kite",
      "/protocols/smartstream",
      "/bus/zmq",
      "/gateway",
      "/simulator",
      "/testing"
    ]
    const imports = entries.map((entry) => `await import("algoways${entry}")`).join("\n")
    const { status, stderr } = node("--input-type=module", "--eval", imports)
    assert.strictEqual(status, 0, stderr)
    assert.notStrictEqual(
      node("--input-type=module", "--eval", `await import("algoways/session/session.js")`).status,
      0
    )
  })

  it("has an example of at most twenty lines", () => {
    const { stdout } = node(
      "--eval",
      `console.log(require("fs").readFileSync("examples/stream.ts", "utf8").trimEnd().split("\\n").length)`
    )
    assert.isAtMost(Number(stdout), 20)
  })
})
