/** A scenario: brokers, readers that come and go, and what goes wrong when. All of it follows from a seed and a number. */
import { builtInBrokers } from "../src/brokers/registry.ts"
import type { Mode } from "../src/market/mode.ts"
import { chanceOf } from "./chance.ts"
import type { Chance } from "./chance.ts"
import { describeTrouble, kinds, makeTrouble } from "./faults.ts"
import type { Trouble } from "./faults.ts"

/** What a reader does. Numbers choose among what there is then. */
export interface Step {
  /** ms after the storm began. */
  readonly at: number
  readonly reader: string
  readonly act: "subscribe" | "unsubscribe" | "release"
  readonly picks: ReadonlyArray<number>
  readonly mode: Mode
}

export interface Stage {
  readonly broker: string
  readonly user: string
  /** Through the Feed as the gateway has it, or through an adapter as an embedding application has it. */
  readonly by: "feed" | "adapter"
  /** Of the simulated market. */
  readonly seed: number
  /** A broker that allows fewer keeps to its own number. */
  readonly connections: number
  readonly perConnection: number
  readonly batch: number
  readonly intervalMs: number
  readonly lingerMs: number
  /** Held from the beginning to the end. */
  readonly core: ReadonlyArray<{ readonly pick: number; readonly mode: Mode }>
  readonly steps: ReadonlyArray<Step>
  readonly troubles: ReadonlyArray<Trouble>
}

export interface Scenario {
  readonly seed: number
  readonly index: number
  readonly stages: ReadonlyArray<Stage>
  readonly stormMs: number
}

export interface Shape {
  /** Of these each scenario takes some. */
  readonly brokers: ReadonlyArray<string>
  readonly most: number
  readonly stormMs: readonly [least: number, most: number]
  /** Without what takes long to get over by nature. */
  readonly quick: boolean
}

/** One broker of each way to speak: these come three times as often as the others. */
export const chosen = [
  "zerodha",
  "angel",
  "flattrade",
  "iifl",
  "upstox",
  "fyers",
  "groww",
  "iiflcapital"
] as const

/** A simulated broker of our own, inside the process, has no simulator to go wrong. */
const others = builtInBrokers.filter((name) => name !== "dhan_sandbox" && !chosen.some((c) => c === name))

export const longShape: Shape = {
  brokers: [...chosen, ...chosen, ...chosen, ...others],
  most: 4,
  stormMs: [1500, 4000],
  quick: false
}

export const shortShape: Shape = { brokers: chosen, most: 4, stormMs: [1000, 1500], quick: true }

const modes: ReadonlyArray<Mode> = ["ltp", "quote", "depth"]
const READERS = ["one", "two", "three"]
/** Instruments of a scenario's market that a step may choose from, at most. */
export const MOST_INSTRUMENTS = 24

const picksOf = (chance: Chance, most: number): ReadonlyArray<number> =>
  Array.from({ length: chance.between(1, most) }, () => chance.between(0, MOST_INSTRUMENTS - 1))

const stepsOf = (chance: Chance, stormMs: number): ReadonlyArray<Step> => {
  const every = chance.pick([40, 150, 500])
  const steps: Array<Step> = []
  for (let at = chance.between(0, every); at < stormMs; at += chance.between(1, 2 * every)) {
    const act = chance.odds(0.5) ? "subscribe" : chance.odds(0.85) ? "unsubscribe" : "release"
    steps.push({ at, reader: chance.pick(READERS), act, picks: picksOf(chance, 4), mode: chance.pick(modes) })
  }
  return steps
}

const stageOf = (
  broker: string,
  i: number,
  chance: Chance,
  shared: { readonly stormMs: number; readonly lingerMs: number },
  shape: Shape
): Stage => {
  const { lingerMs, stormMs } = shared
  const possible = shape.quick ? kinds.filter((k) => k.slow !== true) : kinds
  const troubles = Array.from({ length: chance.pick([1, 1, 1, 2, 2, 3]) }, () => {
    const at = chance.between(0, Math.floor(stormMs / 2))
    return makeTrouble(chance.weighted(possible), at, chance.between(200, stormMs - at), chance)
  })
  const connections = chance.between(1, 3)
  return {
    broker,
    user: `user${i + 1}`,
    by: chance.odds(0.5) ? "feed" : "adapter",
    seed: chance.between(1, 1_000_000),
    connections,
    perConnection: connections === 1 ? 60 : chance.between(8, 20),
    batch: chance.pick([1, 5, 50]),
    intervalMs: chance.pick([1, 10, 30]),
    lingerMs,
    core: picksOf(chance, 8).map((pick) => ({ pick, mode: chance.pick(modes) })),
    steps: stepsOf(chance, stormMs),
    troubles: troubles.sort((a, b) => a.at - b.at)
  }
}

export const scenarioOf = (seed: number, index: number, shape: Shape): Scenario => {
  const chance = chanceOf(seed, index)
  const stormMs = chance.between(...shape.stormMs)
  // One Feed serves all.
  const lingerMs = chance.pick([0, 0, 300])
  const names = new Set(chance.some(shape.brokers, chance.between(2, shape.most)))
  return {
    seed,
    index,
    stormMs,
    stages: [...names].map((broker, i) => stageOf(broker, i, chance, { stormMs, lingerMs }, shape))
  }
}

export const describeStage = (stage: Stage): string =>
  `${stage.broker} by ${stage.by}, ${stage.connections} x ${stage.perConnection}, requests of ${stage.batch} every ` +
  `${stage.intervalMs} ms, linger ${stage.lingerMs} ms, ${stage.core.length} held and ${stage.steps.length} steps\n` +
  stage.troubles.map((trouble) => `    ${describeTrouble(trouble)}`).join("\n")

export const describeScenario = ({ index, seed, stages, stormMs }: Scenario): string =>
  `seed ${seed}, scenario ${index}, a storm of ${stormMs} ms\n${stages.map((s) => `  ${describeStage(s)}`).join("\n")}`
