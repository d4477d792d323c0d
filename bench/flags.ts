/** The command line of the bench suite. */
import { parseArgs } from "node:util"
import type { Suite } from "./report.ts"
import { SUITES } from "./report.ts"

export const HELP = `npm run bench -- [flags]

  --quick          shorter and fewer rounds, without latency, scale, memory and search: under a minute
  --suite LIST     only these suites: ${SUITES.join(",")}
  --only TEXT      only cases whose name contains the text, in any case; of micro and pipeline, without --suite
  --name NAME      name of the result file: letters, digits, "-" and "_" (default: all; with --quick: quick)
  --no-write       print the tables only; with --suite or --only nothing is written unless --name is given
  --check          run every case once for its result, without timing, and print their names
  --soak-minutes N how long the memory suite watches the memory (default: 1; not with --quick)
  --chart FILE     measure nothing, draw the chart of this result file beside it
  --help           this text`

export interface Flags {
  readonly quick: boolean
  readonly check: boolean
  readonly help: boolean
  readonly suites: ReadonlySet<Suite>
  readonly only: string
  readonly name: string
  readonly write: boolean
  readonly soakMinutes: number
  readonly chart: string | undefined
}

/** The message names the flag and the remedy. */
export class BadFlag extends Error {
  override readonly name = "BadFlag"
}

/** @throws BadFlag */
export const readFlags = (args: ReadonlyArray<string>): Flags => {
  const { chart, check, help, name, only, quick, suite, write, "soak-minutes": soak } = parse(args)
  if (name !== undefined && !/^[\w-]+$/.test(name)) {
    throw new BadFlag(`--name "${name}" may hold letters, digits, "-" and "_" only.`)
  }
  const soakMinutes = Number(soak)
  if (!(soakMinutes > 0 && soakMinutes <= 24 * 60)) {
    throw new BadFlag(`--soak-minutes "${soak}" must be a number of minutes: more than 0, at most a day.`)
  }
  const isWhole = only === "" && suite === undefined
  return {
    quick,
    check,
    help,
    suites: new Set(suite === undefined ? (only !== "" ? TIMED : quick ? QUICK : SUITES) : readSuites(suite)),
    only,
    // Neither a quick run nor a part of the cases must take the place of a day's whole result.
    name: name ?? (quick ? "quick" : "all"),
    write: write && (isWhole || name !== undefined),
    soakMinutes,
    chart
  }
}

/** Those of which a single case can be run. */
const TIMED: ReadonlyArray<Suite> = ["micro", "pipeline"]

/** Those that say something within a minute, all of them together. */
const QUICK: ReadonlyArray<Suite> = ["micro", "pipeline", "fan-out"]

const readSuites = (list: string): ReadonlyArray<Suite> =>
  list.split(",").map((text) => {
    const name = text.trim()
    const suite = SUITES.find((s) => s === name)
    if (suite !== undefined) return suite
    throw new BadFlag(
      `--suite "${list}": there is no suite "${name}". Choose from ${SUITES.join(", ")}, with commas between.`
    )
  })

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        quick: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        suite: { type: "string" },
        only: { type: "string", default: "" },
        name: { type: "string" },
        "soak-minutes": { type: "string", default: "1" },
        write: { type: "boolean", default: true },
        chart: { type: "string" }
      }
    }).values
  } catch (error) {
    throw new BadFlag(error instanceof Error ? error.message : String(error))
  }
}
