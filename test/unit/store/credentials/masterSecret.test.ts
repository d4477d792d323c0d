import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { readOrMakeKeyFile } from "../../../../src/store/credentials/keyFile.ts"
import { MasterSecret, parseSecret } from "../../../../src/store/credentials/masterSecret.ts"
import { temporaryFolder } from "../support.ts"

const HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
const bytes = Buffer.from(HEX, "hex")

const open = (dataDir: string, env: Record<string, string> = {}) =>
  MasterSecret.pipe(
    Effect.provide(
      MasterSecret.layer({ dataDir }).pipe(
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
      ),
      { local: true }
    )
  )

const exported = (secret: MasterSecret["Service"], purpose: "api-keys" | "credentials") =>
  secret.subKey(purpose).export().toString("hex")

describe("parseSecret", () => {
  it("takes 32 bytes in hex or base64 and nothing else", () => {
    const url = Buffer.alloc(32, 0xfb).toString("base64url")
    for (const text of [HEX, HEX.toUpperCase(), bytes.toString("base64"), bytes.toString("base64url")]) {
      assert.deepStrictEqual(parseSecret(text), bytes)
    }
    assert.deepStrictEqual(parseSecret(url), Buffer.alloc(32, 0xfb))
    for (const text of [
      "",
      "secret",
      HEX.slice(2),
      `${HEX}00`,
      `${HEX.slice(1)}g`,
      "!".repeat(44),
      "A".repeat(42)
    ]) {
      assert.isUndefined(parseSecret(text), text)
    }
    // 43 digits hold two bits more than 32 bytes: only one of four spellings is the right one.
    assert.isUndefined(parseSecret(`${"A".repeat(42)}B=`))
  })
})

describe("the master secret", () => {
  it.effect("from the setting gives stable sub-keys, apart by purpose, and makes no file", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const one = yield* open(dataDir, { ALGOWAYS_SECRET: HEX })
      const two = yield* open(dataDir, { ALGOWAYS_SECRET: bytes.toString("base64") })
      assert.deepStrictEqual(readdirSync(dataDir), [])
      assert.strictEqual(one.fingerprint, two.fingerprint)
      assert.match(one.fingerprint, /^[0-9a-f]{8}$/)
      assert.strictEqual(exported(one, "api-keys"), exported(two, "api-keys"))
      assert.notStrictEqual(exported(one, "api-keys"), exported(one, "credentials"))
      for (const purpose of ["api-keys", "credentials"] as const) {
        assert.strictEqual(exported(one, purpose).length, 64)
        assert.notStrictEqual(exported(one, purpose), HEX)
        assert.isFalse(exported(one, purpose).startsWith(one.fingerprint))
        assert.notInclude(inspect(one, { depth: 9 }), exported(one, purpose))
      }
    })
  )

  it.effect("that is malformed is refused without quoting it", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      for (const value of ["correct horse battery staple", HEX.slice(1), " ", "'" + HEX + "'"]) {
        const error = yield* Effect.flip(open(dataDir, { ALGOWAYS_SECRET: value }))
        assert.strictEqual(error._tag, "SecretFailed")
        assert.match(error.message, /ALGOWAYS_SECRET is not a secret: it has to be 64 hexadecimal digits/)
        assert.match(error.message, /openssl rand -hex 32/)
        if (value !== " ") assert.notInclude(error.message, value)
      }
      assert.isFalse(existsSync(join(dataDir, "secret.key")))
      const unset = yield* open(dataDir, { ALGOWAYS_SECRET: "" })
      assert.include(unset.source, "secret.key", "an empty setting is none")
    })
  )

  it.effect("without a setting lives in a key file that is made once, for its owner only", () =>
    Effect.gen(function* () {
      const dataDir = join(yield* temporaryFolder, "deep", "data")
      const first = yield* open(dataDir)
      const file = join(dataDir, "secret.key")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.strictEqual(statSync(dataDir).mode & 0o777, 0o700)
      assert.deepStrictEqual(readdirSync(dataDir), ["secret.key"], "no draft is left")
      const text = readFileSync(file, "utf8")
      const second = yield* open(dataDir)
      assert.strictEqual(second.fingerprint, first.fingerprint)
      assert.strictEqual(readFileSync(file, "utf8"), text)
      assert.include(first.source, file)
      assert.notStrictEqual((yield* open(yield* temporaryFolder)).fingerprint, first.fingerprint)
    })
  )

  it.effect("is the other process's when both make one at the same moment", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "secret.key")
      // The other process is done after this one found no file and before it puts its own in place.
      const text = yield* readOrMakeKeyFile(file, () => {
        writeFileSync(file, "theirs", { mode: 0o600 })
        return "ours"
      })
      assert.strictEqual(text, "theirs")
      assert.strictEqual(readFileSync(file, "utf8"), "theirs")
      assert.deepStrictEqual(readdirSync(folder), ["secret.key"])
    })
  )

  it.effect("in a file that others can read is refused with the command that helps", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, "secret.key")
      yield* open(dataDir)
      for (const mode of [0o640, 0o604, 0o660, 0o610]) {
        chmodSync(file, mode)
        const error = yield* Effect.flip(open(dataDir))
        assert.include(error.message, `chmod 600 "${file}"`)
        assert.include(error.message, mode.toString(8))
      }
      chmodSync(file, 0o400)
      assert.match((yield* open(dataDir)).fingerprint, /^[0-9a-f]{8}$/)
    })
  )

  it.effect("in a damaged file is refused and the file is left alone", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, "secret.key")
      writeFileSync(file, HEX.slice(10), { mode: 0o600 })
      const error = yield* Effect.flip(open(dataDir))
      assert.match(error.message, /is damaged.*Restore it from a backup/)
      assert.notInclude(error.message, HEX.slice(10))
      assert.strictEqual(readFileSync(file, "utf8"), HEX.slice(10))
    })
  )

  it.effect("says what to do when the file cannot be there", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "occupied"), "")
      const blocked = yield* Effect.flip(open(join(folder, "occupied")))
      assert.match(blocked.message, /could not be read or made \(ENOTDIR\).*ALGOWAYS_SECRET/)
      mkdirSync(join(folder, "data", "secret.key"), { recursive: true })
      assert.match((yield* Effect.flip(open(join(folder, "data")))).message, /is not a file/)
    })
  )
})
