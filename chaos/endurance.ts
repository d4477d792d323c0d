/**
 * Thousands of reconnects and of subscriptions that come and go: afterwards there is no more of anything than before.
 * Most of it at the market that is simulated inside the process, whose wire and codec are real and whose connections
 * cost nothing; some of it over real sockets.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { BrokerOverrides } from "../src/brokers/overrides.ts"
import { BrokerRegistry } from "../src/brokers/registry.ts"
import { Feed } from "../src/bus/feed.ts"
import { FrameBus } from "../src/bus/frameBus.ts"
import { indiaDay } from "../src/kit/indiaTime.ts"
import type { ConnectionFailure } from "../src/market/errors.ts"
import { ConnectionLost } from "../src/market/errors.ts"
import { alwaysOpen } from "../src/market/hours.ts"
import type { Instrument } from "../src/market/instrument.ts"
import type { Mode } from "../src/market/mode.ts"
import * as LocalFeed from "../src/session/feed/localFeed.ts"
import { Hours } from "../src/session/references.ts"
import { Transport } from "../src/session/transport/transport.ts"
import { simulate, simulatedMaster } from "../src/simulator/index.ts"
import { CredentialStore } from "../src/store/credentials/credentials.ts"
import { importMaster } from "../src/store/instruments/importer.ts"
import * as Store from "../src/store/index.ts"
import { Instruments } from "../src/store/instruments/instruments.ts"
import { Users } from "../src/store/users/users.ts"

export interface Lengths {
  readonly reconnects: number
  readonly pairs: number
  /** Reconnects over real sockets. */
  readonly socketReconnects: number
}

export const longLengths: Lengths = { reconnects: 10_000, pairs: 100_000, socketReconnects: 1000 }
export const shortLengths: Lengths = { reconnects: 300, pairs: 5000, socketReconnects: 50 }

/** What there is at a quiet moment. */
export interface Sizes {
  readonly heapMb: number
  /** Sockets, servers, timers, ... that keep the process busy. */
  readonly handles: number
  readonly fibers: number
  readonly connections: number
  readonly instruments: number
  readonly used: number
}

export interface Lap {
  readonly name: string
  readonly rounds: number
  readonly seconds: number
  readonly before: Sizes
  readonly after: Sizes
}

export interface Endurance {
  readonly laps: ReadonlyArray<Lap>
  readonly violations: ReadonlyArray<string>
}

/** What the collector and the compiler leave to chance, over any number of rounds. */
const HEAP_SLACK_MB = 4
/** A timer that is just due, a request that is just answered. */
const HANDLE_SLACK = 3
const FIBER_SLACK = 5
/** Of all laps that is for warming up: code is compiled, pools and caches are filled. */
const WARM_UP = 0.1
const WITHIN_MS = 10_000
const USER = "asha"
const READERS = 20
const BY_READER = 50
/** Instruments in one request. */
const AT_ONCE = 5
const modes: ReadonlyArray<Mode> = ["ltp", "quote", "depth"]

const collector = (): (() => void) => {
  if (globalThis.gc !== undefined) return () => void globalThis.gc!()
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => void
}
const collect = collector()

const turn = Effect.promise(() => new Promise<void>((resolve) => void setImmediate(resolve)))

/** Counts the fibers that live, of everything that is run with it. */
class FiberCount implements Metric.FiberRuntimeMetricsService {
  alive = 0
  readonly recordFiberStart = (): void => void this.alive++
  readonly recordFiberEnd = (): void => void this.alive--
}

