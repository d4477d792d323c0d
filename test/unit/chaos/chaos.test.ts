/** The chaos suite sees what it is there to see: each invariant is broken once, on purpose. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chaos } from "../../../chaos/flags.ts"
import { readTool, refusalOf } from "../../support/toolFlags.ts"
import { boundOf, leastPause } from "../../../chaos/limits.ts"
import { Observer } from "../../../chaos/observer.ts"
import { checkLogins, checkRetries } from "../../../chaos/retries.ts"
import { describeOutcome, quantile } from "../../../chaos/report.ts"
import { describeScenario, longShape, scenarioOf } from "../../../chaos/scenario.ts"
import { Recorder } from "../../../chaos/violations.ts"
import { Wants } from "../../../chaos/wants.ts"
import type { MarketFrame, View } from "../../../src/frame/marketFrame.ts"
import { topicOf } from "../../../src/frame/marketFrame.ts"
import type { ClientLog, LoginAttempt } from "../../../src/simulator/index.ts"

const root = resolve(import.meta.dirname, "../../..")
const priced = {
  instruments: [],
  bands: new Map([
    ["NSE:INFY", { low: 1500, high: 1600 }],
    ["NSE:TCS", { low: 3400, high: 3500 }]
  ])
}
const topic = topicOf("user1", "NSE", "INFY", "ltp", 5)
const view: View = {
  topic,
  user: "user1",
  broker: "zerodha",
  symbol: "INFY",
  exchange: "NSE",
  mode: "ltp",
  levels: 0
}
const frameOf = (data: object): MarketFrame => {
  const payload = Buffer.from(JSON.stringify(data))
  return { view, payload, dataStart: 0, dataEnd: payload.length } as MarketFrame
}
const infy = (ltp: number) => frameOf({ symbol: "INFY", exchange: "NSE", ltp })

const watched = () => {
  const wants = new Wants()
  const recorder = new Recorder({ seed: 1, index: 2, broker: "zerodha" }, Date.now())
  return { wants, recorder, observer: new Observer("zerodha", wants, priced, recorder) }
}
const found = ({ violations }: Recorder) => violations.map((v) => v.invariant)

const ledgerOf = (opened: ReadonlyArray<number>, logins: ReadonlyArray<LoginAttempt> = []): ClientLog => ({
  connections: opened.map((at, i) => ({ connection: i + 1, protocol: "kite", opened: at, closed: at })),
  logins,
  instruments: [],
  subscribed: 0,
  unsubscribed: 0,
  requests: 0,
  peakRequestsPerSecond: 0,
  mostOnConnection: 0,
  mostConnections: 1
})

describe("a frame", () => {
  it("is fine where it is wanted and at its price, and nowhere else", () => {
    const { observer, recorder, wants } = watched()
    wants.add(topic, "NSE:INFY", "one", 1)
    observer.onFrame(infy(1550))
    assert.deepStrictEqual(found(recorder), [])
    observer.onFrame(infy(3450))
    assert.deepStrictEqual(found(recorder), ["wrong instrument"])
    assert.include(recorder.violations[0]!.detail, "the price of NSE:TCS")
    observer.onFrame(frameOf({ symbol: "TCS", exchange: "NSE", ltp: 1550 }))
    assert.deepStrictEqual(found(recorder), ["wrong instrument", "wrong instrument"])
    wants.remove(topic, "one", 2)
    observer.onFrame(infy(1550))
    assert.strictEqual(found(recorder).at(-1), "unwanted tick")
  })

  it("proves nothing by its price while bytes arrive that nobody sent", () => {
    const { observer, recorder, wants } = watched()
    wants.add(topic, "NSE:INFY", "one", 1)
    observer.lies(true)
    observer.onFrame(infy(3450))
    assert.deepStrictEqual(found(recorder), [])
  })
})

it("a tick that was received after the last reader left is one too many, and one from before is not", () => {
  const { observer, recorder, wants } = watched()
  wants.add(topic, "NSE:INFY", "one", 1)
  wants.remove(topic, "one", 1000)
  const tick = { symbol: "INFY", exchange: "NSE", mode: "ltp", ltp: 1550 } as const
  observer.onTick({ ...tick, received_time: 1000 })
  assert.deepStrictEqual(found(recorder), [])
  observer.onTick({ ...tick, received_time: 1001 })
  assert.deepStrictEqual(found(recorder), ["unwanted tick"])
})

describe("retries", () => {
  it("follow the schedule: at once, then ever more slowly", () => {
    const [first, second, third] = [1, 2, 3].map(leastPause) as [number, number, number]
    assert.strictEqual(first, 0)
    const regular = [1000, 1000, 1000 + second, 1000 + second + third]
    assert.deepStrictEqual(checkRetries(ledgerOf(regular), [], 1), [])
    const hasty = [1000, 1000, 1010]
    assert.lengthOf(checkRetries(ledgerOf(hasty), [], 1), 1)
    assert.deepStrictEqual(checkRetries(ledgerOf(hasty), [1005], 1), [], "new credentials begin it anew")
    const hammering = Array.from({ length: 60 }, (_, i) => 1000 + 10 * i)
    assert.lengthOf(checkRetries(ledgerOf(hammering), [], 3), 1)
  })

  it("end with a refused login, but for one that reads it again", () => {
    const refused = (at: number, status?: number): LoginAttempt => ({
      at,
      outcome: "refused",
      ...(status === undefined ? {} : { status })
    })
    const during = [{ from: 100, until: 900 }]
    const check = (logins: ReadonlyArray<LoginAttempt>) => checkLogins(ledgerOf([], logins), during, 1)
    assert.deepStrictEqual(check([refused(200, 401), refused(300, 401)]), [])
    assert.lengthOf(check([refused(200, 401), refused(300, 401), refused(400, 401)]), 1)
    assert.deepStrictEqual(check([refused(200, 503), refused(300, 503), refused(400, 503)]), [])
    assert.deepStrictEqual(
      check([refused(200), refused(300), refused(400)]),
      [],
      "a byte stream has no words"
    )
  })
})

it("a scenario follows from its seed and number, and its report says how to see it again", () => {
  const scenario = scenarioOf(7, 3, longShape)
  assert.deepStrictEqual(scenarioOf(7, 3, longShape), scenario)
  assert.notStrictEqual(describeScenario(scenarioOf(7, 4, longShape)), describeScenario(scenario))
  const { recorder } = watched()
  recorder.note("connection 1 down")
  recorder.violated("recovery", "NSE:INFY does not tick")
  const outcome = {
    scenario,
    violations: recorder.violations,
    recoveries: [],
    frames: 0,
    ticks: 0,
    attempts: 0
  }
  const text = describeOutcome(outcome)
  assert.include(text, "SEED=7 ONLY=3 make chaos")
  assert.include(text, describeScenario(scenario))
  assert.match(text, /recovery at zerodha, \d+ ms: NSE:INFY does not tick\n +\d+ ms {2}connection 1 down/)
})

it("a bound holds all that a recovery may have to wait for", () => {
  const pacing = { batch: 5, intervalMs: 100 }
  const plain = boundOf([{}], 1000, 20, pacing)
  assert.strictEqual(boundOf([{}], 1000, 40, pacing) - plain, 400, "requests leave at the broker's pace")
  assert.isAbove(boundOf([{ watchdog: true }], 1000, 20, pacing), plain + 2500)
  assert.strictEqual(boundOf([{}, { login: true }], 1000, 20, pacing) - plain, 1000)
})

describe("the settings", () => {
  const read = (env: Record<string, string>, ...args: ReadonlyArray<string>) => readTool(chaos, args, env)
  const refused = (env: Record<string, string>, ...args: ReadonlyArray<string>) => refusalOf(chaos, args, env)

  it.effect("are read from the environment", () =>
    Effect.gen(function* () {
      const flags = yield* read({ SEED: "7", SCENARIOS: "12", PARTS: "crash, scenarios" })
      assert.deepInclude(flags, { seed: 7, scenarios: 12, worlds: 6, only: undefined })
      assert.deepStrictEqual([...flags.parts].sort(), ["crash", "scenarios"])
      assert.deepStrictEqual([...(yield* read({ ONLY: "4" })).parts], ["scenarios"])
    })
  )

  it.effect("are read from flags, which go before the environment", () =>
    Effect.gen(function* () {
      const flags = yield* read({ SEED: "7" }, "--seed", "8", "--worlds", "2", "--parts", "endurance")
      assert.deepInclude(flags, { seed: 8, worlds: 2, scenarios: 240 })
      assert.deepStrictEqual([...flags.parts], ["endurance"])
    })
  )

  it.effect("have defaults, also where a variable is empty; the seed is drawn", () =>
    Effect.gen(function* () {
      const flags = yield* read({ SEED: "", SCENARIOS: "", ONLY: "", WORLDS: "", PARTS: "" })
      assert.deepInclude(flags, { scenarios: 240, worlds: 6, only: undefined })
      assert.strictEqual(flags.parts.size, 3)
      assert.isTrue(Number.isSafeInteger(flags.seed) && flags.seed >= 0)
      assert.notStrictEqual((yield* read({})).seed, flags.seed)
    })
  )

  it.effect(
    "refuse what is out of bounds, in flags and in the environment, by name and with the remedy",
    () =>
      Effect.gen(function* () {
        const seed = /--seed: "x"\. Expected: a whole number from 0 on, in --seed or SEED/
        assert.match(yield* refused({ SEED: "x" }), seed)
        assert.match(yield* refused({}, "--seed", "x"), seed)
        assert.match(yield* refused({ SEED: "-1" }), /--seed: "-1"/)
        assert.match(
          yield* refused({ SCENARIOS: "0" }),
          /a whole number from 1 on, in --scenarios or SCENARIOS/
        )
        assert.match(yield* refused({ ONLY: "1.5" }), /--only: "1\.5"/)
        assert.match(
          yield* refused({ PARTS: "all" }),
          /--parts: "all"\. .*scenarios, endurance, crash.*"all"/
        )
        assert.match(yield* refused({}, "--seeds", "7"), /--seeds/)
      })
  )

  it("make a bad run end with an explanation, and --help with all of them", () => {
    const run = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
      spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "chaos/main.ts", ...args], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, ...env }
      })
    const { status, stderr } = run([], { WORLDS: "0" })
    assert.strictEqual(status, 1)
    assert.include(stderr, 'flag --worlds: "0"')
    const help = run(["--help"])
    assert.strictEqual(help.status, 0)
    for (const name of ["seed", "scenarios", "only", "worlds", "parts"]) {
      assert.include(help.stdout, `--${name}`)
      assert.include(help.stdout, `(${name.toUpperCase()}`)
    }
  })
})

it("takes quantiles of what there is", () => {
  assert.strictEqual(quantile([3, 1, 2], 0.5), 2)
  assert.strictEqual(quantile([3, 1, 2], 1), 3)
  assert.strictEqual(quantile([], 0.5), undefined)
})
