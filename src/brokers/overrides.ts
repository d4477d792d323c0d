/**
 * What configuration may change of a broker's data: its endpoints (a simulator, a proxy) and the limits that
 * no source confirms. Everything else is a fact of the wire and belongs to the broker's file.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type { Broker, Limit } from "./broker.ts"

const Positive = Schema.Int.check(Schema.isGreaterThan(0))

const Endpoint = Schema.String.check(Schema.isPattern(/^(?:wss?|tcp|tls):\/\//))
const Web = Schema.String.check(Schema.isPattern(/^https?:\/\//))

export const BrokerOverride = Schema.Struct({
  endpoint: Schema.optionalKey(Endpoint),
  /** Further addresses, by the names in the broker's data. */
  services: Schema.optionalKey(Schema.Record(Schema.String, Web)),
  /** Endpoints of the sockets for deep books, by their names. */
  deepEndpoints: Schema.optionalKey(Schema.Record(Schema.String, Endpoint)),
  /** One address in place of all that the broker publishes its master at: the file, or a zip archive of the files. */
  instrumentsUrl: Schema.optionalKey(Web),
  minimumInstruments: Schema.optionalKey(Positive),
  subscriptionsPerConnection: Schema.optionalKey(Positive),
  connectionsPerLogin: Schema.optionalKey(Positive),
  requestBatch: Schema.optionalKey(Positive),
  requestIntervalMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  silentAfterMs: Schema.optionalKey(Positive),
  /** Choices that the protocol leaves to the broker; merged over the broker's own. */
  variant: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})
export type BrokerOverride = typeof BrokerOverride.Type

/** By broker name. The shape of the `brokers.json` file in the data folder. */
export const BrokerOverridesFile = Schema.Record(Schema.String, BrokerOverride)

export const BrokerOverrides = Context.Reference<Readonly<Record<string, BrokerOverride>>>(
  "algoways/brokers/BrokerOverrides",
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

export const applyOverride = (broker: Broker, o: BrokerOverride): Broker => ({
  ...broker,
  endpoint: o.endpoint ?? broker.endpoint,
  ...(broker.services === undefined ? {} : { services: { ...broker.services, ...o.services } }),
  ...(broker.deepFeeds === undefined
    ? {}
    : {
        deepFeeds: broker.deepFeeds.map((feed) => ({
          ...feed,
          endpoint: o.deepEndpoints?.[feed.name] ?? feed.endpoint
        }))
      }),
  limits: {
    subscriptionsPerConnection: limit(broker.limits.subscriptionsPerConnection, o.subscriptionsPerConnection),
    connectionsPerLogin: limit(broker.limits.connectionsPerLogin, o.connectionsPerLogin)
  },
  pacing: {
    batch: o.requestBatch ?? broker.pacing.batch,
    intervalMs: o.requestIntervalMs ?? broker.pacing.intervalMs
  },
  heartbeat: { ...broker.heartbeat, silentAfterMs: o.silentAfterMs ?? broker.heartbeat.silentAfterMs },
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
