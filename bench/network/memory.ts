/** Memory that is held, memory that is made, and what collecting it does to the event loop. */
import { WrongResult, summarise } from "../harness.ts"
import type { Row } from "../report.ts"
import { toRow } from "../report.ts"
import type { NetworkPlan } from "./plan.ts"
import { Rig, WINDOW, sleep } from "./rig.ts"
import type { Allocation } from "./tasks.ts"

const IDLE_GOAL_BYTES = 6 * 1024
const ALLOCATION_GOAL_BYTES = 400
const DELAY_GOAL_MS = 5
/** Of the memory in the first third of a soak, in the last third. */
const GROWTH_GOAL = 1.05
const CLIENTS = 10

const once = (value: number) => ({ median: value, spread: Number.NaN })

export const memory = async (plan: NetworkPlan): Promise<ReadonlyArray<Row>> => [
  await idle(plan),
  await allocation(plan),
  ...(plan.quick ? [] : await soak(plan))
]

/** Logged in, reading nothing. */
const idle = (plan: NetworkPlan): Promise<Row> =>
  Rig.use(async (rig) => {
    const clients = plan.quick ? 1000 : 5000
    const each: Array<number> = []
    for (const role of ["bare", "gateway"] as const) {
      plan.progress(`memory: ${clients} idle clients, ${role}`)
      const target = await rig.start({ role, mode: "depth" })
      // Compiled code and first buffers belong to nobody.
      await rig.disconnect(await rig.connect(target, 100, 0))
      await sleep(1000)
      const before = await rig.memory(target)
      await rig.connect(target, clients, 0)
      await sleep(1000)
      const after = await rig.memory(target)
      // Memory that was freed before and is used again shows in the heap only, memory beside it only in the other.
      each.push(Math.max(after.rss - before.rss, after.heapUsed - before.heapUsed) / clients)
    }
    const [bare, ours] = each as [number, number]
    return toRow({
      suite: "memory",
      name: "an idle client, beyond the bare server's",
      unit: "bytes",
      ours: once(ours - bare),
      peer: { name: "bare uWebSockets.js, an idle client", timing: once(bare) },
      ratioOf: "none",
      goal: { of: "value", bound: "at most", is: IDLE_GOAL_BYTES },
      note: `${clients} clients, after a collection`
    })
  })

/** With a nursery that is never full, the heap grows by what is allocated. */
const NURSERY_MB = 512

const allocation = (plan: NetworkPlan): Promise<Row> =>
  Rig.use(async (rig) => {
    plan.progress("memory: allocation")
    const target = await rig.start({
      role: "whole",
      mode: "depth",
      nodeOptions: [`--min-semi-space-size=${NURSERY_MB}`, `--max-semi-space-size=${NURSERY_MB}`]
    })
    const audience = await rig.connect(target, CLIENTS)
    await rig.flood(audience, plan.warmUpMs)
    const results: Array<number> = []
    for (let i = 0; i < plan.rounds; i++) {
      const { bytesPerTick, collections } = await target.source.worker.ask<Allocation>({
        op: "allocation",
        rounds: 200,
        window: WINDOW
      })
      if (collections > 0) throw new WrongResult("memory was collected while allocations were counted")
      results.push(bytesPerTick)
    }
    return toRow({
      suite: "memory",
      name: `allocated per depth-5 tick, bytes to sockets, ${CLIENTS} clients`,
      unit: "bytes",
      ours: summarise(results),
      goal: { of: "value", bound: "at most", is: ALLOCATION_GOAL_BYTES }
    })
  })

const SLICE_MS = 5000

/** At half the rate that it can deliver: memory over time, and how long the event loop is held up. */
const soak = (plan: NetworkPlan): Promise<ReadonlyArray<Row>> =>
  Rig.use(async (rig) => {
    const target = await rig.start({ role: "whole", mode: "depth" })
    const { worker } = target.source
    const audience = await rig.connect(target, CLIENTS)
    await rig.flood(audience, plan.warmUpMs)
    const { perSecond } = await rig.flood(audience, 2 * plan.roundMs)
    const rate = perSecond / CLIENTS / 2
    const slices = Math.max(3, Math.round((plan.soakMinutes * 60_000) / SLICE_MS))
    const resident: Array<number> = []
    const delays: Array<number> = []
    // The heap finds its size first.
    await rig.load(audience, 2 * SLICE_MS, rate)
    await worker.ask({ op: "delays" })
    for (let i = 0; i < slices; i++) {
      plan.progress(`memory: soak, ${i + 1} of ${slices}`)
      await rig.load(audience, SLICE_MS, rate)
      delays.push(await worker.ask<number>({ op: "delays" }))
      resident.push(await worker.ask<number>({ op: "rss" }))
    }
    const third = Math.ceil(slices / 3)
    const MB = 2 ** 20
    const first = summarise(resident.slice(0, third).map((bytes) => bytes / MB))
    const last = summarise(resident.slice(-third).map((bytes) => bytes / MB))
    const note = `half the maximum: ${Math.round(rate)} ticks/s to ${CLIENTS} clients`
    return [
      toRow({
        suite: "memory",
        name: `resident over ${plan.soakMinutes} minutes, last third beside the first`,
        unit: "MB",
        ours: last,
        peer: { name: "the first third", timing: first },
        ratioOf: "cost",
        goal: { of: "ratio", bound: "at most", is: GROWTH_GOAL },
        note
      }),
      toRow({
        suite: "memory",
        name: "event loop delay, p99",
        unit: "ms",
        ours: summarise(delays),
        goal: { of: "value", bound: "at most", is: DELAY_GOAL_MS },
        note: `${note}; measured with a timer of 1 ms, which is in the figure`
      })
    ]
  })
