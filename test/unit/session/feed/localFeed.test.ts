/** Feeds that cannot start, fail on a request, or die: each is its own user's misfortune, and says so. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as Statement from "effect/sql/Statement"
import * as TestClock from "effect/testing/TestClock"
import { BrokerAdapter } from "../../../../src/brokers/adapter.ts"
import type { BrokerModule } from "../../../../src/brokers/registry.ts"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import { broker as zerodha } from "../../../../src/brokers/data/zerodha.ts"
import type { FeedError } from "../../../../src/bus/feed.ts"
import { Feed } from "../../../../src/bus/feed.ts"
import { FrameBus } from "../../../../src/bus/frameBus.ts"
import { layerMemory } from "../../../../src/index.ts"
import { alwaysOpen } from "../../../../src/market/hours.ts"
import { CredentialsMissing } from "../../../../src/market/errors.ts"
import type { FeedEvent } from "../../../../src/market/feedEvent.ts"
import * as LocalFeed from "../../../../src/session/feed/localFeed.ts"
import { Hours } from "../../../../src/session/references.ts"
import { LoginPollInterval } from "../../../../src/store/credentials/loginChanges.ts"
import { Instruments } from "../../../../src/store/instruments/instruments.ts"
import { Users } from "../../../../src/store/users/users.ts"
import { plainInstrument, plainStatus } from "../../../../src/gateway/conformance/quietFeed.ts"
import { STEPS, makeSettableClock } from "../../../support/settableClock.ts"
import { INFY } from "../instruments.ts"
import { settle } from "../support.ts"

type Adapter = BrokerAdapter["Service"]

/** An adapter that does as little as it may. */
const adapterOf = (name: string, changes: Partial<Adapter> = {}): Adapter => ({
  broker: { ...zerodha, name },
  initialise: () => Effect.void,
  connect: Effect.void,
  disconnect: Effect.void,
  subscribe: () => Effect.succeed([]),
  unsubscribe: () => Effect.succeed([]),
  release: () => Effect.void,
  subscriptions: Effect.succeed([]),
  status: Effect.succeed({ broker: name, state: "connected", connections: 1, instruments: 0 }),
  report: Effect.succeed(plainStatus("somebody", name)),
  inspect: (exchange, symbol) => Effect.succeed(plainInstrument(exchange, symbol)),
  last: () => Effect.succeed([]),
  ticks: Stream.empty,
  ...changes
})
const moduleOf = (adapter: Adapter, layer = Layer.succeed(BrokerAdapter, adapter)): BrokerModule => ({
  broker: adapter.broker,
  adapter: layer
})
const boom = (): never => {
  throw new Error("boom")
}

/** The feed over a store in memory. User `asha` is at the broker `sound`, which never fails; `user` at `name`. */
const make = Effect.gen(function* () {
  const registry = yield* BrokerRegistry
  const users = yield* Users
  const logs: Array<string> = []
  yield* registry.register("sound", () => Promise.resolve(moduleOf(adapterOf("sound"))))
  yield* users.add("asha", "sound")
  const collecting = Logger.layer([
    Logger.make(({ cause, fiber, logLevel, message }) => {
      const fields = JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))
      if (logLevel === "Error") logs.push(`${fields} ${String(message)} ${Cause.pretty(cause)}`)
    })
  ])
  const feed = yield* Effect.service(Feed)
  return { feed, registry, users, logs, collecting }
})
/** Hears of a change of broker at once. */
const following = Layer.fresh(
  LocalFeed.layer({ retryEvery: "20 millis" }).pipe(
    Layer.provideMerge(layerMemory()),
    Layer.provide(Layer.succeed(LoginPollInterval, "5 millis"))
  )
)
const live = LocalFeed.layer().pipe(
  Layer.provide(Layer.succeed(Hours, alwaysOpen)),
  Layer.provideMerge(layerMemory())
)

