/** The short form of `make chaos`: a fixed set of scenarios, and processes killed while they write. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runCrashes, shortCrashes } from "../../chaos/crash.ts"
import { describeOutcome } from "../../chaos/report.ts"
import { runScenario } from "../../chaos/run.ts"
import { chosen, longShape, scenarioOf, shortShape } from "../../chaos/scenario.ts"
import { watchStalls } from "../../chaos/stalls.ts"

/** Each of these seeds brings all chosen brokers and some two dozen kinds of faults. */
const SEEDS = [2, 10]
const SCENARIOS = 6
const WORLDS = 3

const ignored = (): void => {}

describe.concurrent("chaos", () => {
  it("leaves every instrument ticking, by itself, once and at its own price", async () => {
    const scenarios = SEEDS.flatMap((seed) =>
      Array.from({ length: SCENARIOS }, (_, i) => scenarioOf(seed, i, shortShape))
    )
    const brokers = new Set(scenarios.flatMap((s) => s.stages.map((stage) => stage.broker)))
    assert.deepStrictEqual([...brokers].sort(), [...chosen].sort())
    const stalls = watchStalls()
    const outcomes = await Effect.runPromise(
      Effect.forEach(scenarios, (scenario) => runScenario(scenario, stalls), { concurrency: WORLDS })
    )
    stalls.stop()
    const violated = outcomes.filter((o) => o.violations.length > 0)
    assert.deepStrictEqual(violated.map(describeOutcome), [])
    const sessions = scenarios.reduce((sum, s) => sum + s.stages.length, 0)
    assert.strictEqual(outcomes.flatMap((o) => o.recoveries).length, sessions)
    const frames = outcomes.reduce((sum, o) => sum + o.frames, 0)
    assert.isAbove(frames, 1000, "there was something to look at")
  }, 90_000)

  it("ends what a broker goes on with that did not hear unsubscriptions", async () => {
    // Emptying a connection while the broker ignores requests: two instruments stayed on two connections.
    const whole = scenarioOf(777_001, 171, longShape)
    const stages = whole.stages.filter(({ broker }) => broker === "angel")
    assert.lengthOf(stages, 1)
    const stalls = watchStalls()
    const { violations, ...outcome } = await Effect.runPromise(runScenario({ ...whole, stages }, stalls))
    stalls.stop()
    assert.strictEqual(violations.length, 0, describeOutcome({ ...outcome, violations }))
  }, 90_000)

  it("loses nothing that was committed, to kills and to power cuts", async () => {
    const { committed, violations } = await runCrashes(1, shortCrashes, ignored)
    assert.deepStrictEqual(violations, [])
    assert.isAbove(committed, 50)
  }, 90_000)
})
