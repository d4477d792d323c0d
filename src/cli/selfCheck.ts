/**
 * The doctor's look at every user at a set time before the open, in a service that runs: users whose sessions run are
 * asked for their state, because a second login would end the first at many brokers; the others log in once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Feed } from "../bus/feed.ts"
import type { FeedStatus } from "../market/feedStatus.ts"
import type { MarketHours } from "../market/hours.ts"
import { Hours } from "../session/surroundings.ts"
import { Transport } from "../session/transport.ts"
import { Users } from "../store/users.ts"
import type { User } from "../store/users.ts"
import { checkAccount } from "./doctor/accounts.ts"
import type { Check } from "./doctor/check.ts"
import { fail, line, ok } from "./doctor/check.ts"
import { CommandFailed } from "./output.ts"

const IST_MS = 5.5 * 3_600_000
const DAY_MS = 86_400_000

export const TimeOfDay = Schema.String.check(Schema.isPattern(/^(?:[01]\d|2[0-3]):[0-5]\d$/))

/** Until it is that time in India next. */
export const untilTime = (time: string, now: number): number => {
  const [hours, minutes] = time.split(":").map(Number) as [number, number]
  const midnight = Math.floor((now + IST_MS) / DAY_MS) * DAY_MS - IST_MS
  const today = midnight + (hours * 60 + minutes) * 60_000
  return today > now ? today - now : today + DAY_MS - now
}

/** Whether an exchange trades before the day in India is over. */
const tradesToday = (hours: MarketHours, now: number): boolean => {
  const tonight = Math.ceil((now + IST_MS) / DAY_MS) * DAY_MS - IST_MS
  return (["NSE", "MCX"] as const).some((exchange) => {
    const { open, until } = hours.at(exchange, now)
    return open || (until !== undefined && until < tonight)
  })
}

const runs = ({ state }: FeedStatus): boolean => state !== "idle" && state !== "unavailable"

const fromStatus = (user: string, { broker, reason, state }: FeedStatus): Check =>
  state === "connected" && reason === undefined
    ? ok(`user ${user}`, `connected to ${broker}`)
    : fail(
        `user ${user}`,
        `${state}${reason === undefined ? "" : `: ${reason}`}`,
        state === "waiting_for_login"
          ? `Store today's login with "algoways credentials set ${user}"`
          : `See "algoways status"`
      )

const checkUser = Effect.fnUntraced(function* (user: User, hours: MarketHours) {
  const status = yield* Effect.result((yield* Feed).status(user.name))
  if (status._tag === "Success" && runs(status.success)) return [fromStatus(user.name, status.success)]
  return yield* checkAccount(user, { hours, noLogin: undefined })
})

const log = (check: Check) => {
  const text = `self-check: ${line(check).replaceAll(/\s+/g, " ")}`
  return check.grade === "ok"
    ? Effect.logInfo(text)
    : check.grade === "warn"
      ? Effect.logWarning(text)
      : Effect.logError(text)
}

/** One round over all users. */
export const checkAll = Effect.fn("selfCheck")(function* () {
  const hours = yield* Hours
  if (!tradesToday(hours, yield* Clock.currentTimeMillis)) return
  for (const user of yield* (yield* Users).list) {
    const checks = yield* checkUser(user, hours)
    yield* Effect.forEach(checks, log, { discard: true })
  }
})

/** @param time `HH:MM` in India; none: no self-check */
export const selfCheck = Effect.fnUntraced(function* (time: Option.Option<string>) {
  if (time._tag === "None") return
  const at = yield* Effect.mapError(
    Schema.decodeUnknownEffect(TimeOfDay)(time.value),
    () =>
      new CommandFailed({
        message: `--self-check ${time.value}: write a time of day in India as HH:MM, for example 08:45`
      })
  )
  yield* Clock.currentTimeMillis.pipe(
    Effect.flatMap((now) => Effect.sleep(untilTime(at, now))),
    Effect.andThen(checkAll()),
    Effect.provide(Transport.layerSockets),
    Effect.catchCause((cause) => Effect.logError("the self-check failed", cause)),
    Effect.forever,
    Effect.forkScoped
  )
})
