/**
 * Every command with a data folder that is none. Taken from the tree of commands, so that a new one is asked for its row: it ends with 1
 * and says which folder it was, in words, and what only reads makes none.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { root } from "../../../src/cli/app.ts"
import { folder, outcome, plain } from "./outcome.ts"

/** With a folder that is not there: the command makes it, says that there is nothing, or has no need of it. */
type Missing = "made" | "refused" | "not needed"

/** What a command needs beside the folder, and what it does where there is none. */
const rows: Readonly<Record<string, readonly [args: ReadonlyArray<string>, missing: Missing]>> = {
  "secret renew": [["--forget"], "refused"],
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
  "keys set": [["1", "--resume"], "refused"],
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

/** Whatever else is wrong is told by its name, with what may stand there. */
const wrong: ReadonlyArray<
  readonly [line: string, says: string, settings?: Readonly<Record<string, string>>]
> = [
  ["status --url ftp://x", "ftp://x is not an address", { ALGOWAYS_API_KEY: "a-key-of-sixteen-characters" }],
  ["quarantine --broker nosuch", "Known brokers: aliceblue"],
  ["serve --no-demo --zmq off --port 0 --origins foo", '"foo" is no origin'],
  ["serve --no-demo --zmq off --port 0 --origins https://a.example/path", "without a path"],
  ["serve --no-demo --zmq off --port 0 --self-check 25:00", "HH:MM"],
  ["serve --no-demo --zmq off --port 0 --watch nonsense", "USER/EXCHANGE:SYMBOL"],
  ["serve --no-demo --zmq nonsense --port 0", "tcp://127.0.0.1:5555"],
  ["serve --no-demo --zmq off --host 1.2.3.4", "--host or ALGOWAYS_HOST"],
  ["serve --no-demo --zmq off --port 0 --plausibility maybe", "mark:20"],
  ["serve --no-demo --zmq off --port 0 --limit foo=1", "foo"],
  ["serve --no-demo --calendar /nonexistent", "The calendar /nonexistent cannot be read"],
  ["serve --endpoint zerodha=ws://127.0.0.1:1", "--endpoint"],
  ["doctor --offline --port 0 --zmq off --user nobody", "algoways users list"],
  ["users list", "ALGOWAYS_LOG_FORMAT: give json, logfmt or pretty", { ALGOWAYS_LOG_FORMAT: "xml" }],
  ["users list", "ALGOWAYS_LOG_LEVEL: give All", { ALGOWAYS_LOG_LEVEL: "loud" }],
  ["serve --no-demo", "ALGOWAYS_PORT", { ALGOWAYS_PORT: "abc" }],
  ["serve --no-demo", "ALGOWAYS_PORT", { ALGOWAYS_PORT: "70000" }],
  ["serve --no-demo", "ALGOWAYS_QUARANTINE", { ALGOWAYS_QUARANTINE: "-1" }],
  ["serve --no-demo", "ALGOWAYS_RECORD", { ALGOWAYS_RECORD: "121" }],
  ["serve --no-demo", "ALGOWAYS_DEMO_RATE", { ALGOWAYS_DEMO_RATE: "-5" }],
  ["serve --no-demo", "ALGOWAYS_SIMULATOR_PORT", { ALGOWAYS_SIMULATOR_PORT: "70000" }],
  ["keys list", "ALGOWAYS_SECRET is not a secret", { ALGOWAYS_SECRET: "short" }],
  ["keys revoke abc", "abc"],
  ["calendar NOPE", "Known ones: NSE"],
  ["calendar --at nonsense", "2026-11-28T09:15+05:30"],
  ["replay /nonexistent.rec", "there is no such file"],
  ["simulate --broker nosuch --port 0", "Known brokers: aliceblue"],
  ["simulate --host 1.2.3.4 --port 0", "1.2.3.4 is not an address of this machine"],
  ["bench load --url nonsense", "ws://HOST:PORT"],
  ["nosuch", 'Unknown subcommand "nosuch"']
]

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

  if (missing !== "not needed") {
    it.live.runIf(process.platform === "linux")("ends where no folder can be made", () =>
      Effect.gen(function* () {
        const { code, said } = yield* outcome([...words, ...args, "--data-dir", "/proc/algoways"])
        assert.strictEqual(code, 1, said)
        assert.include(said, "/proc/algoways")
        plain(said)
      })
    )
  }

  // Those that make one are tested where they do.
  if (missing === "made") return
  it.live("makes no folder where there is none", () =>
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

describe("whatever else is wrong", () => {
  it.live.each(wrong)("algoways %s", ([line, says, settings]) =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      // Somebody must be there, or that would be what is wrong.
      assert.strictEqual((yield* outcome(["users", "add", "asha", "--data-dir", dataDir])).code, 0)
      const words = line.split(" ")
      const own = `${words[0]}` in rows || `${words[0]} ${words[1]}` in rows ? ["--data-dir", dataDir] : []
      const { code, said } = yield* outcome([...words, ...own], settings)
      assert.strictEqual(code, 1, said)
      assert.include(said, says)
      plain(said)
    })
  )

  it.live.each([
    ["doctor --offline --port 0 --zmq off"],
    ["serve --port 0 --zmq off"],
    ["keys list"],
    ["users list"]
  ])("algoways %s, where the key file was lost", ([line]) =>
    Effect.gen(function* () {
      const dataDir = yield* folder
      const typed = (text: string) => outcome([...text.split(" "), "--data-dir", dataDir])
      assert.strictEqual((yield* typed("users add asha")).code, 0)
      assert.strictEqual((yield* typed("keys create asha")).code, 0)
      rmSync(join(dataDir, "secret.key"))
      const { code, said } = yield* typed(line!)
      assert.strictEqual(code, 1, said)
      assert.include(said, join(dataDir, "secret.key"))
      plain(said)
      assert.isFalse(existsSync(join(dataDir, "secret.key")))
    })
  )
})
