/**
 * The same life at every broker: import its master, connect with stored credentials through the factory, subscribe in
 * every mode and depth, give back, lose the connection, have the login rejected and renewed. Real sockets, the broker's
 * real bytes, the simulated market behind them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Broker } from "../../src/brokers/broker.ts"
import { BrokerOverrides } from "../../src/brokers/overrides.ts"
import { BrokerRegistry, builtInBrokers } from "../../src/brokers/registry.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import type { MarketFrame } from "../../src/frame/marketFrame.ts"
import { copyOf } from "../../src/frame/marketFrame.ts"
import { alwaysOpen } from "../../src/market/hours.ts"
import type { Instrument } from "../../src/market/instrument.ts"
import { nameOf } from "../../src/market/instrument.ts"
import { knownDepthLevels } from "../../src/market/subscription.ts"
import type { SubscribeRequest, SubscribeSuccess } from "../../src/market/subscription.ts"
import type { Tick } from "../../src/market/tick.ts"
import { createAdapter } from "../../src/session/factory.ts"
import { Hours } from "../../src/session/references.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { simulate } from "../../src/simulator/index.ts"
import type { SimulatorHandle } from "../../src/simulator/index.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { disagreements } from "../support/marketState.ts"
import { until } from "./simulatorSupport.ts"

const USER = "asha"

/** Real sockets, and the hosts that a session asked them for. */
const watchedSockets = (hosts: Set<string>) =>
  Layer.effect(
    Transport,
    Effect.map(Transport, ({ open, request }) => ({
      open: (options: Parameters<typeof open>[0]) => {
        hosts.add(new URL(options.handshake.url).hostname)
        return open(options)
      },
      request: (asked: Parameters<typeof request>[0]) => {
        hosts.add(new URL(asked.url).hostname)
        return request(asked)
      }
    }))
  ).pipe(Layer.provide(Transport.layerSockets))

/** A simulator, a database with its master and its login, and the adapter, connected. */
const start = Effect.fnUntraced(function* (name: string) {
  const simulator = yield* simulate(name, { paused: true, ticksPerSecond: 2000 })
  // The real pace would make the test wait, and says nothing about what it is for.
  const overrides = { [name]: { ...simulator.overrides, requestIntervalMs: 10 } }
  const hosts = new Set<string>()
  const context = yield* Layer.build(
    Layer.mergeAll(
      Store.layerMemory,
      FrameBus.layer,
      watchedSockets(hosts),
      BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, overrides)))
    )
  )
  const credentials = Context.get(context, CredentialStore)
  const { broker } = yield* Context.get(context, BrokerRegistry).load(name)
  yield* Context.get(context, Users).add(USER, name)
  yield* credentials.set(USER, name, simulator.credentials)
  const report = yield* Effect.provideContext(
    importMaster(broker, {}, { credentials: simulator.credentials }),
    context
  )
  const frames: Array<MarketFrame> = []
  yield* Context.get(context, FrameBus).subscribe((more) => frames.push(...more.map(copyOf)))
  const adapter = yield* Effect.provideContext(
    createAdapter(name, { reconnect: { base: "50 millis", cap: "300 millis", healthyAfter: "1 minute" } }),
    context
    // The simulated market never closes.
  ).pipe(Effect.provideService(Hours, alwaysOpen))
  const ticks: Array<Tick> = []
  yield* adapter.ticks.pipe(
    Stream.runForEach((tick) => Effect.sync(() => ticks.push(tick))),
    Effect.forkScoped
  )
  yield* adapter.initialise({ user: USER })
  // Whatever the test does: nothing of it may go to the broker itself.
  yield* Effect.addFinalizer(() => Effect.sync(() => assert.deepStrictEqual([...hosts], ["127.0.0.1"])))
  return { adapter, broker, credentials, frames, report, simulator, ticks }
})

/** An equity and a derivative, or the first two that the broker has. */
const twoOf = ({ instruments }: SimulatorHandle): readonly [Instrument, Instrument] => {
  const equity = instruments.find((i) => i.type === "EQ") ?? instruments[0]!
  const derivative =
    instruments.find((i) => i.type === "FUT" && i.exchange === "NFO") ??
    instruments.find((i) => i.type === "FUT" && i !== equity) ??
    instruments.find((i) => i !== equity)!
  return [equity, derivative]
}

/** What a reader asks for to get a level; one that readers cannot name is what the next deeper falls back to. */
const askable = (level: number): number => knownDepthLevels.find((known) => known >= level) ?? level

/** Market data of some brokers is public. One that is simulated by itself needs no login of its users, and its wire knows one. */
const hasLogin = ({ credentials, name }: Broker): boolean => name === "dhan_sandbox" || credentials.length > 0

const heldOf = (simulator: SimulatorHandle): ReadonlyArray<string> =>
  simulator
    .subscriptions()
    .flatMap((s) => s.holdings.map((h) => `${h.name} ${h.mode} ${h.levels}`))
    .sort()

