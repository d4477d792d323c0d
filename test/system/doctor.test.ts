/** `algoways doctor` against a simulated broker, as a process of its own. */
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { exchanges } from "../../src/market/exchange.ts"
import { simulate } from "../../src/simulator/index.ts"
import { untilTime } from "../../src/cli/selfCheck.ts"
import { freePorts, run, temporaryFolder } from "./support/processes.ts"

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
  const [port, zmq] = yield* freePorts(2)
  const env = {
    ALGOWAYS_DATA_DIR: dataDir,
    ALGOWAYS_PORT: String(port),
    ALGOWAYS_ZMQ_ENDPOINT: `tcp://127.0.0.1:${zmq}`
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
  return { dataDir, doctor, done, env, file, simulator, token }
})

describe("algoways doctor", () => {
  it.live(
    "finds nothing wrong, and one tick per segment",
    () =>
      Effect.gen(function* () {
        const { doctor, done, simulator } = yield* set()
        yield* done(["users", "add", "asha", "--broker", "zerodha"])
        const { apiKey, authToken } = simulator.credentials
        const login = { apiKey: Redacted.value(apiKey!), authToken: Redacted.value(authToken!) }
        yield* done(["credentials", "set", "asha", "--stdin"], JSON.stringify(login))
        yield* done(["instruments", "import", "zerodha"])
        const { code, err, of, out } = yield* doctor()
        assert.strictEqual(code, 0, `${out}${err}`)
        assert.deepInclude(of("user asha, login"), { grade: "ok" })
        assert.include(of("user asha, NSE").found, "RELIANCE ticks")
        assert.include(of("user asha, NSE_INDEX").found, "NIFTY ticks")
        assert.include(of("user asha, NFO").found, "ticks")
        assert.strictEqual(of("key file").grade, "ok")
        assert.notInclude(out, login.authToken)
        assert.strictEqual((yield* doctor("--offline")).of("user asha, login").found, "not tried: --offline")
      }),
    60_000
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
      }),
    90_000
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