/** The real transport, with connections that can be broken from here. */
const breakable = Effect.fnUntraced(function* () {
  const sockets = Context.get(yield* Layer.build(Transport.layerSockets), Transport)
  const live = new Set<Deferred.Deferred<never, ConnectionFailure>>()
  const transport = Transport.of({
    request: sockets.request,
    open: (options) =>
      Effect.gen(function* () {
        const socket = yield* sockets.open(options)
        const broken = yield* Effect.acquireRelease(Deferred.make<never, ConnectionFailure>(), (b) =>
          Effect.sync(() => live.delete(b))
        )
        live.add(broken)
        return { ...socket, ended: Effect.raceFirst(socket.ended, Deferred.await(broken)) }
      })
  })
  return {
    transport,
    breakAll: () => {
      for (const b of live)
        Deferred.doneUnsafe(b, Effect.fail(new ConnectionLost({ detail: "broken on purpose" })))
    }
  }
})

interface Course {
  readonly feed: Feed["Service"]
  readonly instruments: ReadonlyArray<Instrument>
  readonly frames: () => number
  readonly breakAll: () => void
  readonly fibers: FiberCount
}

const request = ({ exchange, symbol }: Instrument, mode: Mode) => ({ symbol, exchange, mode })

const reconnect = ({ breakAll, frames }: Course, name: string) =>
  Effect.gen(function* () {
    const before = frames()
    const until = Date.now() + WITHIN_MS
    breakAll()
    while (frames() === before) {
      if (Date.now() > until) return yield* Effect.die(new Error(`${name}: no tick within ${WITHIN_MS} ms`))
      yield* turn
    }
  })

/** Readers that come, subscribe and give back in every mode, and go. */
const pair = ({ feed, instruments }: Course, n: number) =>
  Effect.gen(function* () {
    const reader = `reader ${Math.floor(n / BY_READER) % READERS}`
    if (n % BY_READER === 0) yield* feed.attach(USER, reader)
    const asked = Array.from({ length: AT_ONCE }, (_, i) =>
      request(instruments[(n + i) % instruments.length]!, modes[n % modes.length]!)
    )
    yield* feed.subscribe(USER, reader, asked)
    // Some are given back one by one, some all at once.
    if (n % BY_READER !== BY_READER - 1) yield* feed.unsubscribe(USER, reader, asked)
    else yield* feed.release(USER, reader)
  }).pipe(Effect.orDie)

const measure = (course: Course): Effect.Effect<Sizes> =>
  Effect.gen(function* () {
    // What lingers and what closes is gone.
    yield* Effect.sleep(700)
    for (let i = 0; i < 3; i++) {
      collect()
      yield* turn
    }
    const { connections, instruments } = yield* Effect.orDie(course.feed.status(USER))
    const memory = process.memoryUsage()
    return {
      heapMb: (memory.heapUsed + memory.external) / 1e6,
      handles: process.getActiveResourcesInfo().length,
      fibers: course.fibers.alive,
      connections: connections.length,
      instruments: instruments.wanted + instruments.sent + instruments.confirmed + instruments.failed,
      used: connections.reduce((sum, c) => sum + c.used, 0)
    }
  })

const lap = Effect.fnUntraced(function* (
  course: Course,
  name: string,
  rounds: number,
  round: (n: number) => Effect.Effect<void>
) {
  const warmUp = Math.max(50, Math.floor(rounds * WARM_UP))
  for (let n = 0; n < warmUp; n++) yield* round(n)
  const before = yield* measure(course)
  const began = Date.now()
  for (let n = 0; n < rounds; n++) yield* round(n)
  const seconds = (Date.now() - began) / 1000
  return { name, rounds, seconds, before, after: yield* measure(course) } satisfies Lap
})

