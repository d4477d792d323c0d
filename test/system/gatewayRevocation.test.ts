/** A revoked key closes its clients within a second, also when another process revokes it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Feed } from "../../src/bus/feed.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { Gateway, OrderUpdates } from "../../src/gateway/index.ts"
import { ApiKeys } from "../../src/store/apiKeys.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users.ts"
import { ScriptedFeed } from "../../src/gateway/conformance/scriptedFeed.ts"
import { run } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

describe("a revoked API key", () => {
  it.live(
    "closes its clients within a second and nobody else's, and so does a user that is removed",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-keys-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
        )
        const fixture = {
          keys: {
            a: { value: "a", user_id: "asha", broker: "alpha" },
            b: { value: "b", user_id: "bina", broker: "beta" }
          }
        }
        const feed = new ScriptedFeed(fixture, () => {})
        const context = yield* Layer.build(
          Gateway.layer({ port: 0 }).pipe(
            Layer.provide(
              Layer.mergeAll(OrderUpdates.layer, FrameBus.layer, Layer.succeed(Feed, feed.service))
            ),
            Layer.provideMerge(Store.layer({ dataDir }))
          )
        )
        const keys = Context.get(context, ApiKeys)
        const users = Context.get(context, Users)
        for (const name of ["asha", "bina"]) yield* users.add(name, "zerodha")
        const made = yield* Effect.forEach(["asha", "asha", "bina"], (name) => keys.create(name))
        const url = `ws://127.0.0.1:${Context.get(context, Gateway).port}`
        const [first, second, third] = yield* Effect.forEach(made, ({ key }) =>
          Effect.promise(() => TestClient.login(url, Redacted.value(key)))
        )

        const revoked = yield* run(["keys", "revoke", String(made[0]!.id)], { ALGOWAYS_DATA_DIR: dataDir })
        assert.strictEqual(revoked.code, 0, revoked.err)
        const at = Date.now()
        assert.deepStrictEqual(yield* Effect.promise(() => first!.closed), {
          code: 4403,
          reason: "API key revoked"
        })
        assert.isBelow(Date.now() - at, 1000)
        const alive = yield* Effect.promise(() => second!.ask({ action: "ping" }))
        assert.strictEqual(alive["type"], "pong")
        const again = yield* Effect.promise(() => TestClient.login(url, Redacted.value(made[0]!.key)))
        assert.strictEqual(again.frames[0]?.["code"], "AUTHENTICATION_ERROR")

        yield* users.remove("bina")
        assert.strictEqual((yield* Effect.promise(() => third!.closed)).code, 4403)
        assert.isTrue(second!.frames.length > 0 && second!.socket.readyState === 1)
        yield* Effect.promise(() => second!.close())
      }),
    30_000
  )
})
