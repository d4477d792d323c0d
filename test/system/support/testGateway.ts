/** A real gateway on a real port in front of a scripted feed. */
import { readFileSync } from "node:fs"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import type { Feed } from "../../../src/bus/feed.ts"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import { CaseFile } from "../../../src/gateway/conformance/caseFile.ts"
import type { ScriptedFeed } from "../../../src/gateway/conformance/scriptedFeed.ts"
import type { CaseWorld } from "../../../src/gateway/conformance/player.ts"
import { scriptedWorld } from "../../../src/gateway/conformance/run.ts"
import { Scripted, scriptedGateway } from "../../../src/gateway/conformance/scriptedGateway.ts"
import type { GatewayStats } from "../../../src/gateway/metrics.ts"
import { defaults } from "../../../src/gateway/options.ts"
import type { GatewayOptions } from "../../../src/gateway/options.ts"
import type { OrderUpdate } from "../../../src/gateway/orderUpdates.ts"
import { OrderUpdates } from "../../../src/gateway/orderUpdates.ts"
import { Gateway } from "../../../src/gateway/server.ts"
import type { FeedEvent } from "../../../src/market/feedEvent.ts"
import type { StoreError } from "../../../src/store/errors.ts"
import type { Store } from "../../../src/store/index.ts"

export interface TestGateway {
  readonly port: number
  readonly url: string
  readonly feed: ScriptedFeed
  /** Of conversation cases. */
  readonly world: CaseWorld
  readonly stats: () => GatewayStats
  /** Tells the gateway what happens to the feed. */
  readonly tell: (event: FeedEvent) => void
  readonly order: (user: string, order: OrderUpdate) => void
  readonly close: () => Promise<void>
}

export const caseFile = (name: string): CaseFile =>
  Schema.decodeUnknownSync(CaseFile)(
    JSON.parse(readFileSync(new URL(`../../cases/${name}`, import.meta.url), "utf8"))
  )

const { fixture } = caseFile("client-protocol-cases.json")

export interface TestExtras {
  /** Changes the feed that the gateway sees. */
  readonly adjust?: (feed: Feed["Service"]) => Feed["Service"]
  /** Collects every log line, of all levels. */
  readonly logs?: Array<string>
  /** API keys that log in as `asha`, besides those of the cases. */
  readonly keys?: ReadonlyArray<string>
  /** What the gateway takes for the time of day, and for the clock of durations. */
  readonly clock?: Clock.Clock
  /** A data folder beside the feed, as gateways of the commands have. */
  readonly store?: Layer.Layer<Store, StoreError>
}

/** Rejects with the ListenFailed when the port cannot be opened. */
export const startGateway = async (
  options: GatewayOptions = {},
  { adjust, clock, keys = [], logs, store }: TestExtras = {}
): Promise<TestGateway> => {
  const own = Object.fromEntries(
    keys.map((value) => [value, { value, user_id: "asha", broker: "alpha" }] as const)
  )
  const world = { ...fixture, keys: { ...fixture.keys, ...own } }
  const { authGraceMs } = defaults
  const runtime = ManagedRuntime.make(
    scriptedGateway(world, { authGraceMs, ...options }, adjust).pipe(
      store === undefined ? (gateway) => gateway : Layer.provide(store),
      clock === undefined ? (gateway) => gateway : Layer.provide(Layer.succeed(Clock.Clock, clock)),
      Layer.provide(Layer.succeed(References.MinimumLogLevel, logs === undefined ? "None" : "All")),
      Layer.provide(
        Logger.layer([
          Logger.make(({ message, cause }) => logs?.push(`${JSON.stringify(message)} ${Cause.pretty(cause)}`))
        ])
      )
    )
  )
  const { port, stats } = await runtime.runPromise(Gateway)
  const bus = await runtime.runPromise(FrameBus)
  const orders = await runtime.runPromise(OrderUpdates)
  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    feed: await runtime.runPromise(Scripted),
    world: await runtime.runPromise(scriptedWorld(world)),
    stats,
    tell: bus.tell,
    order: orders.publish,
    close: () => runtime.dispose()
  }
}
