/** `algoways doctor`: everything that must be right before the market opens, a line each with the remedy. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import type { MarketHours } from "../../market/hours.ts"
import { alwaysOpen } from "../../market/hours.ts"
import { Transport } from "../../session/transport.ts"
import { Hours } from "../../session/surroundings.ts"
import * as Store from "../../store/index.ts"
import { Users } from "../../store/users.ts"
import { loadCalendar } from "../calendar.ts"
import { checkAccount } from "../doctor/accounts.ts"
import type { Check } from "../doctor/check.ts"
import { fail, line, ok, warn } from "../doctor/check.ts"
import { checkDatabase, remedyFor } from "../doctor/database.ts"
import { checkCalendar, checkClock, checkFolder } from "../doctor/machine.ts"
import { checkFeedSockets, checkPort, checkZmq } from "../doctor/ports.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson } from "../output.ts"
import * as Overrides from "../overrides.ts"

const doctorFlags = {
  dataDir: flags.dataDir,
  host: flags.host,
  port: flags.port,
  zmq: flags.zmq,
  control: flags.feedControl,
  frames: flags.feedFrames,
  endpoint: flags.endpoint,
  calendar: flags.calendar,
  json: flags.json,
  user: Flag.String("user").pipe(Flag.withDescription("Look at this user alone"), Flag.optional),
  offline: Flag.Boolean("offline").pipe(
    Flag.withDescription("Try no login and ask no broker"),
    Flag.withDefault(false)
  ),
  force: Flag.Boolean("force").pipe(
    Flag.withDescription("Log in although a gateway has live sessions: the broker may end those"),
    Flag.withDefault(false)
  )
}

type Input = {
  readonly [K in keyof typeof doctorFlags]: (typeof doctorFlags)[K] extends Flag.Flag<infer A> ? A : never
}

/** Runs the checks of all users, or of one. */
const accounts = Effect.fnUntraced(function* (input: Input, hours: MarketHours, inUse: string | undefined) {
  const users = yield* (yield* Users).list
  const only = Option.getOrUndefined(input.user)
  const chosen = users.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0) {
    return only === undefined
      ? [fail("users", "none", 'Add one with "algoways users add NAME --broker BROKER"')]
      : [fail(`user ${only}`, "there is none", 'See "algoways users list"')]
  }
  const insteadFor = (user: string): Check | undefined => {
    const what = `user ${user}, login`
    if (input.offline) return ok(what, "not tried: --offline")
    if (inUse === undefined || input.force) return undefined
    const remedy = "See it with algoways status, or log in all the same with --force"
    return warn(what, `not tried: ${inUse}, and a second login may end the first`, remedy)
  }
  const checks: Array<Check> = []
  for (const user of chosen) {
    checks.push(...(yield* checkAccount(user, { hours, instead: insteadFor(user.name) })))
  }
  if (!input.offline) {
    const registry = yield* BrokerRegistry
    for (const name of new Set(chosen.flatMap(({ broker }) => broker ?? []))) {
      const loaded = yield* Effect.result(registry.load(name))
      if (loaded._tag === "Success") checks.push(yield* checkClock(loaded.success.broker))
    }
  }
  return checks
})

/** Every check; a layer that cannot be built is a check that failed. */
export const examine = Effect.fn("doctor")(function* (input: Input) {
  const checks: Array<Check> = []
  const calendar = yield* Effect.result(loadCalendar(input.dataDir, Option.getOrUndefined(input.calendar)))
  checks.push(
    calendar._tag === "Failure"
      ? fail("calendar", calendar.failure.message, "Mend the file, or remove it")
      : checkCalendar(calendar.success, yield* Clock.currentTimeMillis)
  )
  const hours = calendar._tag === "Success" ? calendar.success : alwaysOpen
  const port = yield* checkPort(input.host, input.port)
  const feed = yield* checkFeedSockets(input.control, input.frames)
  const inUse = port.inUse ?? feed.inUse
  const zmq = Option.getOrElse(input.zmq, () => flags.DEFAULT_ZMQ)
  checks.push(port.check, feed.check, yield* checkZmq(zmq, inUse !== undefined))
  checks.push(...(yield* checkFolder(input.dataDir)))
  const database = yield* checkDatabase(input.dataDir)
  checks.push(database)
  const registry = Overrides.registry(input.dataDir, input.endpoint)
  const configured = yield* Effect.result(Effect.scoped(Layer.build(registry)))
  checks.push(
    configured._tag === "Failure"
      ? fail("configuration", configured.failure.message, "Mend brokers.json, or remove it")
      : ok("configuration", "brokers.json is sound, or there is none")
  )
  // Without them a login could go to another address than the user means.
  if (configured._tag === "Failure" || database.grade === "fail") return checks
  const surroundings = Layer.mergeAll(
    Store.layer({ dataDir: input.dataDir }),
    registry,
    Transport.layerSockets,
    FrameBus.layer,
    Layer.succeed(Hours, hours)
  )
  const rest = yield* accounts(input, hours, inUse).pipe(Effect.provide(surroundings), Effect.result)
  if (rest._tag === "Success") return [...checks, ...rest.success]
  return [...checks, fail("store", rest.failure.message, remedyFor(rest.failure, input.dataDir))]
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
    { command: "algoways doctor --offline --json", description: "What can be seen on this machine alone" }
  ])
)
