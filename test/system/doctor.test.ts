/** `algoways doctor` against a simulated broker, as a process of its own. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as selfsigned from "selfsigned"
import { exchanges } from "../../src/market/exchange.ts"
import { simulate } from "../../src/simulator/index.ts"
import { untilTime } from "../../src/cli/service/selfCheck.ts"
import { freePorts, run, start, temporaryFolder } from "./support/processes.ts"

const DAY_MS = 86_400_000

interface Found {
  readonly grade: string
  readonly what: string
  readonly found: string
  readonly remedy?: string
}

/** A data folder with user asha at a simulated Zerodha whose exchanges never close. */
const set = Effect.fnUntraced(function* () {
  const dataDir = yield* temporaryFolder
  const simulator = yield* simulate("zerodha", { ticksPerSecond: 2000 })
  const [port, ...sockets] = yield* freePorts(4)
  const [zmq, control, frames] = sockets.map((socket) => `tcp://127.0.0.1:${socket}`) as [
    string,
    string,
    string
  ]
  const env = {
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_ZMQ_ENDPOINT: zmq,
    ALGOWAYS_FEED_CONTROL: control,
    ALGOWAYS_FEED_FRAMES: frames
  }
  const file = (name: string, value: unknown) => writeFileSync(join(dataDir, name), JSON.stringify(value))
  const group = { exchanges, always: true, hours: [], years: [], holidays: {}, special: {} }
  file("brokers.json", { zerodha: simulator.overrides })
  file("calendar.json", { groups: [group] })
  const done = (args: ReadonlyArray<string>, input?: string) =>
    Effect.tap(run(args, env, input), ({ code, err }) => Effect.sync(() => assert.strictEqual(code, 0, err)))
  const doctor = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
    const { code, err, out } = yield* run(["doctor", "--json", ...args], env)
    const checks = JSON.parse(out) as ReadonlyArray<Found>
    const of = (what: string): Found =>
      checks.find((c) => c.what === what) ?? assert.fail(`no line about ${what}: ${out}`)
    return { code, err, out, of }
  })
  const token = (text: string) =>
    done(["credentials", "set", "asha", "--stdin"], JSON.stringify({ apiKey: "app-key-1", authToken: text }))
  /** User asha with everything that a session needs. */
  const ready = Effect.gen(function* () {
    yield* done(["users", "add", "asha", "--broker", "zerodha"])
    const { apiKey, authToken } = simulator.credentials
    const login = { apiKey: Redacted.value(apiKey!), authToken: Redacted.value(authToken!) }
    yield* done(["credentials", "set", "asha", "--stdin"], JSON.stringify(login))
    yield* done(["instruments", "import", "zerodha"])
    return login
  })
  const logins = () => simulator.ledger().logins.length
  return { dataDir, doctor, done, env, file, logins, port: port!, ready, simulator, token, zmq }
})

const until = (condition: () => boolean, otherwise: () => string) =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.fail("not yet"))).pipe(
    Effect.retry({ schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ duration: "20 seconds" })) }),
    Effect.catch(() => Effect.sync(() => assert.fail(otherwise())))
  )

describe("algoways doctor", () => {
  it.live(
    "finds nothing wrong, and one tick per segment",
    () =>
      Effect.gen(function* () {
        const { doctor, ready } = yield* set()
        const login = yield* ready
        const { code, err, of, out } = yield* doctor()
        assert.strictEqual(code, 0, `${out}${err}`)
        assert.deepInclude(of("user asha, login"), { grade: "ok" })
        assert.include(of("user asha, NSE").found, "RELIANCE ticks")
        assert.include(of("user asha, NSE_INDEX").found, "NIFTY ticks")
        assert.include(of("user asha, NFO").found, "ticks")
        for (const exchange of ["BSE", "BFO", "BSE_INDEX", "CDS", "MCX"]) {
          assert.deepInclude(of(`user asha, ${exchange}`), { grade: "ok" })
        }
        assert.strictEqual(of("key file").grade, "ok")
        assert.match(of("database").found, /undamaged, \d+ migrations/)
        // It is simulated: its clock is this machine's.
        assert.notInclude(out, "clock, by")
        assert.match(of("calendar").found, /^NSE is open: /)
        assert.notInclude(out, login.authToken)
        assert.strictEqual((yield* doctor("--offline")).of("user asha, login").found, "not tried: --offline")
      }),
    180_000
  )

  it.live(
    "names what is wrong, and the remedy",
    () =>
      Effect.gen(function* () {
        const { dataDir, doctor, done, file, token } = yield* set()
        const nobody = yield* doctor()
        assert.strictEqual(nobody.code, 1)
        assert.include(nobody.of("users").remedy, "users add")

        yield* done(["users", "add", "asha", "--broker", "zerodha"])
        const bare = yield* doctor()
        assert.include(bare.of("user asha, credentials").found, "authToken (access token)")
        assert.include(bare.of("instruments of zerodha").remedy, "instruments import zerodha")

        yield* token("a-token-of-yesterday")
        const stale = yield* doctor()
        assert.strictEqual(stale.code, 1)
        assert.deepInclude(stale.of("user asha, login"), { grade: "fail" })
        assert.include(stale.of("user asha, login").remedy, "credentials set asha")
        assert.notInclude(stale.out, "a-token-of-yesterday")
        assert.notInclude(stale.err, "a-token-of-yesterday")

        chmodSync(join(dataDir, "secret.key"), 0o644)
        const open = yield* doctor("--offline")
        assert.strictEqual(open.code, 1)
        assert.include(open.of("key file").remedy, "chmod 600")

        file("brokers.json", { zerodha: { endpiont: "wss://nowhere" } })
        file("calendar.json", { groups: 5 })
        const broken = yield* doctor()
        assert.include(broken.of("configuration").found, "endpiont")
        assert.strictEqual(broken.of("calendar").grade, "fail")
        assert.strictEqual(broken.of("database").grade, "ok")
      }),
    180_000
  )
})

