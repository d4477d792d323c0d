/** `algoways replay FILE`: feeds a recording through the shipped decoder, and with --serve through a gateway. */
import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { messageOf } from "../../kit/messageOf.ts"
import { codecOptions } from "../../brokers/broker.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { FrameBus } from "../../bus/frameBus.ts"
import { Gateway, OrderUpdates } from "../../gateway/index.ts"
import { monotonicMillis } from "../../kit/monotonic.ts"
import { loadProtocol } from "../../protocols/index.ts"
import type { Sink } from "../../protocols/protocol.ts"
import { Player } from "../../session/replay/player.ts"
import type { Recorded, Recording } from "../../session/replay/read.ts"
import { readRecording } from "../../session/replay/read.ts"
import { ReplayFeed } from "../../session/replay/replayFeed.ts"
import { ApiKeys } from "../../store/users/apiKeys.ts"
import * as Store from "../../store/index.ts"
import { Users } from "../../store/users/users.ts"
import * as flags from "../flags.ts"
import { CommandFailed, printJson, writeLines } from "../text/output.ts"
import { VERSION } from "../version.ts"

const USER = "replay"
/** Records without a pause: others get their turn between two such runs. */
const RUN = 2000
const MOST_FAILURES = 5

const replayFlags = {
  file: Argument.File("file").pipe(Argument.withDescription("A recording of <data>/recordings")),
  speed: Flag.String("speed").pipe(
    Flag.withDescription("Replay speed: a multiple of the original, or max"),
    Flag.withDefault("max")
  ),
  serve: Flag.Boolean("serve").pipe(
    Flag.withDescription("Serve the ticks on a gateway of this machine, once it has a client"),
    Flag.withDefault(false)
  ),
  port: flags.port,
  json: flags.json
}

const speedOf = (text: string): Effect.Effect<number, CommandFailed> => {
  const speed = text === "max" ? Infinity : Number(text)
  return speed > 0
    ? Effect.succeed(speed)
    : Effect.fail(new CommandFailed({ message: `--speed ${text}: give a number above 0, or max` }))
}

const shippedDecoder = Effect.fnUntraced(function* ({ header }: Recording) {
  const { broker: name, stream } = header
  const feed = yield* (yield* BrokerRegistry)
    .feed(stream)
    .pipe(
      Effect.mapError(
        (error) => new CommandFailed({ message: `the recording is of ${name}: ${error.message}` })
      )
    )
  // The frames are in the wire format of their day, whatever the broker speaks by now.
  const protocol = yield* Effect.tryPromise({
    try: () => loadProtocol(header.protocol ?? feed.protocol),
    catch: (cause) => new CommandFailed({ message: messageOf(cause) })
  })
  return { feed, protocol, options: header.options ?? codecOptions(feed) }
})

interface Counts {
  frames: number
  ticks: number
  rejects: Record<string, number>
  /** What would have ended a live connection; the first few. */
  readonly failures: Array<string>
}

/**
 * Plays all records in order, at their distances divided by the speed.
 *
 * @param between runs now and then, and at the end; false: nobody is interested any more
 */
const play = Effect.fnUntraced(function* (
  records: ReadonlyArray<Recorded>,
  speed: number,
  act: (record: Recorded) => void,
  between: Effect.Effect<boolean> = Effect.succeed(true)
) {
  let due = yield* monotonicMillis
  let before = records[0]?.at ?? 0
  for (const [i, record] of records.entries()) {
    // The recorder's time of day may have been set back between two records.
    due += Math.max(0, record.at - before) / speed
    before = record.at
    const now = yield* monotonicMillis
    if (due > now || i % RUN === RUN - 1) {
      if (!(yield* between)) return
      yield* Effect.sleep(Math.max(0, due - now))
    }
    act(record)
  }
  yield* between
})

const summary = ({ header, prologue, skipped }: Recording, counts: Counts) => ({
  broker: header.broker,
  stream: header.stream,
  user: header.user,
  recorded_by: header.algoways,
  reason: header.reason,
  earlier_records: prologue.length,
  skipped,
  ...counts
})

