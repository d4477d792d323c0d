/** The commands as a user runs them, each a process of its own. */
import { statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { builtInBrokers } from "../../src/brokers/registry.ts"
import { until } from "./simulatorSupport.ts"
import { freePorts, isAlive, run, start, temporaryFolder } from "./support/processes.ts"
import type { Running } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const KEY = "a-demo-key-for-tests-123"
const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds, 15_000))

const client = (port: number, key: string) =>
  Effect.acquireRelease(
    Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key)),
    (c) => Effect.promise(() => c.close())
  )

const ticks = (c: TestClient) => c.frames.filter((f) => f["type"] === "market_data")
const simulatorPid = (serve: Running) => Number(/simulated at \S+ \(pid (\d+)\)/.exec(serve.out())![1])

/** The demo, ready to serve, on ports of its own. */
const demo = Effect.fnUntraced(function* (dataDir: string, more: Record<string, string> = {}) {
  const [port, simulatorPort] = yield* freePorts(2)
  const env = {
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_SIMULATOR_PORT: String(simulatorPort),
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_ZMQ_ENDPOINT: "off",
    ALGOWAYS_DEMO_RATE: "500",
    ...more
  }
  const serve = yield* start(["serve"], env)
  yield* ready("the banner", () => serve.out().includes("Python:"))
  return { serve, env, port: port!, simulatorPort: simulatorPort! }
})

describe("a wrong entry in brokers.json", () => {
  it.live(
    "is named by serve and feed, which do not start, and costs the list of brokers that broker alone",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const file = join(dataDir, "brokers.json")
        writeFileSync(file, JSON.stringify({ kotak: { variant: { lookup: false } } }))
        const env = { ALGOWAYS_DATA_DIR: dataDir, ALGOWAYS_ZMQ_ENDPOINT: "off", ALGOWAYS_PORT: "0" }
        const said = `algoways: ${file}: kotak: variant has an unknown key lookup for protocol kotak-sfeed (known: lookUp, `
        for (const command of [["serve", "--no-demo"], ["feed"]]) {
          const { code, err } = yield* run(command, env)
          assert.strictEqual(code, 1, command.join(" "))
          assert.include(err, said)
        }
        const { code, err, out } = yield* run(["brokers", "--json"], env)
        assert.strictEqual(code, 0)
        assert.include(err, said)
        const listed = (JSON.parse(out) as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name)
        assert.deepStrictEqual(
          listed,
          builtInBrokers.filter((name) => name !== "kotak")
        )
      }),
    180_000
  )
})

