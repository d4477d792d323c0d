/** Whether the database opens, is undamaged, and is of this release. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Database from "../../store/database.ts"
import { DATABASE_FILE } from "../../store/index.ts"
import { fail, ok } from "./check.ts"

const WHAT = "database"
const RESTORE = "Restore the data folder from a backup, or name another with --data-dir"

const look = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql.unsafe<{ readonly quick_check: string }>("PRAGMA quick_check(1)")
  if (found?.quick_check !== "ok") {
    return fail(WHAT, `damaged: ${(found?.quick_check ?? "no answer").replaceAll(/\s+/g, " ")}`, RESTORE)
  }
  const [steps] = yield* sql.unsafe<{ readonly n: number }>("SELECT count(*) AS n FROM effect_sql_migrations")
  return ok(WHAT, `opens, undamaged, ${steps!.n} migrations applied`)
})

/** Reads the whole file, on this thread: not for a process that serves ticks. */
export const checkDatabase = (dataDir: string) =>
  look.pipe(
    Effect.provide(Database.layer({ file: join(dataDir, DATABASE_FILE) })),
    Effect.catch((error) => Effect.succeed(fail(WHAT, error.message, RESTORE)))
  )
