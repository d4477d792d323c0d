/** Results as a table and as a file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import os from "node:os"
import type { Timing } from "./harness.ts"

/** The parts of the suite. */
export type Suite = "micro" | "pipeline" | "fan-out" | "latency" | "scale" | "memory"

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

export interface Run {
  readonly command: string
  /** The machine's load average of a minute, before and after. */
  readonly load: ReadonlyArray<number>
  readonly rows: ReadonlyArray<Row>
}

const round = (n: number, digits: number): number => Number(n.toFixed(digits))

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
    value: round(ours.median, 1),
    unit,
    spread: spreadOf(ours),
    peer: peer?.name ?? null,
    peerValue: theirs === undefined ? null : round(theirs.median, 1),
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

const shown = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : String(round(value, 1))

const goalText = ({ goal, goalBound, goalOf }: Row): string =>
  goal === null ? "" : `${goalBound === "at least" ? ">=" : "<="} ${goal}${goalOf === "ratio" ? "x" : ""}`

const COLUMNS: ReadonlyArray<readonly [string, (row: Row) => string]> = [
  ["case", (r) => r.name],
  ["value", (r) => shown(r.value)],
  ["unit", (r) => r.unit],
  ["spread", (r) => percent(r.spread)],
  ["peer", (r) => r.peer ?? ""],
  ["value", (r) => (r.peerValue === null ? "" : shown(r.peerValue))],
  ["spread", (r) => percent(r.peerSpread)],
  ["ratio", (r) => (r.ratio === null ? "" : `${r.ratio.toFixed(r.ratio < 10 ? 2 : 1)}x`)],
  ["of", (r) => r.ratioOf ?? ""],
  ["goal", goalText],
  ["met", (r) => (r.met === null ? "" : r.met ? "yes" : "NO")],
  ["note", (r) => r.note ?? ""]
]

const percent = (share: number | null): string => (share === null ? "" : `${Math.round(share * 100)} %`)

const LEFT: ReadonlySet<string> = new Set(["case", "unit", "peer", "of", "note"])

/** Texts to the left, numbers to the right. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const lines = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, show]) => show(row)))]
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  const pad = (text: string, i: number): string => {
    const title = COLUMNS[i]![0]
    return LEFT.has(title) ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)
  }
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n")
}

/** The load average of the last minute. */
export const loadNow = (): number => round(os.loadavg()[0]!, 2)

/** What a reader must know of the machine; nothing that names it. */
const machine = (load: ReadonlyArray<number>) => ({
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  memoryGiB: round(os.totalmem() / 2 ** 30, 1),
  platform: `${os.platform()} ${os.arch()}`,
  load
})

const versionOf = (name: string): string => {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version
}

const versions = () => ({
  node: process.versions.node,
  v8: process.versions.v8,
  effect: versionOf("effect"),
  kiteconnect: versionOf("kiteconnect"),
  "smartapi-javascript": versionOf("smartapi-javascript")
})

/**
 * Replaces an older file of the same day and name.
 *
 * @returns the file's path in the repository
 */
export const write = (
  name: string,
  { command, load, rows }: Run,
  folder = new URL("./results/", import.meta.url)
): string => {
  const date = new Date().toISOString()
  const file = `${date.slice(0, 10)}-${name}.json`
  mkdirSync(folder, { recursive: true })
  const result = { machine: machine(load), versions: versions(), date, command, rows }
  writeFileSync(new URL(file, folder), `${JSON.stringify(result, null, 2)}\n`)
  return `bench/results/${file}`
}