describe("algoways serve", () => {
  it.live(
    "prints the demo key at every start, serves ticks, and ends within two seconds of a signal",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const first = yield* demo(dataDir)
        const key = /^ {2}([0-9a-f]{64})$/m.exec(first.serve.out())![1]!
        const c = yield* client(first.port, key)
        yield* Effect.promise(() => c.subscribe("RELIANCE", "NSE", "Quote"))
        yield* ready("ticks", () => ticks(c).length > 2)
        assert.notInclude(first.serve.err(), key, "the key is in no log")
        for (const file of ["secret.key", "demo.key"]) {
          assert.strictEqual(statSync(join(dataDir, "demo", file)).mode & 0o777, 0o600)
        }
        assert.isTrue(
          ticks(c).every((f) => (f["data"] as { readonly simulated?: unknown }).simulated === true)
        )

        const taken = yield* run(["serve", "--no-demo"], first.env)
        assert.strictEqual(taken.code, 1)
        assert.include(taken.err, String(first.port))
        assert.include(taken.err, "--port")

        const pid = simulatorPid(first.serve)
        const at = Date.now()
        first.serve.signal("SIGTERM")
        assert.strictEqual(yield* Effect.promise(() => first.serve.ended), 0)
        assert.isBelow(Date.now() - at, 2000)
        yield* ready("the simulator's end", () => !isAlive(pid))

        const second = yield* demo(dataDir)
        assert.include(second.serve.out(), `api_key: "${key}"`, "the snippet works on the second day, too")
        const again = yield* client(second.port, key)
        yield* Effect.promise(() => again.subscribe("INFY", "NSE", "LTP"))
        yield* ready("ticks with the old key", () => ticks(again).length > 0)
        second.serve.signal("SIGINT")
        assert.strictEqual(yield* Effect.promise(() => second.serve.ended), 0)
      }),
    180_000
  )

  it.live(
    "speaks Angel's wire by flag, and explains wrong keys, symbols and modes",
    () =>
      Effect.gen(function* () {
        const { port, serve } = yield* demo(yield* temporaryFolder, {
          ALGOWAYS_DEMO_BROKER: "Angel",
          ALGOWAYS_DEMO_API_KEY: KEY
        })
        assert.notInclude(serve.out() + serve.err(), KEY)
        const c = yield* Effect.promise(() => TestClient.open(`ws://127.0.0.1:${port}`))
        const ask = (frame: unknown) => Effect.promise(() => c.ask(frame))
        assert.deepInclude(yield* ask({ action: "authenticate", api_key: "wrong" }), {
          code: "AUTHENTICATION_ERROR"
        })
        assert.deepInclude(yield* ask({ action: "authenticate", api_key: KEY }), {
          type: "auth",
          broker: "angel"
        })
        assert.deepInclude(
          yield* ask({ action: "subscribe", symbol: "INFY", exchange: "NSE", mode: "Full" }),
          {
            code: "INVALID_MODE"
          }
        )
        const unknown = yield* ask({ action: "subscribe", symbol: "NOSUCH", exchange: "NSE", mode: 1 })
        assert.include(JSON.stringify(unknown), "NOSUCH not found")
        yield* ask({ action: "subscribe", symbol: "RELIANCE", exchange: "NSE", mode: 3, depth: 20 })
        yield* ready("twenty levels", () =>
          ticks(c).some((f) => JSON.stringify(f).split('"orders"').length === 41)
        )
        const health = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/health`).then((r) => r.json())
        )
        assert.deepInclude(health as object, { status: "ok" })
        const metrics = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/metrics`).then((r) => r.text())
        )
        assert.match(metrics, /^algoways_feed_ticks_total\{broker="angel"\} [1-9]/m)
        yield* Effect.promise(() => c.close())
      }),
    40_000
  )

  it.live(
    "goes on when the simulated exchange is killed and started again",
    () =>
      Effect.gen(function* () {
        const { port, serve, simulatorPort } = yield* demo(yield* temporaryFolder, {
          ALGOWAYS_DEMO_API_KEY: KEY
        })
        const c = yield* client(port, KEY)
        yield* Effect.promise(() => c.subscribe("TCS", "NSE", "LTP"))
        yield* ready("ticks", () => ticks(c).length > 2)
        process.kill(simulatorPid(serve), "SIGKILL")
        yield* ready("the advice", () => serve.err().includes("Start it again"))
        const before = ticks(c).length
        yield* start(["simulate", "--port", String(simulatorPort), "--rate", "500"], {})
        yield* ready("ticks again", () => ticks(c).length > before + 2)
      }),
    40_000
  )
})

