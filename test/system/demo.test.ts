/** The demo beside real users: its folder, its label, and that neither's users are taken for the other's. */
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as zmq from "zeromq"
import { demoCredentials } from "../../src/simulator/index.ts"
import { ApiKeys } from "../../src/store/users/apiKeys.ts"
import { CredentialStore } from "../../src/store/credentials/credentials.ts"
import * as Store from "../../src/store/index.ts"
import { Users } from "../../src/store/users/users.ts"
import { until } from "./simulatorSupport.ts"
import { freePorts, run, start, temporaryFolder } from "./support/processes.ts"
import type { Running } from "./support/processes.ts"
import { TestClient } from "./support/testClient.ts"

const ready = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds, 20_000))
const SECRET = "5e".repeat(32)

/** A data folder with the settings of commands in it, on ports of its own. */
const place = Effect.fnUntraced(function* (more: Record<string, string> = {}) {
  const dataDir = yield* temporaryFolder
  const [port, simulatorPort, control, frames] = yield* freePorts(4)
  const env = {
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_SIMULATOR_PORT: String(simulatorPort),
    ALGOWAYS_ZMQ_ENDPOINT: "off",
    ALGOWAYS_FEED_CONTROL: `tcp://127.0.0.1:${control}`,
    ALGOWAYS_FEED_FRAMES: `tcp://127.0.0.1:${frames}`,
    ALGOWAYS_DEMO_RATE: "500",
    ...more
  }
  const done = (args: ReadonlyArray<string>, input?: string) =>
    Effect.tap(run(args, env, input), ({ code, err }) => Effect.sync(() => assert.strictEqual(code, 0, err)))
  return { dataDir, env, port: port!, simulatorPort: simulatorPort!, done }
})

const banner = (serve: Running) => ready("the banner", () => serve.out().includes("Python:"))

/** As the demo of a version before this one left it: beside everybody else. */
const leaveOldDemo = (dataDir: string) =>
  Effect.gen(function* () {
    yield* (yield* Users).add("demo", "zerodha")
    const { key } = yield* (yield* ApiKeys).create("demo", { label: "demo" })
    yield* (yield* CredentialStore).set("demo", "zerodha", demoCredentials)
    return key
  }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }), Effect.scoped)

