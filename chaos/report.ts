/** Figures and violations in words. */
import type { Crashes } from "./crash.ts"
import type { Endurance, Lap, Sizes } from "./endurance.ts"
import type { Outcome } from "./run.ts"
import { describeScenario } from "./scenario.ts"
import type { Violation } from "./violations.ts"

/** @param share 0.5 for the median */
export const quantile = (values: ReadonlyArray<number>, share: number): number | undefined => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

const counted = (names: Iterable<string>): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

const listed = (names: Iterable<string>): string =>
  counted(names)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")

/** How to see it again. */
const again = ({ index, seed }: { readonly seed: number; readonly index: number }): string =>
  `SEED=${seed} ONLY=${index} make chaos`

export const figuresOf = (seed: number, outcomes: ReadonlyArray<Outcome>): string => {
  const stages = outcomes.flatMap((o) => o.scenario.stages)
  const troubles = stages.flatMap((s) => s.troubles)
  const recoveries = outcomes.flatMap((o) => o.recoveries)
  const sum = (of: (o: Outcome) => number) => outcomes.reduce((total, o) => total + of(o), 0)
  return [
    `seed ${seed}: ${outcomes.length} scenarios, ${stages.length} sessions at ${new Set(stages.map((s) => s.broker)).size} brokers, ` +
      `${sum((o) => o.attempts)} connections, ${sum((o) => o.frames)} frames and ${sum((o) => o.ticks)} ticks looked at`,
    `faults: ${troubles.length}: ${listed(troubles.map((t) => t.name))}`,
    `time to recovery: p50 ${quantile(recoveries, 0.5) ?? "-"} ms, p99 ${quantile(recoveries, 0.99) ?? "-"} ms, ` +
      `most ${quantile(recoveries, 1) ?? "-"} ms, of ${recoveries.length}`
  ].join("\n")
}

const describeViolation = ({ at, broker, detail, invariant, journal }: Violation): string =>
  [`  ${invariant} at ${broker}, ${at} ms: ${detail}`, ...journal.map((line) => `    ${line}`)].join("\n")

/** One scenario with what went wrong in it. */
export const describeOutcome = ({ scenario, violations }: Outcome): string =>
  [
    `VIOLATED, again with: ${again(scenario)}`,
    describeScenario(scenario),
    ...violations.map(describeViolation)
  ].join("\n")

export const violationsOf = (outcomes: ReadonlyArray<Outcome>): string => {
  const all = outcomes.flatMap((o) => o.violations)
  if (all.length === 0) return "violations: 0"
  return `violations: ${all.length} in ${outcomes.filter((o) => o.violations.length > 0).length} scenarios: ${listed(all.map((v) => v.invariant))}`
}

const sizes = ({ connections, fibers, handles, heapMb, instruments, used }: Sizes): string =>
  `heap ${heapMb.toFixed(1)} MB, ${handles} handles, ${fibers} fibers, ${connections} connections, ${instruments} instruments, ${used} subscriptions`

const describeLap = ({ after, before, name, rounds, seconds }: Lap): string =>
  `${name}: ${rounds} in ${seconds.toFixed(1)} s\n  before: ${sizes(before)}\n  after:  ${sizes(after)}`

const listOf = (violations: ReadonlyArray<string>): string =>
  [`violations: ${violations.length}`, ...violations.map((v) => `  ${v}`)].join("\n")

export const enduranceOf = ({ laps, violations }: Endurance): string =>
  `endurance\n${laps.map(describeLap).join("\n")}\n${listOf(violations)}`

export const crashesOf = (seed: number, { committed, cuts, kills, tears, violations }: Crashes): string =>
  `crashes, seed ${seed}: ${kills} processes killed while they wrote, ${cuts} power cuts with ${tears} ways to tear the log, ` +
  `${committed} commits looked for\n${listOf(violations)}`
