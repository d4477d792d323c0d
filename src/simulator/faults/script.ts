/** Faults as a JSON file: read strictly, with errors that name the key and what may stand there. */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { isObject } from "../../kit/isObject.ts"
import { faultNames, faultSchemas } from "./schema.ts"
import type { Fault, FaultName, FaultScript } from "./schema.ts"

/** A file of faults that cannot be used. */
export class FaultScriptInvalid extends Schema.TaggedError<FaultScriptInvalid>()("FaultScriptInvalid", {
  file: Schema.String,
  /** One a line: where, what, and the remedy. */
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The faults in ${this.file} cannot be used.\n${this.problems.map((p) => `  ${p}`).join("\n")}`
  }
}

const keysOf = (name: FaultName): string => Object.keys(faultSchemas[name].fields).join(", ")

const isFaultName = (name: unknown): name is FaultName => faultNames.some((known) => known === name)

const decoders = Object.fromEntries(
  faultNames.map((name) => [
    name,
    Schema.decodeUnknownResult(faultSchemas[name] as Schema.Decoder<Fault>, {
      errors: "all",
      onExcessProperty: "error"
    })
  ])
) as Readonly<Record<FaultName, (input: unknown) => Result.Result<Fault, Schema.SchemaError>>>

const formatted = SchemaIssue.makeFormatterStandardSchemaV1()

const pathOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path.map((p) => `.${String(typeof p === "object" ? p.key : p)}`).join("")

const readFault = (item: unknown, where: string, problems: Array<string>): Fault | undefined => {
  if (!isObject(item)) {
    problems.push(`${where}: a fault is an object like {"fault": "mute", "at": 1000}`)
    return undefined
  }
  const name = item["fault"]
  if (!isFaultName(name)) {
    const given = name === undefined ? "is missing" : `is ${JSON.stringify(name)}, which is no fault`
    problems.push(`${where}.fault: ${given}. Use one of: ${faultNames.join(", ")}`)
    return undefined
  }
  const read = decoders[name](item)
  if (Result.isSuccess(read)) return read.success
  for (const issue of formatted(read.failure.issue).issues) {
    const path = issue.path ?? []
    const [first] = path
    const key = String(typeof first === "object" ? first.key : first)
    const known = key in faultSchemas[name].fields
    const remedy = !known
      ? `Keys of ${name}: ${keysOf(name)}`
      : key in item
        ? "Correct it, or leave the key out if it has a default"
        : "Add it"
    problems.push(`${where}${pathOf(path)}: ${issue.message}. ${remedy}`)
  }
  return undefined
}

/** What a script says, or what is wrong with it, a line each. */
export const readFaultScript = (input: unknown): FaultScript | ReadonlyArray<string> => {
  if (!isObject(input) || !Array.isArray(input["faults"])) {
    return [
      'faults: is missing or no list. A script is {"seed": 1, "faults": [{"fault": "mute", "at": 1000}]}'
    ]
  }
  const problems: Array<string> = []
  const { seed } = input
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    problems.push(`seed: is ${JSON.stringify(seed)}. Use a whole number, or leave it out`)
  }
  for (const key of Object.keys(input)) {
    if (key !== "seed" && key !== "faults") problems.push(`${key}: is no key of a script. Keys: seed, faults`)
  }
  const faults: Array<Fault> = []
  for (const [i, item] of (input["faults"] as ReadonlyArray<unknown>).entries()) {
    const fault = readFault(item, `faults[${i}]`, problems)
    if (fault !== undefined) faults.push(fault)
  }
  return problems.length > 0 ? problems : { ...(seed === undefined ? {} : { seed: seed as number }), faults }
}

export const loadFaultScript = Effect.fn("loadFaultScript")(function* (file: string) {
  const input = yield* Effect.tryPromise({
    try: async (): Promise<unknown> => JSON.parse(await readFile(file, "utf8")),
    catch: (cause) => {
      const why =
        cause instanceof SyntaxError
          ? `it is not JSON: ${cause.message}. Correct it there`
          : `it cannot be read: ${String((cause as NodeJS.ErrnoException).code ?? cause)}. Check the path and its permissions`
      return new FaultScriptInvalid({ file, problems: [why] })
    }
  })
  const script = readFaultScript(input)
  if (!("faults" in script)) return yield* new FaultScriptInvalid({ file, problems: script })
  return script
})
