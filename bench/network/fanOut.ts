/**
 * Messages per second to all clients, as fast as they take them: our gateway handed finished frames, and our whole
 * process handed the broker's bytes, beside uWebSockets.js alone that publishes the same finished bytes.
 */
import { summarise } from "../harness.ts"
import type { Row } from "../report.ts"
import { toRow } from "../report.ts"
import type { BookOrQuote } from "./market.ts"
import type { NetworkPlan } from "./plan.ts"
import { inSittings, inTurns } from "./plan.ts"
import type { Audience, Delivered, Setup } from "./rig.ts"
import { INSTRUMENTS, Rig } from "./rig.ts"

/** Of the bare server's messages per second. */
const GOAL = 0.85
/** Of the single process's, with the feed in a process of its own. */
const SPLIT_GOAL = 0.7
const SPLIT_CLIENTS = 100

/** The processor time of both sides: a server below a whole core means that the client was measured. */
const cpuNote = (ours: ReadonlyArray<Delivered>, peers: ReadonlyArray<Delivered>): string =>
  `cores of server + load client: ${cores(ours)}; peer's: ${cores(peers)}`

const cores = (results: ReadonlyArray<Delivered>): string => {
  const of = (share: (r: Delivered) => number) => summarise(results.map(share)).median.toFixed(2)
  return `${of((r) => r.serverCpu)} + ${of((r) => r.loadCpu)}`
}

const rates = (results: ReadonlyArray<Delivered>) => summarise(results.map((r) => r.perSecond))

/** One mode and number of clients: connects, warms up, measures in turns; several times, each with processes of its own. */
const compare = <Name extends Setup["role"]>(
  plan: NetworkPlan,
  names: ReadonlyArray<Name>,
  mode: BookOrQuote,
  clients: number
): Promise<ReadonlyMap<Name, ReadonlyArray<Delivered>>> =>
  inSittings(plan, (rounds) =>
    Rig.use(async (rig) => {
      const audiences = new Map<Name, Audience>()
      for (const role of names) {
        audiences.set(role, await rig.connect(await rig.start({ role, mode }), clients))
      }
      for (const audience of audiences.values()) await rig.flood(audience, plan.warmUpMs)
      return inTurns(names, rounds, (name) => rig.flood(audiences.get(name)!, plan.roundMs))
    })
  )

export const fanOut = async (plan: NetworkPlan): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  const modes: ReadonlyArray<BookOrQuote> = plan.quick ? ["depth"] : ["quote", "depth"]
  for (const mode of modes) {
    for (const clients of plan.quick ? [100] : [1, 10, 100, 1000]) {
      plan.progress(`fan-out: ${mode}, ${clients} clients`)
      const results = await compare(plan, ["bare", "gateway", "whole"], mode, clients)
      const bare = results.get("bare")!
      const what = `${mode === "depth" ? "depth-5" : "quote"}, ${clients} x ${INSTRUMENTS}`
      const peer = { name: "bare uWebSockets.js", timing: rates(bare) }
      const row = (name: string, results: ReadonlyArray<Delivered>, goal?: number): Row =>
        toRow({
          suite: "fan-out",
          name: `${name}: ${what}`,
          unit: "messages/s",
          ours: rates(results),
          isRate: true,
          peer,
          goal: goal === undefined ? undefined : { of: "ratio", bound: "at least", is: goal },
          note: cpuNote(results, bare)
        })
      rows.push(row("gateway", results.get("gateway")!, GOAL), row("bytes to sockets", results.get("whole")!))
    }
  }
  return plan.quick ? rows : [...rows, await split(plan)]
}

/** The feed in a process of its own, over ZeroMQ, beside the single process. */
const split = async (plan: NetworkPlan): Promise<Row> => {
  plan.progress("fan-out: split over ZeroMQ")
  const results = await compare(plan, ["whole", "split"], "depth", SPLIT_CLIENTS)
  const whole = results.get("whole")!
  const divided = results.get("split")!
  return toRow({
    suite: "fan-out",
    name: `split over ZeroMQ: depth-5, ${SPLIT_CLIENTS} x ${INSTRUMENTS}`,
    unit: "messages/s",
    ours: rates(divided),
    isRate: true,
    peer: { name: "single process", timing: rates(whole) },
    goal: { of: "ratio", bound: "at least", is: SPLIT_GOAL },
    note: cpuNote(divided, whole)
  })
}
