/** A recorder over a folder of its own. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerRegistry } from "../../../src/brokers/registry.ts"
import type { RecorderOptions } from "../../../src/session/recorder/recorder.ts"
import { Recorder } from "../../../src/session/recorder/recorder.ts"

export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "algoways-recordings-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

export const buildRecorder = (options: RecorderOptions) =>
  Effect.map(Layer.build(Recorder.layer(options).pipe(Layer.provide(BrokerRegistry.layer))), (context) =>
    Context.get(context, Recorder)
  )

export const nameAt = (stream: string, connection = 1, user = "asha") => ({
  user,
  broker: stream,
  stream,
  connection
})
