/** `algoways doctor`: everything that must be right before the market opens, a line each with the remedy. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { FrameBus } from "../../bus/frameBus.ts"
import type { MarketHours } from "../../market/hours.ts"
import { alwaysOpen } from "../../market/hours.ts"
import { Transport } from "../../session/transport/transport.ts"
import { Hours } from "../../session/references.ts"
import { shortageOf } from "../../store/database/diskSpace.ts"
import * as Store from "../../store/index.ts"
import { owners, ownersText } from "../../store/users/owners.ts"
import { Users } from "../../store/users/users.ts"
import { loadCalendar } from "../service/calendar.ts"
import { isDataFolder } from "../dataFolder.ts"
import {
  DEMO_USER,
  demoFolderOf,
  isDemoFolder,
  leftoverFound,
  leftoverRemedy,
  usersIn
} from "../demo/demoFolder.ts"
import type { FolderUsers } from "../demo/demoFolder.ts"
import { checkAccount } from "../doctor/accounts.ts"
import { checkCertificate } from "../doctor/certificate.ts"
import type { Check } from "../doctor/check.ts"
import { fail, line, ok, warn, withoutRepeats } from "../doctor/check.ts"
import { checkDatabase, remedyFor } from "../doctor/database.ts"
import { checkCalendar, checkClocks, checkFolder, roomRemedy } from "../doctor/machine.ts"
import { checkFeedSockets, checkPort, checkZmq } from "../doctor/ports.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson } from "../text/output.ts"
import * as Overrides from "../service/overrides.ts"
import { askSimulators, overridesOf } from "../demo/simulators.ts"

const doctorFlags = {
  dataDir: flags.dataDir,
  host: flags.host,
  port: flags.port,
  tlsCert: flags.gatewayFlags.tlsCert,
  zmq: flags.zmq,
  control: flags.feedControl,
  frames: flags.feedFrames,
  simulator: flags.simulator,
  calendar: flags.calendar,
  json: flags.json,
  user: Flag.String("user").pipe(Flag.withDescription("Check only this user"), Flag.optional),
  offline: Flag.Boolean("offline").pipe(
    Flag.withDescription("Do not log in or contact any broker"),
    Flag.withDefault(false)
  ),
  force: Flag.Boolean("force").pipe(
    Flag.withDescription("Log in even while a gateway runs sessions; the broker may end those"),
    Flag.withDefault(false)
  )
}

type Input = {
  readonly [K in keyof typeof doctorFlags]: (typeof doctorFlags)[K] extends Flag.Flag<infer A> ? A : never
}

/** Runs the checks of all users, or of one. */
const accounts = Effect.fnUntraced(function* (
  input: Input,
  { leftover }: FolderUsers,
  hours: MarketHours,
  runs: string | undefined
) {
  const held = yield* owners(input.dataDir)
  const users = yield* (yield* Users).list
  const only = Option.getOrUndefined(input.user)
  const checks: Array<Check> = []
  if (leftover !== undefined) {
    checks.push(warn(`user ${DEMO_USER}`, leftoverFound(input.dataDir), leftoverRemedy(leftover)))
  }
  const real = users.filter(({ name }) => leftover === undefined || name !== DEMO_USER)
  const chosen = real.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0 && !(leftover !== undefined && only === DEMO_USER)) {
    checks.push(
      only === undefined ? nobody("none") : fail(`user ${only}`, "there is none", 'See "algoways users list"')
    )
  }
  const insteadFor = (user: string): Check | undefined => {
    const what = `user ${user}, login`
    if (input.offline) return ok(what, "not tried: --offline")
    const holder = held.filter((owner) => owner.user === user)
    const inUse = ownersText(holder) ?? runs
    if (inUse === undefined || input.force) return undefined
    const remedy = "See it with algoways status, or log in all the same with --force"
    return warn(what, `not tried: ${inUse}, and a second login may end the first`, remedy)
  }
  for (const user of chosen) {
    checks.push(...(yield* checkAccount(user, { hours, instead: insteadFor(user.name) })))
  }
  if (!input.offline) checks.push(...(yield* checkClocks(chosen)))
  return withoutRepeats(checks)
})

const ADD_ONE = 'Add one with "algoways users add NAME --broker BROKER"'
const nobody = (found: string): Check => fail("users", found, ADD_ONE)

/** What can be seen of a folder and its database, and whether it can be worked with. */
const checkStore = Effect.fnUntraced(function* (dataDir: string) {
  const checks = [...(yield* checkFolder(dataDir))]
  const database = yield* checkDatabase(dataDir)
  return { checks: [...checks, database], usable: database.grade !== "fail" }
})

/** Where there is nobody but the demo: its exchange is a part of `serve`, so that no login could be tried. */
const checkDemo = Effect.fnUntraced(function* (dataDir: string, folder: string) {
  const nobodyElse = warn("users", 'only the demo\'s: "algoways serve" serves the demo', ADD_ONE)
  return [
    ok("data folder", `${folder}, the demo's`),
    ...(yield* checkStore(folder)).checks,
    ok(`user ${DEMO_USER}`, "the demo's, which needs no login"),
    ...(folder === dataDir ? [] : [nobodyElse])
  ]
})

