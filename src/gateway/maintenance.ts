/** What the gateway does again and again by itself, as long as its scope lasts. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ApiKeys } from "../store/users/apiKeys.ts"
import type { Client } from "./client.ts"
import {
  closeRevoked,
  every,
  pinger,
  seekFeeds,
  tellExpiry,
  tendSlow,
  watchDescriptors
} from "./clientMaintenance.ts"
import type { CertificateVerdict } from "./connections/certificate.ts"
import type { Descriptors } from "./connections/descriptors.ts"
import { pingEveryMs } from "./connections/endings.ts"
import type { Listeners } from "./connections/listeners.ts"
import type { GatewayMetrics } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"

/** How often clients that lag are looked after, besides the moments in which their sockets drain. */
const LAG_EVERY_MS = 250

/** How often clients without a feed try for it: they are promised it within two seconds. */
const SEEK_EVERY_MS = 1000

/** How often it is seen whether keys were revoked: closing is promised within a second. */
const REVOKED_EVERY_MS = 500

/** How often the certificate's files are looked at. */
const TLS_EVERY_MS = 1000

/** How often it is seen how many descriptors the process has left. */
const DESCRIPTORS_EVERY_MS = 1000

/** The old certificate serves on when the new one is of no use. */
const reloadTls = (listeners: Listeners): Effect.Effect<void> =>
  listeners.reload.pipe(
    Effect.flatMap((taken) =>
      taken ? Effect.logInfo("the gateway has taken the new TLS certificate") : Effect.void
    ),
    Effect.catchTags({
      TlsFailed: (error) =>
        Effect.logError(`the new TLS certificate is not taken, the old one stays: ${error.message}`),
      ListenFailed: (error) =>
        Effect.logError(`no new clients can connect, it is tried again: ${error.message}`)
    })
  )

export interface MaintenanceDeps {
  readonly settings: GatewaySettings
  readonly clients: ReadonlySet<Client>
  readonly keys: ApiKeys["Service"]
  readonly descriptors: Descriptors
  readonly listeners: Listeners
  readonly metrics: GatewayMetrics
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Handles what waits in the client's line. */
  readonly handle: (client: Client) => void
  /** Reads what is measured once in a while. */
  readonly sample: () => void
  readonly verdict: () => CertificateVerdict | undefined
}

export const maintain = Effect.fnUntraced(function* (
  deps: MaintenanceDeps
): Effect.fn.Return<void, never, Scope.Scope> {
  const { clients, descriptors, handle, keys, listeners, metrics, now, sample, settings, verdict } = deps
  yield* every(
    "the watch on slow clients",
    LAG_EVERY_MS,
    Effect.sync(() => tendSlow(clients, settings, now()))
  )
  const seek = seekFeeds((client) => {
    client.mustSettle = true
    handle(client)
  })
  yield* every(
    "the search for missing feeds",
    SEEK_EVERY_MS,
    Effect.sync(() => seek(clients))
  )
  yield* every("the watch on revoked keys", REVOKED_EVERY_MS, closeRevoked(clients, keys))
  const pingAll = pinger(clients, settings, now())
  yield* every(
    "pinging",
    pingEveryMs(settings),
    Effect.sync(() => {
      sample()
      pingAll(now())
    })
  )
  yield* every(
    "the watch on descriptors",
    DESCRIPTORS_EVERY_MS,
    watchDescriptors(descriptors, listeners, metrics)
  )
  if (settings.tls === undefined) return
  yield* every("the watch on the certificate", TLS_EVERY_MS, reloadTls(listeners))
  yield* every("the look at the certificate's end", TLS_EVERY_MS, tellExpiry(verdict))
})
