/**
 * Processes that are killed while they write, and power cuts: whatever was reported as committed is there afterwards.
 *
 * - A kill takes the process and leaves what it had handed to the system.
 * - A power cut takes what was not yet made durable. The database syncs its log with every commit (`synchronous = FULL`),
 *   so all up to the last commit is there, and behind it may lie anything: a part of a frame, noise.
 * - A disk that lies about it loses the log from anywhere on. Then the newest commits are gone, none of them by half, and
 *   none that an older one outlived.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../src/store/users/apiKeys.ts"
import { CredentialStore } from "../src/store/credentials/credentials.ts"
import * as Store from "../src/store/index.ts"
import { Instruments } from "../src/store/instruments/instruments.ts"
import { Users } from "../src/store/users/users.ts"
import type { Chance } from "./chance.ts"
import { chanceOf } from "./chance.ts"
import { readWal } from "./wal.ts"

export type Committed =
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "key"; readonly user: string; readonly key: string }
  | { readonly kind: "credentials"; readonly user: string; readonly authToken: string }
  | { readonly kind: "broker"; readonly user: string; readonly broker: string }
  | { readonly kind: "instruments"; readonly broker: string; readonly count: number }

export interface CrashCounts {
  readonly kills: number
  /** Moments at which the power went. */
  readonly cuts: number
  /** Ways in which the log was torn at each of them. */
  readonly tears: number
}

export const longCrashes: CrashCounts = { kills: 25, cuts: 8, tears: 25 }
export const shortCrashes: CrashCounts = { kills: 2, cuts: 1, tears: 6 }

export interface Crashes {
  readonly kills: number
  readonly cuts: number
  readonly tears: number
  /** Items that were reported, and looked for. */
  readonly committed: number
  readonly violations: ReadonlyArray<string>
}

const WORKER = fileURLToPath(new URL("crashWorker.ts", import.meta.url))
const FILES = [Store.DATABASE_FILE, `${Store.DATABASE_FILE}-wal`, `${Store.DATABASE_FILE}-shm`, "secret.key"]
const [DATABASE, WAL, SHM] = FILES as [string, string, string, string]
const STARTED_WITHIN_MS = 20_000

/** A process that writes, with what it has reported so far. */
const startWriter = (dataDir: string, prefix: string) => {
  const { ALGOWAYS_SECRET: _, ...env } = process.env
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WORKER, dataDir, prefix], {
    stdio: ["ignore", "pipe", "pipe"],
    env
  })
  let text = ""
  let errors = ""
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more))
  child.stderr.setEncoding("utf8").on("data", (more: string) => (errors += more))
  const ended = once(child, "close")
  // What is cut off was not reported.
  const committed = (): ReadonlyArray<Committed> =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Committed)
  return {
    signal: (name: NodeJS.Signals) => child.kill(name),
    committed,
    ended,
    reported: async (count: number) => {
      const until = Date.now() + STARTED_WITHIN_MS
      while (text.split("\n").length <= count) {
        if (child.exitCode !== null || Date.now() > until)
          throw new Error(
            `the writer reported ${committed().length} commits and ${count} were waited for. ${errors}`
          )
        await sleep(1)
      }
    }
  }
}

/** Lets everything arrive that the stopped process had written. */
const drained = async (committed: () => ReadonlyArray<Committed>): Promise<ReadonlyArray<Committed>> => {
  for (let seen = -1; seen !== committed().length; await sleep(20)) seen = committed().length
  return committed()
}

const integrity = (dataDir: string): ReadonlyArray<string> => {
  const database = new DatabaseSync(join(dataDir, DATABASE))
  try {
    const rows = [
      ...database.prepare("PRAGMA integrity_check").all(),
      ...database.prepare("PRAGMA foreign_key_check").all()
    ]
    const bad = rows.map((row) => JSON.stringify(row)).filter((row) => row !== '{"integrity_check":"ok"}')
    return bad.length === 0 ? [] : [`the database is damaged: ${bad.slice(0, 3).join(", ")}`]
  } finally {
    database.close()
  }
}

/** Those that are not there as they were reported. Opened as the next start of the service would. */
const missingOf = (dataDir: string, committed: ReadonlyArray<Committed>) =>
  Effect.gen(function* () {
    const users = yield* Users
    const keys = yield* ApiKeys
    const credentials = yield* CredentialStore
    const table = yield* Instruments
    const listed = new Map((yield* users.list).map((user) => [user.name, user]))
    const missing: Array<Committed> = []
    // The newest import of a broker stands for all before it.
    const imports = new Map(committed.flatMap((c) => (c.kind === "instruments" ? [[c.broker, c.count]] : [])))
    for (const item of committed) {
      const there = yield* Effect.gen(function* () {
        switch (item.kind) {
          case "user":
            return listed.has(item.user)
          case "key":
            return (yield* keys.verify(item.key)) === item.user
          case "credentials": {
            const stored = yield* credentials.get(item.user, "angel")
            const { apiKey, authToken } = stored?.credentials ?? {}
            return (
              authToken !== undefined &&
              Redacted.value(authToken) === item.authToken &&
              apiKey !== undefined &&
              Redacted.value(apiKey) === item.user
            )
          }
          case "broker":
            return listed.get(item.user)?.broker === item.broker
          case "instruments":
            // Later ones are larger, and one that was not reported any more may be there.
            return imports.get(item.broker) !== item.count || (yield* table.count(item.broker)) >= item.count
        }
      })
      if (!there) missing.push(item)
    }
    return missing
  }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }))

