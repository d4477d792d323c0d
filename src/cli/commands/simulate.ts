/** `algoways simulate`: a broker to practise on, speaking its real wire format. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { credentialFields } from "../../market/credentials.ts"
import type { CredentialField, Credentials } from "../../market/credentials.ts"
import { demoLoginAt, loadFaultScript, loginOf, makeSimulator } from "../../simulator/index.ts"
import type { FaultEvent } from "../../simulator/index.ts"
import { reportToParent, untilParentLeaves } from "../demo/simulatorProcess.ts"

const login = (name: string, what: string) =>
  Flag.Redacted(name).pipe(
    Flag.withDescription(`${what} to accept (default: one that is printed)`),
    Flag.optional
  )

/** `12.5 s: fault 2 begins: {"fault":"mute","for":5000}` */
const lineOf = ({ connections, fault, id, what }: FaultEvent, sinceStart: number): string => {
  const when = `${(sinceStart / 1000).toFixed(1)} s: fault ${id}`
  switch (what) {
    case "begins":
      return `${when} begins: ${JSON.stringify(fault)}`
    case "strikes":
      return `${when} strikes ${connections ?? 0} connections (${fault.fault})`
    case "ends":
      return `${when} ends (${fault.fault})`
  }
}

export const simulate = Command.make(
  "simulate",
  {
    broker: Flag.String("broker").pipe(
      Flag.withAlias("b"),
      Flag.withDescription("Whose wire format to speak"),
      Flag.withDefault("zerodha")
    ),
    port: Flag.Int("port").pipe(
      Flag.withAlias("p"),
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
      Flag.withDescription("Port to listen on, 0 for any free one"),
      Flag.withDefault(8764)
    ),
    host: Flag.String("host").pipe(Flag.withDescription("Address to bind to"), Flag.withDefault("127.0.0.1")),
    rate: Flag.Int("rate").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
      Flag.withDescription("Changes of instruments per second, over the whole market"),
      Flag.withDefault(100)
    ),
    seed: Flag.Int("seed").pipe(
      Flag.withDescription(
        "Equal seeds give equal walks and equal faults (default: 1, or that of the faults)"
      ),
      Flag.optional
    ),
    faults: Flag.String("faults").pipe(
      Flag.withDescription("JSON file of faults to inject, see docs/simulator.md"),
      Flag.optional
    ),
    loadEquities: Flag.Int("load-equities").pipe(
      Flag.withDescription("Number of additional NSE equities (LOAD00001, ...), for load tests"),
      Flag.withDefault(0)
    ),
    apiKey: login("api-key", "API key"),
    authToken: login("auth-token", "Access token"),
    feedToken: login("feed-token", "Feed token"),
    clientCode: login("client-code", "Client code"),
    apiSecret: login("api-secret", "API secret"),
    dataCenter: login("data-center", "Data centre"),
    feedUrl: login("feed-url", "Address of the feed")
  },
  Effect.fn(function* (input) {
    const { broker } = yield* (yield* BrokerRegistry).load(input.broker)
    const demo = yield* Effect.promise(() => demoLoginAt(broker))
    const accepted: { -readonly [F in CredentialField]?: Redacted.Redacted<string> } = { ...loginOf(demo) }
    for (const field of credentialFields) {
      const given = input[field]
      if (given._tag === "Some") accepted[field] = given.value
    }
    const script = input.faults._tag === "Some" ? yield* loadFaultScript(input.faults.value) : undefined
    const seed = input.seed._tag === "Some" ? input.seed.value : (script?.seed ?? 1)
    const started = performance.now()
    const log = Effect.runForkWith(yield* Effect.context<never>())
    const simulator = yield* makeSimulator({
      broker,
      host: input.host,
      port: input.port,
      ticksPerSecond: input.rate,
      seed,
      onFault: (event) => log(Console.log(lineOf(event, performance.now() - started))),
      loadEquities: input.loadEquities,
      credentials: accepted satisfies Credentials
    })
    yield* Console.log(
      [
        `Simulated ${broker.title} (pid ${process.pid}): ${simulator.endpoint}`,
        `Instrument master: ${simulator.instrumentsUrl}`,
        `To use it: npx algoways instruments import ${broker.name} --simulator ${simulator.url} --force`,
        `  then: npx algoways serve --simulator ${simulator.url}`,
        `  or in brokers.json: ${JSON.stringify({ [broker.name]: simulator.overrides })}`,
        // Only the fixtures: what was given by a flag may be a secret.
        `Its login: ${JSON.stringify(
          Object.fromEntries(
            broker.credentials
              .filter(({ field }) => input[field]._tag === "None")
              .map(({ field }) => [field, demo[field]])
          )
        )}`
      ].join("\n")
    )
    // After the address, so that their lines follow it.
    if (script !== undefined) simulator.runFaults({ ...script, seed })
    yield* reportToParent({
      pid: process.pid,
      port: simulator.port,
      endpoint: simulator.endpoint,
      instrumentsUrl: simulator.instrumentsUrl,
      overrides: simulator.overrides
    })
    return yield* untilParentLeaves
  }, Effect.scoped)
).pipe(
  Command.withDescription("Run a simulated broker: its real wire format, a random-walk market behind it"),
  Command.withExamples([
    { command: "algoways simulate --broker zerodha --port 8764", description: "A Zerodha on this machine" },
    { command: "algoways simulate --broker angel --rate 2000 --seed 7", description: "A busy Angel One" },
    {
      command: "algoways simulate --faults examples/faults.json --seed 7",
      description: "A bad day at Zerodha"
    }
  ]),
  Command.provide(BrokerRegistry.layer)
)
