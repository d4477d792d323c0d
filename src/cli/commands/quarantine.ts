/** `algoways quarantine`: the frames that became no tick, and what the decoder says of them now. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { BrokerRegistry, builtInBrokers } from "../../brokers/registry.ts"
import { UnsupportedBroker } from "../../market/errors.ts"
import { loadProtocol } from "../../protocols/index.ts"
import { readQuarantine } from "../../session/quarantine/files.ts"
import type { QuarantineRecord } from "../../session/quarantine/record.ts"
import type { Replayed } from "../../session/quarantine/replay.ts"
import { replay as replayRecord } from "../../session/quarantine/replay.ts"
import { isDataFolder } from "../dataFolder.ts"
import { hasDatabase } from "../demo/demoFolder.ts"
import { indiaTime } from "../../kit/indiaTime.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson, printRows } from "../text/output.ts"

const listFlags = {
  dataDir: flags.dataDir,
  json: flags.json,
  broker: flags.broker.pipe(Flag.withDescription("Only frames of this broker"), Flag.optional),
  cause: Flag.String("cause").pipe(
    Flag.withDescription("Only frames with this cause, such as truncated"),
    Flag.optional
  )
}
type ListInput = {
  readonly dataDir: string
  readonly json: boolean
  readonly broker: Option.Option<string>
  readonly cause: Option.Option<string>
}

const records = Effect.fn("quarantine.records")(function* (input: Omit<ListInput, "json">) {
  yield* isDataFolder(input.dataDir)
  const broker = Option.getOrUndefined(input.broker)?.toLowerCase()
  if (broker !== undefined && !builtInBrokers.includes(broker)) {
    return yield* new UnsupportedBroker({ broker, known: builtInBrokers })
  }
  const all = yield* Effect.tryPromise({
    try: () => readQuarantine(input.dataDir),
    catch: (cause) =>
      new CommandFailed({
        message: `The quarantine in ${input.dataDir} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}. Run this as the user that runs AlgoWays.`
      })
  })
  // Nothing was rejected, or there is nothing at all.
  if (all.length === 0) yield* hasDatabase(input.dataDir)
  const cause = Option.getOrUndefined(input.cause)
  return all.filter(
    (r) => (broker === undefined || r.broker === broker) && (cause === undefined || r.cause === cause)
  )
})

const sizeOf = ({ bytes, truncated }: QuarantineRecord): string =>
  truncated === true ? `${bytes} (cut off)` : String(bytes)

const runList = Effect.fn("quarantine.list")(function* (input: ListInput) {
  yield* printRows(yield* records(input), {
    json: input.json,
    header: ["id", "time (IST)", "broker", "stream", "cause", "bytes", "detail"],
    row: (r) => [String(r.id), indiaTime(r.at), r.broker, r.stream, r.cause, sizeOf(r), r.detail],
    empty: "Nothing is in the quarantine."
  })
})

/** Its broker's stream and protocol, as they are now. */
const decoderOf = Effect.fnUntraced(function* (record: QuarantineRecord) {
  const registry = yield* BrokerRegistry
  const feed = yield* registry.feed(record.stream)
  return { feed, protocol: yield* Effect.promise(() => loadProtocol(feed.protocol)) }
})

type Outcome =
  | Replayed
  | { readonly id: number; readonly cause: string; readonly outcome: "no_decoder"; readonly reason: string }

const replayOne = (record: QuarantineRecord) =>
  decoderOf(record).pipe(
    Effect.map(({ feed, protocol }): Outcome => replayRecord(record, feed, protocol)),
    Effect.catch((error) =>
      Effect.succeed<Outcome>({
        id: record.id,
        cause: record.cause,
        outcome: "no_decoder",
        reason: error.message
      })
    )
  )

const verdict = (o: Outcome): string => {
  if (o.outcome === "no_decoder") return `cannot be decoded: ${o.reason}`
  const ticks = `${o.ticks.length} ${o.ticks.length === 1 ? "tick" : "ticks"}`
  const why = o.rejects.map((r) => `${r.cause} (${r.detail})`).join(", ")
  if (o.outcome === "ticks") return `now decodes to ${ticks}${why === "" ? "" : `, without: ${why}`}`
  if (o.outcome === "nothing") return "neither a tick nor a reject: it may need what came before it"
  return `still rejected: ${why}${o.ticks.length === 0 ? "" : `, beside ${ticks}`}`
}

const runReplay = Effect.fn("quarantine.replay")(function* (
  input: ListInput & { readonly id: Option.Option<number> }
) {
  const all = yield* records(input)
  const id = Option.getOrUndefined(input.id)
  const chosen = id === undefined ? all : all.filter((r) => r.id === id)
  if (id !== undefined && chosen.length === 0) {
    return yield* new CommandFailed({
      message: `No frame ${id} is in the quarantine. "algoways quarantine" lists those that are; the oldest are removed.`
    })
  }
  const outcomes = yield* Effect.forEach(chosen, replayOne)
  if (input.json) return yield* printJson(outcomes)
  if (outcomes.length === 0) return yield* Console.log("Nothing is in the quarantine.")
  const fine = outcomes.filter((o) => o.outcome === "ticks").length
  const lines = outcomes.map((o) => `${o.id}: ${o.cause}: ${verdict(o)}`)
  yield* Console.log([...lines, `${fine} of ${outcomes.length} frames decode now`].join("\n"))
})

const list = Command.make("list", listFlags, runList).pipe(
  Command.withDescription("List the rejected frames, the newest last")
)

const replay = Command.make(
  "replay",
  {
    ...listFlags,
    id: Flag.Int("id").pipe(Flag.withDescription("Only this frame"), Flag.optional)
  },
  runReplay
).pipe(
  Command.withDescription("Decode the frames again, each with the subscriptions of its time"),
  Command.withExamples([
    { command: "algoways quarantine replay", description: "After an update: which of them decode now?" },
    { command: "algoways quarantine replay --id 17 --json", description: "One frame, with its ticks" }
  ]),
  Command.provide(BrokerRegistry.layer)
)

export const quarantine = Command.make("quarantine", listFlags, runList).pipe(
  Command.withDescription("Show the rejected frames on disk, and decode them again"),
  Command.withSubcommands([list, replay])
)
