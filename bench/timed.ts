/** The suites whose cases are timed against each other in this process. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { allCases } from "./cases/index.ts"
import type { Flags } from "./flags.ts"
import { checkAll, everybody, measure, plans } from "./harness.ts"
import type { Case } from "./harness.ts"
import type { Row } from "./report.ts"
import { toRow } from "./report.ts"
import { shareRow } from "./share.ts"
import type { BenchSuite } from "./suites.ts"

export const timedSuite = (name: Case["suite"]): BenchSuite => ({
  name,
  run: (flags, progress) =>
    withCases(name, flags, async (cases) => {
      if (cases.length === 0) return []
      const plan = flags.quick ? plans.quick : plans.full
      const timings = await measure(everybody(cases), plan, progress)
      const rows: Array<Row> = []
      for (const c of cases) rows.push(c.share === true ? await shareRow(c, plan) : rowOf(c, timings))
      return rows
    }),
  check: (flags) =>
    withCases(name, flags, async (cases) => {
      await checkAll(everybody(cases))
      return cases.map((c) => c.name)
    })
})

/** What the cases start ends with the use of them. */
const withCases = async <A>(
  suite: Case["suite"],
  { only }: Flags,
  use: (cases: ReadonlyArray<Case>) => Promise<A>
): Promise<A> => {
  const scope = Scope.makeUnsafe()
  try {
    const wanted = only.toLowerCase()
    const cases = await allCases(scope)
    return await use(cases.filter((c) => c.suite === suite && c.name.toLowerCase().includes(wanted)))
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

type Timings = Awaited<ReturnType<typeof measure>>

const rowOf = ({ goal, name, ours, peer, ratioOf = "speed", suite }: Case, timings: Timings): Row =>
  toRow({
    suite,
    name,
    unit: "ns/tick",
    ours: timings.get(ours)!,
    peer: peer === undefined ? undefined : { name: peer.name, timing: timings.get(peer)! },
    ratioOf,
    goal:
      goal === undefined
        ? undefined
        : { of: "ratio", bound: ratioOf === "speed" ? "at least" : "at most", is: goal }
  })