describe.concurrent.each(builtInBrokers)("%s", (name) => {
  it.live(
    "serves every mode and depth, gives back, restores, and waits for a new login",
    () =>
      Effect.gen(function* () {
        const { adapter, broker, credentials, report, simulator, ticks } = yield* start(name)
        assert.strictEqual(report.imported, simulator.instruments.length, "the whole master is imported")
        assert.strictEqual(report.rejected, 0)
        yield* adapter.connect
        const ready = (what: string, holds: () => boolean) =>
          Effect.promise(() => until(`${name}: ${what}`, holds, 10_000))
        const two = twoOf(simulator)
        const lastOf = (i: Instrument, from: number) =>
          ticks.slice(from).findLast((t) => t.symbol === i.symbol && t.exchange === i.exchange)
        const subscribe = Effect.fnUntraced(function* (
          reader: string,
          requests: ReadonlyArray<SubscribeRequest>
        ) {
          const results = yield* adapter.subscribe(requests, reader)
          for (const r of results) assert.strictEqual(r.status, "success", JSON.stringify(r))
          return results as ReadonlyArray<SubscribeSuccess>
        })
        /** Lets the market move; once it stands still, the newest tick of both instruments shows what it holds. */
        const agrees = Effect.fnUntraced(function* (what: string, from: number, levels: number) {
          simulator.resume()
          yield* ready(`ticks, ${what}`, () => two.every((i) => lastOf(i, from)?.ltp !== undefined))
          simulator.pause()
          for (const instrument of two) {
            const state = simulator.market.find(nameOf(instrument))!.tick
            const found = () => {
              const tick = lastOf(instrument, from)
              return tick === undefined ? ["no tick"] : disagreements(tick, state, levels)
            }
            yield* ready(`${what}: ${nameOf(instrument)}`, () => found().length === 0).pipe(
              Effect.catchDefect((waited) =>
                Effect.die(new Error(`${String(waited)}; last: ${found().join("; ")}`))
              )
            )
          }
        })

        // Every mode, poorest first, each on top of the others; the poorest alone is what a downgrade leads back to.
        let atFirst: ReadonlyArray<string> = []
        for (const mode of broker.modes.filter((m) => m !== "depth")) {
          const from = ticks.length
          yield* subscribe(
            mode,
            two.map(({ exchange, symbol }) => ({ symbol, exchange, mode }))
          )
          yield* agrees(mode, from, 0)
          if (atFirst.length === 0) atFirst = heldOf(simulator)
        }
        assert.isAbove(atFirst.length, 0)

        const offeredLevels = new Set(two.flatMap((i) => broker.exchanges[i.exchange]!.depthLevels))
        const levels = broker.modes.includes("depth")
          ? [...new Set([...offeredLevels].map(askable))].sort((a, b) => a - b)
          : []
        for (const depth of levels) {
          const from = ticks.length
          const results = yield* subscribe(
            `depth ${depth}`,
            two.map(({ exchange, symbol }) => ({ symbol, exchange, mode: "depth" as const, depth }))
          )
          for (const [i, { actual_depth, is_fallback, message }] of results.entries()) {
            const offered = broker.exchanges[two[i]!.exchange]!.depthLevels
            assert.strictEqual(is_fallback, !offered.includes(depth))
            if (!is_fallback) assert.strictEqual(actual_depth, depth)
            else assert.include(message, String(actual_depth))
          }
          yield* agrees(`depth ${depth}`, from, Math.min(...results.map((r) => r.actual_depth)))
        }
        // Deep books come over sockets of their own, opened by the first who asks for one.
        const deepLevels = levels.filter((n) => broker.deepFeeds?.some((feed) => feed.levels === n))
        if (deepLevels.length > 0) assert.isAbove(simulator.connections().length, 1)

        const atMost = heldOf(simulator)
        simulator.dropConnections()
        yield* ready("everything restored", () => heldOf(simulator).join() === atMost.join())
        yield* agrees("after the loss", ticks.length, 0)

        // The richer readers leave, one after the other.
        for (const depth of levels.toReversed()) yield* adapter.release(`depth ${depth}`)
        for (const mode of broker.modes.slice(1)) yield* adapter.release(mode)
        yield* ready("the downgrade", () => heldOf(simulator).join() === atFirst.join())
        if (deepLevels.length > 0)
          yield* ready("the deep sockets' end", () => simulator.connections().length === 1)

        yield* adapter.release(broker.modes[0]!)
        yield* ready("nothing held", () => heldOf(simulator).length === 0)
        yield* Effect.sleep("50 millis")
        const silent = ticks.length
        simulator.resume()
        yield* Effect.sleep("200 millis")
        assert.strictEqual(ticks.length, silent, "nobody subscribes, nothing comes")

        const requests = two.map(({ exchange, symbol }) => ({ symbol, exchange, mode: broker.modes[0]! }))
        yield* subscribe("reader", requests)
        yield* ready("ticks", () => ticks.length > silent)
        simulator.rejectCredentials(true)
        simulator.dropConnections("reset")
        if (!hasLogin(broker)) {
          // Nothing that could be rejected: the connection comes back by itself.
          const lost = ticks.length
          return yield* ready("ticks without any login", () => ticks.length > lost)
        }

        // The login ends; the session waits, and goes on with a new one.
        let state = ""
        const watch = Effect.map(adapter.status, (s) => (state = s.state))
        yield* watch.pipe(
          Effect.andThen(Effect.sleep("10 millis")),
          Effect.repeat({ until: () => state === "waiting_for_login" }),
          Effect.timeout("10 seconds")
        )
        yield* Effect.sleep("50 millis")
        const parked = ticks.length
        simulator.rejectCredentials(false)
        yield* Effect.sleep("700 millis")
        assert.strictEqual(ticks.length, parked, "a rejected login is not tried again")
        yield* credentials.set(USER, name, simulator.credentials)
        yield* ready("ticks with the new login", () => ticks.length > parked)
      }),
    60_000
  )
})