const run = Effect.fn("replay")(function* (input: {
  readonly file: string
  readonly speed: string
  readonly serve: boolean
  readonly port: number
  readonly json: boolean
}) {
  const speed = yield* speedOf(input.speed)
  const recording = yield* readRecording(input.file)
  const { feed, options, protocol } = yield* shippedDecoder(recording)
  const counts: Counts = { frames: 0, ticks: 0, rejects: {}, failures: [] }
  let publish: Sink["tick"] = () => {}
  const player = new Player({
    protocol,
    options,
    onTick: (instrument, tick, refreshes) => {
      counts.ticks++
      publish(instrument, tick, refreshes)
    },
    onReject: (cause) => (counts.rejects[cause] = (counts.rejects[cause] ?? 0) + 1),
    onEvent: (event) => {
      if (event.type !== "failure" || counts.failures.length === MOST_FAILURES) return
      const { message } = event.failure
      if (!counts.failures.includes(message)) counts.failures.push(message)
    }
  })
  const step = (record: Recorded): void => {
    if (record.kind === "frame") counts.frames++
    player.play(record)
  }
  /** The decoder's history is full of gaps: what came of it does not count. */
  const prepare = (): void => {
    for (const record of recording.prologue) player.play(record)
    counts.ticks = 0
    counts.rejects = {}
    counts.failures.length = 0
  }
  if (!input.serve) {
    prepare()
    let lines: Array<string> = []
    if (input.json) publish = (_, tick) => void lines.push(JSON.stringify(tick))
    const flush = Effect.suspend(() => {
      const ready = lines
      lines = []
      return writeLines(ready)
    })
    yield* play(recording.records, speed, step, flush)
    // With --json the ticks have stdout for themselves.
    return yield* input.json
      ? Console.error(JSON.stringify(summary(recording, counts)))
      : printJson(summary(recording, counts))
  }
  const key = randomBytes(16).toString("hex")
  yield* Effect.gen(function* () {
    yield* (yield* Users).add(USER, feed.name)
    yield* (yield* ApiKeys).create(USER, { key: Redacted.make(key) })
    const gateway = yield* Gateway
    const replay = yield* ReplayFeed
    const clock = yield* Clock.Clock
    publish = (instrument, tick, refreshes) =>
      replay.tick(instrument, tick, refreshes, clock.currentTimeMillisUnsafe())
    yield* Console.log(`ws://127.0.0.1:${gateway.port}  API key ${key}: waiting for a client that subscribes`)
    while (gateway.stats().authenticated === 0) yield* Effect.sleep("100 millis")
    // The client's subscribes follow its login.
    yield* Effect.sleep("1 second")
    prepare()
    yield* play(recording.records, speed, step)
    yield* printJson(summary(recording, counts))
    yield* Console.log("the recording is over; end with Ctrl-C")
    return yield* Effect.never
  }).pipe(
    Effect.provide(
      Gateway.layer({ port: input.port, version: VERSION }).pipe(
        Layer.provide(OrderUpdates.layerNone),
        Layer.provideMerge(ReplayFeed.layer(feed, protocol, USER, recording.instruments)),
        Layer.provideMerge(Layer.mergeAll(FrameBus.layer, Store.layerMemory))
      )
    )
  )
})

export const replay = Command.make("replay", replayFlags, run).pipe(
  Command.withDescription(
    "Feed a recording through the shipped decoder, or with --serve to clients of a gateway"
  ),
  Command.withExamples([
    {
      command: "algoways replay data/recordings/zerodha.jsonl.gz",
      description: "Print what the decoder makes of it"
    },
    {
      command: "algoways replay incident.jsonl.gz --serve --speed 10 --port 9000",
      description: "Yesterday's incident for today's strategy, ten times as fast"
    }
  ]),
  Command.provide(BrokerRegistry.layer)
)
