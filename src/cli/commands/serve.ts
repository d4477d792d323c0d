/** `algoways serve`: feed and gateway in one process, for the users of a data folder or for the demo. */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { Gateway, OrderUpdates } from "../../gateway/index.ts"
import * as StoreLayer from "../../store/index.ts"
import { calendarLayer } from "../service/calendar.ts"
import { render } from "../text/banner.ts"
import { connectDemo, ensureDemoUser } from "../demo/demo.ts"
import { chooseFolder } from "../demo/demoFolder.ts"
import * as flags from "../flags.ts"
import { feedLayer, publicZmq } from "../service/layers.ts"
import { usersWithoutLogin } from "../service/missingLogins.ts"
import { giveBackMemory } from "../service/memory.ts"
import { warnIfNobody, warnOfMissingLogins } from "../service/startWarnings.ts"
import { CommandFailed } from "../text/output.ts"
import { gatewayOptions } from "../service/gatewayOptions.ts"
import * as Overrides from "../service/overrides.ts"
import { ownerLayer } from "../service/owner.ts"
import { plausibilityLayer } from "../service/plausibility.ts"
import { selfCheck } from "../service/selfCheck.ts"
import { announce, askSimulators, overridesOf } from "../demo/simulators.ts"
import { startSimulator } from "../demo/simulatorProcess.ts"
import { tapsLayer } from "../service/taps.ts"
import { VERSION } from "../version.ts"
import { watch } from "../service/watch.ts"

/** Taken when it is free, so that the command to start the simulator again is the same every day. */
const SIMULATOR_PORT = 8764

const Rate = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const serveFlags = {
  dataDir: flags.dataDir,
  port: flags.port,
  host: flags.host,
  zmq: flags.zmq,
  simulator: flags.simulator,
  watch: flags.watch,
  calendar: flags.calendar,
  selfCheck: flags.selfCheck,
  ...flags.gatewayFlags,
  quarantine: flags.quarantine,
  record: flags.record,
  plausibility: flags.plausibility,
  demo: Flag.Boolean("demo").pipe(
    Flag.withDescription(
      "Serve the demo, a user of its own at a simulated exchange, or with --no-demo the users of the data folder (default: the users, where there are any)"
    ),
    Flag.optional
  ),
  broker: Flag.String("broker").pipe(
    Flag.withAlias("b"),
    Flag.withDescription(
      'Broker whose wire format the simulated exchange speaks: any that "algoways brokers" lists (ALGOWAYS_DEMO_BROKER; default zerodha)'
    ),
    Flag.withFallbackConfig(Config.String("ALGOWAYS_DEMO_BROKER")),
    Flag.optional
  ),
  rate: Flag.Int("rate").pipe(
    Flag.withSchema(Rate),
    Flag.withDescription("Changes per second in the simulated market (ALGOWAYS_DEMO_RATE)"),
    Flag.withFallbackConfig(Config.schema(Rate, "ALGOWAYS_DEMO_RATE")),
    Flag.withDefault(100)
  ),
  simulatorPort: Flag.Int("simulator-port").pipe(
    Flag.withSchema(flags.Port),
    Flag.withDescription(
      `Port of the simulated exchange (ALGOWAYS_SIMULATOR_PORT; default ${SIMULATOR_PORT}, or any free one)`
    ),
    Flag.withFallbackConfig(Config.schema(flags.Port, "ALGOWAYS_SIMULATOR_PORT")),
    Flag.optional
  ),
  demoApiKey: Flag.Redacted("demo-api-key").pipe(
    Flag.withDescription(
      "Another API key of the demo user, beside the one that is printed (ALGOWAYS_DEMO_API_KEY)"
    ),
    Flag.withFallbackConfig(Config.Redacted("ALGOWAYS_DEMO_API_KEY")),
    Flag.optional
  )
}

type Input = {
  readonly [K in keyof typeof serveFlags]: (typeof serveFlags)[K] extends Flag.Flag<infer A> ? A : never
}

/** Feed and gateway over a store and a registry. */
const service = (input: Input) =>
  Layer.unwrap(
    Effect.map(gatewayOptions(input), (options) =>
      Gateway.layer({ ...options, host: input.host, port: input.port, version: VERSION })
    )
  ).pipe(
    Layer.provide(OrderUpdates.layerNone),
    Layer.provideMerge(feedLayer),
    Layer.provideMerge(ownerLayer(input.dataDir, "algoways serve")),
    Layer.provideMerge(tapsLayer(input)),
    Layer.provideMerge(plausibilityLayer(input.plausibility)),
    Layer.provideMerge(calendarLayer(input.dataDir, Option.getOrUndefined(input.calendar)))
  )