describe("the demo", () => {
  it.live(
    "says in every frame, picture and status that its market is simulated, and its child gets no secret",
    () =>
      Effect.gen(function* () {
        const [zmqPort] = yield* freePorts(1)
        const endpoint = `tcp://127.0.0.1:${zmqPort}`
        const { dataDir, env, port } = yield* place({
          ALGOWAYS_ZMQ_ENDPOINT: endpoint,
          ALGOWAYS_SECRET: SECRET,
          ALGOWAYS_DEMO_API_KEY: "a-demo-key-for-tests-123",
          BROKER_TOKEN: "token-of-another-program"
        })
        const serve = yield* start(["serve"], env)
        yield* banner(serve)
        assert.include(serve.out(), "a SIMULATED market")
        assert.include(serve.out(), `Data folder of the demo: ${join(dataDir, "demo")}`)
        const key = readFileSync(join(dataDir, "demo", "demo.key"), "utf8").trim()
        assert.include(serve.out(), key)
        assert.notInclude(serve.out() + serve.err(), "a-demo-key-for-tests-123")

        const got: Array<Record<string, unknown>> = []
        const socket = yield* Effect.acquireRelease(
          Effect.sync(() => new zmq.Subscriber()),
          (s) => Effect.sync(() => s.close())
        )
        socket.connect(endpoint)
        socket.subscribe("INFY.NSE.")
        yield* Effect.promise(async () => {
          for await (const [, json] of socket) got.push(JSON.parse(String(json)) as Record<string, unknown>)
        }).pipe(Effect.forkScoped)
        const client = yield* Effect.acquireRelease(
          Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key)),
          (c) => Effect.promise(() => c.close())
        )
        assert.deepInclude(client.frames[0], { type: "auth", simulated: true })
        assert.deepInclude(yield* Effect.promise(() => client.ask({ action: "get_broker_info" })), {
          type: "broker_info",
          simulated: true
        })
        const data = () =>
          client.frames
            .filter((f) => f["type"] === "market_data")
            .map((f) => f["data"] as Record<string, unknown>)
        for (const mode of ["LTP", "Quote", "Depth"]) {
          yield* Effect.promise(() => client.subscribe("INFY", "NSE", mode as "LTP"))
        }
        const hasBook = () => client.frames.some((f) => f["type"] === "market_data" && f["mode"] === 3)
        yield* ready("frames on both ways", () => data().length > 5 && got.length > 5 && hasBook())
        for (const tick of [...data(), ...got]) assert.isTrue(tick["simulated"], JSON.stringify(tick))

        const asked = (path: string) =>
          Effect.promise(() =>
            fetch(`http://127.0.0.1:${port}${path}`, { headers: { "x-api-key": key } }).then((r) => r.text())
          )
        assert.include(yield* asked("/quotes?symbols=NSE:INFY"), '"simulated":true')
        assert.include(yield* asked("/depth/NSE/INFY"), '"simulated":true')
        assert.include(yield* asked("/status"), '"simulated":true')

        const pid = /simulated at \S+ \(pid (\d+)\)/.exec(serve.out())![1]!
        if (existsSync(`/proc/${pid}/environ`)) {
          const given = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
          assert.include(given, `PATH=${process.env["PATH"]}`)
          const allowed =
            /^(?:PATH|LANG|LANGUAGE|LC_\w+|TZ|HOME|TMPDIR|NODE_\w+|ALGOWAYS_LOG_(?:LEVEL|FORMAT))=/
          for (const entry of given.filter((e) => e !== "")) assert.match(entry, allowed)
        }
      }),
    180_000
  )

  it.live(
    "leaves a folder with real users to those, and doctor and the lists know which is which",
    () =>
      Effect.gen(function* () {
        const { dataDir, done, env, port } = yield* place()
        const first = yield* start(["serve"], env)
        yield* banner(first)
        // Right after the demo: no broker is tried, nothing fails, and nothing is made outside its folder.
        const doctor = yield* done(["doctor", "--json"])
        const checks = JSON.parse(doctor.out) as ReadonlyArray<{
          readonly grade: string
          readonly what: string
        }>
        assert.deepStrictEqual(
          checks.filter(({ grade }) => grade !== "ok").map(({ what }) => what),
          ["users"]
        )
        assert.deepStrictEqual(readdirSync(dataDir), ["demo"])
        const list = yield* run(["instruments", "search", "infy"], env)
        assert.strictEqual(list.code, 1)
        assert.include(list.err, `The demo's folder is ${join(dataDir, "demo")}`)
        first.signal("SIGTERM")
        yield* Effect.promise(() => first.ended)

        yield* done(["users", "add", "asha", "--broker", "dhan_sandbox"])
        const key = (yield* done(["keys", "create", "asha"])).out.trim()
        const second = yield* start(["serve"], env)
        yield* ready("the gateway", () => second.err().includes("AlgoWays 0"))
        assert.strictEqual(second.out(), "", "no demo")
        assert.include(second.err(), "--simulator-port is a setting of the demo")
        const c = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key))
        assert.deepInclude(c.frames[0], { type: "auth", user_id: "asha" })
        yield* Effect.promise(() => c.close())
        const demoKey = readFileSync(join(dataDir, "demo", "demo.key"), "utf8").trim()
        const stranger = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, demoKey))
        assert.strictEqual(stranger.frames[0]!["code"], "AUTHENTICATION_ERROR")
        yield* Effect.promise(() => stranger.close())

        // Both at once, each with users of its own.
        const [other] = yield* freePorts(1)
        const beside = yield* start(["serve", "--demo", "--port", String(other)], env)
        yield* banner(beside)
        const demo = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${other}`, demoKey))
        assert.deepInclude(demo.frames[0], { type: "auth", user_id: "demo" })
        yield* Effect.promise(() => demo.close())
        const refused = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${other}`, key))
        assert.strictEqual(refused.frames[0]!["code"], "AUTHENTICATION_ERROR")
        yield* Effect.promise(() => refused.close())
      }),
    180_000
  )

  it.live(
    "of an older version, beside real users, is named and served no more",
    () =>
      Effect.gen(function* () {
        const { dataDir, done, env, port } = yield* place()
        const key = Redacted.value(yield* leaveOldDemo(dataDir))
        const alone = yield* start(["serve"], env)
        yield* banner(alone)
        assert.include(alone.err(), `user demo in ${dataDir} is of an older version's demo`)
        assert.include(alone.err(), "algoways users remove demo")
        alone.signal("SIGTERM")
        yield* Effect.promise(() => alone.ended)

        yield* done(["users", "add", "asha", "--broker", "dhan_sandbox"])
        const both = yield* start(["serve"], env)
        yield* ready("the gateway", () => both.err().includes("AlgoWays 0"))
        assert.include(both.err(), "is of an older version's demo")
        assert.strictEqual(both.out(), "")
        // Its key is good, and its login goes to no broker: a client waits for a real one.
        const c = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key))
        yield* ready("the want of a login", () => {
          const said = JSON.stringify(c.frames)
          return said.includes("waiting_for_login") && said.includes("has no apiKey (API key)")
        })
        yield* Effect.promise(() => c.close())
        const doctor = yield* run(["doctor", "--offline", "--json"], env)
        const of = (what: string) =>
          (JSON.parse(doctor.out) as ReadonlyArray<{ readonly what: string; readonly grade: string }>).filter(
            (check) => check.what.startsWith(what)
          )
        assert.deepStrictEqual(
          of("user demo").map(({ grade }) => grade),
          ["warn"]
        )
        assert.isAbove(of("user asha").length, 0)
      }),
    180_000
  )

  it.live(
    "is no guess: a user called demo with a login of a broker's is served as everybody else",
    () =>
      Effect.gen(function* () {
        const { dataDir, env } = yield* place()
        yield* Effect.gen(function* () {
          yield* (yield* Users).add("demo", "zerodha")
          yield* (yield* CredentialStore).set("demo", "zerodha", {
            apiKey: Redacted.make("an-app"),
            authToken: Redacted.make("a-token")
          })
        }).pipe(Effect.provide(Store.layer({ dataDir }), { local: true }), Effect.scoped)
        const serve = yield* start(["serve"], env)
        yield* ready("the gateway", () => serve.err().includes("no user in"))
        assert.notInclude(serve.err(), "older version")
        assert.strictEqual(serve.out(), "")
      }),
    180_000
  )
})

