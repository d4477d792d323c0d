/** The whole service in this process: simulator, store, sessions, gateway, each as it ships. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { BrokerOverrides } from "../../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import { Gateway, OrderUpdates } from "../../../src/gateway/index.ts"
import { alwaysOpen } from "../../../src/market/hours.ts"
import * as LocalFeed from "../../../src/session/feed/localFeed.ts"
import { Hours } from "../../../src/session/references.ts"
import { Transport } from "../../../src/session/transport/transport.ts"
import { demoCredentials, simulate } from "../../../src/simulator/index.ts"
import type { SimulatorOptions } from "../../../src/simulator/index.ts"
import { ApiKeys } from "../../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../../src/store/credentials/credentials.ts"
import { importMaster } from "../../../src/store/instruments/importer.ts"
import { Users } from "../../../src/store/users/users.ts"
import * as Store from "../../../src/store/index.ts"

export const API_KEY = "test-key-of-asha-0123456789"

/** User asha at one broker, simulated; `others` are brokers that asha could change to. */
export const startService = Effect.fnUntraced(function* (
  name: string,
  options: Omit<SimulatorOptions, "broker"> & { readonly others?: ReadonlyArray<string> } = {}
) {
  const { others = [], ...simulatorOptions } = options
  const simulators = yield* Effect.forEach([name, ...others], (n) => simulate(n, simulatorOptions))
  const overrides = Object.fromEntries(simulators.map((s) => [s.broker.name, s.overrides]))
  const registry = BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, overrides)))
  const feed = LocalFeed.layer({
    reconnect: { base: "50 millis", cap: "500 millis", healthyAfter: "1 minute" },
    retryEvery: "100 millis",
    idleTimeToLive: "200 millis"
  }).pipe(
    Layer.provide(Transport.layerSockets),
    // The simulated market never closes.
    Layer.provide(Layer.succeed(Hours, alwaysOpen)),
    Layer.provideMerge(FrameBus.layer)
  )
  const context = yield* Layer.build(
    Gateway.layer({ port: 0, version: "test" }).pipe(
      Layer.provide(OrderUpdates.layer),
      Layer.provide(feed),
      Layer.provideMerge(Layer.mergeAll(Store.layerMemory, registry))
    )
  )
  const users = Context.get(context, Users)
  const credentials = Context.get(context, CredentialStore)
  yield* users.add("asha", name)
  yield* Context.get(context, ApiKeys).create("asha", { key: Redacted.make(API_KEY) })
  for (const simulator of simulators) {
    yield* credentials.set("asha", simulator.broker.name, demoCredentials)
    const { broker } = yield* Context.get(context, BrokerRegistry).load(simulator.broker.name)
    yield* Effect.provideContext(importMaster(broker), context)
  }
  return {
    simulator: simulators[0]!,
    others: simulators.slice(1),
    users,
    credentials,
    apiKeys: Context.get(context, ApiKeys),
    port: Context.get(context, Gateway).port,
    url: `ws://127.0.0.1:${Context.get(context, Gateway).port}`
  }
})
