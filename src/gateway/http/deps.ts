/** What the HTTP side needs of the gateway. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { DatabaseState } from "../../store/database/watchedFile.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import { Users } from "../../store/users/users.ts"
import type { Client } from "../client.ts"
import type { GatewayClock } from "../clock.ts"
import type { CertificateVerdict } from "../connections/certificate.ts"
import type { GatewaySettings } from "../options.ts"
import type { HttpDeps } from "./index.ts"
import { makeSearches } from "./searches.ts"

export interface HttpGiven extends Pick<
  HttpDeps,
  "feed" | "keys" | "keyGuard" | "trustedProxies" | "metrics" | "onRequest" | "sample" | "run"
> {
  readonly settings: GatewaySettings
  readonly clients: ReadonlySet<Client>
  readonly clock: GatewayClock
  readonly verdict: () => CertificateVerdict | undefined
}

export const makeHttpDeps = Effect.fnUntraced(function* (given: HttpGiven): Effect.fn.Return<HttpDeps> {
  const { clients, clock, metrics, sample, settings, verdict } = given
  const { now, timeOfDay } = clock
  const instruments = yield* Effect.serviceOption(Instruments)
  const users = yield* Effect.serviceOption(Users)
  const context = yield* Effect.context<never>()
  return {
    ...given,
    own: (user) => {
      const own = [...clients].filter((client) => client.user === user)
      return { clients: own.length, subscriptions: own.reduce((sum, c) => sum + c.holdings.size, 0) }
    },
    version: settings.version,
    startedAt: now(),
    now,
    timeOfDay,
    certificate: verdict,
    maxRequestsPerSecond: settings.maxRequestsPerSecond,
    stats: () => metrics.stats,
    problem: (yield* DatabaseState).problem,
    users: () => [...new Set([...clients].flatMap(({ user }) => user ?? []))],
    searches: makeSearches({
      perSecond: settings.maxSearchesPerSecond,
      now,
      onLimited: () => metrics.limited("searches")
    }),
    table: Option.getOrUndefined(Option.all({ instruments, users })),
    sample: () => {
      sample()
      const expiry = verdict()
      if (expiry !== undefined) metrics.certificate(expiry.seconds)
    },
    context
  }
})
