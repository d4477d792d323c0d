/**
 * What configuration may change of a broker's data: its endpoints (a simulator, a proxy) and the limits that
 * no source confirms. Everything else is a fact of the wire and belongs to the broker's file.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type { Broker, Limit } from "./broker.ts"

const Positive = Schema.Int.check(Schema.isGreaterThan(0))

export const BrokerOverride = Schema.Struct({
  endpoint: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^wss?:\/\//))),
  instrumentsUrl: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^https?:\/\//))),
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

export const applyOverride = (broker: Broker, o: BrokerOverride): Broker => ({
  ...broker,
  endpoint: o.endpoint ?? broker.endpoint,
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
    url: o.instrumentsUrl ?? broker.instrumentMaster.url,
    minimumRows: o.minimumInstruments ?? broker.instrumentMaster.minimumRows
  },
  ...(o.variant === undefined ? {} : { variant: { ...broker.variant, ...o.variant } })
})
