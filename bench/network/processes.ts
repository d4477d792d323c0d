/** Starts the suite's processes and talks to them. */
import { fork } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import type { LoadRequest, ServerReady, ServerRequest, ServerTask } from "./tasks.ts"

type Answer = { readonly value?: unknown; readonly error?: string }

/** Longer than any request takes. */
const ANSWER_MS = 120_000

export class Worker<Request> {
  readonly #child: ChildProcess
  readonly #name: string

  private constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
  }

  static async start<Request>(
    file: string,
    name: string,
    task: unknown,
    nodeOptions: ReadonlyArray<string> = []
  ): Promise<{ readonly worker: Worker<Request>; readonly ready: unknown }> {
    const child = fork(join(import.meta.dirname, file), [JSON.stringify(task)], {
      serialization: "advanced",
      execArgv: ["--disable-warning=ExperimentalWarning", "--expose-gc", ...nodeOptions]
    })
    const worker = new Worker<Request>(child, name)
    return { worker, ready: await worker.#answer() }
  }

  ask<A>(request: Request): Promise<A> {
    const answered = this.#answer<A>()
    this.#child.send(request as object)
    return answered
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
    this.#child.kill("SIGTERM")
  }

  #answer<A>(): Promise<A> {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const done = (): void => {
        clearTimeout(late)
        child.off("exit", exited)
        child.off("message", told)
      }
      const exited = (code: number | null): void => {
        done()
        reject(new Error(`${this.#name} ended with code ${code}`))
      }
      const told = (answer: Answer): void => {
        done()
        if (answer.error === undefined) resolve(answer.value as A)
        else reject(new Error(`${this.#name}: ${answer.error}`))
      }
      const late = setTimeout(() => {
        done()
        reject(new Error(`${this.#name} does not answer`))
      }, ANSWER_MS)
      child.once("exit", exited)
      child.once("message", told)
    })
  }
}

export interface RunningServer extends ServerReady {
  readonly worker: Worker<ServerRequest>
}

export const startServer = async (
  task: ServerTask,
  nodeOptions: ReadonlyArray<string> = []
): Promise<RunningServer> => {
  const { ready, worker } = await Worker.start<ServerRequest>(
    "serverProcess.ts",
    `the ${task.role} server`,
    task,
    nodeOptions
  )
  return { worker, ...(ready as ServerReady) }
}

export const startLoad = async (): Promise<Worker<LoadRequest>> =>
  (await Worker.start<LoadRequest>("loadProcess.ts", "the load client", {})).worker