const checkConfiguration = Effect.fnUntraced(function* (input: Input) {
  const simulators = yield* Effect.result(askSimulators(input.simulator))
  const registry = Overrides.registry(
    input.dataDir,
    simulators._tag === "Success" ? overridesOf(simulators.success) : {}
  )
  const configured = yield* Effect.result(Effect.scoped(Layer.build(registry)))
  const checks: Array<Check> = []
  if (simulators._tag === "Failure") {
    checks.push(fail("simulator", simulators.failure.message, "Start it, or leave out --simulator"))
  }
  checks.push(
    configured._tag === "Failure"
      ? fail("configuration", configured.failure.message, "Mend brokers.json, or remove it")
      : ok(
          "configuration",
          existsSync(join(input.dataDir, "brokers.json"))
            ? "brokers.json is sound"
            : "no brokers.json, as is usual"
        )
  )
  return { checks, registry, usable: checks.every(({ grade }) => grade === "ok") }
})

/** Every check; a layer that cannot be built is a check that failed. */
export const examine = Effect.fn("doctor")(function* (input: Input) {
  const checks: Array<Check> = []
  const folder = yield* Effect.result(isDataFolder(input.dataDir))
  const demo = demoFolderOf(input.dataDir)
  // Damage is told by the check of the database; nothing can be said of users then.
  const there = yield* Effect.result(Effect.andThen(isDataFolder(input.dataDir), usersIn(input.dataDir)))
  const demoAlone =
    isDemoFolder(demo) &&
    there._tag === "Success" &&
    (demo === input.dataDir || there.success.real.length === 0)
  const calendar = yield* Effect.result(loadCalendar(input.dataDir, Option.getOrUndefined(input.calendar)))
  checks.push(
    calendar._tag === "Failure"
      ? fail("calendar", calendar.failure.message, "Mend the file, or remove it")
      : demoAlone
        ? ok("calendar", "the demo's market never closes")
        : checkCalendar(calendar.success, yield* Clock.currentTimeMillis)
  )
  const hours = calendar._tag === "Success" ? calendar.success : alwaysOpen
  const port = yield* checkPort(input.host, input.port)
  const feed = yield* checkFeedSockets(input.control, input.frames)
  const inUse = port.inUse ?? feed.inUse
  const zmq = Option.getOrElse(input.zmq, () => flags.DEFAULT_ZMQ)
  checks.push(
    port.check,
    ...(yield* checkCertificate(Option.getOrUndefined(input.tlsCert), port.certificate))
  )
  checks.push(feed.check, yield* checkZmq(zmq, inUse !== undefined))
  if (folder._tag === "Failure") {
    return [...checks, fail("data folder", folder.failure.message, "Name another with --data-dir")]
  }
  const configuration = yield* checkConfiguration(input)
  checks.push(...configuration.checks)
  if (demoAlone) return [...checks, ...(yield* checkDemo(input.dataDir, demo))]
  if (!existsSync(join(input.dataDir, Store.DATABASE_FILE))) {
    const shortage = shortageOf(input.dataDir)
    if (shortage !== undefined) {
      const found = `${shortage}; free some space before anything is stored`
      checks.push(fail("disk", found, roomRemedy(input.dataDir)))
    }
    return [...checks, nobody(`none, and no database, in ${input.dataDir}`)]
  }
  const store = yield* checkStore(input.dataDir)
  checks.push(...store.checks)
  // Without them a login could go to another address than the user means.
  if (!configuration.usable || !store.usable) return checks
  const broken = (error: Error): Check => fail("store", error.message, remedyFor(error, input.dataDir))
  if (there._tag === "Failure") return [...checks, broken(there.failure)]
  const surroundings = Layer.mergeAll(
    Store.layer({ dataDir: input.dataDir }),
    configuration.registry,
    Transport.layerSockets,
    FrameBus.layer,
    Layer.succeed(Hours, hours)
  )
  const rest = yield* accounts(input, there.success, hours, inUse).pipe(
    Effect.provide(surroundings),
    Effect.result
  )
  if (rest._tag === "Success") return [...checks, ...rest.success]
  return [...checks, broken(rest.failure)]
})

export const doctor = Command.make("doctor", doctorFlags, (input) =>
  Effect.gen(function* () {
    const checks = yield* examine(input)
    if (input.json) yield* printJson(checks)
    else for (const check of checks) yield* Console.log(line(check))
    const failed = checks.filter(({ grade }) => grade === "fail").length
    if (failed > 0) {
      return yield* new CommandFailed({ message: `${failed} of ${checks.length} checks failed` })
    }
  })
).pipe(
  Command.withDescription(
    "Check all that must be right before the market opens, with a remedy for what is not"
  ),
  Command.withExamples([
    { command: "algoways doctor", description: "Everything, with a login and one subscription per segment" },
    { command: "algoways doctor --offline --json", description: "Only what can be checked on this machine" }
  ])
)
