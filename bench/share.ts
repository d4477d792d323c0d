/**
 * Rows that say which share of a contestant's time its peer's work does not explain.
 *
 * A difference of two figures has the noise of both: rounds of 100 ms told shares from -1.8 to 0.8 on a busy machine. So
 * the two are timed once more, in turns so short that what disturbs the machine hits few of them or both alike. What
 * comes seldom, as a garbage collection, is in no median: the share is rather too high than too low.
 */
import type { Case, Contestant, Plan } from "./harness.ts"
import { summarise, timed } from "./harness.ts"
import type { Row } from "./report.ts"
import { toRow } from "./report.ts"

const TURN_NS = 200_000
/** Pairs of turns for each round of the plan. */
const PAIRS = 100

/** Both are warm. */
export const shareRow = async ({ goal, name, ours, peer, suite }: Case, plan: Plan): Promise<Row> => {
  const operations = await fillingATurn(ours)
  const wholes: Array<number> = []
  const parts: Array<number> = []
  for (let pair = 0; pair < plan.rounds * PAIRS; pair++) {
    // Who comes first changes.
    if (pair % 2 === 0) wholes.push(await timed(ours, operations))
    parts.push(await timed(peer!, operations))
    if (pair % 2 === 1) wholes.push(await timed(ours, operations))
  }
  const nsPerTick = (times: ReadonlyArray<number>): string =>
    (summarise(times).median / operations / ours.ticks).toFixed(0)
  return toRow({
    suite,
    name,
    unit: "share",
    ours: summarise(wholes.map((whole, pair) => 1 - parts[pair]! / whole)),
    goal: goal === undefined ? undefined : { of: "value", bound: "at most", is: goal },
    note: `${nsPerTick(wholes)} ns/tick, ${nsPerTick(parts)} without it`
  })
}

const TRIED = 100

const fillingATurn = async (contestant: Contestant): Promise<number> => {
  const ns = await timed(contestant, TRIED)
  return Math.max(1, Math.round((TRIED * TURN_NS) / ns))
}
