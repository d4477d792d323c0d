/**
 * What the commands say where nothing can be written any more. A limit on the size of files feels like a full disk, to SQLite too,
 * and needs neither root nor a disk of its own.
 */
import { spawnSync } from "node:child_process"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { freePorts, run, temporaryFolder } from "./support/processes.ts"

/** Blocks of 512 bytes: nothing at all, the database's first page, a part of its log. */
const NOTHING = 0
const limits = [NOTHING, 8, 128]

const TIMEOUT = 180_000
const master =
  "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange"

const full = (
  { code, err, out }: { readonly code: number | string; readonly err: string; readonly out: string },
  what: string
): void => {
  const said = `${out}${err}`
  assert.strictEqual(code, 1, `${what}: ${said}`)
  assert.include(said, "the disk is full", what)
  assert.include(said, "free some space", what)
  assert.notMatch(said, /restore (?:it|the data folder) from a backup/i, what)
  assert.notInclude(said, "check the disk\n", what)
  assert.notInclude(said, "damaged", what)
}

describe("a full disk", () => {
  it.live(
    "at the first start is called that by every command, and gone once there is room",
    () =>
      Effect.gen(function* () {
        const [port] = yield* freePorts(1)
        const commands = [
          ["users", "add", "asha"],
          ["serve", "--port", String(port)],
          ["doctor", "--offline"]
        ]
        for (const blocks of limits) {
          for (const command of commands) {
            const what = `${command.join(" ")}, ${blocks} blocks`
            const dataDir = yield* temporaryFolder
            const env = { ALGOWAYS_DATA_DIR: dataDir }
            const done = yield* run(command, env, undefined, blocks)
            full(done, what)
            if (command[0] === "doctor") {
              const remedy = `Free some space on the disk of ${dataDir}; do not restore a backup`
              assert.include(done.out, remedy, what)
            }
            const { code, err } = yield* run(["users", "add", "asha"], env)
            assert.strictEqual(code, 0, `${what}, then with room: ${err}`)
          }
        }
      }),
    TIMEOUT
  )

  it.live(
    "later takes nothing of what is stored",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        assert.strictEqual((yield* run(["users", "add", "asha"], env)).code, 0)
        const file = join(dataDir, "zerodha.csv")
        const rows = Array.from(
          { length: 20_000 },
          (_, i) => `${256 * (i + 1) + 1},${i + 1},SYM${i},NAME ${i},0,,0,0.05,1,EQ,NSE,NSE`
        )
        writeFileSync(file, [master, ...rows].join("\n"))
        // Room for the log of a small change, and no more.
        const imported = yield* run(["instruments", "import", "zerodha", "--file", file], env, undefined, 200)
        full(imported, "instruments import")
        full(yield* run(["keys", "list"], env, undefined, NOTHING), "keys list")
        const users = yield* run(["users", "list"], env)
        assert.include(users.out, "asha")
        const again = yield* run(["instruments", "import", "zerodha", "--file", file], env)
        assert.strictEqual(again.code, 0, again.err)
        assert.include(again.out, "20000")
      }),
    TIMEOUT
  )

  it.live(
    "is told before damage, and damage where there is room",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const env = { ALGOWAYS_DATA_DIR: dataDir }
        writeFileSync(join(dataDir, "algoways.db"), "half of a write ".repeat(300), { mode: 0o600 })
        const torn = yield* run(["users", "list"], env, undefined, 16)
        assert.strictEqual(torn.code, 1)
        assert.match(torn.err, /the disk is full .*looks damaged, as half of a write does; free some space/)
        assert.match(torn.err, /Restore a backup only if it is damaged still/)
        const damaged = yield* run(["users", "list"], env)
        assert.include(damaged.err, "the file is not a database")
      }),
    TIMEOUT
  )

  it.live(
    "is told of the key file, which is whole or not there",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const file = join(dataDir, "secret.key")
        const module = join(import.meta.dirname, "../../src/store/credentials/keyFile.ts")
        // One block has room for a part of it.
        const script = `
          import { flip, runSync } from "effect/Effect"
          import { readOrMakeKeyFile } from ${JSON.stringify(module)}
          const made = readOrMakeKeyFile(${JSON.stringify(file)}, () => "x".repeat(2000))
          console.log(runSync(flip(made)).message)`
        const node = [
          process.execPath,
          "--disable-warning=ExperimentalWarning",
          "--input-type=module",
          "-e",
          script
        ]
        const { stderr, stdout } = spawnSync("sh", ["-c", `ulimit -f 1 && exec "$0" "$@"`, ...node], {
          encoding: "utf8"
        })
        assert.match(
          stdout,
          /^The key file ".*" could not be made: the disk is full .*; free some space and try again\.$/m,
          stderr
        )
        assert.deepStrictEqual(readdirSync(dataDir), [])
      }),
    TIMEOUT
  )
})