const opened = async (
  dataDir: string,
  committed: ReadonlyArray<Committed>
): Promise<{ readonly missing: ReadonlyArray<Committed>; readonly wrong: ReadonlyArray<string> }> => {
  const exit = await Effect.runPromiseExit(missingOf(dataDir, committed))
  if (exit._tag === "Failure")
    return { missing: committed, wrong: [`it does not open: ${String(exit.cause)}`] }
  return { missing: exit.value, wrong: integrity(dataDir) }
}

const lost = (missing: ReadonlyArray<Committed>): ReadonlyArray<string> =>
  missing.length === 0
    ? []
    : [`${missing.length} committed items are lost, the first one: ${JSON.stringify(missing[0])}`]

/** Killed again and again over one folder, as a service that is restarted each time. */
const kill = async (root: string, chance: Chance, count: number) => {
  const dataDir = join(root, "killed")
  const all: Array<Committed> = []
  const violations: Array<string> = []
  for (let n = 0; n < count; n++) {
    const writer = startWriter(dataDir, `p${n}`)
    const commits = chance.between(1, 150)
    await writer.reported(commits)
    await sleep(chance.between(0, 15))
    writer.signal("SIGKILL")
    await writer.ended
    all.push(...writer.committed())
    const { missing, wrong } = await opened(dataDir, all)
    violations.push(
      ...[...wrong, ...lost(missing)].map((w) => `kill ${n + 1}, after ${commits} commits: ${w}`)
    )
  }
  return { violations, committed: all.length }
}

/** What may lie behind the last commit: nothing, the beginning of a frame that was, or noise. */
const tornTail = (log: Buffer, end: number, chance: Chance): Buffer => {
  const rest = log.subarray(end)
  const kept = rest.subarray(0, chance.between(0, rest.length))
  const noise = Buffer.from(
    Array.from({ length: chance.pick([0, 1, 24, 500, 4120, 9000]) }, () => chance.between(0, 255))
  )
  return Buffer.concat([log.subarray(0, end), kept, noise])
}

const tear = async (
  from: string,
  root: string,
  committed: ReadonlyArray<Committed>,
  chance: Chance,
  count: number
): Promise<ReadonlyArray<string>> => {
  const log = existsSync(join(from, WAL)) ? readFileSync(join(from, WAL)) : Buffer.alloc(0)
  const shm = existsSync(join(from, SHM)) ? readFileSync(join(from, SHM)) : undefined
  const { commits, safe } = readWal(log, shm)
  const end = commits.at(-1) ?? Math.min(log.length, 32)
  const violations: Array<string> = []
  for (let n = 0; n < count; n++) {
    const dataDir = join(root, `torn-${n}`)
    mkdirSync(dataDir, { mode: 0o700 })
    // The wal-index is memory; after a power cut there is none.
    for (const file of [DATABASE, "secret.key"]) copyFileSync(join(from, file), join(dataDir, file))
    const atTail = n % 2 === 0 || end <= safe
    const cut = atTail ? end : chance.between(safe, end)
    writeFileSync(join(dataDir, WAL), atTail ? tornTail(log, end, chance) : log.subarray(0, cut), {
      mode: 0o600
    })
    const gone = commits.filter((at) => at > cut).length
    // One more may have been committed than was reported, and stand for one that was.
    const kept = Math.max(0, committed.length - gone)
    const { missing, wrong } = await opened(dataDir, committed.slice(0, kept))
    const later = committed.slice(kept + 1).filter((item) => item.kind !== "instruments")
    const outlived = later.length - (await opened(dataDir, later)).missing.length
    const found = [...wrong, ...lost(missing)]
    if (outlived > 0) found.push(`${outlived} commits are there that are newer than one that is gone`)
    violations.push(
      ...found.map(
        (w) =>
          `${atTail ? "a torn tail" : `the log cut at byte ${cut} of ${log.length}, ${gone} commits gone`}: ${w}`
      )
    )
    rmSync(dataDir, { recursive: true, force: true })
  }
  return violations
}

/** The power goes: the process stops where it is, and the files are taken as they are then. */
const cutPower = async (root: string, chance: Chance, cuts: number, tears: number) => {
  const violations: Array<string> = []
  let total = 0
  for (let n = 0; n < cuts; n++) {
    const dataDir = join(root, `cut-${n}`)
    const copy = join(root, `copy-${n}`)
    const writer = startWriter(dataDir, `c${n}`)
    const commits = chance.between(1, 400)
    await writer.reported(commits)
    await sleep(chance.between(0, 15))
    writer.signal("SIGSTOP")
    const committed = await drained(writer.committed)
    mkdirSync(copy, { mode: 0o700 })
    for (const file of FILES)
      if (existsSync(join(dataDir, file))) copyFileSync(join(dataDir, file), join(copy, file))
    writer.signal("SIGKILL")
    await writer.ended
    total += committed.length
    const found = await tear(copy, root, committed, chance, tears)
    violations.push(...found.map((w) => `power cut ${n + 1}, after ${committed.length} commits: ${w}`))
  }
  return { violations, committed: total }
}

export const runCrashes = async (
  seed: number,
  { cuts, kills, tears }: CrashCounts,
  progress: (step: string) => void
): Promise<Crashes> => {
  const root = mkdtempSync(join(tmpdir(), "algoways-chaos-"))
  try {
    progress(`${kills} kills`)
    const killed = await kill(root, chanceOf(seed, 1_000_001), kills)
    progress(`${cuts} power cuts`)
    const cut = await cutPower(root, chanceOf(seed, 1_000_002), cuts, tears)
    return {
      kills,
      cuts,
      tears: cuts * tears,
      committed: killed.committed + cut.committed,
      violations: [...killed.violations, ...cut.violations]
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
