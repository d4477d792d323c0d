/** Whom the demo's folder takes, and which folder the demo takes. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ensureDemoUser } from "../../../../src/cli/demo/demo.ts"
import { demoFolderOf, demoKey, hasDatabase, isDemoFolder } from "../../../../src/cli/demo/demoFolder.ts"
import { ApiKeys } from "../../../../src/store/users/apiKeys.ts"
import * as Store from "../../../../src/store/index.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { folder, outcome, plain } from "../outcome.ts"

const start = (dir: string, broker?: string) => ensureDemoUser({ folder: dir, broker, apiKey: undefined })

describe("the demo's folder", () => {
  it.live.each([
    ["users add asha"],
    ["users set-broker demo angel"],
    ["credentials set demo --auth-token a-token"],
    ["serve --no-demo"],
    ["serve --simulator http://127.0.0.1:1"],
    ["feed"],
    ["gateway"]
  ])("refuses algoways %s", ([line]) =>
    Effect.gen(function* () {
      const dir = yield* folder
      yield* demoKey(dir)
      yield* Effect.provide(Effect.asVoid(Users), Store.layer({ dataDir: dir }), { local: true })
      const { code, said } = yield* outcome([...line!.split(" "), "--data-dir", dir])
      assert.strictEqual(code, 1, said)
      assert.include(said, `${dir} is the demo's folder`)
      plain(said)
    })
  )

  it.live("has one user, whose key stays and comes back when it was revoked", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      yield* Effect.gen(function* () {
        const first = yield* start(dir)
        assert.strictEqual(first.broker, "zerodha")
        assert.strictEqual(statSync(join(dir, "demo.key")).mode & 0o777, 0o600)
        const keys = yield* ApiKeys
        for (const { id } of yield* keys.list("demo")) yield* keys.revoke(id)
        const second = yield* start(dir, "angel")
        assert.strictEqual(second.broker, "angel")
        assert.strictEqual(Redacted.value(second.key), Redacted.value(first.key))
        assert.strictEqual(yield* keys.verify(Redacted.value(second.key)), "demo")
        assert.strictEqual((yield* keys.list("demo")).length, 1)
        yield* (yield* Users).add("asha", "zerodha")
        const refused = yield* Effect.flip(start(dir))
        assert.include(refused.message, "there is more than its own user: asha")
      }).pipe(Effect.provide(Store.layer({ dataDir: dir }), { local: true }))
    })
  )

  it.live("says which file is damaged", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      writeFileSync(join(dir, "demo.key"), "half a k", { mode: 0o600 })
      const { message } = yield* Effect.flip(demoKey(dir))
      assert.include(message, `${join(dir, "demo.key")} holds no key of the demo's: remove it`)
      assert.strictEqual(readFileSync(join(dir, "demo.key"), "utf8"), "half a k")
    })
  )

  it.live("is in the data folder, or that folder itself where it is named", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const demo = join(dir, "demo")
      assert.strictEqual(demoFolderOf(dir), demo)
      assert.include((yield* Effect.flip(hasDatabase(dir))).message, "algoways users add NAME")
      yield* demoKey(demo)
      assert.isTrue(isDemoFolder(demo))
      assert.strictEqual(demoFolderOf(demo), demo)
      assert.include((yield* Effect.flip(hasDatabase(dir))).message, `The demo's folder is ${demo}`)
    })
  )

  it.live("is none that has users of its own", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      const demo = join(dir, "demo")
      mkdirSync(demo)
      assert.strictEqual((yield* outcome(["users", "add", "asha", "--data-dir", demo])).code, 0)
      const { code, said } = yield* outcome(["serve", "--data-dir", dir])
      assert.strictEqual(code, 1, said)
      assert.include(said, "has users of its own (asha)")
      plain(said)
      assert.isFalse(existsSync(join(demo, "demo.key")))
    })
  )
})
