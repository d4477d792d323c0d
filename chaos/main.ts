/** `npm run chaos`: scenarios, endurance and crashes; prints figures, and every violation with the way to see it again. */
import * as Effect from "effect/Effect"
import { ToolFailed, runTool, work } from "../scripts/tool.ts"
import { longCrashes, runCrashes } from "./crash.ts"
import { longLengths, runEndurance } from "./endurance.ts"
import { chaos } from "./flags.ts"
import type { Flags } from "./flags.ts"
import { crashesOf, describeOutcome, enduranceOf, figuresOf, violationsOf } from "./report.ts"
import { runScenario } from "./run.ts"
import type { Outcome } from "./run.ts"
import { longShape, scenarioOf } from "./scenario.ts"
import { watchStalls } from "./stalls.ts"

const progress = (step: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`)
}

/** The number of violations. */
const scenarios = async ({ only, scenarios: count, seed, worlds }: Flags): Promise<number> => {
  const indexes = only === undefined ? Array.from({ length: count }, (_, i) => i) : [only]
  const stalls = watchStalls()
  let done = 0
  const outcomes = await Effect.runPromise(
    Effect.forEach(
      indexes,
      (index): Effect.Effect<Outcome> =>
        Effect.tap(runScenario(scenarioOf(seed, index, longShape), stalls), (outcome) =>
          Effect.sync(() => {
            progress(`${++done} of ${indexes.length} scenarios`)
            if (outcome.violations.length > 0) console.log(`\n${describeOutcome(outcome)}`)
          })
        ),
      { concurrency: worlds }
    )
  )
  stalls.stop()
  progress("")
  console.log(`\n${figuresOf(seed, outcomes)}\n${violationsOf(outcomes)}`)
  return outcomes.reduce((sum, o) => sum + o.violations.length, 0)
}

const main = async (flags: Flags): Promise<void> => {
  let violations = 0
  if (flags.parts.has("scenarios")) violations += await scenarios(flags)
  if (flags.parts.has("endurance")) {
    const endurance = await Effect.runPromise(runEndurance(longLengths, progress))
    progress("")
    console.log(`\n${enduranceOf(endurance)}`)
    violations += endurance.violations.length
  }
  if (flags.parts.has("crash")) {
    const crashes = await runCrashes(flags.seed, longCrashes, progress)
    progress("")
    console.log(`\n${crashesOf(flags.seed, crashes)}`)
    violations += crashes.violations.length
  }
  if (violations > 0) throw new ToolFailed(`${violations} violations`)
}

runTool(chaos((flags) => work(() => main(flags))))
