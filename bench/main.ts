/** `npm run bench`: runs the suites, prints their tables, writes `bench/results/<date>-<name>.json` and `.svg`. */
import "../src/v8Flags.ts"
import { ToolFailed, runTool, work } from "../scripts/tool.ts"
import { bench } from "./flags.ts"
import type { Flags } from "./flags.ts"
import { WrongResult } from "./harness.ts"
import type { Row } from "./report.ts"
import { drawAgain, loadNow, write } from "./resultFile.ts"
import { suites } from "./suites.ts"
import type { BenchSuite } from "./suites.ts"
import { goalTable, table } from "./table.ts"

const progress = (step: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`)
}

const refuseNothing = (found: ReadonlyArray<unknown>, { only, suites }: Flags): void => {
  if (found.length > 0) return
  throw new ToolFailed(
    `--only "${only}": no case of ${[...suites].join(", ")} has this in its name. \`npm run bench -- --check\` prints the names.`
  )
}

const compare = async (chosen: ReadonlyArray<BenchSuite>, flags: Flags): Promise<void> => {
  const load = [loadNow()]
  const rows: Array<Row> = []
  for (const suite of chosen) {
    const its = await suite.run(flags, (step) => progress(`${suite.name}: ${step}`))
    progress("")
    // Printed at once: a whole run takes minutes.
    if (its.length > 0) console.log(`${suite.name}\n\n${table(its)}\n`)
    rows.push(...its)
  }
  load.push(loadNow())
  refuseNothing(rows, flags)
  console.log(`${goalTable(rows)}\nload of the machine ${load.join(" to ")}`)
  if (!flags.write) return
  const command = [
    "npm run bench",
    ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])
  ].join(" ")
  console.log(`written to ${write(flags.name, { command, load, rows }).join(" and ")}`)
}

const check = async (chosen: ReadonlyArray<BenchSuite>, flags: Flags): Promise<void> => {
  const names: Array<string> = []
  for (const suite of chosen) {
    for (const name of (await suite.check?.(flags)) ?? []) names.push(`${suite.name}  ${name}`)
  }
  refuseNothing(names, flags)
  console.log(
    `${names.join("\n")}\n${names.length} ${names.length === 1 ? "case gives" : "cases give"} the right results`
  )
}

const main = async (flags: Flags): Promise<void> => {
  if (flags.chart !== undefined) return console.log(`drawn to ${drawAgain(flags.chart)}`)
  const chosen = suites.filter(({ name }) => flags.suites.has(name))
  try {
    await (flags.check ? check : compare)(chosen, flags)
  } catch (error) {
    if (error instanceof WrongResult)
      throw new ToolFailed(`A wrong result, so no figures: ${error.message}`, { cause: error })
    throw error
  }
}

runTool(bench((flags) => work(() => main(flags))))