describe("a feed that cannot start", () => {
  const faults: ReadonlyArray<readonly [what: string, load: () => Promise<BrokerModule>, said: string]> = [
    ["its loader throws", boom, "boom"],
    ["its module cannot be loaded", () => Promise.reject(new Error("no such module")), "no such module"],
    [
      "its module is something else",
      () => Promise.resolve({} as BrokerModule),
      "internal fault, see the log"
    ],
    [
      "its adapter's layer dies",
      () =>
        Promise.resolve(
          moduleOf(adapterOf("broken"), Layer.effect(BrokerAdapter, Effect.die(new Error("boom"))))
        ),
      "internal fault, see the log"
    ],
    [
      "its adapter throws when it is initialised",
      () => Promise.resolve(moduleOf(adapterOf("broken", { initialise: boom }))),
      "internal fault, see the log"
    ],
    [
      "its adapter dies when it connects",
      () => Promise.resolve(moduleOf(adapterOf("broken", { connect: Effect.die(new Error("boom")) }))),
      "internal fault, see the log"
    ]
  ]
  for (const [what, load, said] of faults) {
    it.live(`because ${what}: an error for its user, who finds the reason in the status`, () =>
      Effect.gen(function* () {
        const { collecting, feed, logs, registry, users } = yield* make
        let faulty = true
        yield* registry.register("broken", () =>
          faulty ? load() : Promise.resolve(moduleOf(adapterOf("broken")))
        )
        yield* users.add("bina", "broken")
        yield* Effect.gen(function* () {
          const attached = yield* Effect.all(
            [Effect.flip(feed.attach("bina", "1")), feed.attach("asha", "1")],
            { concurrency: 2 }
          )
          assert.strictEqual(attached[0].code, "BROKER_INIT_ERROR")
          assert.include(attached[0].message, "broken")
          assert.include(attached[0].message, said)
          assert.strictEqual(attached[1].state, "connected")
          const status = yield* feed.status("bina")
          assert.deepInclude(status, { user: "bina", broker: "broken", state: "unavailable" })
          assert.include(status.reason, said)
          assert.strictEqual((yield* feed.status("asha")).state, "connected")
          if (said !== "internal fault, see the log") return
          assert.match(
            logs.join("\n"),
            /"user":"bina","broker":"broken"} the adapter of broken failed while it started/
          )
          assert.match(logs.join("\n"), /boom|TypeError/, "with its cause")
        }).pipe(Effect.provide(collecting))

        faulty = false
        yield* registry.register("broken", () => Promise.resolve(moduleOf(adapterOf("broken"))))
        assert.strictEqual((yield* feed.attach("bina", "2")).state, "connected", "the next one tries afresh")
        assert.strictEqual((yield* feed.status("bina")).state, "connected")
      }).pipe(Effect.provide(Layer.fresh(live)))
    )
  }

  it.live("says what is missing: a broker, credentials", () =>
    Effect.gen(function* () {
      const { feed, users } = yield* make
      yield* users.add("nita")
      yield* users.add("dev", "zerodha")
      assert.strictEqual((yield* Effect.flip(feed.attach("nita", "1"))).code, "BROKER_ERROR")
      const without = yield* feed.status("nita")
      assert.deepInclude(without, { broker: "none", state: "unavailable" })
      assert.include(without.reason, "algoways users set-broker")

      assert.deepInclude(yield* feed.status("dev"), { broker: "zerodha", state: "idle" })
      const early = yield* Effect.flip(feed.subscribe("dev", "1", []))
      assert.strictEqual(early.message, "No session runs for user dev: authenticate again to start one")
      // Missing credentials are waited for: what is wanted is held until they are stored.
      const { reason, state } = yield* feed.attach("dev", "1")
      assert.strictEqual(state, "waiting_for_login")
      assert.match(
        reason ?? "",
        /^User "dev" has no apiKey \(API key\), authToken \(access token\) for broker "zerodha": see /
      )
      yield* (yield* Instruments).replace("zerodha", [INFY])
      const request = { symbol: "INFY", exchange: "NSE", mode: "ltp" as const }
      assert.strictEqual((yield* feed.subscribe("dev", "1", [request]))[0]!.status, "success")
      const waiting = yield* feed.status("dev")
      assert.deepInclude(waiting, { state: "waiting_for_login" })
      assert.deepStrictEqual(
        waiting.decisions.map(({ cause, decision }) => ({ cause, decision })),
        [{ cause: reason!, decision: "park" }]
      )
      yield* feed.release("dev", "1")
      const withoutBroker = yield* Effect.flip(feed.subscribe("nita", "1", []))
      assert.include(withoutBroker.message, "No broker configuration found for user nita")
      yield* users.add("lata", "nosuch")
      assert.strictEqual((yield* Effect.flip(feed.attach("lata", "1"))).code, "BROKER_INIT_ERROR")
      assert.strictEqual((yield* feed.status("lata")).state, "unavailable")
      yield* users.setBroker("lata", "angel")
      assert.deepInclude(yield* feed.status("lata"), { broker: "angel", state: "idle" })

      const ghost = yield* Effect.flip(feed.status("ghost"))
      assert.deepInclude(ghost, { code: "BROKER_ERROR" })
      assert.include(ghost.message, 'No user "ghost"')
      assert.strictEqual((yield* Effect.flip(feed.instrument("ghost", "NSE", "INFY"))).code, "BROKER_ERROR")
    }).pipe(Effect.provide(Layer.fresh(live)))
  )

  it.live("still resolves an instrument, and says that no session runs", () =>
    Effect.gen(function* () {
      const { feed, users } = yield* make
      yield* users.add("dev", "zerodha")
      yield* users.add("nita")
      yield* (yield* Instruments).replace("zerodha", [INFY])
      const found = yield* feed.instrument("dev", "NSE", "INFY")
      assert.deepInclude(found, { resolved: true, token: INFY.token, readers: 0, market_open: true })
      assert.include(found.verdict, "No session runs (idle)")
      const unknown = yield* feed.instrument("dev", "NSE", "NOSUCH")
      assert.deepInclude(unknown, { resolved: false })
      assert.include(unknown.verdict, "NSE:NOSUCH")
      assert.include((yield* feed.instrument("nita", "NSE", "INFY")).verdict, "set-broker")
    }).pipe(Effect.provide(Layer.fresh(live)))
  )
})

