// Live ticks as a Stream inside your own Effect application: no server, no database file, nothing native.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { createAdapter, importMaster, layerMemory } from "algoways"
import { demoCredentials, simulate } from "algoways/simulator"
import { Console, Effect, Stream } from "effect"

const program = Effect.gen(function* () {
  const simulated = yield* simulate("zerodha") // at your real broker, leave this line and `brokers` out
  const feed = Effect.gen(function* () {
    const adapter = yield* createAdapter("zerodha")
    yield* importMaster(adapter.broker)
    yield* adapter.initialise({ user: "me", credentials: demoCredentials })
    yield* adapter.connect
    yield* adapter.subscribe([{ symbol: "RELIANCE", exchange: "NSE", mode: "depth" }])
    yield* adapter.ticks.pipe(Stream.take(3), Stream.runForEach(Console.log))
  })
  yield* Effect.provide(feed, layerMemory({ brokers: { zerodha: simulated.overrides } }))
})
NodeRuntime.runMain(Effect.scoped(program))
