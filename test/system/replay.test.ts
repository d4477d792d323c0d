/** What the flight recorder keeps of a session, fed to the shipped decoder again. */
import { spawn } from "node:child_process"
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { BrokerOverrides } from "../../src/brokers/overrides.ts"
import { BrokerRegistry } from "../../src/brokers/registry.ts"
import { FrameBus } from "../../src/bus/frameBus.ts"
import type { Tick } from "../../src/market/tick.ts"
import { createAdapter } from "../../src/session/factory.ts"
import { Recorder } from "../../src/session/recorder/recorder.ts"
import { ConnectionTaps } from "../../src/session/references.ts"
import { Transport } from "../../src/session/transport/transport.ts"
import { simulate } from "../../src/simulator/index.ts"
import { importMaster } from "../../src/store/instruments/importer.ts"
import * as Store from "../../src/store/index.ts"
import { until } from "./simulatorSupport.ts"
import { freePorts, run, start, temporaryFolder } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** A session at a simulated broker with a recorder on it; the paths of what it wrote, and the session's own ticks. */
const recorded = Effect.fnUntraced(function* (name: string, folder: string) {
  const simulator = yield* simulate(name, { ticksPerSecond: 1500 })
  const registry = BrokerRegistry.layer.pipe(
    Layer.provide(Layer.succeed(BrokerOverrides, { [name]: simulator.overrides }))
  )
  const context = yield* Layer.build(
    Recorder.layer({ directory: folder, version: "test" }).pipe(
      Layer.provideMerge(Layer.mergeAll(Store.layerMemory, registry, FrameBus.layer, Transport.layerSockets))
    )
  )
  const recorder = Context.get(context, Recorder)
  const { broker } = yield* Effect.provideContext(
    Effect.flatMap(BrokerRegistry, (r) => r.load(name)),
    context
  )
  yield* Effect.provideContext(importMaster(broker), context)
  const adapter = yield* createAdapter(name).pipe(
    Effect.provideContext(context),
    Effect.provideService(ConnectionTaps, recorder.tap)
  )
  const ticks: Array<Tick> = []
  yield* Stream.runForEach(adapter.ticks, (tick) => Effect.sync(() => ticks.push(tick))).pipe(
    Effect.forkScoped
  )
  yield* adapter.initialise({ user: "asha", credentials: simulator.credentials })
  yield* adapter.connect
  const symbols = simulator.instruments.filter((i) => i.exchange === "NSE").slice(0, 3)
  const mode = broker.modes.at(-1)!
  yield* adapter.subscribe(symbols.map(({ exchange, symbol }) => ({ symbol, exchange, mode })))
  yield* Effect.promise(() => until("ticks", () => ticks.length > 60, 10_000))
  simulator.dropConnections("reset")
  const before = ticks.length
  yield* Effect.promise(() => until("ticks after a loss", () => ticks.length > before + 60, 10_000))
  simulator.pause()
  yield* Effect.sleep("200 millis")
  const paths = yield* recorder.write("a test")
  return { paths, ticks: [...ticks], credentials: simulator.credentials, symbols }
})

