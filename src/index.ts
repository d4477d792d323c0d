/**
 * AlgoWays for other Effect applications: brokers' live feeds as Layers and Streams, with no server and no
 * native module. See `examples/`.
 */
import * as Layer from "effect/Layer"
import type { BrokerOverride } from "./brokers/overrides.ts"
import { BrokerOverrides } from "./brokers/overrides.ts"
import { BrokerRegistry } from "./brokers/registry.ts"
import { FrameBus } from "./bus/frameBus.ts"
import { Transport } from "./session/transport/transport.ts"
import type { StoreError } from "./store/errors.ts"
import * as Store from "./store/index.ts"

export { BrokerAdapter } from "./brokers/adapter.ts"
export type { AdapterStatus, ReaderSubscription } from "./brokers/adapter.ts"
export type { Broker, Limit } from "./brokers/broker.ts"
export { BrokerOverrides } from "./brokers/overrides.ts"
export type { BrokerOverride } from "./brokers/overrides.ts"
export { BrokerRegistry } from "./brokers/registry.ts"
export type { BrokerLoader, BrokerModule } from "./brokers/registry.ts"
export { Feed, FeedError } from "./bus/feed.ts"
export type { FeedInfo } from "./bus/feed.ts"
export type { MarketFrame, View } from "./frame/marketFrame.ts"
export { copyOf } from "./frame/marketFrame.ts"
export { FrameBus } from "./bus/frameBus.ts"
export type { CredentialField, Credentials } from "./market/credentials.ts"
export * from "./market/errors.ts"
export { Exchange } from "./market/exchange.ts"
export { FeedEvent } from "./market/feedEvent.ts"
export { makeCalendar } from "./market/calendar.ts"
export { CalendarFile } from "./market/calendarFile.ts"
export * from "./market/feedEvent.ts"
export { FeedStatus, InstrumentStatus } from "./market/feedStatus.ts"
export { alwaysOpen } from "./market/hours.ts"
export type { HoursAnswer, MarketHours } from "./market/hours.ts"
export { Instrument } from "./market/instrument.ts"
export { Mode } from "./market/mode.ts"
export * from "./market/subscription.ts"
export { Depth, Level, Tick } from "./market/tick.ts"
export { registerProtocol } from "./protocols/index.ts"
export { adapterLayer, createAdapter } from "./session/factory.ts"
export type { AdapterOptions, AdapterServices } from "./session/factory.ts"
export { layer as feedLayer } from "./session/feed/localFeed.ts"
export type { LocalFeedOptions } from "./session/feed/localFeed.ts"
export type { PlausibilityOptions } from "./session/ticks/plausibility.ts"
export { Recorder } from "./session/recorder/recorder.ts"
export type { RecorderOptions } from "./session/recorder/recorder.ts"
export { ConnectionTaps, Hours, Plausibility } from "./session/references.ts"
export { combineTaps } from "./session/ticks/tap.ts"
export type { ConnectionName, ConnectionTap, Tap } from "./session/ticks/tap.ts"
export { Transport } from "./session/transport/transport.ts"
export { ApiKeys } from "./store/users/apiKeys.ts"
export { CredentialStore } from "./store/credentials/credentials.ts"
export { importMaster } from "./store/instruments/importer.ts"
export type { ExchangeReport, FileReport, ImportReport } from "./store/instruments/importer.ts"
export { Instruments } from "./store/instruments/instruments.ts"
export type { InstrumentSearch } from "./store/instruments/search/query.ts"
export { Users } from "./store/users/users.ts"

export interface Options {
  /** Broker endpoints and limits that differ from the brokers' own, by broker name. */
  readonly brokers?: Readonly<Record<string, BrokerOverride>>
}

/** What `createAdapter` and `feedLayer` need, and the store's own services. */
export type Services = Store.Store | BrokerRegistry | Transport | FrameBus

const around = (
  store: Layer.Layer<Store.Store, StoreError>,
  { brokers = {} }: Options
): Layer.Layer<Services, StoreError> =>
  Layer.mergeAll(
    store,
    BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, brokers))),
    Transport.layerSockets,
    FrameBus.layer
  )

/** Over the SQLite database and the key file of a data folder, shared with the `algoways` command. */
export const layer = ({ dataDir, ...options }: Options & { readonly dataDir: string }) =>
  around(Store.layer({ dataDir }), options)

/** Everything in memory: nothing is read from disk, nothing stays. */
export const layerMemory = (options: Options = {}) => around(Store.layerMemory, options)
