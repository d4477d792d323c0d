/** What is Kotak's alone: where its feed is, which of its two it is, and a login that is refused late. Real sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { speaking } from "../../src/brokers/broker.ts"
import type { Broker } from "../../src/brokers/broker.ts"
import { broker as kotak } from "../../src/brokers/data/kotak.ts"
import type { BrokerOverride } from "../../src/brokers/overrides.ts"
import { BrokerOverrides } from "../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../src/brokers/registry.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import { logIn } from "../../src/cli/doctor/probe.ts"
import type { CredentialField } from "../../src/market/credentials.ts"
import type { FeedEvent } from "../../src/market/feedEvent.ts"
import { alwaysOpen } from "../../src/market/hours.ts"
import type { Tick } from "../../src/market/tick.ts"
import { createAdapter } from "../../src/session/factory.ts"
import { Hours } from "../../src/session/references.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { makeSimulator } from "../../src/simulator/index.ts"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import * as Store from "../../src/store/index.ts"
import { Instruments } from "../../src/store/instruments/instruments.ts"
import { Users } from "../../src/store/users/users.ts"
import { disagreements } from "../support/marketState.ts"
import { until } from "./simulatorSupport.ts"

const USER = "asha"

interface Setting {
  readonly simulated?: Broker
  readonly overrides?: (simulator: SimulatorHandle) => BrokerOverride
  /** Of the login that the simulator accepts, what the user has stored. */
  readonly stored: ReadonlyArray<CredentialField>
}

/** A simulated Kotak, its master imported, user asha with her login, and an adapter that has not connected yet. */
const start = Effect.fnUntraced(function* ({ overrides, simulated = kotak, stored }: Setting) {
  const simulator = yield* makeSimulator({ broker: simulated, ticksPerSecond: 2000 })
  const setting = { ...simulator.overrides, ...overrides?.(simulator), requestIntervalMs: 10 }
  const registry = BrokerRegistry.layer.pipe(
    Layer.provide(Layer.succeed(BrokerOverrides, { kotak: setting }))
  )
  const context = yield* Layer.build(
    Layer.mergeAll(Store.layerMemory, FrameBus.layer, Transport.layerSockets, registry)
  )
  const { broker } = yield* Context.get(context, BrokerRegistry).load("kotak")
  const user = yield* Context.get(context, Users).add(USER, "kotak")
  const login = Object.fromEntries(stored.map((field) => [field, simulator.credentials[field]!]))
  yield* Context.get(context, CredentialStore).set(USER, "kotak", login)
  const report = yield* Effect.provideContext(importMaster(broker, {}, {}), context)
  assert.strictEqual(report.imported, simulator.instruments.length)
  const events: Array<FeedEvent> = []
  yield* Context.get(context, FrameBus).listen((event) => events.push(event))
  const adapter = yield* Effect.provideContext(createAdapter("kotak"), context).pipe(
    Effect.provideService(Hours, alwaysOpen)
  )
  const ticks: Array<Tick> = []
  yield* adapter.ticks.pipe(
    Stream.runForEach((tick) => Effect.sync(() => ticks.push(tick))),
    Effect.forkScoped
  )
  return { adapter, broker, context, events, simulator, ticks, user }
})

type Started = Effect.Success<ReturnType<typeof start>>

const depthOf = (exchange: string, symbol: string) => ({ exchange, symbol, mode: "depth", depth: 5 }) as const

/** Subscribes a share and an index, and holds what comes against the market. */
const serves = Effect.fnUntraced(function* ({ adapter, simulator, ticks }: Started) {
  yield* adapter.initialise({ user: USER })
  yield* adapter.connect
  yield* adapter.subscribe([depthOf("NSE", "RELIANCE"), depthOf("NSE_INDEX", "NIFTY")])
  const lastOf = (symbol: string) => ticks.findLast((tick) => tick.symbol === symbol)
  yield* Effect.promise(() => until("ticks", () => ["RELIANCE", "NIFTY"].every((s) => lastOf(s)?.ltp)))
  simulator.pause()
  const state = simulator.market.find("NSE:RELIANCE")!.tick
  yield* Effect.promise(() =>
    until("the market's state", () => disagreements(lastOf("RELIANCE")!, state, 5).length === 0)
  )
})

describe.concurrent("Kotak's feed", () => {
  it.live("is found by the configuration service, with the new login alone", () =>
    Effect.gen(function* () {
      // The broker's own endpoint: what is configured would be taken without a question.
      const started = yield* start({
        overrides: () => ({ endpoint: kotak.endpoint, simulated: false }),
        stored: ["clientCode", "feedToken", "dataCenter"]
      })
      yield* serves(started)
      const { requests } = started.simulator.ledger()
      // The login and one or two subscriptions came over the socket, the question over HTTP.
      assert.isAtLeast(requests, 3)
      assert.strictEqual(started.simulator.connections().length, 1)
    })
  )

  it.live("is the old one where the user switches", () =>
    Effect.gen(function* () {
      const old = "kotak-hsm"
      const started = yield* start({
        simulated: speaking(kotak, old),
        overrides: () => ({ protocol: old }),
        stored: ["authToken", "feedToken"]
      })
      assert.strictEqual(started.broker.protocol, old)
      yield* serves(started)
      assert.strictEqual(started.simulator.ledger().connections[0]!.protocol, old)
    })
  )

  it.live("asks who has the old login stored for what is missing, by its name at Kotak", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ stored: ["authToken", "feedToken"] })
      const error = yield* Effect.flip(adapter.initialise({ user: USER }))
      assert.strictEqual(
        error.message,
        'User "asha" has no clientCode (UCC, your unique client code) for broker "kotak": see "algoways credentials set asha"'
      )
    })
  )

  it.live(
    "that greets before it refuses is no accepted login to the doctor, though the market is closed",
    () =>
      Effect.gen(function* () {
        const { broker, context, simulator, user } = yield* start({ stored: ["clientCode", "feedToken"] })
        const segments = yield* Context.get(context, Instruments).segments("kotak", "2020-01-01")
        const closed = { at: () => ({ open: false, why: "a holiday" }) }
        const check = Effect.provideContext(
          Effect.scoped(logIn(user, broker, segments, closed, "2020-01-01")),
          context
        )
        assert.deepInclude((yield* check)[0], { grade: "ok", what: "user asha, login" })
        simulator.rejectCredentials(true)
        const [login, ...more] = yield* check
        assert.deepInclude(login, { grade: "fail", what: "user asha, login" })
        assert.include(login!.found, "Auth failed: invalid credentials")
        assert.include(login!.remedy, "algoways credentials set asha")
        assert.deepStrictEqual(more, [])
      })
  )

  it.live("that sends one picture of an open market and then nothing is warned of", () =>
    Effect.gen(function* () {
      const { adapter, events, simulator, ticks } = yield* start({
        overrides: () => ({ ticklessAfterMs: 300, firstTickAfterMs: 300 }),
        stored: ["clientCode", "feedToken"]
      })
      simulator.pause()
      yield* adapter.initialise({ user: USER })
      yield* adapter.connect
      yield* adapter.subscribe([depthOf("NSE", "RELIANCE")])
      const silent = (event: FeedEvent) =>
        event.type === "feed_down" && /no valid tick for .* while ticks are due/.test(event.detail)
      yield* Effect.promise(() => until("a word about the silence", () => events.some(silent)))
      assert.isAbove(ticks.length, 0)
      assert.isTrue(
        events.some((event) => event.type === "supervisor" && event.decision === "replace_connection")
      )
    })
  )
})
