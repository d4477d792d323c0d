/** The settings of a run, as flags or out of the environment: `SEED=7 SCENARIOS=50 make chaos`. */
import * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { ToolFailed } from "../scripts/tool.ts"
import { numberFlag, oneOrMoreOf } from "../scripts/tool.ts"

const parts = ["scenarios", "endurance", "crash"] as const
export type Part = (typeof parts)[number]

export interface Flags {
  readonly seed: number
  readonly scenarios: number
  readonly only: number | undefined
  readonly worlds: number
  readonly parts: ReadonlySet<Part>
}

/** Falls back to an environment variable: the flag's name in capitals. */
const wholeNumber = (name: string, least: number) =>
  numberFlag(name, {
    expected: `a whole number from ${least} on, in --${name} or ${name.toUpperCase()}`,
    isValid: (value) => Number.isSafeInteger(value) && value >= least,
    variable: name.toUpperCase()
  })

const flags = {
  seed: wholeNumber("seed", 0).pipe(
    Flag.withDescription("Of everything that is left to chance (SEED; default: drawn, and printed)"),
    Flag.optional
  ),
  scenarios: wholeNumber("scenarios", 1).pipe(
    Flag.withDescription("How many (SCENARIOS; default 240)"),
    Flag.withDefault(240)
  ),
  only: wholeNumber("only", 0).pipe(
    Flag.withDescription("One scenario of the seed, by its number (ONLY)"),
    Flag.optional
  ),
  worlds: wholeNumber("worlds", 1).pipe(
    Flag.withDescription("How many run at the same time (WORLDS; default 6)"),
    Flag.withDefault(6)
  ),
  parts: Flag.String("parts").pipe(
    Flag.withMetavar("name,..."),
    Flag.withFallbackConfig(Config.String("PARTS")),
    oneOrMoreOf(parts),
    Flag.withDescription(`Of ${parts.join(", ")} (PARTS; default: all)`),
    Flag.withDefault<ReadonlySet<Part>>(new Set(parts))
  )
}

/** @param run gets the settings, with a seed where none was given */
export const chaos = (run: (flags: Flags) => Effect.Effect<void, ToolFailed>) =>
  Command.make("chaos", flags, ({ only, seed, ...given }) =>
    run({
      ...given,
      seed: Option.getOrElse(seed, () => Math.floor(Math.random() * 1_000_000)),
      only: Option.getOrUndefined(only),
      parts: Option.isNone(only) ? given.parts : new Set(["scenarios"])
    })
  ).pipe(
    Command.withDescription(
      "Lets everything go wrong on purpose: scenarios of faults, endurance, and processes that crash"
    )
  )
