/** How long and how often the suites over real sockets measure. */
export interface NetworkPlan {
  readonly quick: boolean
  readonly rounds: number
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
    ? { quick, rounds: 2, roundMs: 400, warmUpMs: 700, soakMinutes, progress }
    : { quick, rounds: 5, roundMs: 1000, warmUpMs: 2000, soakMinutes, progress }

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
