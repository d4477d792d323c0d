/** A child that does not come about is told in words, and one that does gets nothing of ours that it need not know. */
import { readFileSync, readdirSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { childEnvironment } from "../../../../src/cli/demo/childEnvironment.ts"
import { startSimulator } from "../../../../src/cli/demo/simulatorProcess.ts"

const options = { broker: "zerodha", port: 0, rate: 1, onExit: () => undefined }

/** Node starts children with the program at this path. */
const withProgram = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const own = process.execPath
      process.execPath = path
      return own
    }),
    (own) => Effect.sync(() => (process.execPath = own))
  )

describe("a process that cannot be made", () => {
  it.live.each(["/nonexistent/node", import.meta.dirname])("is told with its cause: %s", (program) =>
    Effect.gen(function* () {
      yield* withProgram(program)
      const failed = yield* Effect.flip(startSimulator(options))
      assert.match(
        failed.message,
        /^The simulated exchange did not start: its process could not be made \(E[A-Z]+: /
      )
    })
  )
})

describe("the environment of a child", () => {
  it("has no secret, whatever it is called", () => {
    const given = childEnvironment({
      PATH: "/bin",
      Path: "C:\\bin",
      LC_ALL: "C.UTF-8",
      TZ: "Asia/Kolkata",
      ALGOWAYS_SECRET: "s",
      ALGOWAYS_DEMO_API_KEY: "k",
      ALGOWAYS_API_KEY: "k",
      ALGOWAYS_DATA_DIR: "data",
      ALGOWAYS_LOG_LEVEL: "Info",
      AWS_SECRET_ACCESS_KEY: "s",
      npm_config_token: "t"
    })
    assert.deepStrictEqual(Object.keys(given).sort(), ["ALGOWAYS_LOG_LEVEL", "LC_ALL", "PATH", "Path", "TZ"])
  })

  it("is the only one that a process of ours is started with", () => {
    const root = resolve(import.meta.dirname, "../../../../src")
    const starting = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (file) =>
        file.endsWith(".ts") &&
        /from "node:(?:child_process|cluster|worker_threads)"/.test(readFileSync(join(root, file), "utf8"))
    )
    assert.deepStrictEqual(
      starting.map((file) => relative(root, join(root, file))),
      ["cli/demo/simulatorProcess.ts"]
    )
    assert.include(
      readFileSync(join(root, "cli/demo/simulatorProcess.ts"), "utf8"),
      "env: childEnvironment(process.env)"
    )
  })
})
