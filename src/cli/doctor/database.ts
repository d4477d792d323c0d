/** Whether the database opens, is undamaged, and is of this release. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Database from "../../store/database/database.ts"
import { DATABASE_FILE } from "../../store/index.ts"
import { shortageOf } from "../../store/database/diskSpace.ts"
import { attempt } from "../../store/database/sql.ts"
import { fail, ok } from "./check.ts"
import { roomRemedy } from "./machine.ts"

const WHAT = "database"
const RESTORE = "Restore the data folder from a backup, or name another with --data-dir"

const NEWER = "Run the newer release, or restore a backup of the data folder from before the upgrade"

/** What to do about a failure of the store. A backup does not make room. */
export const remedyFor = (error: object, dataDir: string): string =>
  "diskFull" in error && error.diskFull === true
    ? roomRemedy(dataDir)
    : "newerRelease" in error && error.newerRelease === true
      ? NEWER
      : RESTORE

const look = Effect.fnUntraced(function* (dataDir: string) {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql
    .unsafe<{ readonly quick_check: string }>("PRAGMA quick_check(1)")
    .pipe(attempt("check"))
  if (found?.quick_check !== "ok") {
    const shortage = shortageOf(dataDir)
    const damage = `damaged: ${(found?.quick_check ?? "no answer").replaceAll(/\s+/g, " ")}`
    return shortage === undefined
      ? fail(WHAT, damage, RESTORE)
      : fail(WHAT, `${shortage}, and it looks ${damage}`, `${roomRemedy(dataDir)} unless it is damaged still`)
  }
  const [steps] = yield* sql
    .unsafe<{ readonly n: number }>("SELECT count(*) AS n FROM effect_sql_migrations")
    .pipe(attempt("check"))
  return ok(WHAT, `opens, undamaged, ${steps!.n} migrations applied`)
})

/** Reads the whole file, on this thread: not for a process that serves ticks. */
export const checkDatabase = (dataDir: string) =>
  look(dataDir).pipe(
    Effect.provide(Database.layer({ file: join(dataDir, DATABASE_FILE) })),
    Effect.catch((error) => Effect.succeed(fail(WHAT, error.message, remedyFor(error, dataDir))))
  )
