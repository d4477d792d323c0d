import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import * as Store from "../../../../src/store/index.ts"
import { Users } from "../../../../src/store/users/users.ts"

describe("users", () => {
  it.effect("are added, read, listed by name and moved to another broker", () =>
    Effect.gen(function* () {
      const users = yield* Users
      assert.deepStrictEqual(yield* users.add("ravi"), { name: "ravi", createdAt: 0 })
      yield* users.add("asha", " Zerodha ")
      assert.deepStrictEqual(yield* users.get("asha"), { name: "asha", broker: "zerodha", createdAt: 0 })
      yield* users.setBroker("ravi", "angel")
      assert.deepStrictEqual(
        (yield* users.list).map((user) => [user.name, user.broker]),
        [
          ["asha", "zerodha"],
          ["ravi", "angel"]
        ]
      )
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("names tell case apart and are taken once", () =>
    Effect.gen(function* () {
      const users = yield* Users
      yield* users.add("asha")
      yield* users.add("Asha")
      const error = yield* Effect.flip(users.add("asha"))
      assert.strictEqual(error._tag, "InvalidInput")
      assert.match(error.message, /User "asha" exists already/)
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("malformed names are refused and nothing is stored", () =>
    Effect.gen(function* () {
      const users = yield* Users
      for (const name of ["", "a b", "a/b", "é", "a\n", "x".repeat(65), "a:b", "'; DROP TABLE users; --"]) {
        const error = yield* Effect.flip(users.add(name))
        assert.strictEqual(error._tag, "InvalidInput", name)
        assert.match(error.message, /is not a user name\. Use 1 to 64/)
      }
      const error = yield* Effect.flip(users.add("asha", "no such/broker"))
      assert.match(error.message, /is not a broker's name/)
      assert.deepStrictEqual(yield* users.list, [])
      assert.strictEqual((yield* users.add("x".repeat(64))).name.length, 64)
      assert.strictEqual((yield* users.add("a.b_c-d@e.in")).name, "a.b_c-d@e.in")
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("unknown users are a typed error everywhere", () =>
    Effect.gen(function* () {
      const users = yield* Users
      for (const use of [users.get("nobody"), users.setBroker("nobody", "angel"), users.remove("nobody")]) {
        const error = yield* Effect.flip(use)
        assert.strictEqual(error._tag, "UserNotFound")
        assert.match(error.message, /No user "nobody"/)
      }
    }).pipe(Effect.provide(Store.layerMemory))
  )

  it.effect("leave with their keys and credentials, and a new one of the name starts with none", () =>
    Effect.gen(function* () {
      const users = yield* Users
      const keys = yield* ApiKeys
      const credentials = yield* CredentialStore
      yield* users.add("asha", "zerodha")
      const { key } = yield* keys.create("asha")
      yield* credentials.set("asha", "zerodha", { apiKey: Redacted.make("k") })
      yield* users.remove("asha")
      assert.isUndefined(yield* keys.verify(Redacted.value(key)))
      assert.deepStrictEqual(yield* credentials.list, [])
      yield* users.add("asha")
      assert.isUndefined(yield* credentials.get("asha", "zerodha"))
      assert.deepStrictEqual(yield* keys.list(), [])
    }).pipe(Effect.provide(Store.layerMemory))
  )
})