describe("a recording", () => {
  it.live.each(["zerodha", "flattrade", "fyers", "iifl", "upstox", "iiflcapital"])(
    "of %s, replayed, gives the session's ticks again",
    (name) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { credentials, paths, ticks } = yield* recorded(name, folder)
        assert.isAtLeast(paths.length, 1)
        const path = paths[0]!
        assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        const text = gunzipSync(readFileSync(path)).toString("utf8")
        for (const secret of Object.values(credentials)) {
          const value = Redacted.value(secret)
          if (value.length >= 12) assert.notInclude(text, value)
        }
        const { code, err, out } = yield* run(["replay", path, "--json"], {})
        assert.strictEqual(code, 0, err)
        const replayed = out
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Tick)
        // A session joins packets of several kinds and conflates nothing at this rate: what it published last of each
        // instrument is what the decoder said last.
        const lastOf = (all: ReadonlyArray<Tick>, symbol: string) => all.findLast((t) => t.symbol === symbol)
        for (const symbol of new Set(ticks.map((t) => t.symbol))) {
          const [live, again] = [lastOf(ticks, symbol), lastOf(replayed, symbol)]
          assert.deepInclude({ ...live }, { ...again, mode: live!.mode }, symbol)
        }
        assert.strictEqual(replayed.length, ticks.length)
        const summary = JSON.parse(err.trim().split("\n").at(-1)!) as Record<string, unknown>
        assert.deepInclude(summary, { broker: name, user: "asha", reason: "a test", ticks: ticks.length })
      }),
    60_000
  )

  it.live(
    "is served to clients of a gateway at any speed",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { paths, symbols } = yield* recorded("zerodha", folder)
        const [port] = yield* freePorts(1)
        const replay = yield* start(
          ["replay", paths[0]!, "--serve", "--speed", "20", "--port", String(port)],
          {}
        )
        yield* Effect.promise(() => until("the key", () => replay.out().includes("API key"), 15_000))
        const key = /API key (\S+):/.exec(replay.out())![1]!
        const client = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key))
        const { exchange, symbol } = symbols[0]!
        yield* Effect.promise(() => client.subscribe(symbol, exchange, 3))
        const ticks = () => client.frames.filter((f) => f["type"] === "market_data")
        yield* Effect.promise(() => until("replayed ticks", () => ticks().length > 10, 15_000))
        assert.deepInclude(ticks()[0], { symbol, exchange, mode: 3, broker: "zerodha" })
        yield* Effect.promise(() => client.close())
      }),
    60_000
  )

  it.live(
    "is written by a running service when it gets a signal",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const service = yield* start(
          ["serve", "--port", "0", "--simulator-port", "0", "--zmq", "off", "--rate", "500"],
          { ALGOWAYS_DATA_DIR: dataDir, ALGOWAYS_WATCH: "demo/NSE:INFY:quote" }
        )
        const paths = () => [...service.err().matchAll(/recorded zerodha, connection 1: ([^\s"]+)/g)]
        const ticked = () => paths().some(([, path]) => lines(path!).some((l) => l.includes(`"binary"`)))
        const lines = (path: string) => gunzipSync(readFileSync(path)).toString("utf8").split("\n")
        yield* Effect.promise(() =>
          until("the banner", () => service.out().includes("AlgoWays serves"), 15_000)
        )
        for (let i = 0; i < 40 && !ticked(); i++) {
          const before = paths().length
          service.signal("SIGUSR2")
          yield* Effect.promise(() => until("an answer", () => paths().length > before || i < 39, 5000))
          yield* Effect.sleep("100 millis")
        }
        assert.isTrue(ticked(), service.err())
        const { code, err, out } = yield* run(["replay", paths().at(-1)![1]!], {})
        assert.strictEqual(code, 0, err)
        const summary = JSON.parse(out) as Record<string, unknown>
        assert.deepInclude(summary, { broker: "zerodha", user: "demo", reason: "SIGUSR2", rejects: {} })
        assert.isAbove(summary["ticks"] as number, 0)
      }),
    60_000
  )

  it.live(
    "is printed to a reader that leaves early without a fault",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const at = 1_764_040_500_000
        // One packet of eight bytes: token and price.
        const packet = Buffer.from("0001000800063a01000249f0", "hex")
        const binary = (bytes: Buffer) => ({ kind: "binary", at, base64: bytes.toString("base64") })
        const frame = `${JSON.stringify(binary(packet))}\n`
        const head = [
          { recording: "algoways", version: 1, algoways: "t", written_at: 1, reason: "", user: "a" },
          { broker: "zerodha", stream: "zerodha", connection: 1 }
        ]
        const lines = [
          Object.assign({}, ...head) as object,
          { kind: "instruments", list: [[0, "NSE", "INFY", "408065", "NSE", "INFY"]] },
          { kind: "opened", at },
          { kind: "requested", at, changes: [{ instrument: 0, to: ["ltp", 0] }] },
          // Of the decoder's history: what it makes of that is not counted.
          binary(packet.subarray(0, 9)),
          { kind: "ring", skipped: 3 }
        ].map((line) => `${JSON.stringify(line)}\n`)
        const path = join(folder, "many.jsonl.gz")
        writeFileSync(path, gzipSync(lines.join("") + frame.repeat(50_000)))
        const whole = yield* run(["replay", path], {})
        assert.deepInclude(JSON.parse(whole.out), { ticks: 50_000, frames: 50_000, rejects: {}, skipped: 3 })
        const ended = yield* Effect.promise(
          () =>
            new Promise<{ readonly code: number | null; readonly err: string }>((resolve) => {
              const child = spawn(process.execPath, [main, "replay", path, "--json"])
              let err = ""
              child.stderr.on("data", (text) => (err += String(text)))
              child.stdout.once("data", () => child.stdout.destroy())
              child.once("close", (code) => resolve({ code, err }))
            })
        )
        assert.strictEqual(ended.code, 0, ended.err)
        assert.notInclude(ended.err, "EPIPE")
      }),
    60_000
  )

  it.live(
    "that is none is named",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const path = join(folder, "odd.jsonl.gz")
        writeFileSync(path, "not a recording")
        const { code, err } = yield* run(["replay", path], {})
        assert.strictEqual(code, 1)
        assert.include(err, path)
        const missing = yield* run(["replay", join(folder, "none.gz")], {})
        assert.include(missing.err, "none.gz")
        assert.deepStrictEqual(readdirSync(folder), ["odd.jsonl.gz"])
      }),
    30_000
  )
})
