/** The settings of a run, out of the environment: `SEED=7 SCENARIOS=50 make chaos`. */
export const HELP = `npm run chaos, or make chaos, with these in the environment:

  SEED=n           of everything that is left to chance (default: drawn, and printed)
  SCENARIOS=n      how many (default 240)
  ONLY=n           one scenario of the seed, by its number
  WORLDS=n         how many run at the same time (default 6)
  PARTS=a,b        of scenarios, endurance, crash (default: all)`

const parts = ["scenarios", "endurance", "crash"] as const
export type Part = (typeof parts)[number]

export interface Flags {
  readonly seed: number
  readonly scenarios: number
  readonly only: number | undefined
  readonly worlds: number
  readonly parts: ReadonlySet<Part>
}

/** The message names the setting and the remedy. */
export class BadFlag extends Error {
  override readonly name = "BadFlag"
}

const numberOf = (env: NodeJS.ProcessEnv, name: string, least: number): number | undefined => {
  const text = env[name]?.trim()
  if (text === undefined || text === "") return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new BadFlag(`${name}="${text}" has to be a whole number from ${least} on.`)
}

const partsOf = (text: string | undefined): ReadonlySet<Part> => {
  if (text === undefined || text.trim() === "") return new Set(parts)
  return new Set(
    text.split(",").map((name) => {
      const part = parts.find((p) => p === name.trim())
      if (part === undefined) throw new BadFlag(`PARTS has "${name}" in it; there are ${parts.join(", ")}.`)
      return part
    })
  )
}

/** @throws BadFlag */
export const readFlags = (env: NodeJS.ProcessEnv): Flags => {
  const only = numberOf(env, "ONLY", 0)
  return {
    seed: numberOf(env, "SEED", 0) ?? Math.floor(Math.random() * 1_000_000),
    scenarios: numberOf(env, "SCENARIOS", 1) ?? 240,
    only,
    worlds: numberOf(env, "WORLDS", 1) ?? 6,
    parts: only === undefined ? partsOf(env["PARTS"]) : new Set(["scenarios"])
  }
}
