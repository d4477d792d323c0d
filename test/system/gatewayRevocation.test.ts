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
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { ScriptedFeed } from "../../src/gateway/conformance/scriptedFeed.ts"
import { run } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

/** More than the test sends: what a client does not read stays in its socket. */
const ROOM = 256 * 1024 * 1024

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
          known_depth_levels: [5, 20],
          depth_levels: { NSE: [5, 20] },
          keys: {
            a: { value: "a", user_id: "asha", broker: "alpha" },
            b: { value: "b", user_id: "bina", broker: "beta" }
          }
        }
        let publish: FrameBus["Service"]["publish"] = () => {}
        const feed = new ScriptedFeed(fixture, (frames) => publish(frames))
        const context = yield* Layer.build(
          Gateway.layer({ port: 0, slowMarkBytes: ROOM, maxBackpressureBytes: ROOM }).pipe(
            Layer.provide(Layer.mergeAll(OrderUpdates.layer, Layer.succeed(Feed, feed.service))),
            Layer.provideMerge(Layer.mergeAll(FrameBus.layer, Store.layer({ dataDir })))
          )
        )
        publish = Context.get(context, FrameBus).publish
        const keys = Context.get(context, ApiKeys)
        const users = Context.get(context, Users)
        for (const name of ["asha", "bina"]) yield* users.add(name, "zerodha")
        const made = yield* Effect.forEach(["asha", "asha", "bina", "asha"], (name) => keys.create(name))
        const url = `ws://127.0.0.1:${Context.get(context, Gateway).port}`
        const [first, second, third] = yield* Effect.forEach(made.slice(0, 3), ({ key }) =>
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

        // One that does not read would have all that waits for it first, were it closed with a handshake.
        const stuck = yield* Effect.promise(() => TestClient.login(url, Redacted.value(made[3]!.key)))
        yield* Effect.promise(() => stuck.subscribe("RELIANCE", "NSE", 3, { depth: 20 }))
        stuck.socket.pause()
        const levels = Array.from({ length: 20 }, () => ({ price: 1, quantity: 1, orders: 1 }))
        const data = { ltp: 1, timestamp: 1764040501250, depth: { buy: levels, sell: levels } }
        for (let i = 0; i < 10_000; i++)
          feed.tick({ symbol: "RELIANCE", exchange: "NSE", level: "DEPTH", data })
        yield* keys.revoke(made[3]!.id)
        const { stats } = Context.get(context, Gateway)
        const { clients } = stats()
        while (stats().clients === clients) yield* Effect.sleep("20 millis")
        stuck.socket.resume()
        assert.strictEqual((yield* Effect.promise(() => stuck.closed)).code, 1006)

        yield* users.remove("bina")
        assert.strictEqual((yield* Effect.promise(() => third!.closed)).code, 4403)
        assert.isTrue(second!.frames.length > 0 && second!.socket.readyState === 1)
        yield* Effect.promise(() => second!.close())
      }),
    30_000
  )
})
