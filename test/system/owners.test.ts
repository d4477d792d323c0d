/** One owner for each user's feed of a data folder. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { claim, owners, ownersText } from "../../src/store/users/owners.ts"
import { start as startFixture, until } from "./fixtures/zmqSupport.ts"
import { until as waitFor } from "./simulatorSupport.ts"
import { freePorts, start, temporaryFolder } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const ready = (what: string, holds: () => boolean) => Effect.promise(() => waitFor(what, holds, 20_000))

describe("a user's feed", () => {
  it.live("has one owner, who is named to others, and none once that one is killed", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const other = yield* startFixture("ownerProcess.ts", [dataDir, "asha", "Asha", "ravi"])
      yield* until("the other process", () => other.lines.includes("holding"))

      const refused = yield* Effect.flip(Effect.scoped(claim(dataDir, "asha", "this test")))
      assert.strictEqual(refused._tag, "OwnedElsewhere")
      for (const part of ["algoways test", "since 20", "asha", "Stop one of the two"]) {
        assert.include(refused.message, part)
      }
      assert.notInclude(refused.message, dataDir)
      assert.deepStrictEqual((yield* owners(dataDir)).map(({ user }) => user).sort(), [
        "Asha",
        "asha",
        "ravi"
      ])
      // Other users are free, and two spellings are two users.
      yield* Effect.scoped(claim(dataDir, "ASHA", "this test"))

      yield* other.kill
      const scope = yield* Scope.make()
      yield* claim(dataDir, "asha", "this test").pipe(Scope.provide(scope))
      // Within one process, too.
      const again = yield* Effect.flip(Effect.scoped(claim(dataDir, "asha", "this test")))
      assert.include(again.message, `process ${process.pid}`)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* owners(dataDir), [])
      assert.isUndefined(ownersText([]))
    })
  )

  it.live("waits a moment for one that is just ending", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const other = yield* startFixture("ownerProcess.ts", [dataDir, "asha"])
      yield* until("the other process", () => other.lines.includes("holding"))
      yield* Effect.forkChild(Effect.delay(other.kill, "300 millis"))
      yield* Effect.scoped(claim(dataDir, "asha", "this test"))
    })
  )
})

describe("two algoways serve on one data folder", () => {
  it.live(
    "do not take the login from each other; the second serves once the first is gone",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const key = "a-demo-key-for-tests-123"
        const serve = Effect.fnUntraced(function* () {
          const [port, simulatorPort] = yield* freePorts(2)
          const running = yield* start(["serve", "--demo"], {
            ALGOWAYS_PORT: String(port),
            ALGOWAYS_SIMULATOR_PORT: String(simulatorPort),
            ALGOWAYS_DATA_DIR: dataDir,
            ALGOWAYS_ZMQ_ENDPOINT: "off",
            ALGOWAYS_DEMO_API_KEY: key
          })
          yield* ready("the banner", () => running.out().includes("Python:"))
          return { running, url: `ws://127.0.0.1:${port}`, status: `http://127.0.0.1:${port}/status` }
        })
        const attach = (url: string) =>
          Effect.acquireRelease(
            Effect.promise(() => TestClient.open(url)),
            (c) => Effect.promise(() => c.close())
          ).pipe(Effect.flatMap((c) => Effect.promise(() => c.ask({ action: "authenticate", api_key: key }))))
        const stateAt = (status: string) =>
          Effect.promise(
            async () =>
              (await (await fetch(status, { headers: { "x-api-key": key } })).json()) as Record<
                string,
                unknown
              >
          )
        const first = yield* serve()
        yield* attach(first.url)
        const second = yield* serve()
        assert.include(second.running.err(), `process ${first.running.pid}`)
        assert.include(second.running.err(), "algoways serve")
        yield* attach(second.url)
        const refused = yield* stateAt(second.status)
        assert.strictEqual(refused["state"], "unavailable")
        assert.include(refused["reason"], `process ${first.running.pid}`)
        assert.notInclude(refused["reason"], dataDir)
        assert.strictEqual((yield* stateAt(first.status))["state"], "connected")

        first.running.signal("SIGKILL")
        yield* Effect.promise(() => first.running.ended)
        yield* attach(second.url)
        assert.strictEqual((yield* stateAt(second.status))["state"], "connected")
      }),
    90_000
  )
})
