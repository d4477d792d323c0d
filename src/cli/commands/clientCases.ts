/** `algoways conformance --client-cases`: does a gateway talk to its clients as a file of conversations says? */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type { CaseFile } from "../../gateway/conformance/caseFile.ts"
import { readCaseFile } from "../../gateway/conformance/caseFile.ts"
import type { Outcome } from "../../gateway/conformance/run.ts"
import { runAgainst, runScripted } from "../../gateway/conformance/run.ts"
import { CommandFailed, printJson } from "../text/output.ts"

export interface CaseOptions {
  /** Of a running gateway; without it the shipped one is started here. */
  readonly url: string | undefined
  readonly keys: Readonly<Record<string, string>>
  /** Names of the cases to run; empty: all. */
  readonly only: ReadonlyArray<string>
  readonly strict: boolean
  readonly json: boolean
}

const words = { passed: "ok  ", failed: "FAIL", not_run: "skip" } as const

const line = ({ detail, name, status }: Outcome): string =>
  `${words[status]} ${name}${detail === undefined ? "" : `: ${detail}`}`

const chosenOf = Effect.fnUntraced(function* (file: CaseFile, path: string, only: ReadonlyArray<string>) {
  const unknown = only.find((name) => !file.cases.some((testCase) => testCase.name === name))
  if (unknown !== undefined) {
    return yield* new CommandFailed({ message: `There is no case "${unknown}" in ${path}.` })
  }
  return only.length === 0 ? file.cases : file.cases.filter(({ name }) => only.includes(name))
})

/** A key of the file's that the environment has under the same name. */
const keysOfEnvironment = ({ fixture }: CaseFile): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(fixture.keys).flatMap((name) => {
      const value = process.env[name]
      return value === undefined || value === "" ? [] : [[name, value]]
    })
  )

/** Silences the shipped gateway, which logs each login. */
const quietly = Layer.succeed(References.MinimumLogLevel, "Error")

export const checkClientCases = Effect.fn("checkClientCases")(function* (
  path: string,
  { json, keys, only, strict, url }: CaseOptions
) {
  const file = yield* readCaseFile(path)
  const cases = yield* chosenOf(file, path, only)
  if (url !== undefined && !/^wss?:\/\/./.test(url)) {
    return yield* new CommandFailed({ message: `--url ${url} is no WebSocket address: use ws://HOST:PORT` })
  }
  const outcomes =
    url === undefined
      ? yield* runScripted(file, cases).pipe(Effect.provide(quietly))
      : yield* runAgainst(file, { url, keys: { ...keysOfEnvironment(file), ...keys }, strict }, cases).pipe(
          Effect.mapError((error) => new CommandFailed({ message: error.message }))
        )
  const count = (status: Outcome["status"]): number => outcomes.filter((o) => o.status === status).length
  const summary = `${count("passed")} passed, ${count("failed")} failed, ${count("not_run")} not run`
  yield* json ? printJson(outcomes) : Console.log([...outcomes.map(line), summary].join("\n"))
  const failed = outcomes.filter(({ status }) => status === "failed").map(({ name }) => name)
  if (failed.length > 0) return yield* new CommandFailed({ message: `Failed: ${failed.join(", ")}` })
  if (count("passed") === 0) return yield* new CommandFailed({ message: "No case was run." })
})
