/** `algoways bench load`: many clients of a gateway that runs, to see what it delivers. */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { knownDepthLevels } from "../../market/subscription.ts"
import { apiKey, keyStdin } from "../apiKey.ts"
import * as flags from "../flags.ts"
import { namesOf } from "../load/names.ts"
import { load as run } from "../load/run.ts"
import { CommandFailed } from "../text/output.ts"

const between = (minimum: number, maximum: number) =>
  Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const modes = { ltp: "LTP", quote: "Quote", depth: "Depth" } as const

/** The gateway's address, also as the HTTP endpoints are written. */
const addressOf = (text: string) => {
  const url = URL.parse(text.replace(/^http(s?):/, "ws$1:"))
  return url !== null && /^wss?:$/.test(url.protocol)
    ? Effect.succeed(url)
    : Effect.fail(new CommandFailed({ message: `--url ${text} is no WebSocket address: use ws://HOST:PORT` }))
}

const load = Command.make(
  "load",
  {
    url: Flag.String("url").pipe(
      Flag.withDescription("Address of the gateway (ALGOWAYS_URL)"),
      Flag.withFallbackConfig(Config.String("ALGOWAYS_URL")),
      Flag.withDefault("ws://127.0.0.1:8765")
    ),
    keyStdin,
    clients: Flag.Int("clients").pipe(
      between(1, 100_000),
      Flag.withDescription("Number of clients to connect"),
      Flag.withDefault(10)
    ),
    symbols: Flag.Int("symbols").pipe(
      between(1, 100_000),
      Flag.withDescription(
        "How many instruments each client reads: of those named, else of the demo's (default: all that are named, else 50)"
      ),
      Flag.optional
    ),
    instruments: Flag.String("instruments").pipe(
      Flag.withMetavar("NSE:INFY,...|@file|NSE:LOAD#####"),
      Flag.withDescription(
        "Which ones: comma-separated, of a file, or numbered from 1 in place of the # (default: those of the demo's simulated market)"
      ),
      Flag.optional
    ),
    mode: Flag.Literals("mode", ["ltp", "quote", "depth"]).pipe(
      Flag.withDescription("Mode to subscribe to"),
      Flag.withDefault("quote" as const)
    ),
    depth: Flag.Int("depth").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
      Flag.withDescription(`Depth levels in mode depth: ${knownDepthLevels.join(", ")}`),
      Flag.withDefault(5)
    ),
    seconds: Flag.Int("seconds").pipe(
      between(0, 1_000_000),
      Flag.withDescription("How long to read; 0 reads until Ctrl-C"),
      Flag.withDefault(10)
    ),
    encoding: Flag.Literals("encoding", ["json", "msgpack"]).pipe(
      Flag.withDescription("Encoding of the messages; only AlgoWays has msgpack"),
      Flag.withDefault("json" as const)
    ),
    ramp: Flag.Int("ramp").pipe(
      between(1, 1_000_000),
      Flag.withMetavar("clients/s"),
      Flag.withDescription("Most clients to connect per second (default: as fast as possible)"),
      Flag.optional
    ),
    json: flags.json
  },
  Effect.fn(function* (input) {
    const url = yield* addressOf(input.url)
    if (input.mode === "depth" && !knownDepthLevels.includes(input.depth)) {
      return yield* new CommandFailed({
        message: `--depth ${input.depth} does not exist; known: ${knownDepthLevels.join(", ")}`
      })
    }
    const names = yield* namesOf(
      Option.getOrUndefined(input.instruments),
      Option.getOrUndefined(input.symbols),
      yield* Clock.currentTimeMillis
    )
    const { clients, depth, encoding, json, seconds } = input
    yield* run({
      url,
      key: yield* apiKey(input.keyStdin),
      clients,
      names,
      subscription: { mode: modes[input.mode], depth },
      seconds,
      encoding,
      ramp: Option.getOrUndefined(input.ramp),
      json
    })
  })
).pipe(
  Command.withDescription("Connect many clients to a gateway and show what each second brings them"),
  Command.withExamples([
    {
      command: "algoways bench load --clients 100 --symbols 50",
      description: "The demo of this machine, with its key in ALGOWAYS_API_KEY"
    },
    {
      command: "algoways bench load --url wss://feed.example --instruments NSE:INFY,NSE:TCS --mode depth",
      description: "Two order books of another machine, ten clients"
    },
    {
      command:
        "algoways bench load --instruments @names.txt --encoding msgpack --seconds 60 --json < key.txt --key-stdin",
      description: "For scripts: names and key in files, the result as JSON"
    }
  ])
)

export const bench = Command.make("bench").pipe(
  Command.withDescription("Measure a running gateway"),
  Command.withSubcommands([load])
)
