/**
 * Times cases against each other in one run: several rounds in rotating order, the median of the rounds counts.
 * On a noisy machine only the ratio of two cases of one run means something.
 */

export interface Timed {
  readonly name: string
  /** Does the work `n` times. Its results must escape, or the compiler removes the work. */
  readonly run: (n: number) => void
  /** Throws when the work gives a wrong result. Called before and after the timing. */
  readonly check: () => void
}

export interface Measured {
  /** Median over the rounds, nanoseconds per operation. */
  readonly ns: number
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number
}

export interface Plan {
  readonly rounds: number
  /** The least time of one round of one case. */
  readonly roundMs: number
}

export const plans = {
  full: { rounds: 11, roundMs: 60 },
  quick: { rounds: 5, roundMs: 20 }
} satisfies Record<string, Plan>

const time = (run: (n: number) => void, n: number): number => {
  const start = process.hrtime.bigint()
  run(n)
  return Number(process.hrtime.bigint() - start)
}

/** Finds how many operations fill a round, and warms the case up on the way. */
const calibrate = (timed: Timed, { roundMs }: Plan): number => {
  const goal = roundMs * 1e6
  let n = 50
  for (;;) {
    const ns = time(timed.run, n)
    if (ns >= goal / 2) return Math.max(1, Math.ceil((n * goal) / ns))
    n *= 2
  }
}

const quantile = (sorted: ReadonlyArray<number>, q: number): number =>
  sorted[Math.floor((sorted.length - 1) * q)]!

/** Cases that are compared with each other go through this together. */
export const measure = (cases: ReadonlyArray<Timed>, plan: Plan): ReadonlyArray<Measured> => {
  for (const c of cases) c.check()
  const counts = cases.map((c) => calibrate(c, plan))
  const results = cases.map((): Array<number> => [])
  for (let round = 0; round < plan.rounds; round++) {
    for (let k = 0; k < cases.length; k++) {
      const i = (round + k) % cases.length
      globalThis.gc?.()
      results[i]!.push(time(cases[i]!.run, counts[i]!) / counts[i]!)
    }
  }
  for (const c of cases) c.check()
  return results.map((all) => {
    const sorted = all.toSorted((a, b) => a - b)
    const ns = quantile(sorted, 0.5)
    return { ns, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / ns }
  })
}

/** Results go here, so that the compiler cannot know them unused. */
export const sinkhole: { value: unknown } = { value: undefined }
