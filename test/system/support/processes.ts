/** The `algoways` command as a process of its own. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url))

export type Env = Readonly<Record<string, string>>

export interface Running {
  readonly pid: number
  readonly out: () => string
  readonly err: () => string
  /** Resolves with the exit code, or with the name of the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly signal: (name: NodeJS.Signals) => void
}

/** @param fileBlocks how many blocks of 512 bytes a file of the process may have, which is how a full disk feels */
const launch = (
  args: ReadonlyArray<string>,
  env: Env,
  input?: string,
  fileBlocks?: number
): Running & { readonly child: ChildProcess } => {
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", main, ...args]
  const [program, ...rest] =
    fileBlocks === undefined ? command : ["sh", "-c", `ulimit -f ${fileBlocks} && exec "$0" "$@"`, ...command]
  const child = spawn(program!, rest, {
    env: { PATH: process.env["PATH"] ?? "", ALGOWAYS_LOG_FORMAT: "logfmt", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"]
  })
  let out = ""
  let err = ""
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (out += text))
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (err += text))
  if (input !== undefined) child.stdin!.end(input)
  const ended = new Promise<number | string>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"))
  )
  return { child, pid: child.pid!, out: () => out, err: () => err, ended, signal: (name) => child.kill(name) }
}

/** Starts a command that goes on; killed with the scope. */
export const start = (args: ReadonlyArray<string>, env: Env): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => launch(args, env)),
    ({ child, ended }) =>
      Effect.promise(async () => {
        child.kill("SIGTERM")
        const timer = setTimeout(() => child.kill("SIGKILL"), 3000)
        await ended
        clearTimeout(timer)
      })
  )

/** Runs a command to its end. */
export const run = (args: ReadonlyArray<string>, env: Env, input?: string, fileBlocks?: number) =>
  Effect.promise(async () => {
    const { ended, err, out } = launch(args, env, input, fileBlocks)
    const code = await ended
    return { code, out: out(), err: err() }
  })

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "algoways-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Ports that nobody listens on at the moment. */
export const freePorts = (count: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.promise(async () => {
    const servers = await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
            const server = createServer()
            server.once("error", reject)
            server.listen(0, "127.0.0.1", () => resolve(server))
          })
      )
    )
    return Promise.all(
      servers.map(
        (server) =>
          new Promise<number>((resolve) => {
            const address = server.address()
            server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
          })
      )
    )
  })

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
