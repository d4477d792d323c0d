/** `algoways bench load` as a user runs it, against the demo in a process of its own. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { until } from "./simulatorSupport.ts"
import { freePorts, run, start, temporaryFolder } from "./support/processes.ts"

const KEY = "a-demo-key-for-load-clients"
const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds, 15_000))

interface Result {
  readonly clients: number
  readonly instruments: number
  readonly refused: ReadonlyArray<string>
  readonly encoding: string
  readonly seconds: ReadonlyArray<{ readonly clients: number; readonly messages: number }>
  readonly summary: {
    readonly messages: number
    readonly samples: number
    readonly p50Ms: number | null
    readonly perClient: { readonly least: number; readonly most: number }
    readonly closed: ReadonlyArray<object>
  }
}

/** The demo with its key, and how a load client is pointed at it. */
const demo = Effect.fnUntraced(function* (more: Record<string, string> = {}) {
  const [port, simulatorPort] = yield* freePorts(2)
  const folder = yield* temporaryFolder
  const serve = yield* start(["serve"], {
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_SIMULATOR_PORT: String(simulatorPort),
    ALGOWAYS_DATA_DIR: folder,
    ALGOWAYS_ZMQ_ENDPOINT: "off",
    ALGOWAYS_DEMO_RATE: "1000",
    ALGOWAYS_DEMO_API_KEY: KEY,
    ...more
  })
  yield* ready("the banner", () => serve.out().includes("Python:"))
  return { serve, folder, port: port!, args: ["bench", "load", "--url", `ws://127.0.0.1:${port}`] }
})

const env = { ALGOWAYS_API_KEY: KEY }

describe("algoways bench load", () => {
  it.live.each(["zerodha", "angel"])(
    "reads fifty instruments of the demo at %s with many clients",
    (broker) =>
      Effect.gen(function* () {
        const { args } = yield* demo({ ALGOWAYS_DEMO_BROKER: broker })
        const asked = ["--clients", "40", "--symbols", "50", "--seconds", "2", "--json"]
        const { code, err, out } = yield* run([...args, ...asked], env)
        assert.strictEqual(err, "")
        assert.strictEqual(code, 0)
        const result = JSON.parse(out) as Result
        assert.deepInclude(result, { clients: 40, instruments: 50, refused: [], encoding: "json" })
        assert.deepStrictEqual(
          result.seconds.map(({ clients }) => clients),
          [40, 40]
        )
        const { closed, messages, perClient, samples } = result.summary
        assert.isAbove(perClient.least, 0)
        assert.isAtLeast(messages, 40 * perClient.least)
        assert.isAbove(samples, 0)
        assert.deepStrictEqual(closed, [])
      }),
    60_000
  )

  it.live(
    "prints a line a second, sums up when it is interrupted, and warns of what was refused",
    () =>
      Effect.gen(function* () {
        const { args, folder } = yield* demo()
        const list = join(folder, "names.txt")
        writeFileSync(list, "# mine\nNSE:INFY\nNSE:NOSUCH\n\nNSE_INDEX:NIFTY, NSE:TCS\n")
        const asked = ["--instruments", `@${list}`, "--clients", "3", "--seconds", "0", "--mode", "depth"]
        const more = ["--encoding", "msgpack", "--ramp", "100"]
        const load = yield* start([...args, ...asked, ...more], env)
        yield* ready("two seconds", () => /^ +2 +3 /m.test(load.out()))
        load.signal("SIGINT")
        assert.strictEqual(yield* Effect.promise(() => load.ended), 0)
        const out = load.out()
        assert.match(out, /^3 clients read 3 instruments each \(Depth, msgpack\)/)
        assert.match(out, /^in all +[1-9]\d* messages/m)
        assert.match(out, /^per client +[1-9]\d* to \d+ messages/m)
        assert.match(out, /^age of ticks +p50 \d+ ms, p99 \d+ ms, of \d+ read whole/m)
        assert.match(load.err(), /^Not taken by the server \(1\): NSE:NOSUCH: /)
        assert.notInclude(out + load.err(), KEY)
      }),
    60_000
  )

  it.live(
    "fails when the server leaves, and says so",
    () =>
      Effect.gen(function* () {
        const { args, serve } = yield* demo()
        const load = yield* start([...args, "--clients", "5", "--seconds", "0"], env)
        yield* ready("a second", () => /^ +1 +5 /m.test(load.out()))
        serve.signal("SIGKILL")
        assert.strictEqual(yield* Effect.promise(() => load.ended), 1)
        assert.match(load.out(), /^closed +client 1: the server ended the connection/m)
        assert.match(load.err(), /5 of 5 clients were closed, the first for: the server ended/)
      }),
    60_000
  )

  it.live(
    "explains what it cannot do",
    () =>
      Effect.gen(function* () {
        const { args } = yield* demo()
        const simulator = yield* start(["simulate", "--port", "0"], {})
        yield* ready("the simulator", () => simulator.out().includes("ws://"))
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, Record<string, string>, RegExp]> = [
          [[], {}, /API key is needed: set ALGOWAYS_API_KEY/],
          [
            [],
            { ALGOWAYS_API_KEY: "wrong-key" },
            /client \d+ of 10: the server refused the login: Invalid API key/
          ],
          [["--instruments", "NSE:NOSUCH,NSE:NOSUCH2"], env, /Not taken by the server \(2\): .*NOSUCH/],
          [["--symbols", "500"], env, /The demo has \d+ instruments, not 500/],
          [["--mode", "depth", "--depth", "7"], env, /--depth 7 does not exist/]
        ]
        for (const [more, variables, words] of cases) {
          const { code, err, out } = yield* run([...args, ...more], variables)
          assert.match(err, words)
          assert.strictEqual(code, 1, err)
          assert.strictEqual(out, "")
          assert.notInclude(err, KEY)
        }
        const elsewhere = ["bench", "load", "--url"]
        const nobody = yield* run([...elsewhere, "http://127.0.0.1:1/?token=secret", "--key-stdin"], {}, KEY)
        assert.deepInclude(nobody, {
          code: 1,
          err: "algoways: ws://127.0.0.1:1/: client 1 of 10: connect ECONNREFUSED 127.0.0.1:1\n"
        })
        const strange = yield* run([...elsewhere, "localhost:1"], env)
        assert.match(strange.err, /--url localhost:1 is no WebSocket address/)
        const address = /ws:\/\/\S+/.exec(simulator.out())![0]
        const broker = yield* run([...elsewhere, address, "--clients", "1"], env)
        assert.strictEqual(broker.code, 1)
        assert.match(broker.err, /client 1 of 1: /)
      }),
    90_000
  )
})
