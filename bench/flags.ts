/** The command line of the bench suite. */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { ToolFailed } from "../scripts/tool.ts"
import { numberFlag, oneOrMoreOf } from "../scripts/tool.ts"
import type { Suite } from "./report.ts"
import { SUITES } from "./report.ts"

export interface Flags {
  readonly quick: boolean
  readonly check: boolean
  readonly suites: ReadonlySet<Suite>
  readonly only: string
  readonly name: string
  readonly write: boolean
  readonly soakMinutes: number
  readonly chart: string | undefined
}

const flags = {
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription(
      "Shorter and fewer rounds, without latency, scale, memory and search: under a minute"
    ),
    Flag.withDefault(false)
  ),
  suite: Flag.String("suite").pipe(
    Flag.withMetavar("name,..."),
    oneOrMoreOf(SUITES),
    Flag.withDescription(`Only these suites: ${SUITES.join(",")}`),
    Flag.optional
  ),
  only: Flag.String("only").pipe(
    Flag.withMetavar("text"),
    Flag.withDescription(
      "Only cases whose name contains the text, in any case; of micro and pipeline, without --suite"
    ),
    Flag.withDefault("")
  ),
  name: Flag.String("name").pipe(
    Flag.filter(
      (name) => /^[\w-]+$/.test(name),
      () => 'letters, digits, "-" and "_" only'
    ),
    Flag.withDescription(
      'Name of the result file: letters, digits, "-" and "_" (default: all; with --quick: quick)'
    ),
    Flag.optional
  ),
  noWrite: Flag.Boolean("no-write").pipe(
    Flag.withDescription(
      "Print the tables only; with --suite or --only nothing is written unless --name is given"
    ),
    Flag.withDefault(false)
  ),
  check: Flag.Boolean("check").pipe(
    Flag.withDescription("Run every case once for its result, without timing, and print their names"),
    Flag.withDefault(false)
  ),
  soakMinutes: numberFlag("soak-minutes", {
    expected: "a number of minutes: more than 0, at most a day",
    isValid: (minutes) => minutes > 0 && minutes <= 24 * 60
  }).pipe(
    Flag.withDescription("How long the memory suite watches the memory (default: 1; not with --quick)"),
    Flag.withDefault(1)
  ),
  chart: Flag.String("chart").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("Measure nothing, draw the chart of this result file beside it"),
    Flag.optional
  )
}

/** Those of which a single case can be run. */
const TIMED: ReadonlyArray<Suite> = ["micro", "pipeline"]

/** Those that say something within a minute, all of them together. */
const QUICK: ReadonlyArray<Suite> = ["micro", "pipeline", "fan-out"]

export const bench = (run: (flags: Flags) => Effect.Effect<void, ToolFailed>) =>
  Command.make("bench", flags, ({ check, noWrite, only, quick, soakMinutes, ...given }) => {
    const name = Option.getOrUndefined(given.name)
    const suites = Option.getOrUndefined(given.suite)
    const isWhole = only === "" && suites === undefined
    return run({
      quick,
      check,
      suites: suites ?? new Set(only !== "" ? TIMED : quick ? QUICK : SUITES),
      only,
      // Neither a quick run nor a part of the cases must take the place of a day's whole result.
      name: name ?? (quick ? "quick" : "all"),
      write: !noWrite && (isWhole || name !== undefined),
      soakMinutes,
      chart: Option.getOrUndefined(given.chart)
    })
  }).pipe(Command.withDescription("Measures the ways of a tick, and writes tables and charts of it"))
