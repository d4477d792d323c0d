import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"
import { join } from "node:path"
import { ApiKeys, verifyStatement } from "../../../../src/store/users/apiKeys.ts"
import * as Database from "../../../../src/store/database/database.ts"
import * as Store from "../../../../src/store/index.ts"
import { MasterSecret } from "../../../../src/store/credentials/masterSecret.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { bytesOf, raw, temporaryFolder } from "../support.ts"

describe("API keys", () => {
  it.effect("are made, verified, listed without their value, and revoked", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      const users = yield* Users
      yield* users.add("asha")
      yield* users.add("ravi")
      const first = yield* keys.create("asha", { label: "charts" })
      const second = yield* keys.create("ravi")
      assert.match(Redacted.value(first.key), /^[0-9a-f]{64}$/)
      assert.notStrictEqual(Redacted.value(first.key), Redacted.value(second.key))
      assert.strictEqual(yield* keys.verify(Redacted.value(first.key)), "asha")
      assert.strictEqual(yield* keys.verify(Redacted.value(second.key)), "ravi")
      assert.deepStrictEqual(yield* keys.list("asha"), [
        { id: first.id, user: "asha", label: "charts", createdAt: 0, resume: false }
      ])
      assert.strictEqual((yield* keys.list()).length, 2)
      assert.isTrue(yield* keys.revoke(first.id))
      assert.isFalse(yield* keys.revoke(first.id))
      assert.isFalse(yield* keys.revoke(1.5))
      assert.isUndefined(yield* keys.verify(Redacted.value(first.key)))
      assert.strictEqual(yield* keys.verify(Redacted.value(second.key)), "ravi")
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("of the user's own choice are stored once, and for one user only", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      const users = yield* Users
      yield* users.add("asha")
      yield* users.add("ravi")
      const key = Redacted.make("my-own-key-of-20-chs")
      const first = yield* keys.create("asha", { key })
      const again = yield* keys.create("asha", { key })
      assert.strictEqual(again.id, first.id)
      assert.strictEqual((yield* keys.list()).length, 1)
      const error = yield* Effect.flip(keys.create("ravi", { key }))
      assert.strictEqual(error._tag, "InvalidInput")
      assert.match(error.message, /belongs to another user/)
      assert.notMatch(error.message, /my-own-key|asha/)
      assert.strictEqual(yield* keys.verify("my-own-key-of-20-chs"), "asha")
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("give subscriptions back unasked where they are set to", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      yield* (yield* Users).add("asha")
      const plain = yield* keys.create("asha")
      const set = yield* keys.create("asha", { resume: true })
      const resume = (key: Redacted.Redacted<string>) =>
        Effect.map(keys.identify(Redacted.value(key)), (owner) => owner?.resume)
      assert.deepStrictEqual([yield* resume(plain.key), yield* resume(set.key)], [false, true])
      assert.isTrue(yield* keys.setResume(plain.id, true))
      assert.isTrue(yield* keys.setResume(set.id, false))
      assert.deepStrictEqual([yield* resume(plain.key), yield* resume(set.key)], [true, false])
      assert.deepStrictEqual(
        (yield* keys.list()).map((key) => key.resume),
        [true, false]
      )
      // A key of the user's own choice that is stored already.
      yield* keys.create("asha", { key: set.key, resume: true })
      assert.isTrue(yield* resume(set.key))
      yield* keys.create("asha", { key: set.key })
      assert.isTrue(yield* resume(set.key))
      assert.isFalse(yield* keys.setResume(99, true))
      assert.isFalse(yield* keys.setResume(1.5, true))
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("that nobody could use are refused, and so are users that do not exist", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      yield* (yield* Users).add("asha")
      for (const key of [
        "",
        "123456789012345",
        " leading-space-before",
        "trailing-space-behind ",
        "line\nbreak-in-the-key",
        "x".repeat(257)
      ]) {
        const error = yield* Effect.flip(keys.create("asha", { key: Redacted.make(key) }))
        assert.strictEqual(error._tag, "InvalidInput", JSON.stringify(key))
        if (key !== "") assert.notInclude(error.message, key)
      }
      assert.strictEqual(
        (yield* Effect.flip(keys.create("asha", { label: "x".repeat(201) })))._tag,
        "InvalidInput"
      )
      assert.strictEqual((yield* Effect.flip(keys.create("nobody")))._tag, "UserNotFound")
      assert.deepStrictEqual(yield* keys.list(), [])
      assert.strictEqual((yield* keys.create("asha", { key: Redacted.make("1234567890123456") })).id, 1)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("that were stored when eight characters were enough still hold, and are no error", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const chosen = Redacted.make("a-long-key-of-16")
      yield* Effect.gen(function* () {
        const keys = yield* ApiKeys
        yield* (yield* Users).add("asha")
        yield* (yield* Users).add("ravi")
        yield* keys.create("asha", { key: chosen })
        // As an earlier version stored it.
        const hash = createHmac("sha256", (yield* MasterSecret).subKey("api-keys"))
          .update("12345678")
          .digest()
        raw(join(dataDir, Store.DATABASE_FILE), (db) => db.prepare("UPDATE api_keys SET hash = ?").run(hash))
        assert.strictEqual(yield* keys.verify("12345678"), "asha")
        assert.strictEqual((yield* keys.create("asha", { key: Redacted.make("12345678") })).id, 1)
        const error = yield* Effect.flip(keys.create("ravi", { key: Redacted.make("12345678") }))
        assert.strictEqual(error._tag, "InvalidInput")
      }).pipe(Effect.provide(Layer.merge(Store.layer({ dataDir }), MasterSecret.layer({ dataDir }))))
    })
  )

  it.effect("are not mistaken for others: case, prefixes, the stored hash, absurd lengths", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      yield* (yield* Users).add("asha")
      yield* keys.create("asha", { key: Redacted.make("Abcdefgh-Abcdefgh") })
      for (const wrong of [
        "abcdefgh-abcdefgh",
        "Abcdefgh-Abcdefg",
        "Abcdefgh-Abcdefgh ",
        "Abcdefgh-Abcdefgh\u0000",
        "",
        "x".repeat(1_000_000)
      ]) {
        assert.isUndefined(yield* keys.verify(wrong))
      }
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.live("are in no file in clear, and the hash cannot be presented as a key", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const keys = yield* ApiKeys
        yield* (yield* Users).add("asha")
        const { key } = yield* keys.create("asha")
        yield* keys.create("asha", { key: Redacted.make("chosen-by-hand-16") })
        const bytes = bytesOf(dataDir)
        assert.isTrue(bytes.includes("asha"), "the files that were searched hold the rows")
        for (const text of [Redacted.value(key), "chosen-by-hand-16"]) {
          assert.isFalse(bytes.includes(text))
          assert.isFalse(bytes.includes(Buffer.from(text).toString("base64")))
        }
        assert.isFalse(bytes.includes(Buffer.from(Redacted.value(key), "hex")))
        const hashes = raw(join(dataDir, Store.DATABASE_FILE), (db) =>
          db.prepare("SELECT hash FROM api_keys").all()
        )
        assert.strictEqual(hashes.length, 2)
        for (const { hash } of hashes) {
          const hex = Buffer.from(hash as Uint8Array).toString("hex")
          assert.strictEqual(hex.length, 64)
          assert.isUndefined(yield* keys.verify(hex))
        }
      }).pipe(Effect.provide(Store.layer({ dataDir })))
    })
  )

  it.effect("verification is one seek in the index of hashes", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      yield* Effect.provide(ApiKeys, Store.layer({ dataDir }))
      const plan = raw(join(dataDir, Store.DATABASE_FILE), (db) =>
        db.prepare(`EXPLAIN QUERY PLAN ${verifyStatement}`).all()
      )
      const steps = plan.map((row) => String(row["detail"]))
      assert.match(steps[0]!, /^SEARCH k USING INDEX sqlite_autoindex_api_keys_1 \(hash=\?\)/)
      assert.match(steps[1]!, /^SEARCH u USING INTEGER PRIMARY KEY/)
    })
  )

  it.effect("of another master secret are reported at the start and accepted no more", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const lines: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const store = Layer.mergeAll(Users.layer, ApiKeys.layer).pipe(
        Layer.provide(Database.layer({ file: join(dataDir, "test.db") })),
        Layer.provide(MasterSecret.layerMemory),
        Layer.provide(log)
      )
      const made = yield* Effect.gen(function* () {
        yield* (yield* Users).add("asha")
        return yield* (yield* ApiKeys).create("asha")
      }).pipe(Effect.provide(Layer.fresh(store), { local: true }))
      assert.deepStrictEqual(lines, [])
      const user = yield* Effect.gen(function* () {
        return yield* (yield* ApiKeys).verify(Redacted.value(made.key))
      }).pipe(Effect.provide(Layer.fresh(store), { local: true }))
      assert.isUndefined(user)
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, /^1 API keys were made under another master secret/)
    })
  )
})
