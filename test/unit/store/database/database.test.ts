import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as SqlClient from "effect/sql/SqlClient"
import * as TestClock from "effect/testing/TestClock"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Database from "../../../../src/store/database/database.ts"
import { attempt, databaseFailed, writeTransaction } from "../../../../src/store/database/sql.ts"
import { raw, temporaryFolder } from "../support.ts"

const using = <A, E>(file: string, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, use).pipe(Effect.provide(Database.layer({ file }), { local: true }))

const pragma = (sql: SqlClient.SqlClient, name: string) =>
  Effect.map(sql.unsafe<Record<string, unknown>>(`PRAGMA ${name}`), (rows) => Object.values(rows[0]!)[0])

/** Permissions do not bind root, who runs the tests in a container: be nobody for a while. */
const unprivileged = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  process.getuid?.() === 0
    ? Effect.acquireUseRelease(
        Effect.sync(() => process.seteuid?.(65_534)),
        () => effect,
        () => Effect.sync(() => process.seteuid?.(0))
      )
    : effect

const modeOf = (path: string) => statSync(path).mode & 0o777

describe("the database", () => {
  it.effect("makes its folder and files for their owner only, whatever the umask", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporaryFolder, "deep", "data")
      const file = join(folder, "test.db")
      const before = process.umask(0)
      yield* using(file, (sql) =>
        Effect.gen(function* () {
          yield* sql`INSERT INTO users (name, created_at) VALUES ('asha', 1)`
          assert.strictEqual(modeOf(folder), 0o700)
          for (const part of [file, `${file}-wal`, `${file}-shm`])
            assert.strictEqual(modeOf(part), 0o600, part)
        })
      ).pipe(Effect.ensuring(Effect.sync(() => process.umask(before))))
    })
  )

  it.effect("takes the permissions of others from a file that had them", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      writeFileSync(file, "")
      chmodSync(file, 0o664)
      yield* using(file, () => Effect.void)
      assert.strictEqual(modeOf(file), 0o600)
    })
  )

  it.effect("runs with WAL, a busy timeout and foreign keys", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* pragma(sql, "journal_mode"), "wal")
          assert.strictEqual(yield* pragma(sql, "busy_timeout"), 5000)
          assert.strictEqual(yield* pragma(sql, "synchronous"), 2)
          assert.strictEqual(yield* pragma(sql, "foreign_keys"), 1)
        })
      )
    })
  )

  it.effect("keeps its rows, and migrates once", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      const steps = (sql: SqlClient.SqlClient) =>
        sql`SELECT migration_id, created_at FROM effect_sql_migrations`
      const [first] = yield* using(file, (sql) =>
        Effect.all([steps(sql), sql`INSERT INTO users (name, created_at) VALUES ('asha', 1)`])
      )
      const [names, again] = yield* using(file, (sql) =>
        Effect.all([sql`SELECT name FROM users`, steps(sql)])
      )
      assert.deepStrictEqual(
        names.map((row) => ({ ...row })),
        [{ name: "asha" }]
      )
      assert.isAtLeast(first.length, 4)
      assert.deepStrictEqual(again, first)
    })
  )

  it.effect("says what to do when it cannot be opened", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const text = join(folder, "text.db")
      writeFileSync(text, "this is no database ".repeat(100))
      const taken = join(folder, "folder.db")
      mkdirSync(taken)
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [text, /the file is not a database; move it away, or choose another data folder/],
        [taken, /is a folder; choose another file/],
        [join(text, "below", "a.db"), /is not a folder; choose another data folder/]
      ]
      for (const [file, message] of cases) {
        const error = yield* Effect.flip(using(file, () => Effect.void))
        assert.strictEqual(error._tag, "DatabaseFailed")
        assert.match(error.message, /^Database: open failed: /)
        assert.match(error.message, message)
      }
    })
  )

  it.effect("of a newer release is left alone, and what to do is said", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) => sql`INSERT INTO users (name, created_at) VALUES ('asha', 1)`)
      raw(file, (db) => {
        db.exec(
          "INSERT INTO effect_sql_migrations (migration_id, name) VALUES (9999, 'of_tomorrow'); CREATE TABLE tomorrow (x)"
        )
      })
      const error = yield* Effect.flip(using(file, () => Effect.void))
      assert.strictEqual(error._tag, "DatabaseFailed")
      assert.match(
        error.message,
        /newer release .*step 9999, and this release knows \d+.*Run that release.*backup/
      )
      assert.isTrue(error.newerRelease)
    })
  )

  it.effect("says so when the folder is not writable", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      chmodSync(folder, 0o500)
      const error = yield* Effect.flip(using(join(folder, "a.db"), () => Effect.void)).pipe(unprivileged)
      assert.match(error.message, /no permission for .*make the data folder writable/)
    })
  )

  it.effect("reports a damaged file", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) => sql`INSERT INTO users (name, created_at) VALUES ('asha', 1)`)
      raw(file, (db) => db.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
      const root = raw(file, (db) =>
        db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'users'").get()
      )
      const bytes = readFileSync(file)
      const page = (Number(root?.["rootpage"]) - 1) * 4096
      bytes.fill(0xff, page, page + 4096)
      writeFileSync(file, bytes)
      const error = yield* Effect.flip(
        using(file, (sql) => sql`SELECT * FROM users`.pipe(attempt("list users")))
      )
      assert.match(
        error.message,
        /^Database: list users failed: the file is damaged; restore it from a backup/
      )
    })
  )
})

