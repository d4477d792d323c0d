/** A recorder over a folder of its own. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { BrokerOverride } from "../../../../src/brokers/overrides.ts"
import { BrokerOverrides } from "../../../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import type { RecorderOptions } from "../../../../src/session/recorder/recorder.ts"
import { Recorder } from "../../../../src/session/recorder/recorder.ts"

export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "algoways-recordings-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** @param overrides of brokers' data, as in brokers.json */
export const buildRecorder = (
  options: RecorderOptions,
  overrides: Readonly<Record<string, BrokerOverride>> = {}
) => {
  const registry = BrokerRegistry.layer.pipe(Layer.provide(Layer.succeed(BrokerOverrides, overrides)))
  return Effect.map(Layer.build(Recorder.layer(options).pipe(Layer.provide(registry))), (context) =>
    Context.get(context, Recorder)
  )
}

export const nameAt = (stream: string, connection = 1, user = "asha") => ({
  user,
  broker: stream,
  stream,
  connection
})
