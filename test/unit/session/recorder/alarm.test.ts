/** A session whose supervisor escalates leaves a recording of what led to it. */
import { readdirSync, statSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { BrokerRegistry } from "../../../../src/brokers/registry.ts"
import { Recorder } from "../../../../src/session/recorder/recorder.ts"
import { readRecording } from "../../../../src/session/replay/read.ts"
import { ConnectionTaps } from "../../../../src/session/references.ts"
import type { Tap } from "../../../../src/session/ticks/tap.ts"
import { RELIANCE } from "../instruments.ts"
import { advance, makeWorld, settle, testBroker } from "../support.ts"

const MORNING = 1_764_040_500_000
const TOKEN = "token-1"

/** Breaks whoever looks into it. */
const hostile = new Proxy(new Uint8Array(12), {
  get: (_, key) => {
    if (key === "length") return 12
    throw new Error("a fault of the decoder")
  }
})

/** No real frame breaks the decoder, and no real frame is as impossible to copy as the one that does here. */
const withoutHostile = (tap: Tap): Tap => ({
  connection: (name) => {
    const own = tap.connection(name)
    return { ...own, frame: (frame, at) => frame !== hostile && own.frame(frame, at) }
  }
})

const files = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".gz"))

/** In real time: the recorder writes while the test clock stands. */
const untilFile = (directory: string) =>
  Effect.promise(async () => {
    for (let i = 0; i < 1000 && files(directory).length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return files(directory)
  })

describe("the flight recorder of a session", () => {
  it.effect("writes when the session is restarted, not when a connection is", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(MORNING)
      const directory = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "algoways-recordings-"))),
        (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
      )
      const context = yield* Layer.build(
        Recorder.layer({ directory }).pipe(Layer.provide(BrokerRegistry.layer))
      )
      const recorder = Context.get(context, Recorder)
      const intensity = { connectionFaults: 2, sessionRestarts: 2, withinMs: 60_000, pauseMs: 120_000 }
      const { adapter, world } = yield* makeWorld(testBroker(), [], { intensity }).pipe(
        Effect.provideService(ConnectionTaps, withoutHostile(recorder.tap))
      )
      yield* adapter.initialise({ user: "asha" })
      yield* adapter.connect
      const name = { symbol: RELIANCE.symbol, exchange: RELIANCE.exchange }
      yield* adapter.subscribe([{ ...name, mode: "ltp" }])
      const packet = Buffer.from("00010008000b44f100024a5e", "hex")
      packet.writeUInt32BE(Number(RELIANCE.token), 4)
      const breakDecoder = Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        const { onFrame } = world.sockets.at(-1)!.options
        onFrame(packet, at)
        for (let i = 0; i < 20; i++) onFrame(hostile, at)
        yield* settle
      })
      const decisions = () => world.events.flatMap((e) => (e.type === "supervisor" ? [e.decision] : []))

      yield* breakDecoder
      assert.include(decisions(), "restart_connection")
      assert.notInclude(decisions(), "restart_session")
      // What an alarm had asked for would be written before this.
      assert.strictEqual((yield* recorder.write("asked for", "nobody")).length, 0)
      assert.deepStrictEqual(files(directory), [])

      for (let i = 0; i < 6 && !decisions().includes("restart_session"); i++) {
        yield* advance("1 second")
        if (i % 2 === 1) yield* breakDecoder
      }
      assert.include(decisions(), "restart_session")
      const [file, ...others] = yield* untilFile(directory)
      assert.deepStrictEqual(others, [])
      const path = join(directory, file!)
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      const { header, instruments, records } = yield* readRecording(path)
      assert.deepInclude(header, { user: "asha", broker: "zerodha", connection: 1 })
      assert.match(header.reason, /^restart_session: .*the decoder failed on 20 frames in a row/)
      assert.deepInclude(instruments[0], name)
      assert.isAtLeast(records.filter((r) => r.kind === "opened").length, 2, "each life of the connection")
      const frames = records.flatMap((r) => (r.kind === "frame" ? [r.frame] : []))
      assert.deepStrictEqual(frames, [packet, packet])
      assert.deepInclude(records.at(-1), { kind: "alarm", why: header.reason })
      assert.notInclude(JSON.stringify({ header, records }), TOKEN)
    })
  )
})
