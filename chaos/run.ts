/** Runs one scenario: builds its brokers and sessions, lets the storm pass, and holds what came of it against the invariants. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { BrokerOverrides } from "../src/brokers/overrides.ts"
import type { BrokerOverride } from "../src/brokers/overrides.ts"
import { BrokerRegistry } from "../src/brokers/registry.ts"
import { FrameBus } from "../src/bus/frameBus.ts"
import { simulate } from "../src/simulator/index.ts"
import type { SimulatorHandle } from "../src/simulator/index.ts"
import { alwaysOpen } from "../src/market/hours.ts"
import { Hours } from "../src/session/references.ts"
import * as LocalFeed from "../src/session/feed/localFeed.ts"
import { Transport } from "../src/session/transport/transport.ts"
import { CredentialStore } from "../src/store/credentials/credentials.ts"
import { importMaster } from "../src/store/instruments/importer.ts"
import * as Store from "../src/store/index.ts"
import { Users } from "../src/store/users/users.ts"
import { adapterDoors, feedDoors } from "./doors.ts"
import { boundOf, intensity, reconnect, shortened } from "./limits.ts"
import type { Waits } from "./limits.ts"
import { checkLogins, checkRetries } from "./retries.ts"
import type { Scenario, Stage } from "./scenario.ts"
import { describeScenario } from "./scenario.ts"
import type { Stalls } from "./stalls.ts"
import { CORE, Station } from "./station.ts"
import { settleUpstream, watchUpstream } from "./upstream.ts"
import { Recorder } from "./violations.ts"
import type { Violation } from "./violations.ts"

export interface Outcome {
  readonly scenario: Scenario
  readonly violations: ReadonlyArray<Violation>
  /** ms from the end of a broker's troubles until all that was held throughout ticked again. */
  readonly recoveries: ReadonlyArray<number>
  readonly frames: number
  readonly ticks: number
  readonly attempts: number
}

const TICKS_PER_SECOND = 600
const LOAD_EQUITIES = 60
const LIVELINESS = 4
/** Of a broker that nothing has happened to yet. */
const AT_FIRST: ReadonlyArray<Waits> = [{ resend: true }]
const POLL_MS = 10
const CLOSED_WITHIN_MS = 2000

const startSimulator = (stage: Stage) =>
  simulate(stage.broker, {
    seed: stage.seed,
    ticksPerSecond: TICKS_PER_SECOND,
    loadEquities: LOAD_EQUITIES,
    liveliness: LIVELINESS
  })

const overrideOf = (stage: Stage, simulator: SimulatorHandle): BrokerOverride => ({
  ...simulator.overrides,
  ...shortened(simulator.broker),
  connectionsPerLogin: Math.min(stage.connections, simulator.broker.limits.connectionsPerLogin.value),
  subscriptionsPerConnection: stage.perConnection,
  requestBatch: stage.batch,
  requestIntervalMs: stage.intervalMs
})

const sessionOptions = (lingerMs: number) => ({ reconnect, intensity, lingerMs })

/** Waits until all that is wanted has ticked since then; true, or what has not. */
const ticking = Effect.fnUntraced(function* (
  station: Station,
  since: number,
  deadline: () => number,
  only: (topic: string) => boolean = () => true
) {
  const missing = () =>
    station.wants.topics.filter(
      ({ since: held, topic }) => only(topic) && station.observer.lastFrame(topic) <= Math.max(since, held)
    )
  while (missing().length > 0) {
    if (Date.now() > deadline()) return missing()
    yield* Effect.sleep(POLL_MS)
  }
  return []
})

type Missing = ReadonlyArray<{ readonly topic: string; readonly name: string }>

/** What the session and the simulator know of those that do not tick. */
const described = Effect.fnUntraced(function* ({ doors, simulator }: Station, missing: Missing) {
  const { connections, reason, state } = yield* doors.report
  const lines = yield* Effect.forEach(missing.slice(0, 4), ({ name, topic }) => {
    const [exchange = "", symbol = ""] = name.split(":")
    return Effect.map(
      doors.inspect(exchange, symbol),
      (i) =>
        `${topic}: ${i.state ?? "-"} by ${i.confirmed_by ?? "-"}, wanted ${JSON.stringify(i.wanted ?? null)}, ` +
        `${i.ticks} ticks, ${i.rejected} rejected, on connection ${i.connection?.id ?? "-"}, ` +
        `held by ${simulator.heldBy(name)} at the broker. ${i.verdict}`
    )
  })
  return (
    `the session is ${state}${reason === undefined ? "" : ` (${reason})`}, ` +
    `${connections.map((c) => `${c.id} ${c.state} ${c.used}/${c.limit}`).join(", ")}` +
    lines.map((line) => `\n      ${line}`).join("")
  )
})

