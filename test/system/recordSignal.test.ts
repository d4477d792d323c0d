/** The signal that asks for recordings, where nothing is recorded. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { until } from "./simulatorSupport.ts"
import { freePorts, isAlive, start, temporaryFolder } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const KEY = "a-demo-key-for-tests-123"
const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds, 15_000))

/** `serve` with its demo, no recorder, and a client that gets ticks. */
const serving = Effect.fnUntraced(function* (dataDir: string) {
  const [port, simulatorPort] = yield* freePorts(2)
  const serve = yield* start(["serve"], {
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_SIMULATOR_PORT: String(simulatorPort),
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_ZMQ_ENDPOINT: "off",
    ALGOWAYS_DEMO_RATE: "500",
    ALGOWAYS_DEMO_API_KEY: KEY,
    ALGOWAYS_RECORD: "0"
  })
  yield* ready("the banner", () => serve.out().includes("Python:"))
  const client = yield* Effect.acquireRelease(
    Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, KEY)),
    (c) => Effect.promise(() => c.close())
  )
  yield* Effect.promise(() => client.subscribe("RELIANCE", "NSE", "Quote"))
  const ticks = () => client.frames.filter((f) => f["type"] === "market_data").length
  yield* ready("ticks", () => ticks() > 10)
  return { serve, ticks }
})

describe("SIGUSR2", () => {
  it.live(
    "says how to record where that is off, and the service serves on",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const { serve, ticks } = yield* serving(dataDir)
        serve.signal("SIGUSR2")
        yield* ready(
          "the answer",
          () => (serve.out() + serve.err()).includes("ALGOWAYS_RECORD") || !isAlive(serve.pid)
        )
        assert.isTrue(isAlive(serve.pid), "a signal that asks for nothing must not end the feed")
        const before = ticks()
        yield* ready("more ticks", () => ticks() > before + 10)
        assert.isFalse(existsSync(join(dataDir, "recordings")))
      }),
    60_000
  )
})
