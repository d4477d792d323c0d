/**
 * The time from handing a tick in to the client's read, at a quarter of what the bare server can deliver, beyond what
 * the bare server takes at the same rate.
 */
import { summarise } from "../harness.ts"
import type { Row } from "../report.ts"
import { toRow } from "../report.ts"
import type { NetworkPlan } from "./plan.ts"
import { inSittings, inTurns } from "./plan.ts"
import type { Audience } from "./rig.ts"
import { Rig } from "./rig.ts"
import type { Latency } from "./tasks.ts"

const CLIENTS = 10
const SHARE = 1 / 4
/** A few ticks a millisecond reach the compiler's marks late, and what it compiles takes one of two cores meanwhile. */
const PACED_WARM_UPS = 4

/** Microseconds beyond the bare server. */
const GOALS = { whole: { p50: 50, p99: 300 }, split: { p50: 300, p99: 1000 } } as const
const NAMES = { whole: "one process", bareSplit: "ZeroMQ alone", split: "split over ZeroMQ" } as const

const SERVERS = ["bare", "whole", "bareSplit", "split"] as const
type Server = (typeof SERVERS)[number]

interface Paced extends Latency {
  /** Ticks per second. */
  readonly rate: number
}

const measure = (plan: NetworkPlan): Promise<ReadonlyMap<Server, ReadonlyArray<Paced>>> =>
  inSittings(plan, (rounds) =>
    Rig.use(async (rig) => {
      const audiences = new Map<Server, Audience>()
      for (const role of SERVERS) {
        plan.progress(`latency: warming up, ${role}`)
        const audience = await rig.connect(await rig.start({ role, mode: "depth" }), CLIENTS)
        audiences.set(role, audience)
        await rig.flood(audience, plan.warmUpMs)
      }
      const limit = await rig.flood(audiences.get("bare")!, 2 * plan.roundMs, 1)
      const rate = (limit.perSecond / CLIENTS) * SHARE
      for (const audience of audiences.values())
        await rig.pace(audience, PACED_WARM_UPS * plan.warmUpMs, rate)
      return inTurns([...audiences.keys()], rounds, async (role, round) => {
        plan.progress(`latency: round ${round + 1} of ${rounds}, ${role}`)
        return { ...(await rig.pace(audiences.get(role)!, 2 * plan.roundMs, rate)), rate }
      })
    })
  )

export const latency = async (plan: NetworkPlan): Promise<ReadonlyArray<Row>> => {
  const results = await measure(plan)
  const rate = Math.round(summarise(results.get("bare")!.map((r) => r.rate)).median)
  const note = `${CLIENTS} clients, some ${rate} ticks/s: a quarter of what the bare server delivers with a tick a turn of the event loop`
  const rows: Array<Row> = []
  for (const role of ["whole", "bareSplit", "split"] as const) {
    for (const at of ["p50", "p99"] as const) {
      const bare = results.get("bare")!.map((r) => r[at])
      // Round by round: what disturbs the machine for a while disturbs both.
      const added = summarise(results.get(role)!.map((r, i) => r[at] - bare[i]!))
      rows.push(
        toRow({
          suite: "latency",
          name: `added ${at}, ${NAMES[role]}: depth-5, ${CLIENTS} clients`,
          unit: "us",
          // A spread says nothing of a difference that may be nothing.
          ours: { ...added, spread: Number.NaN },
          peer: { name: `bare uWebSockets.js, ${at}`, timing: summarise(bare) },
          ratioOf: "none",
          // What two processes cost before either does anything of ours: it bounds the goal of the split.
          goal: role === "bareSplit" ? undefined : { of: "value", bound: "at most", is: GOALS[role][at] },
          note: `half of the rounds within ${Math.round(Math.abs(added.spread * added.median))} us of it; ${note}`
        })
      )
    }
  }
  return rows
}
