/** `algoways conformance --vectors`: do the shipped decoders read a folder of golden frames as they should? */
import { readFile, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { messageOf } from "../../kit/messageOf.ts"
import type { VectorReport } from "../../brokers/conformance.ts"
import { runVectorFile } from "../../brokers/conformance.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { loadProtocol } from "../../protocols/index.ts"
import { CommandFailed, printJson } from "../text/output.ts"

/** One vector file's outcome: run, or why it could not be. */
type Outcome =
  | ({ readonly status: "passed" | "failed" } & VectorReport)
  | { readonly status: "unreadable" | "no_decoder"; readonly stream: string; readonly reason: string }

const runFile = Effect.fn("runFile")(
  function* (path: string) {
    const stream = basename(path, ".json")
    const json = yield* Effect.tryPromise({
      try: async () => JSON.parse(await readFile(path, "utf8")) as { broker?: unknown; protocol?: unknown },
      catch: (cause) => String(cause)
    })
    const name = typeof json.broker === "string" ? json.broker : stream
    const wire = typeof json.protocol === "string" ? json.protocol : undefined
    const registry = yield* BrokerRegistry
    const feed = yield* registry
      .feed(name, wire)
      .pipe(Effect.catchTag("UnsupportedBroker", () => Effect.succeed(undefined)))
    if (feed === undefined) {
      const reason = `no broker has a stream "${name}"`
      return { status: "no_decoder", stream, reason } satisfies Outcome
    }
    const protocol = yield* Effect.promise(() => loadProtocol(feed.protocol))
    const report = yield* Effect.try({
      try: () => runVectorFile(json, feed, protocol),
      catch: messageOf
    })
    return { ...report, status: report.failed === 0 ? "passed" : "failed" } satisfies Outcome
  },
  (effect, path) =>
    Effect.catch(effect, (error) =>
      Effect.succeed<Outcome>({
        status: "unreadable",
        stream: basename(path, ".json"),
        reason: typeof error === "string" ? error : error.message
      })
    )
)

const line = (outcome: Outcome): string => {
  if ("reason" in outcome) {
    return `${outcome.stream}: ${outcome.status === "unreadable" ? "unreadable" : "not run"}: ${outcome.reason}`
  }
  const failures = outcome.failures.map((f) => `\n  ${f.case}: ${f.difference}`).join("")
  return `${outcome.stream}: ${outcome.passed} passed, ${outcome.failed} failed${failures}`
}

/** @param broker only this one's file */
export const checkVectors = Effect.fn("checkVectors")(function* (
  vectors: string,
  broker: string | undefined,
  json: boolean
) {
  const names = yield* Effect.tryPromise({
    try: async () => (await readdir(vectors)).filter((f) => f.endsWith(".json")).sort(),
    catch: (cause) => new CommandFailed({ message: `The folder ${vectors} cannot be read: ${String(cause)}` })
  })
  const wanted = broker?.toLowerCase()
  const chosen = names.filter((n) => wanted === undefined || basename(n, ".json") === wanted)
  if (chosen.length === 0) {
    const what = wanted === undefined ? "no vector files (*.json)" : `no ${wanted}.json`
    return yield* new CommandFailed({ message: `There is ${what} in ${vectors}.` })
  }
  const outcomes = yield* Effect.forEach(chosen, (name) => runFile(join(vectors, name)))
  const bad = outcomes.filter((o) => o.status !== "passed")
  const ran = outcomes.filter((o) => o.status === "passed" || o.status === "failed")
  const summary = `${ran.length} of ${outcomes.length} streams run, ${bad.length} not conformant`
  yield* json ? printJson(outcomes) : Console.log([...outcomes.map(line), summary].join("\n"))
  if (bad.length > 0) {
    return yield* new CommandFailed({ message: `Not conformant: ${bad.map((o) => o.stream).join(", ")}` })
  }
})
