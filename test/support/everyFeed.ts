/** Every broker's every feed, on each wire that the broker can be switched to: what holds for all is tested on these. */
import * as Effect from "effect/Effect"
import type { Broker } from "../../src/brokers/broker.ts"
import { streamsOf, wiresOf } from "../../src/brokers/broker.ts"
import { BrokerRegistry, builtInBrokers } from "../../src/brokers/registry.ts"

/** `fyers_tbt`, `kotak over kotak-hsm`, and the feed as a broker of its own. */
export const everyFeed: ReadonlyArray<readonly [name: string, feed: Broker]> = await Effect.runPromise(
  Effect.gen(function* () {
    const registry = yield* BrokerRegistry
    const modules = yield* Effect.forEach(builtInBrokers, registry.load)
    return modules.flatMap(({ broker }) =>
      wiresOf(broker).flatMap((wire) =>
        streamsOf(wire).map((feed) => {
          const name = wire === broker ? feed.name : `${feed.name} over ${feed.protocol}`
          return [name, feed] as const
        })
      )
    )
  }).pipe(Effect.provide(BrokerRegistry.layer))
)
