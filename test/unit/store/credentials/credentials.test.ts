import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { join } from "node:path"
import { inspect } from "node:util"
import type { Credentials } from "../../../../src/market/credentials.ts"
import { credentialFields } from "../../../../src/market/credentials.ts"
import { CREDENTIAL_MAX_LENGTH, CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import * as Store from "../../../../src/store/index.ts"
import { LoginPollInterval } from "../../../../src/store/credentials/loginChanges.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { bytesOf, raw, temporaryFolder } from "../support.ts"

const clear = (credentials: Credentials | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(credentials ?? {}).map(([field, value]) => [field, Redacted.value(value)])
  )

const given = (values: Record<string, string>): Credentials =>
  Object.fromEntries(Object.entries(values).map(([field, value]) => [field, Redacted.make(value)]))

/** A store in a folder, as a new process would open it, under a secret of 32 equal bytes. */
const opened = (dataDir: string, secretByte = "11") =>
  Store.layer({ dataDir }).pipe(
    Layer.provide(
      ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ALGOWAYS_SECRET: secretByte.repeat(32) } }))
    ),
    Layer.fresh
  )

describe("credentials", () => {
  it.effect("come back as they were stored, redacted, per user and broker", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      const users = yield* Users
      yield* users.add("asha")
      yield* users.add("ravi")
      const all = Object.fromEntries(credentialFields.map((field) => [field, `${field} of asha: äß€🙂 "'`]))
      yield* store.set("asha", "Zerodha", given(all))
      yield* store.set("ravi", "zerodha", given({ apiKey: "other" }))
      const stored = yield* store.get("asha", "zerodha")
      assert.deepStrictEqual(clear(stored?.credentials), all)
      assert.deepStrictEqual(clear((yield* store.get("ravi", "ZERODHA"))?.credentials), { apiKey: "other" })
      assert.isUndefined(yield* store.get("asha", "angel"))
      assert.isUndefined(yield* store.get("nobody", "zerodha"))
      for (const shown of [
        inspect(stored, { depth: 9 }),
        JSON.stringify(stored),
        String(stored?.credentials.apiKey)
      ]) {
        assert.notInclude(shown, "of asha")
      }
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("are replaced field by field, and every write makes a new version", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      yield* (yield* Users).add("asha")
      yield* store.set("asha", "angel", given({ apiKey: "a", authToken: "old" }))
      const first = yield* store.get("asha", "angel")
      assert.strictEqual((yield* store.get("asha", "angel"))?.version, first?.version)
      yield* store.set("asha", "angel", given({ authToken: "new", feedToken: "f" }))
      const second = yield* store.get("asha", "angel")
      assert.deepStrictEqual(clear(second?.credentials), { apiKey: "a", authToken: "new", feedToken: "f" })
      assert.isAbove(second!.version, first!.version)
      assert.isTrue(yield* store.remove("asha", "angel"))
      assert.isFalse(yield* store.remove("asha", "angel"))
      assert.isUndefined(yield* store.get("asha", "angel"))
      yield* store.set("asha", "angel", given({ apiKey: "b" }))
      const third = yield* store.get("asha", "angel")
      assert.isAbove(third!.version, second!.version, "a removal does not start the count again")
      assert.deepStrictEqual(clear(third?.credentials), { apiKey: "b" })
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("lose one field alone, under a new version, and are gone with the last", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      yield* (yield* Users).add("asha")
      yield* store.set("asha", "kotak", given({ clientCode: "c", feedUrl: "wss://old" }))
      yield* store.set("asha", "angel", given({ feedUrl: "wss://other" }))
      const before = yield* store.get("asha", "kotak")
      assert.isFalse(yield* store.remove("asha", "kotak", "apiKey"))
      assert.strictEqual((yield* store.get("asha", "kotak"))?.version, before!.version)
      assert.isTrue(yield* store.remove("asha", "Kotak", "feedUrl"))
      const after = yield* store.get("asha", "kotak")
      assert.deepStrictEqual(clear(after?.credentials), { clientCode: "c" })
      assert.isAbove(after!.version, before!.version)
      assert.isTrue(yield* store.remove("asha", "kotak", "clientCode"))
      assert.isUndefined(yield* store.get("asha", "kotak"))
      assert.isFalse(yield* store.remove("asha", "kotak"), "nothing is left behind")
      assert.deepStrictEqual(clear((yield* store.get("asha", "angel"))?.credentials), {
        feedUrl: "wss://other"
      })
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("are listed by their fields, never by value", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      yield* (yield* Users).add("asha")
      yield* TestClock.setTime(1000)
      yield* store.set("asha", "zerodha", given({ authToken: "t", apiKey: "k" }))
      yield* TestClock.setTime(2000)
      yield* store.set("asha", "angel", given({ clientCode: "c" }))
      assert.deepStrictEqual(yield* store.list, [
        { user: "asha", broker: "angel", fields: ["clientCode"], updatedAt: 2000 },
        { user: "asha", broker: "zerodha", fields: ["apiKey", "authToken"], updatedAt: 1000 }
      ])
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("that cannot be right are refused, and what was stored stays", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      yield* (yield* Users).add("asha")
      yield* store.set("asha", "angel", given({ apiKey: "good" }))
      const refused: ReadonlyArray<readonly [Credentials, RegExp]> = [
        [{}, /No credentials given/],
        [given({ apiKey: "" }), /apiKey has 0 characters/],
        [given({ authToken: "x".repeat(CREDENTIAL_MAX_LENGTH + 1) }), /authToken has 16385 characters/],
        [given({ apiKey: "bad", feedToken: "line\nbreak" }), /feedToken has a line break/]
      ]
      for (const [credentials, message] of refused) {
        const error = yield* Effect.flip(store.set("asha", "angel", credentials))
        assert.strictEqual(error._tag, "InvalidInput")
        assert.match(error.message, message)
        assert.notMatch(error.message, /bad|xxx/)
      }
      assert.strictEqual(
        (yield* Effect.flip(store.set("nobody", "angel", given({ apiKey: "k" }))))._tag,
        "UserNotFound"
      )
      assert.strictEqual(
        (yield* Effect.flip(store.set("asha", "an gel", given({ apiKey: "k" }))))._tag,
        "InvalidInput"
      )
      assert.deepStrictEqual(clear((yield* store.get("asha", "angel"))?.credentials), { apiKey: "good" })
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("are in no file in clear", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const store = yield* CredentialStore
        yield* (yield* Users).add("asha")
        yield* store.set(
          "asha",
          "angel",
          given({ apiKey: "clear-text-api-key", authToken: "clear-text-token" })
        )
        yield* store.set("asha", "angel", given({ authToken: "clear-text-second-token" }))
        const bytes = bytesOf(dataDir)
        assert.isTrue(bytes.includes("authToken"), "the files that were searched hold the rows")
        assert.isFalse(bytes.includes("clear-text"))
        assert.isFalse(bytes.includes(Buffer.from("clear-text-api-key").toString("base64").slice(0, 12)))
        assert.isFalse(bytes.includes(Buffer.from("clear-text", "utf16le")))
        assert.isFalse(bytes.includes(Buffer.alloc(32, 0x11)), "nor is the master secret")
      }).pipe(Effect.provide(opened(dataDir), { local: true }))
    })
  )

  it.effect("equal values are not equal in the table", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const store = yield* CredentialStore
        yield* (yield* Users).add("asha")
        yield* store.set("asha", "angel", given({ apiKey: "same", authToken: "same" }))
        yield* store.set("asha", "zerodha", given({ apiKey: "same" }))
      }).pipe(Effect.provide(opened(dataDir), { local: true }))
      const rows = raw(join(dataDir, Store.DATABASE_FILE), (db) =>
        db.prepare("SELECT hex(nonce) AS nonce, hex(sealed) AS sealed FROM credential_fields").all()
      )
      assert.strictEqual(new Set(rows.map((row) => row["nonce"])).size, 3)
      assert.strictEqual(new Set(rows.map((row) => row["sealed"])).size, 3)
    })
  )

  it.effect("under another master secret: the error names both, and storing anew helps", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        yield* (yield* Users).add("asha")
        yield* (yield* CredentialStore).set("asha", "angel", given({ apiKey: "k", authToken: "t" }))
      }).pipe(Effect.provide(opened(dataDir, "11"), { local: true }))
      yield* Effect.gen(function* () {
        const store = yield* CredentialStore
        const error = yield* Effect.flip(store.get("asha", "angel"))
        assert.strictEqual(error._tag, "SecretFailed")
        assert.match(
          error.message,
          /of user "asha" for broker "angel" was encrypted under master secret [0-9a-f]{8}, but the present one is [0-9a-f]{8} \(from the setting ALGOWAYS_SECRET\)\. Restore that secret, or store the credentials anew with "algoways credentials set"/
        )
        assert.strictEqual((yield* store.list).length, 1, "what may be shown needs no secret")
        yield* store.set("asha", "angel", given({ apiKey: "k2", authToken: "t2" }))
        assert.deepStrictEqual(clear((yield* store.get("asha", "angel"))?.credentials), {
          apiKey: "k2",
          authToken: "t2"
        })
      }).pipe(Effect.provide(opened(dataDir, "22"), { local: true }))
    })
  )

  const tamperings: Record<string, string> = {
    "a changed byte": "UPDATE credential_fields SET sealed = zeroblob(length(sealed)) WHERE field = 'apiKey'",
    "a changed nonce": "UPDATE credential_fields SET nonce = zeroblob(12) WHERE field = 'apiKey'",
    "a cut value": "UPDATE credential_fields SET sealed = substr(sealed, 1, 9) WHERE field = 'apiKey'",
    "a short nonce": "UPDATE credential_fields SET nonce = x'00' WHERE field = 'apiKey'",
    "a value moved between fields": `UPDATE credential_fields AS f SET
      nonce = (SELECT nonce FROM credential_fields WHERE field = 'authToken' AND user_id = f.user_id),
      sealed = (SELECT sealed FROM credential_fields WHERE field = 'authToken' AND user_id = f.user_id)
      WHERE field = 'apiKey'`,
    "a value moved between users": `UPDATE credential_fields SET
      nonce = (SELECT nonce FROM credential_fields WHERE field = 'apiKey' AND user_id = 2),
      sealed = (SELECT sealed FROM credential_fields WHERE field = 'apiKey' AND user_id = 2)
      WHERE field = 'apiKey' AND user_id = 1`
  }
  for (const [what, statement] of Object.entries(tamperings)) {
    it.effect(`with ${what} do not open, and say so`, () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        yield* Effect.gen(function* () {
          const store = yield* CredentialStore
          const users = yield* Users
          for (const user of ["asha", "ravi"]) {
            yield* users.add(user)
            yield* store.set(user, "angel", given({ apiKey: `k of ${user}`, authToken: "token" }))
          }
          raw(join(dataDir, Store.DATABASE_FILE), (db) => db.exec(statement))
          const error = yield* Effect.flip(store.get("asha", "angel"))
          assert.strictEqual(error._tag, "SecretFailed")
          assert.match(
            error.message,
            /The apiKey of user "asha" for broker "angel" was changed outside AlgoWays/
          )
        }).pipe(Effect.provide(opened(dataDir), { local: true }))
      })
    )
  }
})

