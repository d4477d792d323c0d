/** What a tick costs the processor when there is more of everything that does not tick. */
import { summarise } from "../harness.ts"
import type { Row } from "../report.ts"
import { toRow } from "../report.ts"
import type { NetworkPlan } from "./plan.ts"
import { inTurns } from "./plan.ts"
import type { Audience, Delivered } from "./rig.ts"
import { INSTRUMENTS, Rig } from "./rig.ts"

const CLIENTS = 10
/** Flat: within a fifth. */
const GOAL = 1.2

const FULL = { loaded: 100_000, subscribed: 3000, idle: 5000 }
const QUICK = { loaded: 20_000, subscribed: 1000, idle: 1000 }

export const scale = (plan: NetworkPlan): Promise<ReadonlyArray<Row>> =>
  Rig.use(async (rig) => {
    const size = plan.quick ? QUICK : FULL
    const cases = [
      { name: "small", setup: {}, idle: 0 },
      { name: `100 to ${size.loaded} instruments loaded`, setup: { loaded: size.loaded }, idle: 0 },
      {
        name: `${INSTRUMENTS} to ${size.subscribed} instruments subscribed`,
        setup: { instruments: size.subscribed },
        idle: 0
      },
      { name: `0 to ${size.idle} idle clients`, setup: {}, idle: size.idle }
    ]
    const audiences = new Map<string, Audience>()
    for (const { idle, name, setup } of cases) {
      plan.progress(`scale: ${name}`)
      const target = await rig.start({ role: "whole", mode: "depth", ...setup })
      if (idle > 0) await rig.connect(target, idle, 0)
      const audience = await rig.connect(target, CLIENTS)
      await rig.flood(audience, plan.warmUpMs)
      audiences.set(name, audience)
    }
    const results = await inTurns([...audiences.keys()], plan.rounds, (name, round) => {
      plan.progress(`scale: round ${round + 1} of ${plan.rounds}, ${name}`)
      return rig.flood(audiences.get(name)!, plan.roundMs)
    })
    const cost = (name: string) => summarise(results.get(name)!.map((r: Delivered) => r.cpuNsPerTick))
    return cases.slice(1).map(({ name }) =>
      toRow({
        suite: "scale",
        name: `processor time per tick, ${name}`,
        unit: "ns/tick",
        ours: cost(name),
        peer: { name: "the small number", timing: cost("small") },
        ratioOf: "cost",
        goal: { of: "ratio", bound: "at most", is: GOAL },
        note: `bytes to sockets, depth-5, ${CLIENTS} clients`
      })
    )
  })
