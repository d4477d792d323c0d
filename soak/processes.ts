/** Starts the suite's processes and asks the gateway how it is. */
import { fork } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import { setPriority } from "node:os"
import type { GatewayStats } from "../src/gateway/index.ts"
import type { GatewayTask } from "./gatewayProcess.ts"
import type { HostileTask } from "./hostileProcess.ts"

export interface GatewayReading extends GatewayStats {
  readonly heapUsed: number
  readonly rss: number
  /** The most since the last reading. */
  readonly rssPeak: number
  readonly ticks: number
  readonly held: number
}

const answer = <A>(child: ChildProcess, what: string): Promise<A> =>
  new Promise((resolve, reject) => {
    const exited = (code: number | null) => reject(new Error(`the ${what} ended with code ${code}`))
    child.once("exit", exited)
    child.once("message", (message) => {
      child.off("exit", exited)
      resolve(message as A)
    })
  })

const start = (file: string, argument: unknown, flags: ReadonlyArray<string> = []): ChildProcess =>
  fork(join(import.meta.dirname, file), [JSON.stringify(argument)], {
    execArgv: ["--disable-warning=ExperimentalWarning", "--conditions=algoways-source", ...flags],
    // As the documentation advises (docs/limits.md, "Memory").
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: "131072" }
  })

export interface RunningGateway {
  readonly url: string
  readonly port: number
  readonly read: () => Promise<GatewayReading>
  readonly alive: () => boolean
  readonly stop: () => void
}

/** @param flags of its Node, such as a bound of its heap */
export const startGateway = async (
  task: GatewayTask,
  flags: ReadonlyArray<string> = []
): Promise<RunningGateway> => {
  const child = start("gatewayProcess.ts", task, flags)
  const { port } = await answer<{ port: number }>(child, "gateway")
  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    read: () => {
      child.send("read")
      return answer<GatewayReading>(child, "gateway")
    },
    alive: () => child.exitCode === null && child.signalCode === null,
    stop: () => {
      child.disconnect()
      child.kill("SIGKILL")
    }
  }
}

/**
 * A process that misbehaves until it is stopped. It runs at the lowest priority: on the attacker's own machine it would
 * not take the gateway's and the measuring clients' processor time.
 */
export const startHostile = async (task: HostileTask): Promise<{ readonly stop: () => Promise<number> }> => {
  const child = start("hostileProcess.ts", task)
  setPriority(child.pid!, 19)
  await answer(child, "hostile process")
  return {
    stop: async () => {
      child.send("stop")
      const { done } = await answer<{ done: number }>(child, "hostile process")
      child.disconnect()
      child.kill("SIGKILL")
      return done
    }
  }
}
