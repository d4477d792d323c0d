/** How long and how often the suites over real sockets measure. */
export interface NetworkPlan {
  readonly quick: boolean
  readonly rounds: number
  /** Where speeds are compared: so often with processes of their own, and as many rounds as are left for each. */
  readonly sittings: number
  readonly roundMs: number
  /** What the compiler sees before anything counts. */
  readonly warmUpMs: number
  readonly soakMinutes: number
  readonly progress: (step: string) => void
}

export const networkPlan = (
  quick: boolean,
  soakMinutes: number,
  progress: (step: string) => void
): NetworkPlan =>
  quick
    ? { quick, rounds: 2, sittings: 1, roundMs: 400, warmUpMs: 700, soakMinutes, progress }
    : { quick, rounds: 6, sittings: 3, roundMs: 1000, warmUpMs: 2000, soakMinutes, progress }

/**
 * What belongs to a process (where its memory lies, which core it was given) is the same in all of its rounds, and made
 * ratios of 0.76 to 0.95 out of the same code: so new processes for each sitting, and the rounds of all together.
 *
 * @param measure one sitting, of so many rounds
 */
export const inSittings = async <A, B>(
  { rounds, sittings }: NetworkPlan,
  measure: (rounds: number) => Promise<ReadonlyMap<A, ReadonlyArray<B>>>
): Promise<ReadonlyMap<A, ReadonlyArray<B>>> => {
  const all = new Map<A, Array<B>>()
  for (let sitting = 0; sitting < sittings; sitting++) {
    for (const [contestant, results] of await measure(rounds / sittings)) {
      all.set(contestant, [...(all.get(contestant) ?? []), ...results])
    }
  }
  return all
}

/** All contestants once per round, each round beginning with another one. */
export const inTurns = async <A, B>(
  contestants: ReadonlyArray<A>,
  rounds: number,
  measure: (contestant: A, round: number) => Promise<B>
): Promise<ReadonlyMap<A, ReadonlyArray<B>>> => {
  const results = new Map(contestants.map((c): [A, Array<B>] => [c, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(round + i) % contestants.length]!
      results.get(contestant)!.push(await measure(contestant, round))
    }
  }
  return results
}
