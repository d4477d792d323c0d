/** A simulated broker before anybody can reach it: its market, what it lists, its login, and the venue that serves it. */
import * as Effect from "effect/Effect"
import { BOOK_LEVELS } from "./book.ts"
import { demoLoginAt, loginOf } from "./demo.ts"
import { SimulatorUnsupported } from "./errors.ts"
import type { FaultEvent } from "./faults/engine.ts"
import type { FaultScript } from "./faults/schema.ts"
import { pathOf } from "./http.ts"
import { listAt } from "./identity.ts"
import type { Listed, MasterText } from "./masters/master.ts"
import { makeListings } from "./listings.ts"
import { makeMarket } from "./market.ts"
import type { Market } from "./market.ts"
import { loadMaster, simulatedFormats } from "./masters/index.ts"
import { makeVenue } from "./venue.ts"
import type { Venue } from "./venue.ts"
import type { VenueFeed } from "./venueOptions.ts"
import { codecOptions, streamsOf } from "../brokers/broker.ts"
import type { Broker } from "../brokers/broker.ts"
import type { Credentials } from "../market/credentials.ts"
import { loadServerProtocol } from "../protocols/index.ts"

export interface SimulatedBrokerOptions {
  readonly broker: Broker
  /** Logins that are let in; default: the demo login of the broker's protocol. */
  readonly credentials?: Credentials
  /** Changes of instruments per second, over the whole market; default 100. */
  readonly ticksPerSecond?: number
  /** Equal seeds give equal walks; default 1. */
  readonly seed?: number
  /** How often per second changes are sent, 1 to 1000; default 40. */
  readonly turnsPerSecond?: number
  /** More NSE equities (`LOAD00001`, ...) for load tests; default 0. */
  readonly loadEquities?: number
  /** A client with more unread bytes than this is skipped until it has read; default 1 MiB. */
  readonly maxBufferedBytes?: number
  /** Start with a market that stands still; default false. */
  readonly paused?: boolean
  /** Multiplies every volatility; default 1. */
  readonly liveliness?: number
  /** Faults from the start on, see docs/simulator.md. */
  readonly faults?: FaultScript
  readonly onFault?: (event: FaultEvent) => void
  /** The market's clock, epoch ms; default the system's. Also the day that contracts expire after. */
  readonly now?: () => number
}

export interface SimulatedBroker {
  readonly venue: Venue
  readonly market: Market
  readonly listed: ReadonlyArray<Listed>
  readonly credentials: Credentials
  /** The broker's connections, the main one first, as data and as the venue serves them. */
  readonly parts: ReadonlyArray<Broker>
  readonly feeds: ReadonlyArray<VenueFeed>
  /** Addresses of the feeds, in their order; filled by who listens. */
  readonly endpoints: Array<string>
  /** The instrument master. */
  readonly files: ReadonlyArray<MasterText>
  /** How often `venue.turn` is due. */
  readonly turnMs: number
}

/** Fails where the broker's protocol or master has no simulator. */
export const makeSimulatedBroker = Effect.fn("makeStage")(function* (
  options: SimulatedBrokerOptions
): Effect.fn.Return<SimulatedBroker, SimulatorUnsupported> {
  const { broker, turnsPerSecond = 40 } = options
  const now = options.now ?? Date.now
  const startedAt = now()
  const listings = makeListings({ now: startedAt, loadEquities: options.loadEquities ?? 0 })
  const parts = streamsOf(broker)
  const unsupported = { broker: broker.name, protocol: broker.protocol, known: simulatedFormats }
  const { login, master, protocols } = yield* Effect.tryPromise({
    try: async () => ({
      protocols: await Promise.all(parts.map((feed) => loadServerProtocol(feed.protocol))),
      master: await loadMaster(broker.instrumentMaster.format),
      login: loginOf(await demoLoginAt(broker))
    }),
    catch: (cause) => new SimulatorUnsupported({ ...unsupported, cause })
  })
  if (master === undefined) return yield* new SimulatorUnsupported(unsupported)
  const listed = listAt(broker, listings, master)

  const market = makeMarket({
    listings,
    seed: options.seed ?? 1,
    now: startedAt,
    levels: Math.max(
      BOOK_LEVELS,
      ...Object.values(broker.exchanges).flatMap(({ depthLevels }) => depthLevels)
    ),
    ...(options.liveliness === undefined ? {} : { liveliness: options.liveliness })
  })
  const log = Effect.runForkWith(yield* Effect.context<never>())
  const turnMs = 1000 / Math.min(Math.max(turnsPerSecond, 1), 1000)
  const credentials = options.credentials ?? login
  const endpoints: Array<string> = []
  const feeds = parts.map((feed, i): VenueFeed => ({
    path: pathOf(feed.endpoint),
    protocol: protocols[i]!,
    codec: codecOptions(feed),
    endpoint: () => endpoints[i] ?? ""
  }))
  const venue = makeVenue({
    feeds,
    listed,
    market,
    credentials,
    ticksPerSecond: options.ticksPerSecond ?? 100,
    turnMs,
    maxBufferedBytes: options.maxBufferedBytes ?? 1024 * 1024,
    paused: options.paused ?? false,
    seed: options.seed ?? 1,
    ...(options.onFault === undefined ? {} : { onFault: options.onFault }),
    now,
    moment: () => performance.now(),
    report: (what, detail) => {
      const line = `simulator of ${broker.name}: ${what}, ${detail}`
      log(what === "defect" ? Effect.logError(line) : Effect.logDebug(line))
    }
  })
  // A variant that the protocol does not take is noticed before any client comes.
  yield* Effect.try({
    try: () => {
      for (const { codec, protocol } of feeds) {
        protocol.open(codec, { request: { url: "", headers: {} }, accepted: () => credentials })
      }
    },
    catch: (cause) => new SimulatorUnsupported({ ...unsupported, cause })
  })
  return { venue, market, listed, credentials, parts, feeds, endpoints, files: master.write(listed), turnMs }
})