describe("changes", () => {
  it.effect("emits writes and removals of credentials, and changes of the active broker", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      const users = yield* Users
      yield* users.add("asha", "zerodha")
      yield* store.set("asha", "zerodha", given({ apiKey: "before" }))
      yield* TestClock.adjust("1 second")
      const seen: Array<string> = []
      yield* store.changes.pipe(
        Stream.runForEach(({ broker, user }) => Effect.sync(() => seen.push(`${user}/${broker}`))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, [], "what came before the stream is not news")
      const steps: ReadonlyArray<readonly [Effect.Effect<unknown, unknown>, ReadonlyArray<string>]> = [
        [store.set("asha", "zerodha", given({ apiKey: "k" })), ["asha/zerodha"]],
        [store.set("asha", "zerodha", given({ apiKey: "k" })), ["asha/zerodha"]],
        [users.setBroker("asha", "angel"), ["asha/angel"]],
        [store.remove("asha", "angel"), []],
        [users.add("ravi"), []],
        [users.remove("asha"), ["asha/angel", "asha/zerodha"]]
      ]
      for (const [write, expected] of steps) {
        seen.length = 0
        yield* write
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(seen.toSorted(), expected)
      }
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("tells several writes of one login between two polls once, and every reader of it", () =>
    Effect.gen(function* () {
      const store = yield* CredentialStore
      yield* (yield* Users).add("asha")
      const one = yield* store.changes.pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const two = yield* store.changes.pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      for (const token of ["1", "2", "3"]) yield* store.set("asha", "angel", given({ authToken: token }))
      yield* store.set("asha", "zerodha", given({ authToken: "1" }))
      yield* TestClock.adjust("500 millis")
      const expected = [
        { user: "asha", broker: "angel" },
        { user: "asha", broker: "zerodha" }
      ]
      assert.deepStrictEqual(yield* Fiber.join(one), expected)
      assert.deepStrictEqual(yield* Fiber.join(two), expected)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.live("sees the writes of another connection", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const store = yield* CredentialStore
        yield* (yield* Users).add("asha")
        const next = yield* store.changes.pipe(
          Stream.take(1),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        const started = performance.now()
        yield* Effect.gen(function* () {
          yield* (yield* CredentialStore).set("asha", "angel", given({ authToken: "from elsewhere" }))
        }).pipe(Effect.provide(opened(dataDir), { local: true }))
        assert.deepStrictEqual(yield* Fiber.join(next), [{ user: "asha", broker: "angel" }])
        assert.isBelow(performance.now() - started, 5000)
        assert.deepStrictEqual(clear((yield* store.get("asha", "angel"))?.credentials), {
          authToken: "from elsewhere"
        })
      }).pipe(
        Effect.provide(opened(dataDir), { local: true }),
        Effect.provideService(LoginPollInterval, "10 millis")
      )
    })
  )

  it.live("goes on after a time in which the database cannot be read", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const file = join(dataDir, Store.DATABASE_FILE)
      const warnings: Array<string> = []
      const warned = yield* Deferred.make<void>()
      const log = Logger.make(({ message }) => {
        warnings.push(String(message))
        Deferred.doneUnsafe(warned, Effect.void)
      })
      yield* Effect.gen(function* () {
        const store = yield* CredentialStore
        yield* (yield* Users).add("asha")
        const next = yield* store.changes.pipe(
          Stream.take(1),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        raw(file, (db) => db.exec("ALTER TABLE login_changes RENAME TO elsewhere"))
        yield* Deferred.await(warned)
        raw(file, (db) => db.exec("ALTER TABLE elsewhere RENAME TO login_changes"))
        yield* store.set("asha", "angel", given({ authToken: "t" }))
        assert.deepStrictEqual(yield* Fiber.join(next), [{ user: "asha", broker: "angel" }])
        assert.strictEqual(warnings.length, 1, "said once, however many polls failed")
        assert.match(warnings[0]!, /^Database: watch credentials failed: /)
      }).pipe(
        Effect.provide(opened(dataDir), { local: true }),
        Effect.provide(Logger.layer([log])),
        Effect.provideService(LoginPollInterval, "5 millis")
      )
    })
  )
})