describe("a database that another process brings up to date", () => {
  /** What is logged, and what is done when a line comes. */
  const onLine = (lines: Array<string>, act: (line: string) => void) =>
    Logger.layer([
      Logger.make(({ message }) => {
        const line = String(message)
        lines.push(line)
        act(line)
      })
    ])

  it.live("is waited for, with a line in the log", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, () => Effect.void)
      const other = new DatabaseSync(file)
      yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
      other.exec("DELETE FROM effect_sql_migrations WHERE migration_id > 5; BEGIN IMMEDIATE")
      const lines: Array<string> = []
      const steps = yield* using(file, (sql) =>
        Effect.all([
          sql`SELECT max(migration_id) AS id FROM effect_sql_migrations`,
          pragma(sql, "busy_timeout")
        ])
      ).pipe(
        Effect.provide(
          onLine(lines, (line) => {
            if (!line.includes("waiting")) return
            other.exec(
              "INSERT INTO effect_sql_migrations (migration_id, name) VALUES (6, 'api_key_resume'); COMMIT"
            )
          })
        )
      )
      assert.deepStrictEqual(lines, ["another process brings the database up to date; waiting"])
      assert.deepStrictEqual({ ...steps[0][0] }, { id: 6 })
      assert.strictEqual(steps[1], 5000)
    })
  )

  it.live("is opened while another process writes, where there is nothing to do", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, () => Effect.void)
      const other = new DatabaseSync(file)
      yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
      other.exec("BEGIN IMMEDIATE")
      const lines: Array<string> = []
      const users = yield* using(file, (sql) => sql`SELECT * FROM users`).pipe(
        Effect.provide(onLine(lines, () => undefined))
      )
      assert.deepStrictEqual([users, lines], [[], []])
    })
  )

  it.effect("is given up after five minutes, with what to do; other failures are told at once", () =>
    Effect.gen(function* () {
      const failure = (errcode: number) => Object.assign(new Error("locked"), { errcode, errstr: "locked" })
      let tries = 0
      const locked = Effect.suspend(() => {
        tries++
        return Effect.fail(failure(5))
      })
      const waiting = yield* Effect.forkChild(Effect.flip(Database.whileOthersMigrate(locked)), {
        startImmediately: true
      })
      yield* TestClock.adjust("4 minutes")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      const error = yield* Fiber.join(waiting)
      assert.match(error.message, /more than 5 minutes; wait for that process, or stop it, and start again/)
      assert.isAbove(tries, 1000)
      const full = failure(13)
      assert.strictEqual(yield* Effect.flip(Database.whileOthersMigrate(Effect.fail(full))), full)
    })
  )
})

