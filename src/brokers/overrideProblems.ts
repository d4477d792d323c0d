/** Reports what is wrong with a broker's settings, in the terms of the settings file. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { loadProtocol } from "../protocols/index.ts"
import { variantProblem } from "../protocols/kit/variant.ts"
import type { Broker } from "./broker.ts"
import { codecOptions, streamsOf } from "./broker.ts"
import { BrokerOverride, DeepFeedOverride } from "./overrides.ts"

const decode = Schema.decodeUnknownResult(BrokerOverride, { errors: "all", onExcessProperty: "error" })

const UNKNOWN_KEY = "unknown key"
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? UNKNOWN_KEY : SchemaIssue.defaultLeafHook(issue))
})

/** The keys of the object that a path leads into. */
const knownKeys = (path: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(path[0] === "deepFeeds" ? DeepFeedOverride.fields : BrokerOverride.fields)

type Checked = Result.Result<BrokerOverride, ReadonlyArray<string>>

/**
 * Reads the settings of one broker.
 *
 * @param name how problems refer to it: `kotak.endpoint must begin with ...`
 */
export const checkOverride = (name: string, value: unknown): Checked =>
  Result.mapError(decode(value), ({ issue }) =>
    format(issue).issues.map(({ message, path = [] }) => {
      const keys = path.map(String)
      const parent = [name, ...keys.slice(0, -1)].join(".")
      return message === UNKNOWN_KEY
        ? `${parent} has an unknown key ${keys.at(-1)} (known: ${knownKeys(keys).join(", ")})`
        : `${[name, ...keys].join(".")} ${message}`
    })
  )

const unknownIn = (where: string, given: object | undefined, known: ReadonlyArray<string>) =>
  Object.keys(given ?? {})
    .filter((name) => !known.includes(name))
    .map((name) => `${where} has an unknown name ${name} (known: ${known.join(", ") || "none"})`)

/** Names in the settings that the broker does not have: they would be ignored. */
export const unknownNames = (
  { deepFeeds = [], exchanges, name, services = {} }: Broker,
  override: BrokerOverride
): ReadonlyArray<string> => [
  ...unknownIn(`${name}.services`, override.services, Object.keys(services)),
  ...unknownIn(
    `${name}.deepFeeds`,
    override.deepFeeds,
    deepFeeds.map((stream) => stream.name)
  ),
  ...unknownIn(`${name}.depthLevels`, override.depthLevels, Object.keys(exchanges))
]

/** Loads the protocols of the broker's streams to have them read their variants. */
export const variantProblems = async (broker: Broker): Promise<ReadonlyArray<string>> => {
  const problems = await Promise.all(
    streamsOf(broker).map(async (stream, i) => {
      const problem = variantProblem(await loadProtocol(stream.protocol), codecOptions(stream))
      if (problem === undefined) return []
      const where = i === 0 ? broker.name : `${broker.name}.deepFeeds.${stream.name}`
      return [`${where}: ${problem}`]
    })
  )
  return problems.flat()
}

/** Whether a variant was set, so that there is one to look at. */
export const hasVariant = ({ deepFeeds, variant }: BrokerOverride): boolean =>
  variant !== undefined || Object.values(deepFeeds ?? {}).some((stream) => stream.variant !== undefined)
