/** The rows of a result: a figure, its peer's, and whether its goal is met. */
import type { Timing } from "./harness.ts"

export const SUITES = ["micro", "pipeline", "fan-out", "latency", "scale", "memory", "search"] as const

export type Suite = (typeof SUITES)[number]

/** What is wanted of a row: of its ratio, or of its value, at least or at most. */
export interface Goal {
  readonly of: "ratio" | "value"
  readonly bound: "at least" | "at most"
  readonly is: number
}

export interface Row {
  readonly suite: Suite
  readonly name: string
  /** Median of the rounds. */
  readonly value: number
  readonly unit: string
  /** Half the distance between the quartiles, as a share of the median; null where there was one round. */
  readonly spread: number | null
  readonly peer: string | null
  readonly peerValue: number | null
  readonly peerSpread: number | null
  /** Ours against the peer's; `ratioOf` says which over which. */
  readonly ratio: number | null
  /** "speed": how many times as fast as the peer (more is better); "cost": how many times its cost (less is better). */
  readonly ratioOf: "speed" | "cost" | null
  readonly goal: number | null
  readonly goalOf: Goal["of"] | null
  readonly goalBound: Goal["bound"] | null
  readonly met: boolean | null
  /** What a reader must know to believe the figure, such as the processor time of both sides. */
  readonly note: string | null
}

const round = (n: number, digits: number): number => Number(n.toFixed(digits))

/** Small values keep three digits that say something: 0.0123, not 0. */
const figure = (n: number): number => (Math.abs(n) >= 10 ? round(n, 1) : Number(n.toPrecision(3)))

/** What a row is made of; all but the name, the value and its unit may be left out. */
export interface Measured {
  readonly suite: Suite
  readonly name: string
  readonly ours: Timing
  readonly unit: string
  readonly peer?: { readonly name: string; readonly timing: Timing } | undefined
  /** Rates are "more is better" values: their speed is ours over the peer's. */
  readonly isRate?: boolean
  /** "none" where the value is a difference to the peer's already. */
  readonly ratioOf?: "speed" | "cost" | "none" | undefined
  readonly goal?: Goal | undefined
  readonly note?: string | undefined
}

export const toRow = (measured: Measured): Row => {
  const { goal, isRate = false, name, note, ours, peer, ratioOf = "speed", suite, unit } = measured
  const theirs = peer?.timing
  const oursOverTheirs = (ratioOf === "speed") === isRate
  const ratio =
    theirs === undefined || ratioOf === "none"
      ? null
      : oursOverTheirs
        ? ours.median / theirs.median
        : theirs.median / ours.median
  const judged = goal === undefined ? null : goal.of === "ratio" ? ratio : ours.median
  return {
    suite,
    name,
    value: figure(ours.median),
    unit,
    spread: spreadOf(ours),
    peer: peer?.name ?? null,
    peerValue: theirs === undefined ? null : figure(theirs.median),
    peerSpread: theirs === undefined ? null : spreadOf(theirs),
    ratio: ratio === null ? null : round(ratio, 2),
    ratioOf: ratio === null || ratioOf === "none" ? null : ratioOf,
    goal: goal?.is ?? null,
    goalOf: goal?.of ?? null,
    goalBound: goal?.bound ?? null,
    met: goal === undefined || judged === null ? null : isMet(judged, goal),
    note: note ?? null
  }
}

const isMet = (value: number, { bound, is }: Goal): boolean =>
  bound === "at least" ? value >= is : value <= is

const spreadOf = ({ spread }: Timing): number | null => (Number.isNaN(spread) ? null : round(spread, 3))

/** Rows with a goal by whether it is met; `unknown`: what it is judged by could not be measured. */
export const countGoals = (
  rows: ReadonlyArray<Row>
): { readonly met: number; readonly missed: number; readonly unknown: number } => {
  const goals = rows.filter(({ goal }) => goal !== null)
  return {
    met: goals.filter(({ met }) => met === true).length,
    missed: goals.filter(({ met }) => met === false).length,
    unknown: goals.filter(({ met }) => met === null).length
  }
}