const startDemo = Effect.fn("startDemo")(function* (input: Input) {
  const registry = yield* BrokerRegistry
  const named = Option.getOrUndefined(input.broker)
  const broker = named === undefined ? undefined : (yield* registry.load(named)).broker.name
  const demo = yield* ensureDemoUser({
    folder: input.dataDir,
    broker,
    apiKey: Option.getOrUndefined(input.demoApiKey)
  })
  const log = Effect.runForkWith(yield* Effect.context<never>())
  const start = (port: number) =>
    startSimulator({
      broker: demo.broker,
      port,
      rate: input.rate,
      onExit: (gone) => {
        log(
          Effect.logWarning(
            `the simulated exchange (pid ${gone.pid}) ended. Start it again: ${restartCommand(demo.broker, gone.port, input.rate)}`
          )
        )
      }
    })
  const simulator =
    input.simulatorPort._tag === "Some"
      ? yield* start(input.simulatorPort.value)
      : yield* start(SIMULATOR_PORT).pipe(Effect.catch(() => start(0)))
  const { broker: data } = yield* registry.load(demo.broker)
  yield* connectDemo(data, simulator.instrumentsUrl)
  return { demo, simulator }
})

const restartCommand = (broker: string, port: number, rate: number): string =>
  `npx algoways simulate --broker ${broker} --port ${port} --rate ${rate}`

/** What a wildcard address is reached by from this machine. */
const reachable = (host: string): string => (host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host)

/** What both have in common, from the gateway's start on. Answers where clients reach it. */
const serving = Effect.fnUntraced(function* (input: Input) {
  const gateway = yield* Gateway
  const zmq = yield* publicZmq(input.zmq)
  yield* watch(input.watch)
  yield* selfCheck(input.selfCheck, input.dataDir)
  const url = `${Option.isSome(input.tlsCert) ? "wss" : "ws"}://${reachable(input.host)}:${gateway.port}`
  return { url, zmq }
})

const serveDemo = Effect.fn("serveDemo")(function* (input: Input) {
  const { demo, simulator } = yield* startDemo(input).pipe(Effect.provide(BrokerRegistry.layer))
  const registry = Overrides.registry(input.dataDir, { [demo.broker]: simulator.overrides })
  yield* Effect.gen(function* () {
    const { url, zmq } = yield* serving(input)
    yield* Console.log(
      render({
        url,
        broker: demo.broker,
        dataDir: input.dataDir,
        key: demo.key,
        keyFromEnvironment: input.demoApiKey._tag === "Some",
        simulator: {
          pid: simulator.pid,
          endpoint: simulator.endpoint,
          restart: restartCommand(demo.broker, simulator.port, input.rate)
        },
        zmq
      })
    )
    yield* Effect.logInfo(
      "this is the demo: every price is invented. For your own broker: algoways users add NAME --broker BROKER, then algoways serve"
    )
    return yield* giveBackMemory
  }).pipe(Effect.provide(service(input).pipe(Layer.provideMerge(registry))))
})

const serveUsers = Effect.fn("serveUsers")(function* (input: Input) {
  for (const name of ["broker", "simulatorPort", "demoApiKey"] as const) {
    if (input[name]._tag === "None") continue
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    yield* Effect.logWarning(
      `--${flag} is a setting of the demo and changes nothing here: ${input.dataDir} has users of its own. The demo: algoways serve --demo`
    )
  }
  const simulators = yield* askSimulators(input.simulator)
  const registry = Overrides.registry(input.dataDir, overridesOf(simulators))
  yield* Effect.gen(function* () {
    const { url } = yield* serving(input)
    yield* announce(simulators)
    const lacking = yield* usersWithoutLogin
    const without = lacking.length === 0 ? "" : `; users without a broker's login: ${lacking.length}`
    yield* Effect.logInfo(`AlgoWays ${VERSION} serves ${url}${without}`)
    yield* warnIfNobody(input.dataDir)
    yield* warnOfMissingLogins(lacking)
    return yield* giveBackMemory
  }).pipe(Effect.provide(service(input).pipe(Layer.provideMerge(registry))))
})

const run = Effect.fn("serve")(function* (given: Input) {
  const simulated = given.simulator.length > 0
  if (simulated && Option.getOrUndefined(given.demo) === true) {
    return yield* new CommandFailed({
      message: "Give --demo or --simulator, not both: the demo starts a simulator of its own."
    })
  }
  const folder = yield* chooseFolder(given.dataDir, simulated ? Option.some(false) : given.demo)
  const input = { ...given, dataDir: folder.dataDir }
  return yield* (folder.demo ? serveDemo(input) : serveUsers(input)).pipe(
    Effect.provide(StoreLayer.layer({ dataDir: folder.dataDir }))
  )
}, Effect.scoped)

export const serve = Command.make("serve", serveFlags, (input) => run(input)).pipe(
  Command.withDescription(
    "Run feed and gateway in one process: for the users of the data folder, or the demo where it has none"
  ),
  Command.withExamples([
    {
      command: "algoways serve",
      description: "Your users; in a new folder the demo: paste the printed snippet and see ticks"
    },
    {
      command: "algoways serve --demo --broker angel --rate 1000",
      description: "The demo over Angel One's wire format"
    },
    { command: "algoways serve --no-demo --port 9000", description: "Your own users at their real brokers" },
    {
      command: "algoways serve --simulator http://127.0.0.1:8764",
      description: "Your own users, at a simulator that runs there"
    }
  ])
)
