/**
 * Times contestants against each other in one process.
 *
 * Everybody is warmed up before anybody is timed, so that the compiler knows all shapes that will come. Then each
 * round takes all contestants once, starting with another one each time: what disturbs the machine for a while
 * costs everybody a round, and the median of the rounds forgets it. Results are checked before and after, and
 * every timed run must have yielded exactly as many ticks as it should.
 */
import { performance } from "node:perf_hooks"

export interface Contestant {
  readonly name: string
  /** Ticks that one operation yields. */
  readonly ticks: number
  /** Does so many operations; returns how many ticks came out. Passes its results to `keep`. */
  readonly run: (operations: number) => number | Promise<number>
  /** @throws WrongResult when what comes out is not what is expected */
  readonly check: () => void | Promise<void>
}

/** One line of the report: ours and, where there is one, a peer with the same job. */
export interface Case {
  readonly name: string
  readonly ours: Contestant
  readonly peer?: Contestant
  readonly suite: "micro" | "pipeline"
  /** "cost" where the peer does the least that there is to do: ours is so many times its cost. */
  readonly ratioOf?: "speed" | "cost"
  /** Of the ratio: at least so many times as fast, or at most so many times the cost; of a share: at most. */
  readonly goal?: number
  /** The row says which share of our time is beyond the peer's: of decode + guard beyond decode, the guard's. */
  readonly share?: true
}

export class WrongResult extends Error {
  override readonly name = "WrongResult"
}

export interface Plan {
  readonly rounds: number
  /** The time that one round of one contestant aims at. */
  readonly roundMs: number
  readonly warmUpMs: number
}

export const plans = {
  full: { rounds: 11, roundMs: 100, warmUpMs: 200 },
  quick: { rounds: 2, roundMs: 20, warmUpMs: 20 }
} satisfies Record<string, Plan>

export interface Timing {
  /** Nanoseconds per tick, the median of the rounds. */
  readonly median: number
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number
}

const KEPT = 64
const kept: Array<unknown> = Array.from({ length: KEPT })
let next = 0

/**
 * Holds on to a result for a while, as a queue would. What is kept must really be made: the compiler can neither
 * leave it out nor take it apart.
 */
export const keep = (result: unknown): void => {
  kept[next] = result
  next = (next + 1) & (KEPT - 1)
}

export const everybody = (cases: ReadonlyArray<Case>): ReadonlyArray<Contestant> => [
  ...new Set(cases.flatMap(({ ours, peer }) => (peer === undefined ? [ours] : [ours, peer])))
]

/** Operations of the short run that belongs to a check. */
const A_FEW = 100

export const checkAll = async (contestants: ReadonlyArray<Contestant>): Promise<void> => {
  for (const contestant of contestants) {
    await contestant.check()
    await timed(contestant, A_FEW)
  }
}

/** Nanoseconds of one run. */
export const timed = async (contestant: Contestant, operations: number): Promise<number> => {
  const start = performance.now()
  const running = contestant.run(operations)
  // Those that are synchronous are timed without a hop.
  const ticks = typeof running === "number" ? running : await running
  const ns = (performance.now() - start) * 1e6
  const wanted = operations * contestant.ticks
  if (ticks === wanted) return ns
  throw new WrongResult(
    `${contestant.name}: ${operations} operations gave ${ticks} ticks instead of ${wanted}`
  )
}

/** Runs for the given time at least; returns how many operations fill a round. */
const warmUp = async (contestant: Contestant, { roundMs, warmUpMs }: Plan): Promise<number> => {
  const until = performance.now() + warmUpMs
  let operations = 64
  for (;;) {
    const ns = await timed(contestant, operations)
    const longEnough = ns >= warmUpMs * 1e5
    if (!longEnough) operations *= 2
    else if (performance.now() >= until) return Math.max(1, Math.ceil((operations * roundMs * 1e6) / ns))
  }
}

/** How far the order moves on from round to round. */
const TURN = 7

/** @param progress is told every step */
export const measure = async (
  contestants: ReadonlyArray<Contestant>,
  plan: Plan,
  progress: (step: string) => void
): Promise<ReadonlyMap<Contestant, Timing>> => {
  progress("checking")
  await checkAll(contestants)
  progress("warming up")
  const operations = new Map<Contestant, number>()
  for (const contestant of contestants) operations.set(contestant, await warmUp(contestant, plan))
  const samples = new Map(contestants.map((contestant): [Contestant, Array<number>] => [contestant, []]))
  for (let round = 0; round < plan.rounds; round++) {
    progress(`round ${round + 1} of ${plan.rounds}`)
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(round * TURN + i) % contestants.length]!
      const count = operations.get(contestant)!
      // Everybody starts on a clean heap and collects what it allocates on its own time.
      globalThis.gc?.()
      samples.get(contestant)!.push((await timed(contestant, count)) / (count * contestant.ticks))
    }
  }
  progress("checking again")
  await checkAll(contestants)
  return new Map([...samples].map(([contestant, times]) => [contestant, summarise(times)]))
}

/** @param times at least one */
export const summarise = (times: ReadonlyArray<number>): Timing => {
  const sorted = times.toSorted((a, b) => a - b)
  const median = quantile(sorted, 0.5)
  return { median, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median }
}

/** Between its two neighbours in proportion. */
const quantile = (sorted: ReadonlyArray<number>, share: number): number => {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place))
}
