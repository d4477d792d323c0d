/** What the doctor looks at on this machine beside ports and database: files, the clock, the calendar. */
import { existsSync } from "node:fs"
import { statfs, stat } from "node:fs/promises"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { Broker } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { send } from "../../kit/http.ts"
import { indiaMinute } from "../../kit/indiaTime.ts"
import type { MarketHours } from "../../market/hours.ts"
import { shortageOf } from "../../store/database/diskSpace.ts"
import { DATABASE_FILE } from "../../store/index.ts"
import { SECRET_SETTING } from "../../store/credentials/masterSecret.ts"
import type { User } from "../../store/users/users.ts"
import type { Check } from "./check.ts"
import { fail, ok, warn } from "./check.ts"

const MOST_SKEW_MS = 30_000
const NOTED_SKEW_MS = 2000
const LEAST_DISK_BYTES = 500 * 1024 * 1024

export const roomRemedy = (dataDir: string): string =>
  `Free some space on the disk of ${dataDir}; do not restore a backup`

const promise = <A>(f: () => Promise<A>) => Effect.tryPromise({ try: f, catch: (cause) => cause })

/** How far this machine's clock is from the broker's, by the Date header of its REST front. Undefined: no answer. */
export const checkClock = Effect.fn("checkClock")(function* (broker: Broker) {
  const what = `clock, by ${broker.title}`
  const source = broker.instrumentMaster.sources[0]?.url
  const url = Object.values(broker.services ?? {})[0] ?? (typeof source === "string" ? source : undefined)
  if (url === undefined || !/^https?:/.test(url))
    return ok(what, "not compared: the broker has no plain HTTP address")
  const before = yield* Clock.currentTimeMillis
  const date = yield* send({ url, method: "HEAD" }).pipe(
    Effect.map(({ headers }) => Date.parse(headers["date"] ?? "")),
    Effect.scoped,
    Effect.timeout(5000),
    Effect.catch(() => Effect.succeed(Number.NaN))
  )
  const after = yield* Clock.currentTimeMillis
  if (!Number.isFinite(date)) return undefined
  // The header counts whole seconds; what lies within them or on the way is no skew.
  const skew = Math.max(0, Math.abs((before + after) / 2 - (date + 500)) - 500 - (after - before) / 2)
  const found = `within ${Math.ceil(skew / 1000)} s`
  if (skew > MOST_SKEW_MS) {
    return fail(what, `${Math.round(skew / 1000)} s off`, "Set the clock by NTP (timedatectl set-ntp true)")
  }
  return skew > NOTED_SKEW_MS
    ? warn(what, `${Math.round(skew / 1000)} s off`, "Set the clock by NTP (timedatectl set-ntp true)")
    : ok(what, found)
})

/** The clocks of all brokers that these users have. What is unreachable has one cause, and is one line. */
export const checkClocks = Effect.fn("checkClocks")(function* (users: ReadonlyArray<User>) {
  const registry = yield* BrokerRegistry
  const checks: Array<Check> = []
  const unanswered: Array<string> = []
  for (const name of new Set(users.flatMap(({ broker }) => broker ?? []))) {
    const loaded = yield* Effect.result(registry.load(name))
    // A simulator's clock says nothing: it is most likely this machine's own.
    if (loaded._tag === "Failure" || loaded.success.broker.simulated === true) continue
    const check = yield* checkClock(loaded.success.broker)
    if (check === undefined) unanswered.push(loaded.success.broker.title)
    else checks.push(check)
  }
  if (unanswered.length > 0) {
    const found = `could not be compared: no answer from ${unanswered.join(", ")}`
    checks.push(warn("clock", found, "Check this machine's connection to the internet"))
  }
  return checks
})

export const checkCalendar = (hours: MarketHours, now: number): Check => {
  const { open, until, why } = hours.at("NSE", now)
  const what = "calendar"
  const next = until === undefined ? "" : ` until ${indiaMinute(until)} IST`
  if (why.includes("has no holidays of")) {
    return warn(what, why, "Put this year's holidays into calendar.json (docs/operations.md)")
  }
  return ok(what, `NSE is ${open ? "open" : "closed"}${next}: ${why}`)
}

export const checkFolder = Effect.fn("checkFolder")(function* (dataDir: string) {
  const checks: Array<Check> = []
  const key = join(dataDir, "secret.key")
  const mode = yield* promise(() => stat(key)).pipe(
    Effect.map((s) => s.mode & 0o777),
    Effect.catch(() => Effect.succeed(undefined))
  )
  const setting = yield* Effect.option(Config.Redacted(SECRET_SETTING))
  if (mode === undefined) {
    const found =
      setting._tag === "Some"
        ? `none: the secret comes from ${SECRET_SETTING}`
        : existsSync(join(dataDir, DATABASE_FILE))
          ? "none: it is made now, unless the database has what only a lost one opens"
          : "none yet: it is made now"
    checks.push(ok("key file", found))
  } else if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    checks.push(fail("key file", `others may read it (mode ${mode.toString(8)})`, `chmod 600 ${key}`))
  } else checks.push(ok("key file", "only its owner may read it"))
  const free = yield* promise(() => statfs(dataDir)).pipe(
    Effect.map(({ bavail, bsize }) => bavail * bsize),
    Effect.catch(() => Effect.succeed(undefined))
  )
  if (free !== undefined) {
    const found = `${Math.round(free / 1024 / 1024)} MB free`
    const shortage = free < LEAST_DISK_BYTES ? shortageOf(dataDir) : undefined
    checks.push(
      shortage !== undefined
        ? fail("disk", shortage, roomRemedy(dataDir))
        : free < LEAST_DISK_BYTES
          ? warn("disk", found, `Make room on the disk of ${dataDir}`)
          : ok("disk", found)
    )
  }
  return checks
})