describe("algoways status", () => {
  it.live(
    "shows the feed and an instrument, for people and for scripts, and says why it cannot",
    () =>
      Effect.gen(function* () {
        const { env, port } = yield* demo(yield* temporaryFolder, { ALGOWAYS_DEMO_API_KEY: KEY })
        const url = `ws://127.0.0.1:${port}/`
        const withKey = { ...env, ALGOWAYS_API_KEY: KEY, ALGOWAYS_URL: url }
        const c = yield* client(port, KEY)
        yield* Effect.promise(() => c.subscribe("INFY", "NSE", "Quote"))
        yield* ready("ticks", () => ticks(c).length > 0)

        const feed = yield* run(["status"], withKey)
        assert.strictEqual(feed.code, 0, feed.err)
        assert.match(feed.out, /^feed +zerodha of demo$/m)
        assert.match(feed.out, /^market +SIMULATED/m)
        assert.match(feed.out, /^state +connected$/m)
        assert.match(feed.out, /^gateway +1 client, 1 subscription$/m)
        assert.match(feed.out, /^1 +zerodha +up /m)

        const infy = yield* run(
          ["status", "NSE:INFY", "--json", "--key-stdin", "--url", url],
          env,
          `${KEY}\n`
        )
        assert.deepInclude(JSON.parse(infy.out), { symbol: "INFY", state: "confirmed", readers: 1 })
        const words = yield* run(["status", "NSE:INFY"], withKey)
        assert.match(words.out, /^NSE:INFY: It ticks/m)

        for (const more of [[], ["--json"]]) {
          const unknown = yield* run(["status", "NSE:NOSUCH", ...more], withKey)
          assert.strictEqual(unknown.code, 1)
          assert.include(unknown.err, "has no NSE:NOSUCH: check the spelling")
          assert.strictEqual(more.length === 0, unknown.out === "", "the verdict stands in the error alone")
        }

        const wrong = yield* run(["status"], { ...withKey, ALGOWAYS_API_KEY: "wrong-key-000" })
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.err, "Invalid API key. Make a key with")
        assert.notInclude(wrong.err + wrong.out, "wrong-key-000")
        const [nobody] = yield* freePorts(1)
        for (const [args, more, says] of [
          [[], { ALGOWAYS_API_KEY: "" }, "ALGOWAYS_API_KEY"],
          [[], { ALGOWAYS_API_KEY: "schlüssel-äöü" }, "plain letters"],
          [["INFY"], {}, "NSE:INFY"],
          [["--url", "nonsense"], {}, "http://127.0.0.1:8765"],
          [["--url", `http://127.0.0.1:${nobody}`], {}, "algoways serve"]
        ] as const) {
          const { code, err } = yield* run(["status", ...args], { ...withKey, ...more })
          assert.strictEqual(code, 1, err)
          assert.include(err, says)
          assert.notInclude(err, "schlüssel")
        }
      }),
    180_000
  )
})