describe("--simulator", () => {
  it.live(
    "takes the printed address, moves all of a broker that logs in over HTTP, and labels its prices",
    () =>
      Effect.gen(function* () {
        const { done, env, port, simulatorPort } = yield* place()
        const simulator = yield* start(
          ["simulate", "--broker", "upstox", "--port", String(simulatorPort), "--rate", "500"],
          {}
        )
        yield* ready("the simulator", () => simulator.out().includes("Its login"))
        const [, url] = /serve --simulator (\S+)/.exec(simulator.out())!
        yield* done(["users", "add", "asha", "--broker", "upstox"])
        yield* done(["credentials", "set", "asha", "--stdin"], /Its login: (.*)/.exec(simulator.out())![1])
        const key = (yield* done(["keys", "create", "asha"])).out.trim()
        const serve = yield* start(["serve", "--simulator", url!], env)
        yield* ready("the gateway", () => serve.err().includes("AlgoWays 0"))
        assert.include(serve.err(), `every user of upstox gets the simulated prices of ${url}`)
        assert.include(serve.err(), "the table holds 0 instruments of upstox")
        const wrong = yield* run(["instruments", "import", "angel", "--simulator", url!], env)
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.err, "it simulates upstox and not angel")
        yield* done(["instruments", "import", "upstox", "--simulator", url!])

        const c = yield* Effect.promise(() => TestClient.login(`ws://127.0.0.1:${port}`, key))
        yield* Effect.promise(() => c.subscribe("INFY", "NSE", "Quote"))
        yield* ready("ticks", () => c.frames.filter((f) => f["type"] === "market_data").length > 2)
        for (const f of c.frames.filter((frame) => frame["type"] === "market_data")) {
          assert.isTrue((f["data"] as { readonly simulated?: true }).simulated)
        }
        yield* Effect.promise(() => c.close())
        const doctor = yield* run(["doctor", "--simulator", url!, "--offline", "--port", "0"], env)
        assert.include(doctor.out, "user asha, broker: Upstox is simulated at ws://127.0.0.1:")
      }),
    180_000
  )

  it.live(
    "says what is wrong with an address, and two of one broker",
    () =>
      Effect.gen(function* () {
        const { env, port, simulatorPort } = yield* place()
        const simulator = yield* start(["simulate", "--port", String(simulatorPort)], {})
        yield* ready("the simulator", () => simulator.out().includes("Its login"))
        const here = `http://127.0.0.1:${simulatorPort}`
        for (const [given, said] of [
          [[`http://127.0.0.1:${port}`], "nothing answers there"],
          [["127.0.0.1:8764"], "write the address that"],
          [[here, here], "both simulate zerodha"]
        ] as const) {
          const flags = given.flatMap((url) => ["--simulator", url])
          const { code, err } = yield* run(["feed", ...flags], env)
          assert.strictEqual(code, 1)
          assert.include(err, said)
        }
      }),
    180_000
  )
})