const boundFor = ({ broker, priced }: Station, waits: ReadonlyArray<Waits>, faultMs: number): number =>
  // An instrument may have to be given back before it is asked for.
  boundOf(waits, faultMs, 2 * priced.instruments.length, broker.pacing)

const storm = Effect.fnUntraced(function* (station: Station, stalls: Stalls) {
  const { stage } = station
  const readers = Map.groupBy(stage.steps, (step) => step.reader)
  const began = Date.now()
  const stepping = Effect.forEach(
    readers.values(),
    (steps) =>
      Effect.forEach(
        steps,
        (step) =>
          Effect.andThen(
            Effect.suspend(() => Effect.sleep(Math.max(0, began + step.at - Date.now()))),
            station.step(step)
          ),
        { discard: true }
      ),
    { concurrency: "unbounded", discard: true }
  )
  const core = new Set(station.wants.topicsOf(CORE).map(([topic]) => topic))
  const suffering = Effect.forEach(stage.troubles, station.suffer, {
    concurrency: "unbounded",
    discard: true
  })
  const faultMs = Math.max(...stage.troubles.map((t) => t.at + t.lasts))
  const bound = boundFor(
    station,
    stage.troubles.map((t) => t.waits),
    faultMs
  )
  const recovering = Effect.gen(function* () {
    yield* suffering
    station.simulator.clearFaults()
    const over = Date.now()
    station.faultsOverAt = over
    const missing = yield* ticking(
      station,
      over,
      () => over + bound + stalls.since(over),
      (topic) => core.has(topic)
    )
    if (missing.length === 0) return { over, recovery: Date.now() - over }
    station.recorder.violated(
      "recovery",
      `${missing.length} views do not tick ${Date.now() - over} ms after the end of all faults (bound ${Math.round(bound)}): ` +
        (yield* described(station, missing))
    )
    return { over, recovery: undefined }
  })
  const [{ over, recovery }] = yield* Effect.all([recovering, stepping], { concurrency: 2 })
  // What the last steps asked for is due as well.
  if (recovery !== undefined) {
    const now = Date.now()
    const missing = yield* ticking(station, over, () => now + bound + stalls.since(now))
    if (missing.length > 0) {
      station.recorder.violated(
        "recovery",
        `${missing.length} views have not ticked ${Date.now() - now} ms after the last step: ${yield* described(station, missing)}`
      )
    }
  }
  return recovery
})

const life = Effect.fnUntraced(function* (
  station: Station,
  stalls: Stalls,
  options: ReturnType<typeof sessionOptions>
) {
  const { observer, recorder, stage } = station
  const began = Date.now()
  station.doors = yield* stage.by === "feed"
    ? feedDoors(stage.user)
    : adapterDoors(stage.broker, stage.user, options, (tick) => observer.onTick(tick))
  yield* station.subscribe(CORE, stage.core)
  const first = boundFor(station, AT_FIRST, 0)
  const missing = yield* ticking(station, 0, () => began + first + stalls.since(began))
  if (missing.length > 0) {
    recorder.violated(
      "recovery",
      `before any fault, ${Math.round(first)} ms after the start: ${yield* described(station, missing)}`
    )
    return undefined
  }
  yield* Effect.forkScoped(watchUpstream(station))
  const recovery = yield* storm(station, stalls)
  if (recovery !== undefined) yield* settleUpstream(station, stalls.since)
  return recovery
})

/** What the simulator has seen, when all is over. */
const account = (station: Station): void => {
  const { broker, observer, recorder, refusing, renewed, simulator, stage } = station
  const ledger = simulator.ledger()
  const slots = broker.limits.connectionsPerLogin.value
  for (const wrong of checkRetries(ledger, [...observer.resumed, ...renewed], slots))
    recorder.violated("retries", wrong)
  // Where market data is public there is no login to be spared.
  if (broker.credentials.length > 0)
    for (const wrong of checkLogins(ledger, refusing, slots)) recorder.violated("login", wrong)
  if (observer.parked > 0 && !stage.troubles.some((t) => t.login))
    recorder.violated("login", "the session waits for a login, and nothing was wrong with the one it has")
  const { defects } = simulator.counters()
  if (defects > 0) recorder.violated("simulator", `${defects} defects in the simulator's own codec`)
}

