/** `algoways conformance`: golden frames against the shipped decoders, conversations against a gateway. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry } from "../../brokers/registry.ts"
import * as flags from "../flags.ts"
import { CommandFailed } from "../text/output.ts"
import { checkClientCases } from "./clientCases.ts"
import { checkVectors } from "./goldenFrames.ts"

export const conformance = Command.make(
  "conformance",
  {
    vectors: Flag.String("vectors").pipe(
      Flag.withDescription("Folder of vector files (*.json): golden frames for the decoders"),
      Flag.optional
    ),
    broker: Flag.String("broker").pipe(
      Flag.withAlias("b"),
      Flag.withDescription("Only this broker's vector file"),
      Flag.optional
    ),
    clientCases: Flag.String("client-cases").pipe(
      Flag.withDescription("File of conversations between clients and a gateway"),
      Flag.optional
    ),
    url: Flag.String("url").pipe(
      Flag.withDescription(
        "A running gateway for the conversations, ws://HOST:PORT; without it one is started here"
      ),
      Flag.optional
    ),
    key: Flag.KeyValuePair("key").pipe(
      Flag.withMetavar("name=key"),
      Flag.withDescription(
        "An API key of the running gateway by its name in the file, e.g. KEY_A=...; repeatable. Or set a variable of that name"
      ),
      Flag.withDefault({} as Record<string, string>)
    ),
    only: Flag.String("only").pipe(
      Flag.withMetavar("name"),
      Flag.withDescription("Only the conversation of this name; repeatable"),
      Flag.atLeast(0)
    ),
    strict: Flag.Boolean("strict").pipe(
      Flag.withDescription("Also check the running gateway's frames against AlgoWays' schema"),
      Flag.withDefault(false)
    ),
    json: flags.json
  },
  Effect.fn(function* ({ broker, clientCases, json, key, only, strict, url, vectors }) {
    if (Option.isNone(vectors) && Option.isNone(clientCases)) {
      return yield* new CommandFailed({
        message: "Say what to run: --vectors FOLDER or --client-cases FILE."
      })
    }
    if (Option.isSome(vectors)) yield* checkVectors(vectors.value, Option.getOrUndefined(broker), json)
    if (Option.isSome(clientCases)) {
      yield* checkClientCases(clientCases.value, {
        url: Option.getOrUndefined(url),
        keys: key,
        only,
        strict,
        json
      })
    }
  })
).pipe(
  Command.withDescription(
    "Feed golden frames to the shipped decoders and compare the ticks, or play clients against a gateway"
  ),
  Command.withExamples([
    { command: "algoways conformance --vectors test/vectors", description: "Every file of the folder" },
    {
      command: "algoways conformance --vectors test/vectors --broker angel --json",
      description: "One broker, as JSON"
    },
    {
      command: "algoways conformance --client-cases test/cases/client-protocol-cases.json",
      description: "Conversations with the shipped gateway"
    },
    {
      command: "algoways conformance --client-cases cases.json --url ws://127.0.0.1:8765 --key KEY_A=...",
      description: "The same with a running gateway"
    }
  ]),
  Command.provide(BrokerRegistry.layer)
)
