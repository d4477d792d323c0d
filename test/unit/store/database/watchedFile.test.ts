/** A database file that is replaced, removed or put back under a process that has it open. */
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { ApiKeys } from "../../../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../../../src/store/credentials/credentials.ts"
import * as Store from "../../../../src/store/index.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { DatabaseState } from "../../../../src/store/database/watchedFile.ts"
import { temporaryFolder } from "../support.ts"

const fileIn = (folder: string) => join(folder, Store.DATABASE_FILE)
const names = Effect.flatMap(Users, (users) => Effect.map(users.list, (all) => all.map(({ name }) => name)))
const add = (name: string) => Effect.flatMap(Users, (users) => users.add(name))

/** Looks until it holds, or dies after ten seconds. */
const until = <E, R>(what: string, holds: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    for (let i = 0; i < 200; i++) {
      if (yield* holds) return
      yield* Effect.sleep("50 millis")
    }
    return yield* Effect.die(new Error(`waited in vain for: ${what}`))
  })

/** A folder with these users, closed again. */
const folderWith = Effect.fnUntraced(function* (...users: ReadonlyArray<string>) {
  const dataDir = yield* temporaryFolder
  yield* Effect.forEach(users, add).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))
  return dataDir
})

const running = <A, E>(dataDir: string, self: Effect.Effect<A, E, Store.Store>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return Effect.map(
    Effect.provide(self, Layer.provideMerge(Store.layer({ dataDir }), Logger.layer([logger])), {
      local: true
    }),
    (result) => ({ result, lines })
  )
}

