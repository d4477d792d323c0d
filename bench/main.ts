/** `npm run bench`: times the tick path, prints a table, writes `bench/results/<date>-<name>.json`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { allCases } from "./cases/index.ts"
import { BadFlag, HELP, readFlags } from "./flags.ts"
import type { Flags } from "./flags.ts"
import { WrongResult, checkAll, everybody, measure, plans } from "./harness.ts"
import type { Case } from "./harness.ts"
import type { Row } from "./report.ts"
import { loadNow, table, toRow, write } from "./report.ts"

const choose = (cases: ReadonlyArray<Case>, only: string): ReadonlyArray<Case> => {
  const chosen = cases.filter((c) => c.name.toLowerCase().includes(only.toLowerCase()))
  if (chosen.length > 0) return chosen
  throw new BadFlag(
    `--only "${only}": no case has this in its name. The cases are:\n${cases.map((c) => `  ${c.name}`).join("\n")}`
  )
}

const progress = (step: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`)
}

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

type Timings = Awaited<ReturnType<typeof measure>>

const compare = async (cases: ReadonlyArray<Case>, flags: Flags): Promise<void> => {
  const load = [loadNow()]
  const timings = await measure(everybody(cases), flags.quick ? plans.quick : plans.full, progress)
  progress("")
  load.push(loadNow())
  const rows = cases.map((c) => rowOf(c, timings))
  console.log(table(rows))
  const met = rows.filter((r) => r.met === true).length
  const missed = rows.filter((r) => r.met === false).length
  console.log(
    `\n${met} ${met === 1 ? "goal" : "goals"} met, ${missed} missed; load of the machine ${load.join(" to ")}`
  )
  if (!flags.write) return
  const command = [
    "npm run bench",
    ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])
  ].join(" ")
  console.log(`written to ${write(flags.name, { command, load, rows })}`)
}

const main = async (): Promise<void> => {
  const flags = readFlags(process.argv.slice(2))
  if (flags.help) return console.log(HELP)
  const scope = Scope.makeUnsafe()
  try {
    const cases = choose(await allCases(scope), flags.only)
    if (!flags.check) return await compare(cases, flags)
    await checkAll(everybody(cases))
    console.log(`${cases.length} cases give the right results`)
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

try {
  await main()
} catch (error) {
  if (error instanceof BadFlag) console.error(`${error.message}\n\n${HELP}`)
  else if (error instanceof WrongResult) console.error(`A wrong result, so no figures: ${error.message}`)
  else console.error(error)
  process.exitCode = 1
}
