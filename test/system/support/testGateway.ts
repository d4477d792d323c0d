/** A real gateway on a real port in front of a scripted feed. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import type { FeedEvent } from "../../../src/market/feedEvent.ts"
import { Feed } from "../../../src/bus/feed.ts"
import { FrameBus } from "../../../src/bus/frameBus.ts"
import type { GatewayStats } from "../../../src/gateway/metrics.ts"
import type { GatewayOptions } from "../../../src/gateway/options.ts"
import type { OrderUpdate } from "../../../src/gateway/orderUpdates.ts"
import { OrderUpdates } from "../../../src/gateway/orderUpdates.ts"
import { Gateway } from "../../../src/gateway/server.ts"
import { ApiKeys } from "../../../src/store/apiKeys.ts"
import type { Account } from "./scriptedFeed.ts"
import { ScriptedFeed } from "./scriptedFeed.ts"

class Scripted extends Context.Service<Scripted, ScriptedFeed>()("test/ScriptedFeed") {}

export interface TestGateway {
  readonly port: number
  readonly url: string
  readonly feed: ScriptedFeed
  readonly stats: () => GatewayStats
  /** Tells the gateway what happens to the feed. */
  readonly tell: (event: FeedEvent) => void
  readonly order: (user: string, order: OrderUpdate) => void
  readonly close: () => Promise<void>
}

/** Keys by their own value, as the cases' fixture has them. */
export const accounts: Readonly<Record<string, Account>> = {
  KEY_A: { user: "asha", broker: "alpha" },
  KEY_B: { user: "bina", broker: "beta" },
  KEY_SLOW: { user: "suresh", broker: "alpha", verifyDelayMs: 400 },
  KEY_NOBROKER: { user: "nita", broker: null },
  KEY_BROKERDOWN: { user: "dev", broker: "alpha", startFails: true }
}

export interface TestExtras {
  /** Changes the feed that the gateway sees. */
  readonly adjust?: (feed: Feed["Service"]) => Feed["Service"]
  /** Collects every log line, of all levels. */
  readonly logs?: Array<string>
}

/** Rejects with the ListenFailed when the port cannot be opened. */
export const startGateway = async (
  options: GatewayOptions = {},
  extras: TestExtras = {}
): Promise<TestGateway> => {
  const { adjust = (feed) => feed, logs } = extras
  const parts = Layer.unwrap(
    Effect.gen(function* () {
      const bus = yield* FrameBus
      const feed = new ScriptedFeed(accounts, bus.publish)
      return Layer.mergeAll(
        Layer.succeed(Feed, adjust(feed.service)),
        Layer.succeed(ApiKeys, feed.keys),
        Layer.succeed(Scripted, feed)
      )
    })
  ).pipe(Layer.provideMerge(Layer.mergeAll(FrameBus.layer, OrderUpdates.layer)))
  const runtime = ManagedRuntime.make(
    Gateway.layer({ port: 0, ...options }).pipe(
      Layer.provideMerge(parts),
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
    stats,
    tell: bus.tell,
    order: orders.publish,
    close: () => runtime.dispose()
  }
}