describe("failures of statements", () => {
  it.effect("a full disk is told as such, and the transaction leaves nothing behind", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) =>
        Effect.gen(function* () {
          const pages = Number(yield* pragma(sql, "page_count"))
          yield* sql.unsafe(`PRAGMA max_page_count = ${pages + 2}`)
          const fill = sql`INSERT INTO users (name, created_at) VALUES ('a', 1)`.pipe(
            Effect.andThen(sql`UPDATE users SET broker = ${"x".repeat(1_000_000)}`),
            writeTransaction(sql, "fill")
          )
          const error = yield* Effect.flip(fill)
          assert.strictEqual(
            error.message,
            "Database: fill failed: the disk is full; free some space and try again"
          )
          assert.deepStrictEqual(yield* sql`SELECT * FROM users`, [])
          yield* sql.unsafe(`PRAGMA max_page_count = ${pages + 10_000}`)
          yield* fill
          assert.strictEqual((yield* sql`SELECT name FROM users`).length, 1)
        })
      )
    })
  )

  it("by which a full disk is told from a failing one", () => {
    const failed = (errcode: number) =>
      databaseFailed(
        "write",
        Object.assign(new Error("disk I/O error"), { errcode, errstr: "disk I/O error" })
      )
    // SHMSIZE, WRITE and TRUNCATE: what makes a file longer or shorter.
    for (const code of [4874, 778, 1546, 13]) {
      const { diskFull, message } = failed(code)
      assert.isTrue(diskFull, String(code))
      assert.match(message, /^Database: write failed: the disk is full/)
      assert.include(message, "free some space and try again")
    }
    // READ, SHORT_READ, a file that is not to be opened, a damaged one: there is room in no database's folder here, nor none.
    for (const code of [266, 522, 14, 11, 26]) assert.isUndefined(failed(code).diskFull, String(code))
    assert.include(failed(266).message, "the disk reported an error while reading or writing; check the disk")
  })

  it.effect("hold no values", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) =>
        Effect.gen(function* () {
          const insert = (name: unknown, at: unknown) =>
            sql`INSERT INTO users (name, created_at) VALUES (${name as string}, ${at as number})`.pipe(
              attempt("add")
            )
          yield* insert("hush-hush", 1)
          const twice = yield* Effect.flip(insert("hush-hush", 2))
          assert.strictEqual(twice.message, "Database: add failed: UNIQUE constraint failed: users.name")
          const wrongType = yield* Effect.flip(insert("someone", "hush-hush"))
          assert.match(wrongType.message, /cannot store TEXT value in INTEGER column users.created_at/)
          assert.notInclude(wrongType.message, "hush-hush")
          const syntax = yield* Effect.flip(sql.unsafe("SELEC 'hush-hush'").pipe(attempt("read")))
          assert.strictEqual(syntax.message, "Database: read failed: SQL logic error (SQLite code 1)")
        })
      )
    })
  )

  it.effect("a database that stays locked is told after the timeout", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "test.db")
      yield* using(file, (sql) =>
        Effect.gen(function* () {
          yield* sql.unsafe("PRAGMA busy_timeout = 20")
          const error = yield* raw(file, (db) => {
            db.exec("BEGIN IMMEDIATE")
            return Effect.runSyncExit(
              Effect.flip(sql`INSERT INTO users (name, created_at) VALUES ('a', 1)`.pipe(attempt("add user")))
            )
          })
          assert.match(error.message, /^Database: add user failed: another process kept the database locked/)
          yield* sql`INSERT INTO users (name, created_at) VALUES ('a', 1)`
        })
      )
    })
  )

  it.effect("defects that are not the database's stay defects", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.die(new Error("a bug")).pipe(attempt("add")))
      assert.match(String(exit), /a bug/)
      assert.notMatch(String(exit), /DatabaseFailed/)
    })
  )

  it.effect("in memory everything works without a file", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO users (name, created_at) VALUES ('asha', 1)`
      assert.strictEqual((yield* sql`SELECT * FROM users`).length, 1)
      assert.isFalse(existsSync(":memory:"))
    }).pipe(Effect.provide(Database.layerMemory))
  )
})
