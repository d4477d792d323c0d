/** Reports a user's feed while no session runs, and why none runs, as far as is known. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { FeedError, NO_BROKER } from "../../bus/feed.ts"
import { makeSampledLog } from "../../kit/sampledLog.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import { isExchange } from "../../market/exchange.ts"
import type { FeedStatus, InstrumentStatus } from "../../market/feedStatus.ts"
import { alwaysOpen } from "../../market/hours.ts"
import { nameOf } from "../../market/instrument.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { Users } from "../../store/users/users.ts"
import { makeHookFaults, soundHours } from "../containment.ts"
import * as metrics from "../metrics.ts"
import { Hours } from "../references.ts"

/** The number of failures to remember, one per user. Beyond it, the oldest is forgotten. */
const MOST_FAILURES = 1000

interface Failure {
  readonly broker: string
  readonly detail: string
  readonly at: number
}

export interface OfflineStatus {
  /** A feed could not start. */
  readonly failed: (user: string, error: FeedError) => Effect.Effect<void>
  /** A feed started. */
  readonly started: (user: string) => void
  /** Why the user's requests cannot be served, with the remedy. Fails as `status` does. */
  readonly whyNone: (user: string) => Effect.Effect<string, FeedError>
  /** Fails with BROKER_ERROR for a user that the store does not know. */
  readonly status: (user: string) => Effect.Effect<FeedStatus, FeedError>
  readonly instrument: (
    user: string,
    exchange: string,
    symbol: string
  ) => Effect.Effect<InstrumentStatus, FeedError>
}

export const noBroker = (user: string): string =>
  `No broker configuration found for user ${user}: set one with "algoways users set-broker ${user} BROKER"`

/** @param title the broker's name in the sentence */
export const noSuchInstrument = (title: string, broker: string, name: string): string =>
  `${title} has no ${name}: check the spelling, or import today's instruments with "algoways instruments import ${broker}"`

/** A status with a state and nothing else. */
export const bareStatus = (
  user: string,
  broker: string,
  state: FeedStatus["state"],
  reason: string
): FeedStatus => ({
  user,
  broker,
  state,
  reason,
  connections: [],
  instruments: { wanted: 0, sent: 0, confirmed: 0, failed: 0, stale: 0 },
  expecting_ticks: false,
  quiet_because: "no session runs",
  decisions: []
})

export const makeOfflineStatus = Effect.gen(function* () {
  const users = yield* Users
  const instruments = yield* Instruments
  const registry = yield* BrokerRegistry
  const context = yield* Effect.context<never>()
  const hookFaults = makeHookFaults(
    { hookFault: (hook) => Metric.withAttributes(metrics.hookFaults, { hook }).updateUnsafe(1, context) },
    yield* makeSampledLog
  )
  const hours = soundHours(yield* Hours, hookFaults("Hours.at"))
  const clock = yield* Clock.Clock
  const failures = new Map<string, Failure>()

  const brokerOf = (user: string): Effect.Effect<string | undefined, FeedError> =>
    Effect.suspend(() => users.get(user)).pipe(
      Effect.mapBoth({
        onSuccess: ({ broker }) => broker,
        onFailure: (error) => new FeedError({ code: "BROKER_ERROR", detail: error.message })
      }),
      Effect.catchDefect((defect) => {
        hookFaults("Users.get")(defect)
        return Effect.fail(
          new FeedError({ code: "BROKER_ERROR", detail: "the user could not be looked up, see the log" })
        )
      })
    )

  const bare = (user: string): Effect.Effect<FeedStatus, FeedError> =>
    Effect.map(brokerOf(user), (broker) => {
      if (broker === undefined) return bareStatus(user, NO_BROKER, "unavailable", noBroker(user))
      const failure = failures.get(user)
      // Another broker has been set since.
      if (failure === undefined || failure.broker !== broker) {
        return bareStatus(user, broker, "idle", "nobody reads from it: it starts with the first client")
      }
      const tried = `${failure.detail} (tried at ${indiaTime(failure.at)} IST)`
      return bareStatus(user, broker, "unavailable", tried)
    })

  const isSimulated = (broker: string): Effect.Effect<boolean> =>
    registry.load(broker).pipe(
      Effect.map((module) => module.broker.simulated === true),
      Effect.catchCause(() => Effect.succeed(false))
    )

  const status = (user: string): Effect.Effect<FeedStatus, FeedError> =>
    Effect.flatMap(bare(user), (found) =>
      Effect.map(isSimulated(found.broker), (simulated) =>
        simulated ? { ...found, simulated: true as const } : found
      )
    )

  /** Undefined: there is none, or it could not be looked up. */
  const tokenOf = (broker: string, exchange: string, symbol: string): Effect.Effect<string | undefined> =>
    instruments.resolve(broker, [{ exchange, symbol }]).pipe(
      Effect.map(([found]) => found?.token),
      Effect.catch((error) =>
        Effect.as(Effect.logError(`${broker}: a symbol could not be looked up: ${error.message}`), undefined)
      )
    )

  const instrument = Effect.fnUntraced(function* (user: string, exchange: string, symbol: string) {
    const { broker, reason, simulated, state } = yield* status(user)
    const token = broker === NO_BROKER ? undefined : yield* tokenOf(broker, exchange, symbol)
    const calendar = simulated === true ? alwaysOpen : hours
    const open = isExchange(exchange) && calendar.at(exchange, clock.currentTimeMillisUnsafe()).open
    return {
      symbol,
      exchange,
      resolved: token !== undefined,
      ...(token === undefined ? {} : { token }),
      ticks: 0,
      rejected: 0,
      stale: false,
      readers: 0,
      market_open: open,
      verdict:
        token !== undefined || broker === NO_BROKER
          ? `No session runs (${state}): ${reason}`
          : noSuchInstrument(broker, broker, nameOf({ exchange, symbol }))
    } satisfies InstrumentStatus
  })

  const offline: OfflineStatus = {
    failed: (user, error) =>
      brokerOf(user).pipe(
        Effect.map((broker = NO_BROKER) => {
          failures.delete(user)
          failures.set(user, { broker, detail: error.detail, at: clock.currentTimeMillisUnsafe() })
          const oldest = failures.keys().next()
          if (failures.size > MOST_FAILURES && oldest.done !== true) failures.delete(oldest.value)
        }),
        // No such user: nobody may ask for its status.
        Effect.ignore
      ),
    started: (user) => void failures.delete(user),
    whyNone: (user) =>
      Effect.map(status(user), ({ reason, state }) =>
        state === "unavailable"
          ? `No session runs for user ${user}: ${reason}. Authenticate again when that is mended`
          : `No session runs for user ${user}: authenticate again to start one`
      ),
    status,
    instrument
  }
  return offline
})
