/** One line of the doctor's report. */
export type Grade = "ok" | "warn" | "fail"

export interface Check {
  readonly grade: Grade
  /** What was looked at: `database`, `user asha`. */
  readonly what: string
  readonly found: string
  /** What to do about it; absent where nothing is wrong. */
  readonly remedy?: string
}

export const ok = (what: string, found: string): Check => ({ grade: "ok", what, found })
export const warn = (what: string, found: string, remedy: string): Check => ({
  grade: "warn",
  what,
  found,
  remedy
})
export const fail = (what: string, found: string, remedy: string): Check => ({
  grade: "fail",
  what,
  found,
  remedy
})

export const line = ({ found, grade, remedy, what }: Check): string =>
  `${grade.padEnd(4)}  ${what}: ${found}${remedy === undefined ? "" : `\n      → ${remedy}`}`

/** What is said of a broker is said for each of its users: once is enough. */
export const withoutRepeats = (checks: ReadonlyArray<Check>): ReadonlyArray<Check> => [
  ...new Map(checks.map((check) => [`${check.what}: ${check.found}`, check])).values()
]
