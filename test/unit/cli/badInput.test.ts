/**
 * Every command with a data folder that is none. Taken from the tree of commands, so that a new one is asked for its row: it ends with 1
 * and says which folder it was, in words, and what only reads makes none.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { exitCode, root, run } from "../../../src/cli/app.ts"

/** With a folder that is not there: the command makes it, says that there is nothing, or has no need of it. */
type Missing = "made" | "refused" | "not needed"

/** What a command needs beside the folder, and what it does where there is none. */
const rows: Readonly<Record<string, readonly [args: ReadonlyArray<string>, missing: Missing]>> = {
  serve: [["--port", "0", "--zmq", "off"], "made"],
  feed: [
    ["--zmq", "off", "--feed-control", "tcp://127.0.0.1:*", "--feed-frames", "tcp://127.0.0.1:*"],
    "made"
  ],
  gateway: [["--port", "0"], "made"],
  "line keys": [[], "made"],
  "line accept": [["charts", "5f0c".repeat(16)], "made"],
  "line refuse": [["charts"], "refused"],
  "line trust": [["5f0c".repeat(16)], "made"],
  brokers: [[], "not needed"],
  calendar: [[], "not needed"],
  "users add": [["asha"], "made"],
  "users list": [[], "refused"],
  "users set-broker": [["asha", "zerodha"], "refused"],
  "users remove": [["asha"], "refused"],
  "keys create": [["asha"], "refused"],
  "keys list": [[], "refused"],
  "keys revoke": [["1"], "refused"],
  "credentials set": [["asha", "--auth-token", "a-token"], "refused"],
  "credentials list": [[], "refused"],
  "credentials remove": [["asha", "--broker", "zerodha"], "refused"],
  "instruments import": [["zerodha", "--file", "/nonexistent.csv"], "made"],
  "instruments search": [["nifty"], "refused"],
  "instruments show": [["NSE:INFY"], "refused"],
  "instruments count": [[], "refused"],
  doctor: [["--offline", "--port", "0", "--zmq", "off"], "refused"],
  quarantine: [[], "refused"],
  "quarantine list": [[], "refused"],
  "quarantine replay": [[], "refused"]
}

/** Commands that know no data folder. */
const without = ["status", "simulate", "conformance", "replay", "bench load"]

interface Tree {
  readonly name: string
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Tree> }>
}

const leaves = ({ subcommands }: Tree, path: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  subcommands
    .flatMap(({ commands }) => commands)
    .flatMap((command) => {
      const here = [...path, command.name]
      const below = leaves(command, here)
      return below.length === 0
        ? [here.join(" ")]
        : [...(command.name in rows ? [command.name] : []), ...below]
    })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-none-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const outcome = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const said: Array<string> = []
  const note = (...parts: ReadonlyArray<unknown>): void => void said.push(parts.map(String).join(" "))
  const console: Console.Console = { ...globalThis.console, log: note, error: note, warn: note, info: note }
  const exit = yield* run(args).pipe(
    Effect.provideService(Console.Console, console),
    Effect.provide(NodeServices.layer),
    Effect.exit
  )
  return { code: exitCode(exit), said: said.join("\n") }
})

const plain = (said: string): void => {
  assert.notInclude(said, "internal error")
  assert.notInclude(said, "    at ")
}

describe("the table of commands", () => {
  it("is whole", () => {
    assert.deepStrictEqual(
      [...new Set(leaves(root as unknown as Tree))].sort(),
      [...Object.keys(rows), ...without].sort()
    )
  })
})

describe.each(Object.entries(rows))("algoways %s", (command, [args, missing]) => {
  const words = command.split(" ")

  it.live("refuses a file in place of its folder, and leaves it as it is", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "notes.txt")
      writeFileSync(file, "mine")
      const { code, said } = yield* outcome([...words, ...args, "--data-dir", file])
      assert.strictEqual(code, 1, said)
      assert.include(said, file)
      assert.match(said, /no folder|not a folder/)
      plain(said)
    })
  )

  it.live.runIf(process.platform === "linux" && missing !== "not needed")(
    "ends where no folder can be made",
    () =>
      Effect.gen(function* () {
        const { code, said } = yield* outcome([...words, ...args, "--data-dir", "/proc/algoways"])
        assert.strictEqual(code, 1, said)
        assert.include(said, "/proc/algoways")
        plain(said)
      })
  )

  it.live.runIf(missing !== "made")("makes no folder where there is none", () =>
    Effect.gen(function* () {
      const parent = yield* folder
      const { code, said } = yield* outcome([...words, ...args, "--data-dir", join(parent, "typo")])
      assert.strictEqual(code, missing === "refused" ? 1 : 0, said)
      if (missing === "refused") assert.include(said, join(parent, "typo"))
      plain(said)
      assert.deepStrictEqual(readdirSync(parent), [])
      assert.isFalse(existsSync(join(parent, "typo")))
    })
  )
})
