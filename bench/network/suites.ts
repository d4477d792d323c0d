/** The suites over real sockets, as the bench lists them. */
import type { Flags } from "../flags.ts"
import type { Row, Suite } from "../report.ts"
import type { BenchSuite } from "../suites.ts"
import { fanOut } from "./fanOut.ts"
import { latency } from "./latency.ts"
import { memory } from "./memory.ts"
import type { NetworkPlan } from "./plan.ts"
import { networkPlan } from "./plan.ts"
import { Rig } from "./rig.ts"
import { scale } from "./scale.ts"

const ROLES = ["bare", "gateway", "whole", "split"] as const

/** Every kind of server delivers every frame, both ways of driving it. */
const check = (): Promise<ReadonlyArray<string>> =>
  Rig.use(async (rig) => {
    const checked: Array<string> = []
    for (const role of ROLES) {
      const target = await rig.start({ role, mode: "depth" })
      const audience = await rig.connect(target, 3)
      await rig.flood(audience, 50)
      await rig.pace(audience, 50, 2000)
      checked.push(`the ${role} server`)
    }
    return checked
  })

/** Their cases share servers and clients, so that a part of one runs as long as all of it: `only` chooses what is shown. */
const networkSuite = (name: Suite, run: (plan: NetworkPlan) => Promise<ReadonlyArray<Row>>): BenchSuite => ({
  name,
  run: async (flags: Flags, progress) => {
    const rows = await run(networkPlan(flags.quick, flags.soakMinutes, progress))
    return rows.filter((row) => row.name.toLowerCase().includes(flags.only.toLowerCase()))
  }
})

export const networkSuites: ReadonlyArray<BenchSuite> = [
  { ...networkSuite("fan-out", fanOut), check },
  networkSuite("latency", latency),
  networkSuite("scale", scale),
  networkSuite("memory", memory)
]
