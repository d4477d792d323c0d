/** `algoways credentials`, as a user runs it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run, temporaryFolder } from "./support/processes.ts"

describe("algoways credentials", () => {
  it.live(
    "says what a broker takes and what is missing, merges fields, and removes one",
    () =>
      Effect.gen(function* () {
        const env = { ALGOWAYS_DATA_DIR: yield* temporaryFolder }
        const credentials = (args: ReadonlyArray<string>, input?: string) =>
          run(["credentials", ...args], env, input)
        assert.strictEqual((yield* run(["users", "add", "asha", "--broker", "kotak"], env)).code, 0)
        const nothing = yield* credentials(["set", "asha"])
        assert.strictEqual(nothing.code, 1)
        assert.match(nothing.err, /^ +--data-center, as JSON "dataCenter" \(optional\): data centre/m)

        const misspelt = yield* credentials(["set", "asha", "--stdin"], '{"feed_url":"SECRET"}')
        assert.strictEqual(misspelt.code, 1)
        assert.include(misspelt.err, '--stdin: there is no field "feed_url"; write feedUrl.')
        assert.notInclude(misspelt.err, "SECRET")

        const some = '{"clientCode":"U1","authToken":"t","feedUrl":"wss://old.example"}'
        const stored = yield* credentials(["set", "asha", "--stdin"], some)
        assert.include(stored.out, "Still missing for Kotak Securities: --feed-token (trading sid)")
        const whole = yield* credentials(["set", "asha", "--feed-token", "sid"])
        assert.notInclude(whole.out, "Still missing")
        assert.include((yield* credentials(["remove", "asha", "--field", "url"])).err, "there is no field")
        const removed = yield* credentials(["remove", "asha", "--field", "feed-url"])
        assert.strictEqual(removed.out.trim(), "Removed the feedUrl of asha for kotak.")
        const again = yield* credentials(["remove", "asha", "--field", "feedUrl"])
        assert.strictEqual(again.code, 1)
        assert.include(again.err, "User asha has no feedUrl for kotak")
        assert.match((yield* credentials(["list"])).out, /asha +kotak +authToken feedToken clientCode /)
      }),
    60_000
  )
})
