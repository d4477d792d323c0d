/** Broker overrides: the data folder's `brokers.json`, then what simulators say over it. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { checkOverride } from "../../brokers/overrideProblems.ts"
import type { BrokerOverride } from "../../brokers/overrides.ts"
import { BrokerOverrides, OverrideProblems } from "../../brokers/overrides.ts"
import { BrokerRegistry } from "../../brokers/registry.ts"
import { isObject } from "../../protocols/kit/text.ts"
import { isDataFolder } from "../dataFolder.ts"
import { CommandFailed } from "../text/output.ts"

const FILE = "brokers.json"

/** The place alone of what JSON.parse says: the rest quotes the file, whose addresses may hold keys. */
const placeOf = (error: unknown): string => /\(line \d+ column \d+\)/.exec(String(error))?.[0] ?? ""

const parse = (path: string, text: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      new CommandFailed({ message: `${path} is not valid JSON ${placeOf(error)}`.trimEnd() + ": correct it" })
  })

/** Undefined: there is no such file. Going on without one that cannot be read would connect to other addresses than meant. */
const read = (path: string) =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (error) => codeOf(error) ?? "unknown error"
  }).pipe(
    Effect.catch((code) =>
      code === "ENOENT"
        ? Effect.undefined
        : Effect.fail(
            new CommandFailed({ message: `${path} could not be read (${code}); mend or remove it` })
          )
    )
  )

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

interface Settings {
  readonly overrides: Readonly<Record<string, BrokerOverride>>
  readonly problems: Readonly<Record<string, ReadonlyArray<string>>>
}

const NONE: Settings = { overrides: {}, problems: {} }

/** Lower-cases the names, so that `Zerodha` in a file means `zerodha`. */
const readSettings = Effect.fn("readSettings")(function* (dataDir: string) {
  yield* isDataFolder(dataDir)
  const path = join(dataDir, FILE)
  const text = yield* read(path)
  if (text === undefined) return NONE
  const entries = yield* parse(path, text)
  if (!isObject(entries)) {
    return yield* new CommandFailed({
      message: `${path} must be an object of brokers, such as {"kotak": {"endpoint": "wss://..."}}`
    })
  }
  const overrides = new Map<string, BrokerOverride>()
  const problems = new Map<string, ReadonlyArray<string>>()
  const spellings = new Map<string, string>()
  for (const [name, value] of Object.entries(entries)) {
    const key = name.toLowerCase()
    const earlier = spellings.get(key)
    spellings.set(key, name)
    const checked = checkOverride(name, value)
    if (Result.isSuccess(checked)) overrides.set(key, checked.success)
    const wrong = [
      ...(problems.get(key) ?? []),
      ...(earlier === undefined
        ? []
        : [`${key} is there twice, as ${earlier} and ${name}: keep one of them`]),
      ...(Result.isFailure(checked) ? checked.failure : [])
    ]
    if (wrong.length > 0) problems.set(key, wrong)
  }
  return { overrides: Object.fromEntries(overrides), problems: Object.fromEntries(problems) }
})

type Overrides = Readonly<Record<string, BrokerOverride>>

/** Where a simulator is goes before anything; what it says nothing about stays as it was set. */
const over = (own: BrokerOverride | undefined, simulated: BrokerOverride): BrokerOverride => {
  const deepFeeds = Object.entries(simulated.deepFeeds ?? {}).map(([name, feed]) => [
    name,
    { ...own?.deepFeeds?.[name], ...feed }
  ])
  return {
    ...own,
    ...simulated,
    ...(deepFeeds.length === 0 ? {} : { deepFeeds: Object.fromEntries(deepFeeds) })
  }
}

const settingsLayer = ({ overrides, problems }: Settings, simulated: Overrides) => {
  const merged = { ...overrides }
  for (const [name, override] of Object.entries(simulated)) merged[name] = over(merged[name], override)
  return Layer.succeedContext(
    Context.make(BrokerOverrides, merged).pipe(Context.add(OverrideProblems, problems))
  )
}

/** What is wrong with each broker's settings. Loads the brokers that the file names, and no other one. */
export const problemsOf = Effect.fnUntraced(function* ({ overrides, problems }: Settings) {
  const registry = yield* BrokerRegistry
  const known = yield* registry.names
  const found = yield* Effect.forEach(
    [...new Set([...Object.keys(problems), ...Object.keys(overrides)])],
    (name) => {
      if (!known.includes(name))
        return Effect.succeed([`there is no broker ${name} (known: ${known.join(", ")})`])
      return Effect.match(registry.load(name), {
        onSuccess: (): ReadonlyArray<string> => [],
        onFailure: (error) => (error._tag === "BrokerMisconfigured" ? error.problems : [error.message])
      })
    }
  )
  return found.flat()
})

const layerOf = (
  dataDir: string,
  simulated: Overrides,
  judge: (problems: ReadonlyArray<string>) => Effect.Effect<void, CommandFailed>
) =>
  Layer.unwrap(
    Effect.map(readSettings(dataDir), (settings) =>
      Layer.effect(
        BrokerRegistry,
        Effect.gen(function* () {
          yield* Effect.flatMap(problemsOf(settings), judge)
          return yield* BrokerRegistry
        })
      ).pipe(Layer.provide(BrokerRegistry.layer), Layer.provide(settingsLayer(settings, simulated)))
    )
  )

/**
 * The registry with its brokers as the user has set them. Fails where anything of that is wrong: for commands that connect.
 *
 * @param simulated what simulators say, over all else
 */
export const registry = (dataDir: string, simulated: Overrides = {}) =>
  layerOf(dataDir, simulated, (problems) =>
    problems.length === 0
      ? Effect.void
      : Effect.fail(new CommandFailed({ message: `${join(dataDir, FILE)}: ${problems.join("; ")}` }))
  )

/** The same for the list of brokers: says on stderr what is wrong. A broker with wrong settings cannot be loaded, the others can. */
export const warningRegistry = (dataDir: string) =>
  layerOf(dataDir, {}, (problems) =>
    Effect.forEach(problems, (problem) => Console.error(`algoways: ${join(dataDir, FILE)}: ${problem}`), {
      discard: true
    })
  )

/** The same without a word: what is wrong with a broker fails where that broker is used. */
export const lenientRegistry = (dataDir: string, simulated: Overrides = {}) =>
  Layer.unwrap(
    Effect.map(readSettings(dataDir), (settings) =>
      BrokerRegistry.layer.pipe(Layer.provide(settingsLayer(settings, simulated)))
    )
  )
