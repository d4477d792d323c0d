/** A key file that is lost where the database has what only it opens. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import * as Store from "../../../../src/store/index.ts"
import { MasterSecret } from "../../../../src/store/credentials/masterSecret.ts"
import { countSealed, forgetSealed } from "../../../../src/store/credentials/sealedRows.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { temporaryFolder } from "../support.ts"

const inStore = <A, E>(dataDir: string, self: Effect.Effect<A, E, Store.Store>) =>
  Effect.provide(self, Store.layer({ dataDir }), { local: true })
const keyOf = (dataDir: string) => join(dataDir, "secret.key")

/** A folder with a user, perhaps with a key and a login. */
const folderWith = Effect.fnUntraced(function* (what: { readonly key?: true; readonly login?: true }) {
  const dataDir = yield* temporaryFolder
  const key = yield* inStore(
    dataDir,
    Effect.gen(function* () {
      yield* (yield* Users).add("asha", "angel")
      if (what.login === true)
        yield* (yield* CredentialStore).set("asha", "angel", { authToken: Redacted.make("token") })
      return what.key === true ? (yield* (yield* ApiKeys).create("asha")).key : undefined
    })
  )
  return { dataDir, key }
})

describe("a lost key file", () => {
  it.live("is not replaced where there are API keys or logins, and works again once it is restored", () =>
    Effect.gen(function* () {
      for (const what of [{ key: true }, { login: true }, { key: true, login: true }] as const) {
        const { dataDir, key } = yield* folderWith(what)
        const saved = readFileSync(keyOf(dataDir))
        rmSync(keyOf(dataDir))
        const error = yield* Effect.flip(inStore(dataDir, Effect.void))
        assert.strictEqual(error._tag, "SecretFailed")
        for (const part of [keyOf(dataDir), "backup", "ALGOWAYS_SECRET", "algoways secret renew"]) {
          assert.include(error.message, part)
        }
        assert.isFalse(existsSync(keyOf(dataDir)), "no key was made")
        writeFileSync(keyOf(dataDir), saved, { mode: 0o600 })
        yield* inStore(
          dataDir,
          Effect.gen(function* () {
            if (key !== undefined)
              assert.strictEqual(yield* (yield* ApiKeys).verify(Redacted.value(key)), "asha")
            const stored = yield* (yield* CredentialStore).get("asha", "angel")
            assert.strictEqual(stored !== undefined, "login" in what)
          })
        )
      }
    })
  )

  it.live("is made anew where nothing needs the old one", () =>
    Effect.gen(function* () {
      const { dataDir } = yield* folderWith({})
      rmSync(keyOf(dataDir))
      yield* inStore(dataDir, Effect.void)
      assert.isTrue(existsSync(keyOf(dataDir)))
    })
  )

  it.live("can be given up: what it opened goes, users stay, and what the new one opens is kept", () =>
    Effect.gen(function* () {
      const { dataDir } = yield* folderWith({ key: true, login: true })
      rmSync(keyOf(dataDir))
      const renew = Effect.gen(function* () {
        const { fingerprint } = yield* MasterSecret
        const before = yield* countSealed(fingerprint)
        return { before, gone: yield* forgetSealed(fingerprint), after: yield* countSealed(fingerprint) }
      }).pipe(Effect.provide(Store.secretLayer({ dataDir }), { local: true }))
      const rows = { logins: 1, keys: 1 }
      assert.deepStrictEqual(yield* renew, { before: rows, gone: rows, after: { logins: 0, keys: 0 } })
      yield* inStore(
        dataDir,
        Effect.gen(function* () {
          assert.deepStrictEqual(
            (yield* (yield* Users).list).map(({ name }) => name),
            ["asha"]
          )
          assert.deepStrictEqual(yield* (yield* ApiKeys).list(), [])
          assert.isUndefined(yield* (yield* CredentialStore).get("asha", "angel"))
          yield* (yield* ApiKeys).create("asha")
          yield* (yield* CredentialStore).set("asha", "angel", { authToken: Redacted.make("token-2") })
        })
      )
      assert.deepStrictEqual((yield* renew).gone, { logins: 0, keys: 0 })
      yield* inStore(
        dataDir,
        Effect.gen(function* () {
          assert.lengthOf(yield* (yield* ApiKeys).list(), 1)
          assert.isDefined(yield* (yield* CredentialStore).get("asha", "angel"))
        })
      )
    })
  )
})