describe("algoways feed and gateway, two processes", () => {
  it.live(
    "serve a client together, and survive the feed's death",
    () =>
      Effect.gen(function* () {
        const dataDir = yield* temporaryFolder
        const [port, simulatorPort, control, frames] = yield* freePorts(4)
        const env = {
          ALGOWAYS_DATA_DIR: dataDir,
          ALGOWAYS_PORT: String(port),
          ALGOWAYS_FEED_CONTROL: `tcp://127.0.0.1:${control}`,
          ALGOWAYS_FEED_FRAMES: `tcp://127.0.0.1:${frames}`,
          ALGOWAYS_ZMQ_ENDPOINT: "off"
        }
        const simulator = yield* start(["simulate", "--port", String(simulatorPort), "--rate", "500"], {})
        yield* ready("the simulator", () => simulator.out().includes("Instrument master"))

        // As an administrator sets a user up.
        assert.strictEqual((yield* run(["users", "add", "asha", "--broker", "Zerodha"], env)).code, 0)
        const master = `http://127.0.0.1:${simulatorPort}/instruments`
        const imported = yield* run(
          ["instruments", "import", "zerodha", "--url", master, "--min-rows", "10", "--json"],
          env
        )
        assert.deepInclude(JSON.parse(imported.out), { broker: "zerodha", rejected: 0 })
        const secrets = JSON.stringify({ apiKey: "demo", authToken: "demo-access-token" })
        const stored = yield* run(["credentials", "set", "asha", "--stdin"], env, secrets)
        assert.strictEqual(stored.code, 0, stored.err)
        assert.notInclude(stored.out, "demo-access-token")
        const created = yield* run(["keys", "create", "asha"], env)
        const key = created.out.trim()
        assert.match(key, /^[0-9a-f]{64}$/)

        const feedArgs = ["feed", "--simulator", `http://127.0.0.1:${simulatorPort}`]
        const feed = yield* start(feedArgs, env)
        const gateway = yield* start(["gateway"], env)
        yield* ready("the gateway", () => gateway.err().includes("listens on"))
        const c = yield* client(port!, key)
        yield* Effect.promise(() => c.subscribe("INFY", "NSE", "Depth"))
        yield* ready("ticks", () => ticks(c).length > 2)
        feed.signal("SIGKILL")
        yield* Effect.promise(() => feed.ended)
        const asking = { ...env, ALGOWAYS_API_KEY: key, ALGOWAYS_URL: `http://127.0.0.1:${port}` }
        const silent = yield* run(["status"], asking)
        assert.strictEqual(silent.code, 1)
        assert.match(silent.err, /the feed process does not answer|the feed gave no answer in time/i)
        // The gateway reads the instruments itself.
        const found = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/instruments?query=infy`, { headers: { "x-api-key": key } }).then(
            (r) => r.json()
          )
        )
        assert.deepInclude(found as object, { status: "success", broker: "zerodha" })
        assert.include(JSON.stringify(found), '"symbol":"INFY","exchange":"NSE"')
        const before = ticks(c).length
        yield* start(feedArgs, env)
        yield* ready("ticks again", () => ticks(c).length > before + 2)
        const infy = yield* run(["status", "NSE:INFY"], asking)
        assert.match(infy.out, /^NSE:INFY: It ticks/m, infy.err)
        assert.match(infy.out, /^wanted +Depth with 5 levels$/m)
      }),
    180_000
  )
})

describe("algoways simulate", () => {
  it.live(
    "prints each fault as it begins, strikes and ends",
    () =>
      Effect.gen(function* () {
        const file = join(yield* temporaryFolder, "faults.json")
        const faults = [
          { fault: "mute", at: 50, for: 50 },
          { fault: "reset", at: 20 }
        ]
        writeFileSync(file, JSON.stringify({ faults }))
        const simulator = yield* start(["simulate", "--port", "0", "--faults", file, "--seed", "7"], {})
        yield* ready("the end of the last", () => simulator.out().includes("fault 1 ends (mute)"))
        assert.match(simulator.out(), /^0\.\d s: fault 1 begins: \{"fault":"mute","at":50,"for":50\}$/m)
        assert.include(simulator.out(), "fault 2 strikes 0 connections (reset)")
      }),
    20_000
  )
})

describe("the administrative commands", () => {
  it.live(
    "say what is wrong and what to do, and exit with 1",
    () =>
      Effect.gen(function* () {
        const env = { ALGOWAYS_DATA_DIR: yield* temporaryFolder }
        const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: string]> = [
          [["users", "add", "asha", "--broker", "nosuch"], `Known brokers: ${builtInBrokers.join(", ")}`],
          [["keys", "create", "nobody"], 'No user "nobody"'],
          [["credentials", "set", "nobody"], 'No user "nobody"'],
          [["keys", "revoke", "99"], "no key 99"],
          [["instruments", "import", "zerodha", "--file", "/nonexistent.csv"], "/nonexistent.csv"],
          [["instruments", "import", "zerodha", "--file", "package.json"], "package.json"],
          [["simulate", "--faults", "package.json"], "faults: is missing or no list"],
          [["serve", "--port", "70000"], "65535"],
          [["serve", "--simulator", "zerodha"], "http://127.0.0.1:8764"],
          [["serve", "--demo", "--simulator", "http://127.0.0.1:1"], "not both"]
        ]
        for (const [args, says] of cases) {
          const { code, err, out } = yield* run(args, env)
          assert.strictEqual(code, 1, `${args.join(" ")}\n${out}${err}`)
          assert.include(err + out, says, args.join(" "))
          assert.notInclude(err, "    at ", `no stack for an expected failure: ${args.join(" ")}`)
        }
      }),
    180_000
  )
})
