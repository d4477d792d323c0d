/** The layers of the commands. All wiring happens here. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import * as LocalFeed from "../../session/feed/localFeed.ts"
import { Transport } from "../../session/transport/transport.ts"
import * as Store from "../../store/index.ts"
import { hasDatabase } from "../demo/demoFolder.ts"
import { withoutDemoLogins } from "../demo/demoLogin.ts"
import * as Overrides from "./overrides.ts"

/** Database, secrets and broker data: what the administrative commands need. */
export const storeLayer = (options: { readonly dataDir: string }) =>
  Layer.mergeAll(Store.layer({ dataDir: options.dataDir }), Overrides.lenientRegistry(options.dataDir))

/** The same of a folder that something is stored in: for what only reads or changes that. */
export const existingStore = (options: { readonly dataDir: string }) =>
  Layer.unwrap(Effect.as(hasDatabase(options.dataDir), storeLayer(options)))

/**
 * Sessions and the in-process bus, over a store. Who asks a session something passes their own services on to it (`RcMap`), so the
 * store without the simulator's logins is everybody's here.
 */
export const feedLayer = LocalFeed.layer().pipe(
  Layer.provideMerge(withoutDemoLogins),
  Layer.provide(Transport.layerSockets),
  Layer.provideMerge(FrameBus.layer)
)

/** A broker's name as the registry writes it, or an error that lists the known ones. */
export const canonicalBroker = (name: string) =>
  Effect.flatMap(BrokerRegistry, (registry) => Effect.map(registry.load(name), ({ broker }) => broker.name))

/**
 * The public ZeroMQ socket, over the bus of this process. Answers its address. An address that the user named
 * must work; the default one is left off with a warning when it is taken, so that two processes can run.
 */
export const publicZmq = Effect.fn("publicZmq")(function* (endpoint: Option.Option<string>) {
  if (endpoint._tag === "Some" && endpoint.value === "off") return undefined
  const { ZmqPublisher } = yield* Effect.promise(() => import("../../bus/zmq/publisher.ts"))
  const open = Effect.map(
    Layer.build(ZmqPublisher.layer(endpoint._tag === "Some" ? { endpoint: endpoint.value } : {})),
    (context) => Context.get(context, ZmqPublisher).endpoint
  )
  if (endpoint._tag === "Some") return yield* open
  return yield* Effect.catch(open, (error) =>
    Effect.as(Effect.logWarning(`ZeroMQ is off: ${error.message} Choose an address with --zmq.`), undefined)
  )
})
