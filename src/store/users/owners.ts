/**
 * One process at a time runs a user's feed from a data folder: a second login of the same user ends the first at most
 * brokers, and the two would take turns for ever.
 *
 * The lock is SQLite's on an empty database of its own, `owners/USER.lock`: the system takes it away with its process,
 * however that ends, so there is nothing stale to clean up. Who holds it stands beside it, in words.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { indiaTime } from "../../kit/indiaTime.ts"
import type { DatabaseFailed } from "../errors.ts"
import { databaseFailed, resultCode } from "../database/sql.ts"

const Owner = Schema.Struct({
  user: Schema.String,
  pid: Schema.Int,
  command: Schema.String,
  /** Epoch milliseconds. */
  since: Schema.Finite
})
export type Owner = typeof Owner.Type
const ownerOf = Schema.decodeUnknownOption(Schema.fromJsonString(Owner))

const inWords = (owner: Owner | undefined): string =>
  owner === undefined
    ? "another process"
    : `another process (${owner.command}, process ${owner.pid}, since ${indiaTime(owner.since)} IST)`

/** Another process runs the user's feed. Clients read this. */
export class OwnedElsewhere extends Schema.TaggedError<OwnedElsewhere>()("OwnedElsewhere", {
  user: Schema.String,
  owner: Schema.UndefinedOr(Owner)
}) {
  override get message() {
    return `${inWords(this.owner)} runs the feed of user ${this.user} from this data folder, and a second login would end the first. Stop one of the two, or give this one a data folder and users of its own`
  }
}

const BUSY = 5
/** A session that ends gives its lock back a moment later. */
const patience = Schedule.spaced("50 millis").pipe(Schedule.upTo({ duration: "1 second" }))

/** Where names differ in case alone, some disks see one. */
const fileOf = (user: string): string => user.replaceAll(/[A-Z]/g, (letter) => `~${letter.toLowerCase()}`)
const folderOf = (dataDir: string): string => join(dataDir, "owners")
const LOCK = ".lock"

/** Locks of this process. One that nothing refers to would be closed by the garbage collector. */
const locks = new Set<DatabaseSync>()

/** The open lock, or undefined when another one has it. Throws what SQLite throws. */
const take = (file: string): DatabaseSync | undefined => {
  const lock = new DatabaseSync(file)
  try {
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    return lock
  } catch (cause) {
    lock.close()
    if (resultCode(cause) === BUSY) return undefined
    throw cause
  }
}

const readOwner = (base: string): Owner | undefined => {
  try {
    return Option.getOrUndefined(ownerOf(readFileSync(`${base}.json`, "utf8")))
  } catch {
    return undefined
  }
}

/**
 * Holds the user's feed until the scope closes.
 *
 * @param command what this process is, for whoever is refused
 */
export const claim = Effect.fnUntraced(function* (
  dataDir: string,
  user: string,
  command: string
): Effect.fn.Return<void, OwnedElsewhere | DatabaseFailed, Scope.Scope> {
  const base = join(folderOf(dataDir), fileOf(user))
  const attempt = Effect.try({
    try: () => {
      mkdirSync(folderOf(dataDir), { recursive: true, mode: 0o700 })
      const lock = take(`${base}${LOCK}`)
      if (lock === undefined) throw new OwnedElsewhere({ user, owner: readOwner(base) })
      try {
        const owner: Owner = { user, pid: process.pid, command, since: Date.now() }
        writeFileSync(`${base}.json`, JSON.stringify(owner), { mode: 0o600 })
      } catch {
        // It only words a refusal: a full disk is no reason to run no feed.
      }
      return lock
    },
    catch: (cause) => (cause instanceof OwnedElsewhere ? cause : databaseFailed("lock a user's feed", cause))
  }).pipe(Effect.retry({ while: (error) => error._tag === "OwnedElsewhere", schedule: patience }))
  yield* Effect.acquireRelease(
    Effect.tap(attempt, (lock) => Effect.sync(() => locks.add(lock))),
    (lock) =>
      Effect.sync(() => {
        locks.delete(lock)
        lock.close()
      })
  )
})

/** The owners of the feeds that processes run from this folder now. Includes the feeds of this process. */
export const owners = (dataDir: string): Effect.Effect<ReadonlyArray<Owner>> =>
  Effect.sync(() => {
    const held: Array<Owner> = []
    const folder = folderOf(dataDir)
    let names: ReadonlyArray<string> = []
    try {
      names = readdirSync(folder).filter((name) => name.endsWith(LOCK))
    } catch {
      // Nobody has run a feed from here.
    }
    for (const name of names) {
      try {
        const lock = take(join(folder, name))
        if (lock !== undefined) {
          lock.close()
          continue
        }
      } catch {
        continue
      }
      const owner = readOwner(join(folder, name.slice(0, -LOCK.length)))
      if (owner !== undefined) held.push(owner)
    }
    return held
  })

/** The owners as a sentence for a log; undefined when there are none. */
export const ownersText = (held: ReadonlyArray<Owner>): string | undefined => {
  if (held.length === 0) return undefined
  const byProcess = Map.groupBy(held, (owner) => owner.pid)
  const parts = [...byProcess.values()].map(
    (mine) => `${inWords(mine[0])} runs the feed of ${mine.map(({ user }) => user).join(", ")}`
  )
  return parts.join("; ")
}
