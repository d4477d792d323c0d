/** Commands as they are typed, run in this process: what they say, and how they end. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { exitCode, run } from "../../../src/cli/app.ts"

export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-none-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** @param settings in place of the environment */
export const outcome = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  settings: Readonly<Record<string, string>> = {}
) {
  const said: Array<string> = []
  const note = (...parts: ReadonlyArray<unknown>): void => void said.push(parts.map(String).join(" "))
  const console: Console.Console = { ...globalThis.console, log: note, error: note, warn: note, info: note }
  const exit = yield* run(args).pipe(
    Effect.provideService(Console.Console, console),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(settings)),
    Effect.provide(NodeServices.layer),
    Effect.exit
  )
  return { code: exitCode(exit), said: said.join("\n") }
})

/** An expected failure, and no bug. */
export const plain = (said: string): void => {
  assert.notInclude(said, "internal error")
  assert.notInclude(said, "    at ")
}
