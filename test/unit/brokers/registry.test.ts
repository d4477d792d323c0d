import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { plainInstrument, plainStatus } from "../../../src/gateway/conformance/quietFeed.ts"
import { BrokerAdapter } from "../../../src/brokers/adapter.ts"
import { BrokerOverrides } from "../../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"
import { broker as zerodha } from "../../../src/brokers/data/zerodha.ts"
import { createAdapter } from "../../../src/session/factory.ts"
import { layerMemory } from "../../../src/index.ts"

describe("BrokerRegistry", () => {
  it.effect("finds names in any case and lists the known ones for others", () =>
    Effect.gen(function* () {
      const registry = yield* BrokerRegistry
      assert.strictEqual((yield* registry.load(" Zerodha ")).broker, zerodha)
      const error = yield* Effect.flip(registry.load("nosuch"))
      assert.strictEqual(error._tag, "UnsupportedBroker")
      assert.deepInclude(error, { broker: "nosuch", known: yield* registry.names })
      assert.include(error.message, "zerodha")
    }).pipe(Effect.provide(BrokerRegistry.layer))
  )

  it.effect("loads a module when it is first asked for, once, and again after a failure", () =>
    Effect.gen(function* () {
      const registry = yield* BrokerRegistry
      let loads = 0
      let broken = true
      yield* registry.register("Mine", () => {
        loads++
        return broken ? Promise.reject(new Error("disk gone")) : Promise.resolve({ broker: zerodha })
      })
      assert.strictEqual(loads, 0)
      assert.include(yield* registry.names, "mine")
      const failure = yield* Effect.flip(registry.load("mine"))
      assert.strictEqual(failure._tag, "BrokerLoadFailed")
      assert.include(failure.message, "disk gone")
      broken = false
      yield* registry.load("MINE")
      yield* registry.load("mine")
      assert.strictEqual(loads, 2)
    }).pipe(Effect.provide(BrokerRegistry.layer))
  )

  it.effect("applies what configuration may change, and nothing else", () =>
    Effect.gen(function* () {
      const { broker } = yield* (yield* BrokerRegistry).load("zerodha")
      assert.strictEqual(broker.endpoint, "ws://127.0.0.1:1")
      assert.deepStrictEqual(broker.limits.connectionsPerLogin, { value: 1, confirmed: true })
      assert.strictEqual(broker.limits.subscriptionsPerConnection, zerodha.limits.subscriptionsPerConnection)
      assert.strictEqual(broker.instrumentMaster.sources, zerodha.instrumentMaster.sources)
    }).pipe(
      Effect.provide(
        BrokerRegistry.layer.pipe(
          Layer.provide(
            Layer.succeed(BrokerOverrides, {
              zerodha: { endpoint: "ws://127.0.0.1:1", simulated: false, connectionsPerLogin: 1 }
            })
          )
        )
      )
    )
  )
})

describe("a broker with several wires", () => {
  const wireOf = (stream: string, protocol?: string) =>
    BrokerRegistry.use((registry) => registry.feed(stream, protocol)).pipe(
      Effect.map((feed) => `${feed.name} ${feed.protocol}`),
      Effect.catchTag("UnsupportedBroker", (error) => Effect.succeed(error._tag)),
      Effect.provide(BrokerRegistry.layer)
    )

  it.effect.each([
    ["kotak", undefined, "kotak kotak-sfeed"],
    ["kotak", "kotak-sfeed", "kotak kotak-sfeed"],
    ["kotak", "kotak-hsm", "kotak kotak-hsm"],
    ["Kotak_SFeed", "kotak-sfeed", "kotak kotak-sfeed"],
    ["kotak_sfeed", "kite", "UnsupportedBroker"],
    ["kotak_sfeed", undefined, "UnsupportedBroker"],
    // One wire: the name alone decides.
    ["zerodha", "kotak-hsm", "zerodha kite"],
    ["zerodha_more", "kite", "UnsupportedBroker"],
    ["dhan_depth20", "dhan-depth20", "dhan_depth20 dhan-depth20"]
  ] as const)("finds the feed of %s with protocol %s", ([stream, protocol, expected]) =>
    Effect.map(wireOf(stream, protocol), (found) => assert.strictEqual(found, expected))
  )

  const loaded = (name: string, protocol: string) =>
    BrokerRegistry.use((registry) => registry.load(name)).pipe(
      Effect.provide(BrokerRegistry.layer),
      Effect.provideService(BrokerOverrides, { [name]: { protocol } })
    )

  it.effect("is switched by a setting, which names the known ones when it is wrong", () =>
    Effect.gen(function* () {
      const { broker } = yield* loaded("kotak", "kotak-hsm")
      assert.deepStrictEqual([broker.protocol, broker.pacing.batch], ["kotak-hsm", 100])
      const error = yield* Effect.flip(loaded("kotak", "hsm"))
      assert.strictEqual(error._tag, "BrokerMisconfigured")
      assert.include(error.message, 'does not speak "hsm" but kotak-sfeed, kotak-hsm')
      assert.include(error.message, "brokers.json")
      assert.include((yield* Effect.flip(loaded("zerodha", "arrow"))).message, "but kite")
    })
  )
})

describe("createAdapter", () => {
  it.effect("makes the session of a built-in broker, and fails on an unknown name", () =>
    Effect.gen(function* () {
      const adapter = yield* createAdapter("ANGEL")
      assert.strictEqual(adapter.broker.name, "angel")
      assert.strictEqual((yield* Effect.flip(createAdapter("nosuch")))._tag, "UnsupportedBroker")
    }).pipe(Effect.provide(layerMemory()))
  )

  it.effect("uses a third party's own adapter", () =>
    Effect.gen(function* () {
      const own = BrokerAdapter.of({
        broker: { ...zerodha, name: "mine" },
        initialise: () => Effect.void,
        connect: Effect.void,
        disconnect: Effect.void,
        subscribe: () => Effect.succeed([]),
        unsubscribe: () => Effect.succeed([]),
        release: () => Effect.void,
        subscriptions: Effect.succeed([]),
        status: Effect.succeed({ broker: "mine", state: "connected", connections: 1, instruments: 0 }),
        last: () => Effect.succeed([]),
        report: Effect.succeed(plainStatus("me", "mine")),
        inspect: (exchange, symbol) => Effect.succeed(plainInstrument(exchange, symbol)),
        ticks: Stream.empty
      })
      const registry = yield* BrokerRegistry
      yield* registry.register("mine", () =>
        Promise.resolve({ broker: own.broker, adapter: Layer.succeed(BrokerAdapter, own) })
      )
      assert.strictEqual(yield* createAdapter("mine"), own)
    }).pipe(Effect.provide(layerMemory()))
  )

  it.effect("says so when the broker names a protocol that nobody registered", () =>
    Effect.gen(function* () {
      const registry = yield* BrokerRegistry
      yield* registry.register("mine", () =>
        Promise.resolve({ broker: { ...zerodha, name: "mine", protocol: "smoke-signals" } })
      )
      const error = yield* Effect.flip(createAdapter("mine"))
      assert.strictEqual(error._tag, "BrokerLoadFailed")
      assert.include(error.message, "smoke-signals")
    }).pipe(Effect.provide(layerMemory()))
  )
})
