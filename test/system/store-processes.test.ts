import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { raw, temporaryFolder } from "../unit/store/support.ts"

const script = fileURLToPath(new URL("storeWorker.ts", import.meta.url))

interface Done {
  readonly user: string
  readonly key: string
  readonly last?: string
  readonly failed?: string
}

interface Worker {
  /** Lets it begin, and waits for what it did. */
  readonly go: Effect.Effect<Done>
}

/** A process that has loaded everything and waits for its sign. */
const worker = (dataDir: string, user: string, writes: number): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const { ALGOWAYS_SECRET: _, ...env } = process.env
        return spawn(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", script, dataDir, user, String(writes)],
          {
            stdio: ["pipe", "pipe", "inherit"],
            env
          }
        )
      }),
      (process) => Effect.sync(() => process.kill("SIGKILL"))
    )
    const lines = createInterface({ input: child.stdout })
    yield* Effect.promise(() => once(lines, "line"))
    return {
      go: Effect.promise(async () => {
        const answer = once(lines, "line")
        child.stdin.write("go\n")
        return JSON.parse(String((await answer)[0])) as Done
      })
    }
  })

const together = (workers: ReadonlyArray<Worker>) =>
  Effect.all(
    workers.map((w) => w.go),
    { concurrency: "unbounded" }
  )

describe("processes that share a data folder", () => {
  it.live(
    "start together on an empty folder, and agree on tables and secret",
    () =>
      Effect.gen(function* () {
        for (let round = 0; round < 3; round++) {
          const dataDir = yield* temporaryFolder
          const names = ["asha", "ravi", "meena"]
          const workers = yield* Effect.forEach(names, (name) => worker(dataDir, name, 1), { concurrency: 3 })
          const done = yield* together(workers)
          assert.deepStrictEqual(
            done.map(({ failed }) => failed),
            [undefined, undefined, undefined]
          )
          // One secret: the keys of every process are those of this one too, and so are the credentials.
          yield* Effect.gen(function* () {
            const keys = yield* ApiKeys
            const credentials = yield* CredentialStore
            for (const { key, user } of done) {
              assert.strictEqual(yield* keys.verify(key), user)
              const stored = yield* credentials.get(user, "angel")
              assert.strictEqual(Redacted.value(stored!.credentials.authToken!), `${user} 1`)
            }
          }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))
          assert.deepStrictEqual(
            readdirSync(dataDir).filter((name) => name.startsWith("secret")),
            ["secret.key"]
          )
        }
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "write at the same time and lose nothing",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const writes = 150
        const names = ["asha", "ravi"]
        const workers = yield* Effect.forEach(names, (name) => worker(dataDir, name, writes), {
          concurrency: 2
        })
        const done = yield* together(workers)
        assert.deepStrictEqual(
          done.map(({ failed, last }) => failed ?? last),
          names.map((name) => `${name} ${writes}`)
        )
        const file = `${dataDir}/${Store.DATABASE_FILE}`
        const sequence = raw(file, (db) =>
          db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'login_changes'").get()
        )
        assert.strictEqual(sequence?.["seq"], names.length * writes, "every write of both has its own number")
        yield* Effect.gen(function* () {
          assert.deepStrictEqual(
            (yield* (yield* Users).list).map((user) => user.name),
            names
          )
        }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "learn of each other's changes of credentials",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        yield* Effect.gen(function* () {
          const store = yield* CredentialStore
          const other = yield* worker(dataDir, "asha", 1)
          const next = yield* store.changes.pipe(
            Stream.take(1),
            Stream.runCollect,
            Effect.forkChild({ startImmediately: true })
          )
          const done = yield* other.go
          assert.isUndefined(done.failed)
          assert.deepStrictEqual(yield* Fiber.join(next), [{ user: "asha", broker: "angel" }])
          const stored = yield* store.get("asha", "angel")
          assert.strictEqual(Redacted.value(stored!.credentials.authToken!), "asha 1")
        }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))
      }).pipe(Effect.scoped),
    60_000
  )
})
