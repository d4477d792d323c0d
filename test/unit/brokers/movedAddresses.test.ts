/** No broker is led elsewhere in part: whatever a simulator says moves all of it, and less is refused by name. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broker, MasterSource } from "../../../src/brokers/broker.ts"
import { streamsOf, wiresOf } from "../../../src/brokers/broker.ts"
import { domainOf } from "../../../src/brokers/movedAddresses.ts"
import type { BrokerOverride } from "../../../src/brokers/overrides.ts"
import { BrokerOverrides } from "../../../src/brokers/overrides.ts"
import { BrokerRegistry, builtInBrokers } from "../../../src/brokers/registry.ts"
import { makeSimulator } from "../../../src/simulator/index.ts"

const load = Effect.fnUntraced(function* (name: string, override?: BrokerOverride) {
  const overrides = Layer.succeed(BrokerOverrides, override === undefined ? {} : { [name]: override })
  const context = yield* Layer.build(BrokerRegistry.layer.pipe(Layer.provide(overrides)))
  return (yield* Context.get(context, BrokerRegistry).load(name)).broker
})

const problemsWith = (name: string, override: BrokerOverride) =>
  Effect.map(Effect.flip(load(name, override)), (error) =>
    error._tag === "BrokerMisconfigured" ? error.problems.join("; ") : assert.fail(error.message)
  )

const ADDRESS = /^(?:https?|wss?|tcp|tls):\/\//

/** Every address in a broker's data, wherever it stands; those of wires that it does not speak left out. */
const addressesIn = (value: unknown, key = ""): ReadonlyArray<string> => {
  if (key === "otherProtocols" || key === "where") return []
  if (typeof value === "function") {
    return key === "url" ? addressesIn((value as (day: string) => string)("2026-12-01")) : []
  }
  if (typeof value === "string") return ADDRESS.test(value) ? [value] : []
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => addressesIn(part, name))
}

const realAddresses = (broker: Broker) =>
  addressesIn(broker).filter((url) => new URL(url).hostname !== "127.0.0.1")

const sources = ({ instrumentMaster }: Broker): ReadonlyArray<MasterSource> => instrumentMaster.sources

describe.each(builtInBrokers)("%s", (name) => {
  it.live("leaves nothing at its own hosts when it is led to a simulator", () =>
    Effect.gen(function* () {
      for (const wire of wiresOf(yield* load(name))) {
        const simulator = yield* makeSimulator({ broker: wire, paused: true })
        const moved = yield* load(name, simulator.overrides)
        assert.strictEqual(moved.protocol, wire.protocol)
        for (const broker of [moved, ...streamsOf(moved)]) {
          assert.isTrue(broker.simulated)
          assert.deepStrictEqual(realAddresses(broker), [])
        }
      }
    }).pipe(Effect.scoped)
  )

  it.live("is refused when any of it is left behind, which the message names", () =>
    Effect.gen(function* () {
      const own = yield* load(name)
      // It has no host of its own.
      if (own.simulated === true) return
      const { overrides } = yield* makeSimulator({ broker: own, paused: true })
      const { instrumentsUrl: _, ...withoutMaster } = overrides
      const whole = { services: overrides.services ?? {}, deepFeeds: overrides.deepFeeds ?? {} }
      const parts: Array<readonly [setting: string, BrokerOverride]> = [
        ["endpoint", { ...overrides, endpoint: own.endpoint }]
      ]
      if (sources(own).length > 0) parts.push(["instrumentsUrl", withoutMaster])
      for (const service of Object.keys(whole.services)) {
        const { [service]: __, ...services } = whole.services
        parts.push([`services.${service}`, { ...overrides, services }])
      }
      for (const feed of Object.keys(whole.deepFeeds)) {
        const { [feed]: __, ...deepFeeds } = whole.deepFeeds
        parts.push([`deepFeeds.${feed}.endpoint`, { ...overrides, deepFeeds }])
      }
      for (const [setting, part] of parts) {
        const said = yield* problemsWith(name, part)
        assert.include(
          said,
          `${name}.simulated is true, and these still lead to ${own.title} itself: ${setting} (`
        )
      }
      // As `--endpoint` did.
      const alone = yield* problemsWith(name, { endpoint: overrides.endpoint! })
      assert.include(alone, `${name} is led to a host that is not ${own.title}'s: endpoint (127.0.0.1:`)
      for (const [setting] of parts.slice(1)) assert.include(alone, `${setting} (`)
    }).pipe(Effect.scoped)
  )
})

describe("another address of the broker's own", () => {
  it.effect("is taken as it is, as one of Kotak's data centres", () =>
    Effect.gen(function* () {
      const broker = yield* load("kotak", { endpoint: "wss://e43.kotaksecurities.com/apifeed" })
      assert.isUndefined(broker.simulated)
      assert.strictEqual(broker.endpoint, "wss://e43.kotaksecurities.com/apifeed")
    })
  )

  it.effect("that its data does not know is taken when it is said to be the broker's", () =>
    Effect.gen(function* () {
      const endpoint = "wss://feed.example.com/apifeed"
      const said = yield* problemsWith("kotak", { endpoint })
      assert.include(said, 'if it leads to Kotak Securities, set "simulated": false')
      assert.include(said, "services.configuration (lapi.kotaksecurities.com)")
      assert.strictEqual((yield* load("kotak", { endpoint, simulated: false })).endpoint, endpoint)
      assert.isUndefined((yield* load("kotak", { endpoint, simulated: false })).simulated)
    })
  )

  it.effect("for the instrument master alone moves nothing else", () =>
    Effect.gen(function* () {
      const { simulated } = yield* load("zerodha", { instrumentsUrl: "http://10.0.0.1/instruments" })
      assert.isUndefined(simulated)
    })
  )

  it.effect("cannot make a market real that is simulated by itself", () =>
    Effect.gen(function* () {
      const said = yield* problemsWith("dhan_sandbox", { simulated: false })
      assert.include(said, "dhan_sandbox.simulated cannot be false")
    })
  )
})

describe("the domain that a host is registered under", () => {
  it.each([
    ["wss://e43.kotaksecurities.com:443/x", "kotaksecurities.com"],
    ["https://xts.rmoneyindia.co.in:3000", "rmoneyindia.co.in"],
    ["https://other.co.in", "other.co.in"],
    ["wss://depth-api-feed.dhan.co/twentydepth", "dhan.co"],
    ["tls://bridge.iiflcapital.com:8883", "iiflcapital.com"],
    ["ws://127.0.0.1:8764", "127.0.0.1"],
    ["ws://[::1]:8764", "[::1]"],
    ["ws://localhost:1", "localhost"],
    ["simulated:dhan_sandbox", ""]
  ])("%s: %s", (url, domain) => {
    assert.strictEqual(domainOf(url), domain)
  })
})
