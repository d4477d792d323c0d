/** One kind of misbehaviour, by as many connections and for as long as its parent wants. */
import { acts } from "./acts/index.ts"

export interface HostileTask {
  readonly act: string
  readonly port: number
  readonly key: string
  /** Another user's. */
  readonly otherKey: string
  /** Connections. */
  readonly many: number
  /** What the act draws by chance, it draws from this. */
  readonly seed: number
}

const task = JSON.parse(process.argv[2]!) as HostileTask
const act = acts[task.act]
if (act === undefined) throw new Error(`no act "${task.act}"; known: ${Object.keys(acts).join(", ")}`)
const running = act.run(task)
process.on("message", () => process.send?.({ done: running.done() }))
process.on("disconnect", () => process.exit(0))
// A peer that is thrown out notices by errors; that is the point.
process.on("uncaughtException", () => {})
process.send?.("started")