describe("a feed that runs", () => {
  it.live("and fails on requests answers them with errors, and lets its readers go", () =>
    Effect.gen(function* () {
      const { feed, registry, users } = yield* make
      const adapter = adapterOf("shaky", {
        subscribe: boom,
        unsubscribe: () => Effect.die(new Error("boom")),
        release: boom,
        inspect: boom,
        last: boom,
        report: Effect.die(new Error("boom"))
      })
      let closed = 0
      const layer = Layer.effect(
        BrokerAdapter,
        Effect.acquireRelease(Effect.succeed(adapter), () => Effect.sync(() => void closed++))
      )
      yield* registry.register("shaky", () => Promise.resolve(moduleOf(adapter, layer)))
      yield* users.add("bina", "shaky")
      yield* feed.attach("bina", "1")
      const request = { symbol: "INFY", exchange: "NSE", mode: "ltp" as const }
      const calls: ReadonlyArray<Effect.Effect<unknown, FeedError>> = [
        feed.subscribe("bina", "1", [request]),
        feed.unsubscribe("bina", "1", [request]),
        feed.instrument("bina", "NSE", "INFY"),
        feed.last("bina", [request])
      ]
      for (const call of calls) {
        const error = yield* Effect.flip(call)
        assert.deepInclude(error, { code: "BROKER_ERROR" })
        assert.include(error.message, "the adapter of shaky")
        assert.notInclude(error.message, "boom")
      }
      const status = yield* feed.status("bina")
      assert.deepInclude(status, { state: "unavailable", broker: "shaky" })
      yield* feed.release("bina", "1")
      assert.strictEqual(closed, 1)
      assert.strictEqual((yield* feed.status("bina")).state, "idle")
    }).pipe(
      Effect.provide(
        Layer.fresh(LocalFeed.layer({ idleTimeToLive: 0 }).pipe(Layer.provideMerge(layerMemory())))
      )
    )
  )

  it.live("and takes its time to start is waited for again by a reader that gave up", () =>
    Effect.gen(function* () {
      const { feed, registry, users } = yield* make
      const ready = Latch.makeUnsafe(false)
      let starts = 0
      const slow = adapterOf("slow", {
        initialise: () =>
          Effect.suspend(() => {
            starts++
            return ready.await
          })
      })
      yield* registry.register("slow", () => Promise.resolve(moduleOf(slow)))
      yield* users.add("bina", "slow")
      const early = feed.attach("bina", "1").pipe(Effect.timeoutOption("50 millis"))
      assert.strictEqual((yield* early)._tag, "None")
      assert.strictEqual((yield* early)._tag, "None")
      yield* ready.open
      assert.strictEqual((yield* feed.attach("bina", "1")).state, "connected")
      assert.isAtMost(starts, 3)
      yield* feed.release("bina", "1")
    }).pipe(Effect.provide(Layer.fresh(live)))
  )

  it.live("and changes to a broker that does not serve all of it tells what is gone", () =>
    Effect.gen(function* () {
      const { feed, registry, users } = yield* make
      const held = { reader: "1", request: { symbol: "INFY", exchange: "NSE", mode: "ltp" as const } }
      const old = adapterOf("old", { subscriptions: Effect.succeed([held]) })
      const poor = adapterOf("poor", {
        subscribe: (requests) =>
          Effect.succeed(
            requests.map(({ exchange, symbol }) => ({
              status: "error" as const,
              symbol,
              exchange,
              code: "SYMBOL_NOT_FOUND" as const,
              message: "Symbol INFY not found for exchange NSE"
            }))
          )
      })
      yield* registry.register("old", () => Promise.resolve(moduleOf(old)))
      yield* registry.register("poor", () => Promise.resolve(moduleOf(poor)))
      yield* users.add("bina", "old")
      const events: Array<FeedEvent> = []
      yield* (yield* FrameBus).listen((event) => events.push(event))
      yield* feed.attach("bina", "1")
      yield* users.setBroker("bina", "poor")
      while (!events.some((event) => event.type === "subscription_failed")) yield* Effect.sleep("20 millis")
      assert.deepInclude(
        events.find((event) => event.type === "subscription_failed"),
        {
          user: "bina",
          broker: "poor",
          instruments: [
            {
              symbol: "INFY",
              exchange: "NSE",
              mode: "ltp",
              reason: "Symbol INFY not found for exchange NSE"
            }
          ]
        }
      )
    }).pipe(Effect.scoped, Effect.provide(following))
  )

  it.live("and cannot change its broker stays, says why in its status, and logs each wish once", () =>
    Effect.gen(function* () {
      const { feed, registry, users } = yield* make
      const lines: Array<string> = []
      const collecting = Logger.layer([Logger.make(({ message }) => lines.push(String(message)))])
      const needs = adapterOf("needs", {
        initialise: () => new CredentialsMissing({ user: "bina", broker: "needs", fields: ["authToken"] })
      })
      yield* registry.register("old", () => Promise.resolve(moduleOf(adapterOf("old"))))
      yield* registry.register("needs", () => Promise.resolve(moduleOf(needs)))
      yield* users.add("bina", "old")
      yield* feed.attach("bina", "1").pipe(Effect.provide(collecting))
      const reason = Effect.map(feed.status("bina"), (status) => status.reason)
      yield* users.setBroker("bina", "needs")
      while ((yield* reason) === undefined) yield* Effect.sleep("20 millis")
      assert.match((yield* reason)!, /^stays at old: /)
      yield* Effect.sleep("200 millis")
      yield* users.setBroker("bina", "old")
      while ((yield* reason) !== undefined) yield* Effect.sleep("20 millis")
      yield* users.setBroker("bina", "needs")
      while ((yield* reason) === undefined) yield* Effect.sleep("20 millis")
      assert.strictEqual(lines.filter((line) => line.includes("changes from old to needs")).length, 2)
      assert.strictEqual(lines.filter((line) => line.includes("the feed stays at old")).length, 2)
    }).pipe(Effect.scoped, Effect.provide(following))
  )

  it.live("and has died is replaced when the next reader comes, for all its readers", () =>
    Effect.gen(function* () {
      const { feed, registry, users } = yield* make
      const lives: Array<{ dead: boolean; closed: boolean; asked: Array<string> }> = []
      const held = { reader: "1", request: { symbol: "INFY", exchange: "NSE", mode: "ltp" as const } }
      const layer = Layer.effect(
        BrokerAdapter,
        Effect.acquireRelease(
          Effect.sync((): Adapter => {
            const life = { dead: false, closed: false, asked: [] as Array<string> }
            lives.push(life)
            const sound = adapterOf("mortal")
            const died = Effect.die(new Error("the session has stopped"))
            return {
              ...sound,
              status: Effect.suspend(() => (life.dead ? died : sound.status)),
              subscriptions: Effect.succeed([held]),
              subscribe: (requests, reader) =>
                life.dead
                  ? died
                  : Effect.sync(() => {
                      life.asked.push(`${reader} ${requests.map((r) => r.symbol).join()}`)
                      return []
                    })
            }
          }),
          () => Effect.sync(() => void (lives.at(-1)!.closed = true))
        )
      )
      yield* registry.register("mortal", () => Promise.resolve(moduleOf(adapterOf("mortal"), layer)))
      yield* users.add("bina", "mortal")
      yield* feed.attach("bina", "1")
      lives[0]!.dead = true
      assert.strictEqual(
        (yield* Effect.flip(feed.subscribe("bina", "1", [held.request]))).code,
        "BROKER_ERROR"
      )
      assert.strictEqual((yield* feed.attach("bina", "2")).state, "connected")
      assert.strictEqual(lives.length, 2)
      assert.isTrue(lives[0]!.closed)
      assert.deepStrictEqual(lives[1]!.asked, ["1 INFY"], "what it held is taken over")
      yield* feed.subscribe("bina", "1", [held.request])
      assert.strictEqual(lives[1]!.asked.length, 2, "the first reader is served by the new one")
    }).pipe(Effect.provide(Layer.fresh(live)))
  )
})

