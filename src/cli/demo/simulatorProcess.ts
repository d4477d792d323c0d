/**
 * The demo's simulated exchange as a process of its own, so that it can be killed and started again like a real
 * broker's server. It ends with its parent. The parent does not restart it: whoever killed it must.
 */
import { fork } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { BrokerOverride } from "../../brokers/overrides.ts"
import { childEnvironment } from "./childEnvironment.ts"
import { CommandFailed } from "../text/output.ts"

/** What the child reports when it listens. */
const Ready = Schema.Struct({
  pid: Schema.Int,
  port: Schema.Int,
  endpoint: Schema.String,
  instrumentsUrl: Schema.String,
  overrides: BrokerOverride
})
export type Ready = typeof Ready.Type

const isReady = Schema.is(Ready)
const START_TIMEOUT = "20 seconds"

/** In the child: nothing happens when it was started by hand. */
export const reportToParent = (ready: Ready): Effect.Effect<void> =>
  Effect.sync(() => void process.send?.(ready))

/** In the child: ends when the parent is gone; never, when it was started by hand. */
export const untilParentLeaves: Effect.Effect<void> = Effect.callback((resume) => {
  if (process.connected === true) process.once("disconnect", () => resume(Effect.void))
  else {
    const alive = setInterval(() => {}, 2 ** 30)
    return Effect.sync(() => clearInterval(alive))
  }
  return undefined
})

/** In the parent: starts `algoways simulate` and waits until it listens. Killed with the scope. */
export const startSimulator = (options: {
  readonly broker: string
  readonly port: number
  readonly rate: number
  readonly onExit: (ready: Ready) => void
}): Effect.Effect<Ready, CommandFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const args = [
      "simulate",
      "--broker",
      options.broker,
      "--port",
      String(options.port),
      "--rate",
      String(options.rate)
    ]
    let errors = ""
    const failed = (why: string) =>
      new CommandFailed({ message: `The simulated exchange did not start: ${why}` })
    const child = yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          fork(process.argv[1]!, args, {
            stdio: ["ignore", "ignore", "pipe", "ipc"],
            env: childEnvironment(process.env)
          }),
        // Some shortages of the system are thrown, the others are told by an event.
        catch: (cause) => failed(whyNoProcess(cause))
      }),
      (process) =>
        Effect.sync(() => {
          process.removeAllListeners("exit")
          process.kill("SIGTERM")
        })
    )
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-2000)
    })
    return yield* Effect.callback<Ready, CommandFailed>((resume) => {
      let ready: Ready | undefined
      child.on("message", (message) => {
        if (!isReady(message)) return
        ready = message
        resume(Effect.succeed(message))
      })
      child.on("error", (cause) => resume(Effect.fail(failed(whyNoProcess(cause)))))
      child.on("exit", (code) => {
        if (ready !== undefined) options.onExit(ready)
        else
          resume(
            Effect.fail(
              failed(errors.trim() === "" ? `exit code ${code}` : errors.trim().replace(/^algoways: /, ""))
            )
          )
      })
    }).pipe(
      Effect.timeoutOrElse({
        duration: START_TIMEOUT,
        orElse: () => Effect.fail(failed(`no sign of it in ${START_TIMEOUT}`))
      })
    )
  })

const whyNoProcess = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
  switch (code) {
    case "EAGAIN":
    case "ENOMEM":
    case "EMFILE":
    case "ENFILE":
      return `the system has no room for another process (${code}). Stop others, or raise its limits (ulimit)`
    default:
      return `its process could not be made (${code}: ${process.execPath})`
  }
}
