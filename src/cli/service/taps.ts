/** Who listens in on the connections of `serve` and `feed`: the quarantine and the flight recorder. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { BrokerRegistry } from "../../brokers/registry.ts"
import * as Quarantine from "../../session/quarantine/index.ts"
import { Recorder } from "../../session/recorder/recorder.ts"
import { ConnectionTaps } from "../../session/references.ts"
import { combineTaps } from "../../session/ticks/tap.ts"
import { VERSION } from "../version.ts"

export interface TapsInput {
  readonly dataDir: string
  /** MiB on disk; 0 keeps nothing. */
  readonly quarantine: number
  /** Minutes of raw frames in memory; 0 records nothing. */
  readonly record: number
}

export const RECORDINGS = "recordings"

/** Without a listener the signal would end the process, so there is one whether or not anything is recorded. */
const onRecordSignal = Effect.fnUntraced(function* (answer: Effect.Effect<unknown>) {
  // The system has no such signal on Windows.
  if (process.platform === "win32") return
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const onSignal = (): void => {
    run(answer)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGUSR2", onSignal)),
    () => Effect.sync(() => process.off("SIGUSR2", onSignal))
  )
})

const recorder = Effect.fnUntraced(function* ({ dataDir, record }: TapsInput) {
  if (record === 0) {
    yield* onRecordSignal(
      Effect.logWarning(
        "SIGUSR2: nothing is recorded. Start with --record MINUTES (ALGOWAYS_RECORD) above 0 to record"
      )
    )
    return []
  }
  const layer = Recorder.layer({
    directory: join(dataDir, RECORDINGS),
    windowMs: record * 60_000,
    version: VERSION
  })
  const { tap, write } = yield* Effect.provide(Recorder, yield* Layer.build(layer))
  yield* onRecordSignal(
    Effect.flatMap(write("SIGUSR2"), (paths) =>
      paths.length > 0
        ? Effect.void
        : Effect.logWarning("SIGUSR2: no recording was written. Has any connection been opened?")
    )
  )
  return [tap]
})

export const tapsLayer = (input: TapsInput): Layer.Layer<never, never, BrokerRegistry> =>
  Layer.effect(
    ConnectionTaps,
    Effect.gen(function* () {
      const maxBytes = input.quarantine * 1024 * 1024
      const taps = [
        ...(input.quarantine === 0 ? [] : [yield* Quarantine.make({ dataDir: input.dataDir, maxBytes })]),
        ...(yield* recorder(input))
      ]
      const run = Effect.runForkWith(yield* Effect.context<never>())
      return combineTaps(taps, (defect) => {
        run(Effect.logError("a listener on raw frames failed and is let go for its connection", defect))
      })
    })
  )