const allClosed = Effect.fnUntraced(function* (station: Station) {
  const until = Date.now() + CLOSED_WITHIN_MS
  while (station.simulator.connections().length > 0) {
    if (Date.now() > until)
      return station.recorder.violated(
        "left open",
        `${station.simulator.connections().length} connections are open after the session's end`
      )
    yield* Effect.sleep(POLL_MS)
  }
})

const play = Effect.fnUntraced(function* (scenario: Scenario, stalls: Stalls, recorders: Array<Recorder>) {
  const began = Date.now()
  const simulators = yield* Effect.forEach(scenario.stages, startSimulator)
  const overrides = Object.fromEntries(
    scenario.stages.map((stage, i) => [stage.broker, overrideOf(stage, simulators[i]!)])
  )
  const options = sessionOptions(scenario.stages[0]!.lingerMs)
  const sessions = yield* Scope.make()
  const base = Layer.mergeAll(
    Store.layerMemory,
    FrameBus.layer,
    Transport.layerSockets,
    BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, overrides)))
  )
  const context = yield* Layer.buildWithScope(
    LocalFeed.layer({ ...options, firstAttempt: "3 seconds", idleTimeToLive: 0 }).pipe(
      Layer.provideMerge(base)
    ),
    sessions
  )
  const registry = Context.get(context, BrokerRegistry)
  const stations = yield* Effect.forEach(scenario.stages, (stage, i) =>
    Effect.gen(function* () {
      const simulator = simulators[i]!
      const { broker } = yield* registry.load(stage.broker)
      const recorder = new Recorder(
        { seed: scenario.seed, index: scenario.index, broker: stage.broker },
        began
      )
      recorders.push(recorder)
      yield* Context.get(context, Users).add(stage.user, stage.broker)
      yield* Context.get(context, CredentialStore).set(stage.user, stage.broker, simulator.credentials)
      yield* importMaster(broker, {}, { credentials: simulator.credentials })
      return new Station(stage, simulator, broker, recorder)
    })
  ).pipe(Effect.provideContext(context))
  const byUser = new Map(stations.map((station) => [station.stage.user, station]))
  const bus = Context.get(context, FrameBus)
  yield* bus.subscribe((frames) => {
    for (const frame of frames) byUser.get(frame.view.user)?.observer.onFrame(frame)
  })
  yield* bus.listen((event) => byUser.get(event.user)?.observer.onEvent(event))

  const recoveries = yield* Effect.forEach(stations, (station) => life(station, stalls, options), {
    concurrency: "unbounded"
  }).pipe(Effect.provideContext(context), Effect.provideService(Scope.Scope, sessions))
  stations.forEach(account)
  yield* Scope.close(sessions, Exit.void)
  yield* Effect.forEach(stations, allClosed, { concurrency: "unbounded", discard: true })
  const sum = (of: (station: Station) => number) =>
    stations.reduce((total, station) => total + of(station), 0)
  return {
    recoveries: recoveries.filter((r) => r !== undefined),
    frames: sum((s) => s.observer.frames),
    ticks: sum((s) => s.observer.ticks),
    attempts: sum((s) => s.simulator.ledger().connections.length)
  }
})

export const runScenario = (scenario: Scenario, stalls: Stalls): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const recorders: Array<Recorder> = []
    const broken = { recoveries: [], frames: 0, ticks: 0, attempts: 0 }
    return Effect.scoped(play(scenario, stalls, recorders)).pipe(
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          const where = { seed: scenario.seed, index: scenario.index, broker: "all" }
          const recorder = new Recorder(where, Date.now())
          recorders.push(recorder)
          recorder.violated("harness", `the scenario could not be played: ${String(cause)}`)
          return broken
        })
      ),
      Effect.provideService(References.MinimumLogLevel, "None"),
      // The simulated market never closes.
      Effect.provideService(Hours, alwaysOpen),
      Effect.map((figures) => ({
        scenario,
        ...figures,
        violations: recorders.flatMap((r) => r.violations)
      }))
    )
  })

export { describeScenario }
