/** What the doctor looks at for each user: broker, instruments, credentials, and a login. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { indiaDay } from "../../kit/indiaTime.ts"
import type { MarketHours } from "../../market/hours.ts"
import { alwaysOpen } from "../../market/hours.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import type { User } from "../../store/users/users.ts"
import type { Check } from "./check.ts"
import { fail, ok, warn } from "./check.ts"
import { logIn } from "./probe.ts"

/** Login, confirmations and ticks have their own patience; this is for an adapter that hangs. */
const ACCOUNT_PATIENCE = "1 minute"

export interface AccountOptions {
  readonly hours: MarketHours
  /** What stands in place of a login; undefined: one is tried. */
  readonly instead: Check | undefined
}

const account = Effect.fnUntraced(function* (user: User, { hours, instead }: AccountOptions) {
  const what = `user ${user.name}`
  if (user.broker === undefined) {
    return [fail(what, "has no broker", `Set one with "algoways users set-broker ${user.name} BROKER"`)]
  }
  const registry = yield* BrokerRegistry
  const loaded = yield* Effect.result(registry.load(user.broker))
  if (loaded._tag === "Failure") {
    return [
      fail(what, loaded.failure.message, `Set another with "algoways users set-broker ${user.name} BROKER"`)
    ]
  }
  const { broker } = loaded.success
  const checks: Array<Check> = []
  if (broker.simulated === true) {
    const chosen = broker.endpoint.startsWith("simulated:")
    const found = `${broker.title}${chosen ? "" : ` is simulated at ${broker.endpoint}`}: every price is invented`
    const remedy = `For real prices take ${broker.name} out of brokers.json, or leave out --simulator`
    // One that is a simulation by itself is what its user chose.
    checks.push(chosen ? ok(`${what}, broker`, found) : warn(`${what}, broker`, found, remedy))
  }
  const today = indiaDay(yield* Clock.currentTimeMillis)
  const segments = yield* (yield* Instruments).segments(broker.name, today)
  const rows = segments.reduce((sum, { instruments }) => sum + instruments, 0)
  checks.push(
    rows === 0
      ? fail(
          `instruments of ${broker.name}`,
          "none",
          `Import them with "algoways instruments import ${broker.name}"`
        )
      : rows < broker.instrumentMaster.minimumRows
        ? warn(
            `instruments of ${broker.name}`,
            `only ${rows}`,
            `Import them anew with "algoways instruments import ${broker.name}"`
          )
        : ok(`instruments of ${broker.name}`, `${rows}`)
  )
  const stored = yield* Effect.result((yield* CredentialStore).get(user.name, broker.name))
  if (stored._tag === "Failure") {
    return [
      ...checks,
      fail(
        `${what}, credentials`,
        stored.failure.message,
        `Store them anew with "algoways credentials set ${user.name}"`
      )
    ]
  }
  const missing = broker.credentials.filter(
    ({ field, optional }) => optional !== true && stored.success?.credentials[field] === undefined
  )
  if (missing.length > 0) {
    const fields = missing.map(({ field, label }) => `${field} (${label})`).join(", ")
    return [
      ...checks,
      fail(
        `${what}, credentials`,
        `without ${fields}`,
        `Store them with "algoways credentials set ${user.name}"`
      )
    ]
  }
  const found =
    broker.credentials.length === 0 ? `${broker.title} needs none` : `complete for ${broker.title}`
  checks.push(ok(`${what}, credentials`, found))
  if (instead !== undefined) return [...checks, instead]
  const streamed = segments.filter(({ exchange }) => exchange in broker.exchanges)
  return [
    ...checks,
    ...(yield* Effect.scoped(
      logIn(user, broker, streamed, broker.simulated === true ? alwaysOpen : hours, today)
    ))
  ]
})

/** Of our own errors the message, which holds no secret; of anything else no more than its kind. */
const nameOfCause = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (!(error instanceof Error)) return "something that is no error was thrown"
  return "_tag" in error ? error.message : `${error.name} was thrown`
}

/** One user's trouble, whatever it is, is a line about that user: the others are looked at all the same. */
export const checkAccount = Effect.fn("checkAccount")((user: User, options: AccountOptions) => {
  const what = `user ${user.name}`
  return account(user, options).pipe(
    Effect.timeoutOrElse({
      duration: ACCOUNT_PATIENCE,
      orElse: () =>
        Effect.succeed([
          fail(what, "the broker's module does not come to an end", 'See "algoways status" and the log')
        ])
    }),
    Effect.catchCause((cause) =>
      Effect.succeed([
        fail(what, `the check broke off: ${nameOfCause(cause)}`, "Report it, with the broker's name")
      ])
    )
  )
})