describe("algoways doctor on a certificate", () => {
  it.live(
    "says how long it is good for, and what to do when it is not",
    () =>
      Effect.gen(function* () {
        const { dataDir, doctor } = yield* set()
        const cert = join(dataDir, "cert.pem")
        const about = Effect.fnUntraced(function* (days: number) {
          const pair = yield* Effect.promise(() =>
            selfsigned.generate([{ name: "commonName", value: "feed.example" }], {
              keySize: 2048,
              notBeforeDate: new Date(Date.now() - 60 * DAY_MS),
              notAfterDate: new Date(Date.now() + days * DAY_MS)
            })
          )
          writeFileSync(cert, pair.cert)
          return (yield* doctor("--offline", "--tls-cert", cert)).of("TLS certificate")
        })
        assert.deepInclude(yield* about(200), { grade: "ok" })
        const soon = yield* about(5)
        assert.deepInclude(soon, { grade: "warn" })
        assert.match(soon.found, /^expires in 4 days/)
        assert.include(soon.remedy, "without a restart")
        const over = yield* about(-3)
        assert.deepInclude(over, { grade: "fail" })
        assert.match(over.found, /^expired 3 days ago/)
        writeFileSync(cert, "no certificate")
        const none = (yield* doctor("--offline", "--tls-cert", cert)).of("TLS certificate")
        assert.deepInclude(none, { grade: "fail" })
        assert.include(none.found, "holds no certificate")
      }),
    180_000
  )
})

describe("algoways doctor beside what runs", () => {
  it.live(
    "tries no login while a gateway runs, TLS or not, and says so",
    () =>
      Effect.gen(function* () {
        const { dataDir, doctor, env, logins, port, ready } = yield* set()
        yield* ready
        const pair = yield* Effect.promise(() =>
          selfsigned.generate([{ name: "commonName", value: "feed.example" }], { keySize: 2048 })
        )
        const [cert, key] = [join(dataDir, "cert.pem"), join(dataDir, "key.pem")]
        writeFileSync(cert, pair.cert)
        writeFileSync(key, pair.private)
        const serve = ["serve", "--no-demo", "--tls-cert", cert, "--tls-key", key]
        // A watch list has a session that no client reads from.
        const gateway = yield* start([...serve, "--watch", "asha/NSE:RELIANCE:ltp"], env)
        yield* until(
          () => logins() === 1,
          () => gateway.err()
        )
        yield* until(
          () => gateway.err().includes(`:${port}`),
          () => gateway.err()
        )

        const { code, of, out } = yield* doctor()
        assert.strictEqual(code, 0, out)
        assert.include(of(`port 127.0.0.1:${port}`).found, "AlgoWays")
        assert.match(of("TLS certificate").found, /^expires in \d+ days, on 20/)
        assert.include(of(`ZeroMQ ${env.ALGOWAYS_ZMQ_ENDPOINT}`).found, "as it should be")
        assert.deepInclude(of("user asha, login"), { grade: "warn" })
        assert.include(of("user asha, login").remedy, "--force")
        assert.strictEqual(logins(), 1)

        assert.include((yield* doctor("--force")).of("user asha, login").found, "accepts it")
        assert.strictEqual(logins(), 2)
      }),
    180_000
  )

  it.live(
    "tries none while a feed process runs, either",
    () =>
      Effect.gen(function* () {
        const { doctor, env, logins, ready } = yield* set()
        yield* ready
        const feed = yield* start(["feed"], env)
        yield* until(
          () => feed.err().includes("feed: control"),
          () => feed.err()
        )
        const { of } = yield* doctor()
        assert.include(of("feed process").found, env.ALGOWAYS_FEED_CONTROL)
        assert.deepInclude(of("user asha, login"), { grade: "warn" })
        assert.strictEqual(logins(), 0)
      }),
    180_000
  )

  it.live(
    "tells another program at the port, and a damaged database",
    () =>
      Effect.gen(function* () {
        const { dataDir, doctor, port, ready } = yield* set()
        yield* ready
        yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const server = createServer((socket) => {
              // Read, or it would never be closed.
              socket.on("error", () => {}).resume()
              socket.end("220 a mail server\r\n")
            })
            await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
            return server
          }),
          (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
        )
        const taken = yield* doctor("--offline")
        assert.strictEqual(taken.code, 1)
        assert.include(taken.of(`port 127.0.0.1:${port}`).found, "another program")

        // The table's pages, not its header: it still opens.
        const file = join(dataDir, "algoways.db")
        writeFileSync(file, readFileSync(file).fill(0x5a, 8192))
        const damaged = yield* doctor("--offline")
        assert.strictEqual(damaged.code, 1)
        assert.deepInclude(damaged.of("database"), { grade: "fail" })
        assert.include(damaged.of("database").remedy, "backup")
      }),
    180_000
  )
})

describe("the time of the self-check", () => {
  it("is today's or tomorrow's, in India", () => {
    const at = (moment: string) => Date.parse(`${moment}+05:30`)
    assert.strictEqual(untilTime("08:45", at("2026-11-27T08:30:00")), 15 * 60_000)
    assert.strictEqual(untilTime("08:45", at("2026-11-27T08:45:00")), 86_400_000)
    assert.strictEqual(untilTime("00:05", at("2026-11-27T23:59:00")), 6 * 60_000)
  })
})
