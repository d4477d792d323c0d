/**
 * The doctor's checks at a set time before the open, in a service that runs: users whose sessions run are asked for their
 * state, because a second login would end the first at many brokers; the others log in once. The database is left out,
 * which this process has open: reading all of it would hold up ticks.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { indiaMidnight } from "../../kit/indiaTime.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { Feed } from "../../bus/feed.ts"
import type { FeedStatus } from "../../market/feedStatus.ts"
import type { MarketHours } from "../../market/hours.ts"
import { Hours } from "../../session/references.ts"
import { Transport } from "../../session/transport/transport.ts"
import { Users } from "../../store/users/users.ts"
import type { User } from "../../store/users/users.ts"
import { DEMO_USER, isDemoFolder, leftoverFound, leftoverRemedy, usersIn } from "../demo/demoFolder.ts"
import { checkAccount } from "../doctor/accounts.ts"
import type { Check } from "../doctor/check.ts"
import { fail, line, ok, warn } from "../doctor/check.ts"
import { checkCalendar, checkClocks, checkFolder } from "../doctor/machine.ts"
import { CommandFailed } from "../text/output.ts"

const DAY_MS = 86_400_000
const LONGEST_SLEEP_MS = 60_000

export const TimeOfDay = Schema.String.check(Schema.isPattern(/^(?:[01]\d|2[0-3]):[0-5]\d$/))

/** Until it is that time in India next. */
export const untilTime = (time: string, now: number): number => {
  const [hours, minutes] = time.split(":").map(Number) as [number, number]
  const today = indiaMidnight(now) + (hours * 60 + minutes) * 60_000
  return today > now ? today - now : today + DAY_MS - now
}

/** In short sleeps: the time of day may be set meanwhile. */
const sleepUntil = (time: string): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const left = untilTime(time, now)
    return left <= LONGEST_SLEEP_MS
      ? Effect.sleep(left)
      : Effect.andThen(Effect.sleep(LONGEST_SLEEP_MS), sleepUntil(time))
  })

/** Whether an exchange trades before the day in India is over. */
const tradesToday = (hours: MarketHours, now: number): boolean => {
  const tonight = indiaMidnight(now) + DAY_MS
  return (["NSE", "MCX"] as const).some((exchange) => {
    const { open, until } = hours.at(exchange, now)
    return open || (until !== undefined && until < tonight)
  })
}

const runs = ({ state }: FeedStatus): boolean => state !== "idle" && state !== "unavailable"

const fromStatus = (user: string, { broker, reason, state }: FeedStatus): Check => {
  const what = `user ${user}, login`
  const found = `${broker}: ${state}${reason === undefined ? "" : `, ${reason}`}`
  const remedy =
    state === "waiting_for_login"
      ? `Store today's login with "algoways credentials set ${user}"`
      : 'See "algoways status"'
  if (state === "connected") return reason === undefined ? ok(what, found) : warn(what, found, remedy)
  return state === "connecting" ? warn(what, found, remedy) : fail(what, found, remedy)
}

const checkUser = Effect.fnUntraced(function* (user: User, hours: MarketHours) {
  const status = yield* Effect.result((yield* Feed).status(user.name))
  const instead =
    status._tag === "Success" && runs(status.success) ? fromStatus(user.name, status.success) : undefined
  return yield* checkAccount(user, { hours, instead })
})

/** The demo's user has a login at its simulated exchange alone, which runs with the demo: no broker is asked about it. */
const whomToCheck = Effect.fnUntraced(function* (dataDir: string, users: ReadonlyArray<User>) {
  if (!isDemoFolder(dataDir)) {
    // From a store of its own: sessions are not given the simulator's login.
    const { leftover } = yield* usersIn(dataDir)
    if (leftover === undefined) return { checks: [], users }
    const check = warn(`user ${DEMO_USER}`, leftoverFound(dataDir), leftoverRemedy(leftover))
    return { checks: [check], users: users.filter(({ name }) => name !== DEMO_USER) }
  }
  const registry = yield* BrokerRegistry
  const checks: Array<Check> = []
  const running: Array<User> = []
  for (const user of users) {
    const loaded = yield* Effect.result(registry.load(user.broker ?? ""))
    if (loaded._tag === "Success" && loaded.success.broker.simulated === true) running.push(user)
    else checks.push(ok(`user ${user.name}`, "not checked: the demo's simulated exchange does not run here"))
  }
  return { checks, users: running }
})

const log = (check: Check) => {
  const text = `self-check: ${line(check).replaceAll(/\s+/g, " ")}`
  return check.grade === "ok"
    ? Effect.logInfo(text)
    : check.grade === "warn"
      ? Effect.logWarning(text)
      : Effect.logError(text)
}

/** One round over this machine and all users. */
export const checkAll = Effect.fn("selfCheck")(function* (dataDir: string) {
  const hours = yield* Hours
  const now = yield* Clock.currentTimeMillis
  if (!tradesToday(hours, now)) return
  const said = new Set<string>()
  const logAll = (checks: ReadonlyArray<Check>) =>
    Effect.forEach(
      checks,
      (check) => {
        // What is said of a broker is said for each of its users.
        if (said.has(line(check))) return Effect.void
        said.add(line(check))
        return log(check)
      },
      { discard: true }
    )
  yield* logAll([checkCalendar(hours, now), ...(yield* checkFolder(dataDir))])
  const whom = yield* whomToCheck(dataDir, yield* (yield* Users).list)
  yield* logAll(whom.checks)
  for (const user of whom.users) yield* logAll(yield* checkUser(user, hours))
  yield* logAll(yield* checkClocks(whom.users))
})

/** @param time `HH:MM` in India; none: no self-check */
export const selfCheck = Effect.fnUntraced(function* (time: Option.Option<string>, dataDir: string) {
  if (time._tag === "None") return
  const at = yield* Effect.mapError(
    Schema.decodeUnknownEffect(TimeOfDay)(time.value),
    () =>
      new CommandFailed({
        message: `--self-check ${time.value}: write a time of day in India as HH:MM, for example 08:45`
      })
  )
  yield* sleepUntil(at).pipe(
    Effect.andThen(checkAll(dataDir)),
    Effect.provide(Transport.layerSockets),
    Effect.catchCause((cause) => Effect.logError("the self-check failed", cause)),
    Effect.forever,
    Effect.forkScoped
  )
})
