/** `algoways line`: who may be feed and gateway to each other across machines. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { lineKeys } from "../../store/users/lineKeys.ts"
import { isDataFolder } from "../dataFolder.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson, table } from "../text/output.ts"

const name = Argument.String("name").pipe(Argument.withDescription("What you call the gateway"))
const key = Argument.String("key").pipe(
  Argument.withDescription('Its public key, as "algoways line keys" prints it there')
)

const keys = Command.make(
  "keys",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ dataDir, json }) {
    yield* isDataFolder(dataDir)
    const line = lineKeys(dataDir)
    const feed = (yield* line.feed).publicKey
    const gateway = (yield* line.gateway).publicKey
    const trusted = yield* line.trusted
    const accepted = yield* line.accepted
    if (json) return yield* printJson({ feed, gateway, trusted, accepted })
    const rows = [
      ["key of this folder's feed", feed],
      ["key of this folder's gateway", gateway],
      ["trusted feed", trusted === feed ? "the one of this folder" : trusted],
      ...accepted.map((g) => [`accepted gateway ${g.name}`, g.key])
    ]
    yield* Console.log(table(rows))
  })
).pipe(
  Command.withDescription(
    "Print the public keys of this data folder, and whom it trusts; makes keys that are missing"
  )
)

const accept = Command.make(
  "accept",
  { dataDir: flags.dataDir, name, key },
  Effect.fn(function* (input) {
    yield* isDataFolder(input.dataDir)
    yield* lineKeys(input.dataDir).accept(input.name, input.key)
    yield* Console.log(`The feed accepts the gateway ${input.name}, from now on.`)
  })
).pipe(
  Command.withDescription("On the feed's machine: let a gateway connect"),
  Command.withExamples([
    {
      command: "algoways line accept charts 5f0c...",
      description: "The key that line keys printed on the gateway's machine"
    }
  ])
)

const refuse = Command.make(
  "refuse",
  { dataDir: flags.dataDir, name },
  Effect.fn(function* (input) {
    yield* isDataFolder(input.dataDir)
    if (!(yield* lineKeys(input.dataDir).refuse(input.name))) {
      return yield* new CommandFailed({
        message: `No gateway is called ${input.name} in ${input.dataDir}. See: algoways line keys`
      })
    }
    yield* Console.log(
      `The feed accepts ${input.name} no more. A connection that is up ends within two seconds; other gateways connect again by themselves.`
    )
  })
).pipe(
  Command.withDescription("On the feed's machine: end a gateway's connection, and let it connect no more")
)

const trust = Command.make(
  "trust",
  { dataDir: flags.dataDir, key },
  Effect.fn(function* (input) {
    yield* isDataFolder(input.dataDir)
    yield* lineKeys(input.dataDir).trust(input.key)
    yield* Console.log("The gateway of this folder trusts that feed. Start it again if it runs.")
  })
).pipe(Command.withDescription("On the gateway's machine: say which feed it connects to"))

export const line = Command.make("line").pipe(
  Command.withDescription("Keys of the line between feed and gateway on two machines"),
  Command.withSubcommands([keys, accept, refuse, trust])
)
