/** `algoways instruments`: the table that turns symbols into tokens. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { simulatedMaster } from "../../simulator/index.ts"
import { CredentialStore } from "../../store/credentials/credentials.ts"
import { importMaster } from "../../store/instruments/importer.ts"
import { Instruments } from "../../store/instruments/instruments.ts"
import * as flags from "../flags.ts"
import { importReportLines, incomplete } from "../text/importReport.ts"
import { existingStore, storeLayer } from "../service/layers.ts"
import { CommandFailed, printJson, printRows } from "../text/output.ts"
import { askSimulators } from "../demo/simulators.ts"
import { instrumentsSearch } from "./instrumentsSearch.ts"
import { instrumentsShow } from "./instrumentsShow.ts"

const importCommand = Command.make(
  "import",
  {
    dataDir: flags.dataDir,
    json: flags.json,
    broker: Argument.String("broker").pipe(Argument.withDescription("Whose instrument master it is")),
    file: Flag.String("file").pipe(
      Flag.withDescription("Read the master from this file, or zip of files; repeatable"),
      Flag.atLeast(0)
    ),
    url: Flag.String("url").pipe(
      Flag.withDescription("Fetch it from this address instead of the broker's own"),
      Flag.optional
    ),
    simulator: Flag.String("simulator").pipe(
      Flag.withDescription('Fetch it from the simulator at this address, which "algoways simulate" prints'),
      Flag.optional
    ),
    user: Flag.String("user").pipe(
      Flag.withDescription("Fetch with this user's stored login, for masters that are behind one"),
      Flag.optional
    ),
    header: Flag.KeyValuePair("header").pipe(
      Flag.withMetavar("name=value"),
      Flag.withDescription("Send this request header with the fetch; repeatable"),
      Flag.withDefault({} as Record<string, string>)
    ),
    minimumRows: Flag.Int("min-rows").pipe(
      Flag.withDescription(
        "Refuse a master with fewer instruments, those that the table keeps counted in (default: the broker's)"
      ),
      Flag.optional
    ),
    force: Flag.Boolean("force").pipe(
      Flag.withDescription("Import the master even if it lacks many instruments that the table has"),
      Flag.withDefault(false)
    )
  },
  Effect.fn(function* (input) {
    const sources = [input.file.length > 0, input.url._tag === "Some", input.simulator._tag === "Some"]
    if (sources.filter(Boolean).length > 1) {
      return yield* new CommandFailed({ message: "Give one of --file, --url and --simulator." })
    }
    const { broker } = yield* (yield* BrokerRegistry).load(input.broker)
    const [simulator] = yield* askSimulators(Option.toArray(input.simulator))
    if (simulator !== undefined && simulator.broker !== broker.name) {
      return yield* new CommandFailed({
        message: `--simulator ${simulator.url}: it simulates ${simulator.broker} and not ${broker.name}`
      })
    }
    const source =
      input.file.length > 0
        ? { files: input.file }
        : simulator?.overrides.instrumentsUrl !== undefined
          ? { url: simulator.overrides.instrumentsUrl }
          : input.url._tag === "Some"
            ? { url: input.url.value }
            : broker.endpoint.startsWith("simulated:")
              ? { texts: yield* Effect.promise(() => simulatedMaster(broker.name)) }
              : {}
    const stored =
      input.user._tag === "Some"
        ? yield* (yield* CredentialStore).get(input.user.value, broker.name)
        : undefined
    const report = yield* importMaster(broker, source, {
      ...(stored === undefined ? {} : { credentials: stored.credentials }),
      force: input.force,
      headers: input.header,
      ...(simulator?.overrides.minimumInstruments === undefined
        ? {}
        : { minimumRows: simulator.overrides.minimumInstruments }),
      ...(input.minimumRows._tag === "Some" ? { minimumRows: input.minimumRows.value } : {})
    })
    yield* input.json ? printJson(report) : Console.log(importReportLines(report).join("\n"))
    const message = incomplete(report, broker.instrumentMaster.sources.length < 2)
    if (message !== undefined) return yield* new CommandFailed({ message })
  })
).pipe(
  Command.withDescription(
    "Replace a broker's instruments with a master, in one transaction. Where the master has nothing, or less than half, of " +
      "an exchange that the table has, the table keeps that exchange and the exit code is 1, unless --force"
  ),
  Command.withExamples([
    { command: "algoways instruments import zerodha", description: "From the broker's own address" },
    {
      command: "algoways instruments import angel --file OpenAPIScripMaster.json",
      description: "From a file"
    },
    {
      command: "algoways instruments import kotak --file nse_cm-v1.csv --file nse_fo.csv",
      description: "From some of the broker's files: the exchanges of the others stay, and the exit code is 1"
    }
  ]),
  Command.provide((input) => storeLayer(input))
)

const count = Command.make(
  "count",
  { dataDir: flags.dataDir, json: flags.json },
  Effect.fn(function* ({ json }) {
    const table = yield* Instruments
    const rows = yield* Effect.forEach(yield* table.brokers, (broker) =>
      Effect.map(table.count(broker), (instruments) => ({ broker, instruments }))
    )
    yield* printRows(rows, {
      json,
      header: ["BROKER", "INSTRUMENTS"],
      row: (r) => [r.broker, String(r.instruments)],
      empty: 'There are no instruments. Import a broker\'s with "algoways instruments import BROKER".'
    })
  })
).pipe(
  Command.withDescription("Count the instruments of each broker in the table"),
  Command.withExamples([
    { command: "algoways instruments count", description: "Check that today's master is there" }
  ]),
  Command.provide((input) => existingStore(input))
)

export const instruments = Command.make("instruments").pipe(
  Command.withDescription("The instruments table: symbols, tokens, contracts"),
  Command.withSubcommands([importCommand, instrumentsSearch, instrumentsShow, count])
)