describe("a database file under a process that has it open", () => {
  it.live("that it has just made is the one that it has", () =>
    Effect.gen(function* () {
      const dataDir = yield* temporaryFolder
      const { lines, result } = yield* running(
        dataDir,
        Effect.flatMap(DatabaseState, ({ generation }) => Effect.map(Effect.sleep("1500 millis"), generation))
      )
      assert.deepStrictEqual([result, lines], [0, []])
    })
  )

  it.live("is followed when another one takes its place, whose own rows hold", () =>
    Effect.gen(function* () {
      const [dataDir, other] = [yield* folderWith("old"), yield* folderWith("new")]
      const { lines } = yield* running(
        dataDir,
        Effect.gen(function* () {
          // In the file beside the database until it is closed, and for the other one a trap.
          for (let i = 0; i < 50; i++) yield* add(`old-${i}`)
          assert.isTrue(existsSync(`${fileIn(dataDir)}-wal`))
          renameSync(fileIn(other), fileIn(dataDir))
          yield* until(
            "the new file",
            Effect.map(names, (all) => all.join() === "new")
          )
          yield* add("later")
          // Keys are written to it, too.
          yield* (yield* ApiKeys).create("later")
          assert.isUndefined((yield* DatabaseState).problem())
        })
      )
      assert.lengthOf(
        lines.filter((line) => line.includes("was replaced by another one, which is used from now on")),
        1
      )
      const db = new DatabaseSync(fileIn(dataDir), { readOnly: true })
      assert.deepStrictEqual(
        db
          .prepare("SELECT name FROM users ORDER BY name")
          .all()
          .map((row) => row["name"]),
        ["later", "new"]
      )
      assert.deepStrictEqual(Object.values(db.prepare("PRAGMA integrity_check").get()!), ["ok"])
      db.close()
    })
  )

  it.live("is missed, and used on while it is missing; nothing is said twice", () =>
    Effect.gen(function* () {
      const dataDir = yield* folderWith("asha")
      const aside = `${fileIn(dataDir)}.aside`
      const { lines } = yield* running(
        dataDir,
        Effect.gen(function* () {
          const { problem } = yield* DatabaseState
          renameSync(fileIn(dataDir), aside)
          yield* until(
            "the problem",
            Effect.sync(() => problem() === "the database file is missing")
          )
          assert.deepStrictEqual(yield* names, ["asha"])
          assert.isFalse(existsSync(fileIn(dataDir)), "none is made")
          yield* Effect.sleep("2500 millis")
          renameSync(aside, fileIn(dataDir))
          yield* until(
            "its end",
            Effect.sync(() => problem() === undefined)
          )
          assert.deepStrictEqual(yield* names, ["asha"])
        })
      )
      const said = lines.filter((line) => line.includes(fileIn(dataDir)))
      assert.lengthOf(said, 2)
      assert.include(said[0], "is missing")
      assert.include(said[1], "is back")
    })
  )

  it.live("that cannot be opened is told, also in each failure, and tried again", () =>
    Effect.gen(function* () {
      const [dataDir, other] = [yield* folderWith("old"), yield* folderWith("new")]
      const junk = join(other, "junk")
      writeFileSync(junk, "this is no database ".repeat(100))
      const { lines } = yield* running(
        dataDir,
        Effect.gen(function* () {
          const { problem } = yield* DatabaseState
          renameSync(junk, fileIn(dataDir))
          yield* until(
            "the problem",
            Effect.sync(() => problem()?.includes("cannot be opened") === true)
          )
          const error = yield* Effect.flip(names)
          assert.match(
            error.message,
            /list users failed: the database file was replaced, and the new one cannot be opened/
          )
          assert.notInclude(error.message, dataDir)
          const copy = join(other, "copy")
          copyFileSync(fileIn(other), copy)
          renameSync(copy, fileIn(dataDir))
          yield* until(
            "the good file",
            Effect.orElseSucceed(
              Effect.map(names, (all) => all.join() === "new"),
              () => false
            )
          )
          assert.isUndefined(problem())
        })
      )
      assert.lengthOf(
        lines.filter((line) => line.includes("is not a database")),
        1
      )
    })
  )

  it.live("tells sessions of every login that the new one has, whatever its numbers", () =>
    Effect.gen(function* () {
      const login = (token: string) =>
        Effect.flatMap(CredentialStore, (store) =>
          store.set("asha", "angel", { authToken: Redacted.make(token) })
        )
      const [dataDir, other] = [yield* folderWith("asha"), yield* folderWith("asha")]
      // The other folder's numbers of changes stay below this one's, as those of a backup do.
      renameSync(join(dataDir, "secret.key"), join(other, "secret.key"))
      copyFileSync(join(other, "secret.key"), join(dataDir, "secret.key"))
      yield* login("from the backup").pipe(Effect.provide(Store.layer({ dataDir: other }), { local: true }))
      yield* running(
        dataDir,
        Effect.gen(function* () {
          const store = yield* CredentialStore
          for (const token of ["1", "2", "3"]) yield* login(token)
          const told: Array<string> = []
          yield* store.changes.pipe(
            Stream.runForEach(({ user }) => Effect.sync(() => told.push(user))),
            Effect.forkChild({ startImmediately: true })
          )
          yield* Effect.sleep("700 millis")
          told.length = 0
          renameSync(fileIn(other), fileIn(dataDir))
          yield* until(
            "the login of the new file",
            Effect.sync(() => told.join() === "asha")
          )
          const stored = yield* store.get("asha", "angel")
          assert.strictEqual(Redacted.value(stored!.credentials.authToken!), "from the backup")
        })
      )
    })
  )

  it.live("is replaced between two transactions, not within one", () =>
    Effect.gen(function* () {
      const [dataDir, other] = [yield* folderWith("old"), yield* folderWith("new")]
      yield* running(
        dataDir,
        Effect.gen(function* () {
          renameSync(fileIn(other), fileIn(dataDir))
          // Writers at every moment of the change: each is whole, in one file or the other.
          let n = 0
          const write = Effect.suspend(() => add(`user-${n++}`))
          yield* until(
            "the new file",
            Effect.andThen(
              write,
              Effect.map(names, (all) => all.includes("new"))
            )
          )
          rmSync(other, { recursive: true })
          assert.include(yield* names, "new")
        })
      )
    })
  )
})
