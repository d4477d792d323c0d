/** What a service says at its start of users whom no broker lets in. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { usersWithoutLogin } from "../../../../src/cli/service/missingLogins.ts"
import { warnOfMissingLogins } from "../../../../src/cli/service/startWarnings.ts"
import { layerMemory } from "../../../../src/index.ts"
import { CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import { Users } from "../../../../src/store/users/users.ts"

const logged = Effect.gen(function* () {
  const lines: Array<string> = []
  const collecting = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
  yield* Effect.provide(warnOfMissingLogins(yield* usersWithoutLogin), collecting)
  return lines
})

describe("users without a broker's login", () => {
  it.live("are named in one line, with what is to be done, and no secret", () =>
    Effect.gen(function* () {
      const users = yield* Users
      const credentials = yield* CredentialStore
      assert.deepStrictEqual(yield* logged, [])
      yield* users.add("asha", "zerodha")
      yield* users.add("bina", "Zerodha")
      yield* users.add("chitra", "deltaexchange")
      yield* users.add("dipa")
      yield* credentials.set("asha", "zerodha", {
        apiKey: Redacted.make("key-of-asha"),
        authToken: Redacted.make("token-of-asha")
      })
      // Half a login is none, and that of another broker is not hers.
      yield* credentials.set("bina", "zerodha", { apiKey: Redacted.make("key-of-bina") })
      yield* credentials.set("bina", "angel", { authToken: Redacted.make("token-of-bina") })
      assert.deepStrictEqual(yield* logged, [
        'without a broker\'s login: bina (zerodha), dipa (no broker). Their clients wait for it: set a broker with "algoways users set-broker USER BROKER" and store the login with "algoways credentials set USER". No restart is needed'
      ])
      yield* credentials.set("bina", "zerodha", { authToken: Redacted.make("token-of-bina") })
      yield* users.remove("dipa")
      assert.deepStrictEqual(yield* logged, [])
    }).pipe(Effect.provide(layerMemory()))
  )

  it.live("are named up to ten", () =>
    Effect.gen(function* () {
      const users = yield* Users
      for (let n = 10; n < 25; n++) yield* users.add(`user${n}`, "zerodha")
      const [line, ...others] = yield* logged
      assert.deepStrictEqual(others, [])
      assert.include(line, "user19 (zerodha) and 5 more. Their clients")
      assert.notInclude(line, "user20")
    }).pipe(Effect.provide(layerMemory()))
  )
})