const laidOut = Effect.fnUntraced(function* (name: "dhan_sandbox" | "zerodha", fibers: FiberCount) {
  const simulator = name === "zerodha" ? yield* simulate(name, { ticksPerSecond: 1000 }) : undefined
  const { breakAll, transport } = yield* breakable()
  const overrides =
    simulator === undefined
      ? {}
      : { [name]: { ...simulator.overrides, requestIntervalMs: 1, requestBatch: 50 } }
  const base = Layer.mergeAll(
    Store.layerMemory,
    FrameBus.layer,
    Layer.succeed(Transport, transport),
    BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, overrides)))
  )
  const at = { base: 1, cap: 1, healthyAfter: 0 }
  const context = yield* Layer.build(
    LocalFeed.layer({ reconnect: at, lingerMs: 0, idleTimeToLive: 0 }).pipe(
      // The simulated market never closes.
      Layer.provide(Layer.succeed(Hours, alwaysOpen)),
      Layer.provideMerge(base)
    )
  )
  const { broker } = yield* Context.get(context, BrokerRegistry).load(name)
  yield* Context.get(context, Users).add(USER, name)
  if (simulator !== undefined)
    yield* Context.get(context, CredentialStore).set(USER, name, simulator.credentials)
  const origin = simulator === undefined ? { texts: yield* Effect.promise(() => simulatedMaster(name)) } : {}
  yield* Effect.provideContext(importMaster(broker, origin), context)
  const today = indiaDay(Date.now())
  const instruments = yield* Context.get(context, Instruments).search(name, { text: "", limit: 20, today })
  let frames = 0
  yield* Context.get(context, FrameBus).subscribe((more) => {
    frames += more.length
  })
  const feed = Context.get(context, Feed)
  // The new login is noticed and done with.
  yield* Effect.sleep(1200)
  yield* feed.attach(USER, "core")
  yield* feed.subscribe(
    USER,
    "core",
    instruments.slice(0, 10).map((instrument, i) => request(instrument, modes[i % modes.length]!))
  )
  return { feed, instruments, frames: () => frames, breakAll, fibers } satisfies Course
})

const judged = ({ after, before, name, rounds }: Lap): ReadonlyArray<string> => {
  const grown = (what: keyof Sizes, slack: number) => {
    const more = after[what] - before[what]
    return more <= slack
      ? []
      : [
          `${name}: ${what} grew from ${before[what].toFixed(1)} to ${after[what].toFixed(1)} in ${rounds} rounds (${slack} is chance)`
        ]
  }
  return [
    ...grown("heapMb", HEAP_SLACK_MB),
    ...grown("handles", HANDLE_SLACK),
    ...grown("fibers", FIBER_SLACK),
    ...grown("connections", 0),
    ...grown("instruments", 0),
    ...grown("used", 0)
  ]
}

const course = <A>(
  name: "dhan_sandbox" | "zerodha",
  run: (course: Course) => Effect.Effect<A>
): Effect.Effect<A> =>
  Effect.suspend(() => {
    const fibers = new FiberCount()
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const result = yield* Effect.flatMap(Effect.orDie(laidOut(name, fibers)), run).pipe(
        Scope.provide(scope),
        Effect.onExit(() => Scope.close(scope, Exit.void))
      )
      return result
    }).pipe(
      Effect.provideService(References.MinimumLogLevel, "None"),
      Effect.provideService(Metric.FiberRuntimeMetrics, fibers)
    )
  })

export const runEndurance = (
  { pairs, reconnects, socketReconnects }: Lengths,
  progress: (step: string) => void
): Effect.Effect<Endurance> =>
  Effect.gen(function* () {
    const inProcess = yield* course("dhan_sandbox", (c) =>
      Effect.gen(function* () {
        progress(`${reconnects} reconnects`)
        const first = yield* lap(c, "reconnects", reconnects, () => reconnect(c, "reconnects"))
        progress(`${pairs} pairs of subscribe and unsubscribe`)
        return [
          first,
          yield* lap(c, `subscribe and unsubscribe ${AT_ONCE}`, pairs / AT_ONCE, (n) => pair(c, n))
        ]
      })
    )
    progress(`${socketReconnects} reconnects over sockets`)
    const overSockets = yield* course("zerodha", (c) =>
      lap(c, "reconnects over sockets", socketReconnects, () => reconnect(c, "reconnects over sockets"))
    )
    const laps = [...inProcess, overSockets]
    return { laps, violations: laps.flatMap(judged) }
  })