describe("a module", () => {
  for (const own of ["Mine", "zerodha"]) {
    it.live(`that is registered as mine and calls itself ${own} is started once`, () =>
      Effect.gen(function* () {
        const { feed, registry, users } = yield* make
        let started = 0
        yield* registry.register("mine", () =>
          Promise.resolve(moduleOf(adapterOf(own, { initialise: () => Effect.sync(() => void started++) })))
        )
        yield* users.add("bina", "mine")
        yield* feed.attach("bina", "1")
        yield* Effect.sleep("100 millis")
        assert.strictEqual(started, 1)
        yield* users.setBroker("bina", "sound")
        yield* Effect.sleep("100 millis")
        assert.strictEqual((yield* feed.info("bina")).broker, "sound", "a change is followed all the same")
      }).pipe(Effect.provide(following))
    )
  }
})

describe("changes of broker", () => {
  const USERS = 50
  const names = Array.from({ length: USERS }, (_, i) => `user${i}`)

  it.effect(
    "cost one query per interval, however many users have a feed, and are followed within a second",
    () => {
      const queries: Array<string> = []
      const counting: Statement.Transformer = (statement) => {
        queries.push(statement.compile()[0])
        return Effect.succeed(statement)
      }
      return Effect.gen(function* () {
        const { feed, registry, users } = yield* make
        yield* registry.register("other", () => Promise.resolve(moduleOf(adapterOf("other"))))
        for (const name of names) {
          yield* users.add(name, "sound")
          yield* feed.attach(name, "1")
        }
        yield* settle
        const half = Effect.andThen(TestClock.adjust("500 millis"), settle)
        // The users themselves are changes: they are seen once.
        yield* half
        queries.length = 0
        for (let i = 0; i < 20; i++) yield* half
        assert.deepStrictEqual([...new Set(queries.filter((text) => !text.includes("login_changes")))], [])
        assert.strictEqual(queries.length, 20, "ten seconds, two reads each")

        yield* users.setBroker("user7", "other")
        queries.length = 0
        yield* half
        yield* half
        const looks = queries.filter((text) => text.includes("FROM users"))
        assert.strictEqual(looks.length, 1, "only the user that changed is looked up")
        const brokers = yield* Effect.forEach(names, (name) =>
          Effect.map(feed.info(name), (info) => info.broker)
        )
        assert.deepStrictEqual(
          brokers,
          names.map((name) => (name === "user7" ? "other" : "sound"))
        )
      }).pipe(
        Effect.provide(Layer.fresh(LocalFeed.layer().pipe(Layer.provideMerge(layerMemory())))),
        Effect.provideService(Statement.CurrentTransformer, counting)
      )
    }
  )
})

