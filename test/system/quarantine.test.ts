/** Broken frames from a simulated broker: they land in the quarantine, and the commands list and replay them. */
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Quarantine from "../../src/session/quarantine/index.ts"
import { readQuarantine } from "../../src/session/quarantine/files.ts"
import { ConnectionTaps, Plausibility } from "../../src/session/references.ts"
import { until } from "./simulatorSupport.ts"
import { run, temporaryFolder } from "./support/processes.ts"
import { API_KEY, startService } from "./support/service.ts"
import type { Json } from "./support/testClient.ts"
import { TestClient } from "./support/testClient.ts"

const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds))
const ticksOf = (client: TestClient) => client.frames.filter((f) => f["type"] === "market_data")
const login = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(() => TestClient.login(url, API_KEY)),
    (client) => Effect.promise(() => client.close())
  )
const keptIn = (dataDir: string, n: number) =>
  Effect.promise(async () => {
    let size = 0
    const poll = setInterval(() => void readQuarantine(dataDir).then((all) => (size = all.length)), 20)
    try {
      await until(`${n} frames in the quarantine`, () => size >= n)
    } finally {
      clearInterval(poll)
    }
  })

/** A packet of zerodha's LTP mode: one packet of eight bytes. */
const ltpPacket = (token: string, paise: number): Buffer => {
  const frame = Buffer.from([0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0])
  frame.writeUInt32BE(Number(token), 4)
  frame.writeUInt32BE(paise, 8)
  return frame
}

describe("the quarantine, with a simulated zerodha", () => {
  it.live(
    "keeps broken frames, lists them and replays them",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const tap = yield* Quarantine.make({ dataDir })
        const { simulator, url } = yield* startService("zerodha", { paused: true }).pipe(
          Effect.provideService(ConnectionTaps, tap),
          Effect.provideService(Plausibility, { mode: "drop", percent: 20 })
        )
        const client = yield* login(url)
        yield* Effect.promise(() => client.subscribe("INFY", "NSE", "LTP"))
        yield* ready("a tick", () => ticksOf(client).length > 0)
        const { ltp } = ticksOf(client)[0]!["data"] as { ltp: number }
        const { token } = simulator.instruments.find((i) => i.symbol === "INFY" && i.exchange === "NSE")!
        const paise = Math.round(ltp * 100)
        simulator.serveFrames([
          ltpPacket(token, paise).subarray(0, 11),
          "{this is no JSON",
          ltpPacket(token, paise * 2),
          ltpPacket(token, paise + 5)
        ])
        const prices = () => ticksOf(client).map((f) => (f["data"] as { ltp: number }).ltp)
        yield* ready("the good price behind them", () => prices().at(-1) === (paise + 5) / 100)
        assert.notInclude(prices(), (paise * 2) / 100)
        yield* keptIn(dataDir, 3)
        const [file] = readdirSync(join(dataDir, "quarantine"))
        assert.strictEqual(statSync(join(dataDir, "quarantine", file!)).mode & 0o777, 0o600)

        const env = { ALGOWAYS_DATA_DIR: dataDir }
        const listed = yield* run(["quarantine"], env)
        assert.strictEqual(listed.code, 0, listed.err)
        for (const cause of ["truncated", "malformed_text", "implausible"]) assert.include(listed.out, cause)
        const only = yield* run(["quarantine", "list", "--cause", "implausible", "--json"], env)
        const [record, ...more] = JSON.parse(only.out) as ReadonlyArray<Json>
        assert.deepStrictEqual(more, [])
        assert.deepInclude(record, { id: 3, broker: "zerodha", user: "asha", bytes: 12 })

        const replayed = yield* run(["quarantine", "replay"], env)
        assert.strictEqual(replayed.code, 0, replayed.err)
        assert.match(replayed.out, /^1: truncated: still rejected: truncated/m)
        assert.match(replayed.out, /^2: malformed_text: still rejected: malformed_text/m)
        assert.match(replayed.out, /^3: implausible: now decodes to 1 tick$/m)
        assert.include(replayed.out, "1 of 3 frames decode now")
        const one = yield* run(["quarantine", "replay", "--id", "3", "--json"], env)
        const [outcome] = JSON.parse(one.out) as ReadonlyArray<{ ticks: ReadonlyArray<Json> }>
        assert.deepInclude(outcome!.ticks[0], { symbol: "INFY", ltp: (paise * 2) / 100 })
        const missing = yield* run(["quarantine", "replay", "--id", "99"], env)
        assert.strictEqual(missing.code, 1)
        assert.include(missing.err, "No frame 99")
      }),
    40_000
  )

  it.live(
    "bounds what a broker that corrupts everything costs",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const tap = yield* Quarantine.make({ dataDir, burst: 3, perMinute: 1 })
        const { simulator, url } = yield* startService("zerodha", { ticksPerSecond: 500 }).pipe(
          Effect.provideService(ConnectionTaps, tap)
        )
        const client = yield* login(url)
        yield* Effect.promise(() => client.subscribe("INFY", "NSE", "Quote"))
        yield* ready("ticks", () => ticksOf(client).length > 2)
        const fault = simulator.inject({ fault: "corrupt" })
        yield* keptIn(dataDir, 3)
        fault.end()
        const before = ticksOf(client).length
        yield* ready("ticks again", () => ticksOf(client).length > before + 2)
        const byCause = new Map<string, number>()
        for (const { cause } of yield* Effect.promise(() => readQuarantine(dataDir)))
          byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
        for (const [cause, n] of byCause) assert.isAtMost(n, 4, cause)
      }),
    40_000
  )
})

describe("the settings", () => {
  it.live(
    "that make no sense end the command with the reason",
    () =>
      Effect.gen(function* () {
        const env = { ALGOWAYS_DATA_DIR: yield* temporaryFolder, ALGOWAYS_ZMQ_ENDPOINT: "off" }
        const guard = yield* run(["feed", "--plausibility", "mark:none"], env)
        assert.strictEqual(guard.code, 1)
        assert.include(guard.err, "--plausibility mark:none (ALGOWAYS_PLAUSIBILITY) is not understood")
        const size = yield* run(["feed", "--quarantine", "-1"], env)
        assert.strictEqual(size.code, 1)
      }),
    40_000
  )
})
