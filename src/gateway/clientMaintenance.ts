/** What the gateway does by itself on a beat: pings, slow clients, revoked keys, feeds that are missing. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { logged } from "../kit/watched.ts"
import { breathe } from "../kit/breathe.ts"
import type { ApiKeys } from "../store/users/apiKeys.ts"
import type { CertificateVerdict } from "./connections/certificate.ts"
import type { Client } from "./client.ts"
import { CLOSE } from "./client.ts"
import type { Descriptors } from "./connections/descriptors.ts"
import type { Listeners } from "./connections/listeners.ts"
import { mostSilentMs, pingEveryMs } from "./connections/endings.ts"
import type { GatewayMetrics } from "./metrics.ts"
import type { GatewaySettings } from "./options.ts"

/** For ever, on a beat; a round that fails is logged and the next one comes all the same. */
export const every = (what: string, every: Duration.Input, act: Effect.Effect<void>) =>
  act.pipe(
    logged(`the gateway: ${what} failed`, Effect.void),
    Effect.repeat(Schedule.spaced(every)),
    Effect.forkScoped
  )

/** Says that descriptors are short, or are not any more, and stops accepting while there is hardly one left. */
export const watchDescriptors = (
  descriptors: Descriptors,
  listeners: Listeners,
  metrics: GatewayMetrics
): Effect.Effect<void> => {
  let short = false
  return Effect.gen(function* () {
    const used = descriptors.read()
    const { limit } = descriptors
    metrics.descriptors(used, limit)
    if (descriptors.takeScarcity() !== short) {
      short = !short
      const have = `${used} of the ${limit} files and sockets that the process may have are open`
      yield* short
        ? Effect.logWarning(
            `${have}: the gateway takes no more connections, the rest is for brokers, the database and ZeroMQ. Raise the limit (ulimit -n, LimitNOFILE), or lower --limit maxConnections`
          )
        : Effect.logInfo(`${have}: the gateway takes connections again`)
    }
    if (descriptors.exhausted && !listeners.paused) {
      listeners.pause()
      metrics.paused()
      yield* Effect.logError(
        `${used} of ${limit} files and sockets are open: the gateway's port is closed until some are free`
      )
    } else if (listeners.paused && !short) {
      yield* listeners.resume
      yield* Effect.logInfo("the gateway's port is open again")
    }
  }).pipe(Effect.catch((error) => Effect.logError(`the gateway's port is tried again: ${error.message}`)))
}

/** Says that the certificate ends soon, or has: once a day, and in its last two days every hour. */
export const tellExpiry = (verdict: () => CertificateVerdict | undefined): Effect.Effect<void> => {
  let told = ""
  return Effect.suspend(() => {
    const expiry = verdict()
    if (expiry === undefined || expiry.state === "good" || expiry.text === told) return Effect.void
    told = expiry.text
    const text = `${told}: renew it; the new files are taken without a restart`
    return expiry.state === "soon" ? Effect.logWarning(text) : Effect.logError(text)
  })
}

/** Clients that lag are drained besides the moments in which their sockets ask for it, and closed when it goes on. */
export const tendSlow = (clients: Iterable<Client>, settings: GatewaySettings, now: number): void => {
  for (const client of clients) {
    const { laggingSince } = client.delivery
    if (laggingSince === 0) continue
    // A ping stands behind all that waits, and its pong behind that: the lag alone decides.
    client.ponged()
    client.delivery.drain()
    const waited = client.waitingBytes
    if (now - laggingSince > settings.maxLagMs || waited > settings.maxBackpressureBytes) client.tooSlow()
  }
}

/** A beat that is so much too late found the process, or the machine, asleep: pongs wait unread. */
const ASLEEP_MS = 2500

type Pinged = Pick<Client, "awaitsPongSince" | "end" | "excuse" | "heardAt" | "ping"> & {
  readonly delivery: Pick<Client["delivery"], "laggingSince">
}

/**
 * Pings all clients. One that has not answered is gone, unless so much waits for it that the ping has not reached it yet,
 * or it was the gateway that did not listen. One of which nothing at all has come for too long is gone in any case.
 */
export const pinger = (
  clients: Iterable<Pinged>,
  settings: Pick<GatewaySettings, "maxLagMs" | "pingIntervalMs" | "pongTimeoutMs">,
  startedAt: number
) => {
  const mostSilent = mostSilentMs(settings)
  const every = pingEveryMs(settings)
  let last = startedAt
  return (now: number): void => {
    const asleep = now - last > every + ASLEEP_MS
    last = now
    for (const client of clients) {
      if (asleep) client.excuse(now)
      const waits = client.awaitsPongSince
      const unanswered =
        waits > 0 && now - waits >= settings.pongTimeoutMs && client.delivery.laggingSince === 0
      if (unanswered || now - client.heardAt >= mostSilent) client.end("no_pong", CLOSE.NO_PONG)
      else client.ping(now)
    }
  }
}

/** Clients that are closed in one turn of the event loop. */
const EXPELLED_AT_ONCE = 50

/** An adapter that fails and fails is tried ever more rarely. */
const MOST_BEATS = 32

/**
 * Who lacks its feed tries again, one client of each user: the others follow when the feed is there for it.
 *
 * @param settle lets the client try when it is its turn
 */
export const seekFeeds = (settle: (client: Client) => void) => {
  const first = new Map<string, { readonly client: Client; beats: number }>()
  return (clients: Iterable<Client>): void => {
    const needy = Map.groupBy(
      [...clients].filter((client) => client.needsFeed && client.user !== undefined),
      (client) => client.user!
    )
    for (const user of first.keys()) if (!needy.has(user)) first.delete(user)
    for (const [user, lacking] of needy) {
      const tried = first.get(user)
      if (tried !== undefined && tried.client.isOpen && !tried.client.needsFeed) {
        first.delete(user)
        for (const client of lacking) settle(client)
      } else if (tried === undefined || !tried.client.isOpen || tried.client.user !== user) {
        first.set(user, { client: lacking[0]!, beats: 0 })
        settle(lacking[0]!)
      } else if (++tried.beats >= Math.min(MOST_BEATS, 2 ** tried.client.feedFaults)) {
        tried.beats = 0
        settle(tried.client)
      }
    }
  }
}

/** Closes the clients whose keys are gone: one look at the store for all of them. */
export const closeRevoked = Effect.fnUntraced(function* (
  clients: Iterable<Client>,
  keys: ApiKeys["Service"]
) {
  const byKey = Map.groupBy(
    [...clients].filter((client) => client.keyId !== undefined),
    (client) => client.keyId!
  )
  if (byKey.size === 0) return
  const live = yield* Effect.orElseSucceed(keys.live([...byKey.keys()]), () => undefined)
  // A store that cannot be read just now says nothing about keys.
  if (live === undefined) return
  for (const [id, owners] of byKey) {
    if (live.has(id)) continue
    yield* Effect.logInfo(`API key ${id} was revoked: closing its ${owners.length} clients`)
    for (const [i, client] of owners.entries()) {
      if (i % EXPELLED_AT_ONCE === EXPELLED_AT_ONCE - 1) yield* breathe
      client.expel()
    }
  }
})