describe("a session without readers", () => {
  for (const [name, ms] of STEPS) {
    it.effect(`ends after its time, also when the time of day is set ${name}`, () =>
      Effect.gen(function* () {
        const { clock, step } = yield* makeSettableClock
        const set = Effect.provideService(Clock.Clock, clock)
        const context = yield* set(
          Layer.build(
            Layer.fresh(
              LocalFeed.layer({ idleTimeToLive: "30 seconds" }).pipe(Layer.provideMerge(layerMemory()))
            )
          )
        )
        const { feed } = yield* Effect.provideContext(make, context)
        yield* set(feed.attach("asha", "1"))
        assert.strictEqual((yield* feed.status("asha")).state, "connected")
        yield* set(feed.release("asha", "1"))
        step(ms)
        yield* TestClock.adjust("29 seconds")
        yield* settle
        assert.strictEqual((yield* feed.status("asha")).state, "connected")
        yield* TestClock.adjust("2 seconds")
        yield* settle
        assert.strictEqual((yield* feed.status("asha")).state, "idle")
      })
    )
  }
})

describe("an adapter that never answers", () => {
  for (const what of ["initialise", "subscribe", "status"] as const) {
    it.effect(`to ${what} costs its user an error, and nobody else anything`, () =>
      Effect.gen(function* () {
        const { feed, registry, users } = yield* make
        let silent = what === "initialise"
        const answer = <A>(own: Effect.Effect<A>) =>
          Effect.suspend(() => (silent ? (Effect.never as Effect.Effect<A>) : own))
        const sound = adapterOf("mute")
        const mute = adapterOf("mute", {
          [what]: what === "status" ? answer(sound.status) : () => answer(Effect.succeed([]))
        })
        yield* registry.register("mute", () => Promise.resolve(moduleOf(mute)))
        yield* users.add("bina", "mute")
        if (what !== "initialise") yield* feed.attach("bina", "1")
        silent = true
        const asked = yield* Effect.forkChild(
          Effect.flip(
            what === "subscribe"
              ? Effect.asVoid(feed.subscribe("bina", "1", [{ symbol: "INFY", exchange: "NSE", mode: "ltp" }]))
              : Effect.asVoid(what === "status" ? feed.info("bina") : feed.attach("bina", "1"))
          )
        )
        yield* settle
        assert.strictEqual((yield* feed.attach("asha", "1")).state, "connected")
        yield* TestClock.adjust("31 seconds")
        assert.include((yield* Fiber.join(asked)).message, "does not answer within 30 seconds")
        silent = false
        assert.strictEqual((yield* feed.attach("bina", "2")).state, "connected")
      }).pipe(Effect.provide(Layer.fresh(live)))
    )
  }
})
