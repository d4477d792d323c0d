/**
 * The broker factory: from a broker's name to a Layer that provides its adapter. The broker's module and the
 * protocol that it speaks are imported when the name is asked for, not before.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerAdapter } from "../brokers/adapter.ts"
import { streamsOf } from "../brokers/broker.ts"
import type { BrokerUnusable } from "../brokers/registry.ts"
import { BrokerRegistry } from "../brokers/registry.ts"
import type { FrameBus } from "../bus/frameBus.ts"
import { BrokerLoadFailed } from "../market/errors.ts"
import { loadProtocol } from "../protocols/index.ts"
import type { CredentialStore } from "../store/credentials/credentials.ts"
import type { Instruments } from "../store/instruments/instruments.ts"
import type { Lapse } from "./health/lapse.ts"
import type { ReconnectOptions } from "./connection/retrySchedule.ts"
import { makeAdapter } from "./adapter.ts"
import type { Intensity } from "./health/restartIntensity.ts"
import type { Transport } from "./transport/transport.ts"

export interface AdapterOptions {
  readonly reconnect?: ReconnectOptions
  /** When faults escalate; see restartIntensity.ts. */
  readonly intensity?: Intensity
  /** How long an instrument stays subscribed upstream after its last reader; 0 by default. */
  readonly lingerMs?: number
  /** What earlier sessions of this user have left: how long the user has had no feed. */
  readonly lapse?: Lapse
}

export type AdapterServices = BrokerRegistry | Transport | CredentialStore | Instruments | FrameBus

/** A new adapter each time the layer is built: one per user and connection to a broker. */
export const adapterLayer = (
  name: string,
  options: AdapterOptions = {}
): Layer.Layer<BrokerAdapter, BrokerUnusable, AdapterServices> =>
  Layer.fresh(
    Layer.unwrap(
      Effect.gen(function* () {
        const registry = yield* BrokerRegistry
        const { adapter, broker } = yield* registry.load(name)
        if (adapter !== undefined) return Layer.fresh(adapter)
        const [protocol, ...deepProtocols] = yield* Effect.forEach(streamsOf(broker), (feed) =>
          Effect.tryPromise({
            try: () => loadProtocol(feed.protocol),
            catch: (cause) => new BrokerLoadFailed({ broker: broker.name, cause })
          })
        )
        return Layer.effect(
          BrokerAdapter,
          makeAdapter({ broker, protocol: protocol!, deepProtocols, ...options })
        )
      })
    )
  )

/** The same as an Effect: the adapter lives as long as the scope. */
export const createAdapter = (name: string, options?: AdapterOptions) =>
  Layer.build(adapterLayer(name, options)).pipe(
    Effect.map((context) => Context.get(context, BrokerAdapter)),
    Effect.annotateLogs("broker", name.toLowerCase())
  )
