/**
 * What configuration may change of a broker's data: its endpoints (a simulator, a proxy) and the limits that
 * no source confirms. Everything else is a fact of the wire and belongs to the broker's file.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type { Broker, DeepFeed, Limit } from "./broker.ts"
import { speaking } from "./broker.ts"

/** Whatever is wrong with a setting, this is its message: what it must be, as the rest of a sentence. */
const count = (least: number, must: string) =>
  Schema.Number.annotate({ message: must }).check(
    Schema.isInt({ message: must }),
    Schema.isGreaterThanOrEqualTo(least, { message: must })
  )
const text = (pattern: RegExp, must: string) =>
  Schema.String.annotate({ message: must }).check(Schema.isPattern(pattern, { message: must }))

const Positive = count(1, "must be a whole number above 0")
const Milliseconds = count(0, "must be a whole number of milliseconds, 0 or more")
const Endpoint = text(
  /^(?:wss?|tcp|tls):\/\//,
  "must begin with ws:, wss:, tcp: or tls: and two slashes, such as wss://host/path"
)
const Web = text(/^https?:\/\//, "must begin with http:// or https://")
const Text = Schema.String.annotate({ message: "must be a text" })

const objectOf = <S extends Schema.Constraint>(value: S) =>
  Schema.Record(Schema.String, value).annotate({ message: "must be an object" })
const Variant = objectOf(Schema.Unknown)

export const DeepFeedOverride = Schema.Struct({
  endpoint: Schema.optionalKey(Endpoint),
  subscriptionsPerConnection: Schema.optionalKey(Positive),
  connectionsPerLogin: Schema.optionalKey(Positive),
  variant: Schema.optionalKey(Variant)
}).annotate({ message: "must be an object of settings" })

export const BrokerOverride = Schema.Struct({
  /** Which of its protocols a broker with several speaks. See `otherProtocols` in broker.ts. */
  protocol: Schema.optionalKey(Text),
  endpoint: Schema.optionalKey(Endpoint),
  /** Whether a simulated market is at the addresses that these settings give; see movedAddresses.ts. */
  simulated: Schema.optionalKey(Schema.Boolean.annotate({ message: "must be true or false" })),
  /** Further addresses, by the names in the broker's data. */
  services: Schema.optionalKey(objectOf(Web)),
  /** The streams for deep levels, by their names. */
  deepFeeds: Schema.optionalKey(objectOf(DeepFeedOverride)),
  /** Depth levels by exchange, for accounts that are served fewer or more than the broker's data says. */
  depthLevels: Schema.optionalKey(
    objectOf(Schema.Array(Positive).annotate({ message: "must be a list of numbers of levels, such as [5]" }))
  ),
  /** One address in place of all that the broker publishes its master at: the file, or a zip archive of the files. */
  instrumentsUrl: Schema.optionalKey(Web),
  minimumInstruments: Schema.optionalKey(Positive),
  subscriptionsPerConnection: Schema.optionalKey(Positive),
  connectionsPerLogin: Schema.optionalKey(Positive),
  requestBatch: Schema.optionalKey(Positive),
  requestIntervalMs: Schema.optionalKey(Milliseconds),
  silentAfterMs: Schema.optionalKey(Positive),
  heartbeatEveryMs: Schema.optionalKey(Positive),
  pingEveryMs: Schema.optionalKey(Positive),
  /** The watchdog's limits; see `heartbeat` in broker.ts. */
  pongWithinMs: Schema.optionalKey(Positive),
  ticklessAfterMs: Schema.optionalKey(Positive),
  firstTickAfterMs: Schema.optionalKey(Positive),
  partialAfterMs: Schema.optionalKey(Positive),
  reconnectAfterMs: Schema.optionalKey(Milliseconds),
  /** Choices that the protocol leaves to the broker; merged over the broker's own. */
  variant: Schema.optionalKey(Variant)
}).annotate({ message: "must be an object of settings" })
export type BrokerOverride = typeof BrokerOverride.Type

export const BrokerOverrides = Context.Reference<Readonly<Record<string, BrokerOverride>>>(
  "algoways/brokers/BrokerOverrides",
  { defaultValue: () => ({}) }
)

/** What is wrong with the settings of a broker, by its name: it cannot be used, while the others can. */
export const OverrideProblems = Context.Reference<Readonly<Record<string, ReadonlyArray<string>>>>(
  "algoways/brokers/OverrideProblems",
  { defaultValue: () => ({}) }
)

/** A limit that the user set is as good as confirmed: it is their account. */
const limit = (own: Limit, override: number | undefined): Limit =>
  override === undefined ? own : { value: override, confirmed: true }

/** The last part of an address's path: what a download is called. */
export const fileName = (url: string): string => {
  const path = URL.canParse(url) ? new URL(url).pathname : url
  return path.slice(path.lastIndexOf("/") + 1)
}

const applyLimits = (
  own: Broker["limits"],
  o: Pick<BrokerOverride, "subscriptionsPerConnection" | "connectionsPerLogin">
): Broker["limits"] => ({
  subscriptionsPerConnection: limit(own.subscriptionsPerConnection, o.subscriptionsPerConnection),
  connectionsPerLogin: limit(own.connectionsPerLogin, o.connectionsPerLogin)
})

const applyToDeepFeed = (feed: DeepFeed, o: NonNullable<BrokerOverride["deepFeeds"]>[string]): DeepFeed => ({
  ...feed,
  endpoint: o.endpoint ?? feed.endpoint,
  limits: applyLimits(feed.limits, o),
  ...(o.variant === undefined ? {} : { variant: { ...feed.variant, ...o.variant } })
})

const withLevels = (
  exchanges: Broker["exchanges"],
  levels: Readonly<Record<string, ReadonlyArray<number>>>
): Broker["exchanges"] =>
  Object.fromEntries(
    Object.entries(exchanges).map(([name, e]) => {
      const own = levels[name]
      return [name, own === undefined ? e : { ...e, depthLevels: [...own].sort((a, b) => a - b) }]
    })
  )

const watchdogKeys = ["pongWithinMs", "ticklessAfterMs", "firstTickAfterMs", "partialAfterMs"] as const

const watchdogLimits = (o: BrokerOverride): Partial<Broker["heartbeat"]> =>
  Object.fromEntries(watchdogKeys.flatMap((key) => (o[key] === undefined ? [] : [[key, o[key]]])))

/** The broker on the wire of `o.protocol`. @throws Error for a protocol that it does not speak */
export const wireOf = (broker: Broker, o: BrokerOverride): Broker =>
  o.protocol === undefined ? broker : speaking(broker, o.protocol)

/** All settings but the wire, which `wireOf` chooses. */
export const applyOverride = (broker: Broker, o: BrokerOverride): Broker => ({
  ...broker,
  endpoint: o.endpoint ?? broker.endpoint,
  ...(o.simulated === true ? { simulated: true } : {}),
  ...(broker.services === undefined ? {} : { services: { ...broker.services, ...o.services } }),
  ...(broker.deepFeeds === undefined
    ? {}
    : { deepFeeds: broker.deepFeeds.map((feed) => applyToDeepFeed(feed, o.deepFeeds?.[feed.name] ?? {})) }),
  ...(o.depthLevels === undefined ? {} : { exchanges: withLevels(broker.exchanges, o.depthLevels) }),
  ...(o.reconnectAfterMs === undefined ? {} : { reconnectAfterMs: o.reconnectAfterMs }),
  limits: applyLimits(broker.limits, o),
  pacing: {
    batch: o.requestBatch ?? broker.pacing.batch,
    intervalMs: o.requestIntervalMs ?? broker.pacing.intervalMs
  },
  heartbeat: {
    ...broker.heartbeat,
    silentAfterMs: o.silentAfterMs ?? broker.heartbeat.silentAfterMs,
    ...(o.heartbeatEveryMs === undefined ? {} : { sendEveryMs: o.heartbeatEveryMs }),
    ...(o.pingEveryMs === undefined ? {} : { pingEveryMs: o.pingEveryMs }),
    ...watchdogLimits(o)
  },
  instrumentMaster: {
    ...broker.instrumentMaster,
    sources:
      o.instrumentsUrl === undefined
        ? broker.instrumentMaster.sources
        : [{ name: fileName(o.instrumentsUrl), url: o.instrumentsUrl }],
    minimumRows: o.minimumInstruments ?? broker.instrumentMaster.minimumRows
  },
  ...(o.variant === undefined ? {} : { variant: { ...broker.variant, ...o.variant } })
})
