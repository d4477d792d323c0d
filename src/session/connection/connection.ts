/**
 * One connection to a broker, kept up for ever: one life after the other. A child of the session, which owns what the
 * connection should have subscribed.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { faultWords } from "../../bus/hooks.ts"
import type { AuthRejected, ConnectionFailure } from "../../market/errors.ts"
import { monotonicOf } from "../../kit/monotonic.ts"
import { ConnectionLost, Displaced } from "../../market/errors.ts"
import { withoutPaths } from "../../kit/withoutPaths.ts"
import type { Unusable } from "./credentialSource.ts"
import { reconnectSchedule } from "./retrySchedule.ts"
import type { Transport } from "../transport/transport.ts"

import type { LifeOptions } from "./connectionLife.ts"
import { live } from "./connectionLife.ts"
import type { ConnectionOptions } from "./connectionOptions.ts"

/** A broker's goodbye so soon after the login, so often in a row, is another program's doing. */
const SHORT_LIFE_MS = 15_000
const SHORT_LIVES = 3

/**
 * Keeps the connection alive for ever. Rejected credentials are re-read once; when no newer ones are stored it
 * parks, and the session starts it anew when there are.
 */
export const keepConnected = (options: ConnectionOptions): Effect.Effect<never, never, Transport> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = monotonicOf(clock)
    let rejected: { readonly version: number; readonly reason: AuthRejected } | undefined
    let upAt: number | undefined
    let shortLives = 0
    const park = (reason: AuthRejected | Unusable) => Effect.andThen(options.onParked(reason), Effect.never)
    /** Said once: the login is repeated with every attempt. */
    const noticed = new Set<string>()
    const watched: LifeOptions = {
      ...options,
      onNotice: (notice) =>
        Effect.suspend(() => {
          if (noticed.has(notice)) return Effect.void
          noticed.add(notice)
          return Effect.logWarning(notice)
        }),
      onUp: (link) =>
        Effect.suspend(() => {
          upAt = now()
          return options.onUp(link)
        })
    }

    /** A goodbye soon after each login: two programs that throw each other out, for ever, unless one of them yields. */
    const seenAs = (failure: ConnectionFailure): ConnectionFailure => {
      const lived = upAt === undefined ? undefined : now() - upAt
      if (failure._tag !== "ConnectionLost" || failure.clean !== true || lived === undefined) return failure
      shortLives = lived < SHORT_LIFE_MS ? shortLives + 1 : 0
      return shortLives < SHORT_LIVES
        ? failure
        : new Displaced({
            detail: `closed ${shortLives} times within ${SHORT_LIFE_MS / 1000} s of the login: another program probably uses it. End that one, or give this one a login of its own; last: ${failure.detail}`
          })
    }

    const attempt = Effect.gen(function* () {
      yield* options.onConnecting
      upAt = undefined
      const usable = yield* Effect.catchTag(options.credentials, ["CredentialsMissing", "SecretFailed"], park)
      if (rejected?.version === usable.version) return yield* park(rejected.reason)
      return yield* Effect.scoped(live(watched, usable.credentials)).pipe(
        Effect.tapError((failure) =>
          Effect.suspend(() => {
            if (failure._tag === "AuthRejected") rejected = { version: usable.version, reason: failure }
            return failure._tag === "ProtocolViolation" ? options.onFault(failure.message) : Effect.void
          })
        )
      )
    }).pipe(
      Effect.catchDefect((defect) =>
        Effect.suspend(() => {
          options.onDefect(defect)
          // Clients read it, and what a defect says may name files.
          return options.onFault(withoutPaths(`internal fault: ${faultWords(defect)}`))
        }).pipe(Effect.andThen(Effect.fail(new ConnectionLost({ detail: "internal fault, see the log" }))))
      ),
      Effect.mapError(seenAs),
      Effect.tapError((failure) =>
        Effect.suspend(() => {
          options.tap.closed(failure.message, clock.currentTimeMillisUnsafe())
          return options.onDown(failure)
        })
      )
    )
    // The schedule never ends, so neither does the retry: its failure channel is empty in practice.
    return yield* Effect.orDie(
      Effect.retry(attempt, reconnectSchedule(options.reconnect, options.broker.reconnectAfterMs))
    )
  })
