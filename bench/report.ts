/** Results as a table and as a file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import os from "node:os"
import type { Case, Timing } from "./harness.ts"

export interface Row {
  readonly name: string
  /** Median of the rounds. */
  readonly value: number
  readonly unit: "ns/tick"
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number
  readonly peer: string | null
  readonly peerValue: number | null
  readonly peerSpread: number | null
  /** The peer's time over ours: how many times as fast we are. */
  readonly ratio: number | null
  readonly goal: number | null
  readonly met: boolean | null
}

export interface Run {
  readonly command: string
  /** The machine's load average of a minute, before and after. */
  readonly load: ReadonlyArray<number>
  readonly rows: ReadonlyArray<Row>
}

const round = (n: number, digits: number): number => Number(n.toFixed(digits))

export const toRow = ({ goal, name, peer }: Case, ours: Timing, theirs: Timing | undefined): Row => {
  const ratio = theirs === undefined ? null : theirs.median / ours.median
  return {
    name,
    value: round(ours.median, 1),
    unit: "ns/tick",
    spread: round(ours.spread, 3),
    peer: peer?.name ?? null,
    peerValue: theirs === undefined ? null : round(theirs.median, 1),
    peerSpread: theirs === undefined ? null : round(theirs.spread, 3),
    ratio: ratio === null ? null : round(ratio, 2),
    goal: goal ?? null,
    met: goal === undefined || ratio === null ? null : ratio >= goal
  }
}

const COLUMNS: ReadonlyArray<readonly [string, (row: Row) => string]> = [
  ["case", (r) => r.name],
  ["ns/tick", (r) => r.value.toFixed(0)],
  ["spread", (r) => percent(r.spread)],
  ["peer", (r) => r.peer ?? ""],
  ["ns/tick", (r) => r.peerValue?.toFixed(0) ?? ""],
  ["spread", (r) => (r.peerSpread === null ? "" : percent(r.peerSpread))],
  ["ratio", (r) => (r.ratio === null ? "" : `${r.ratio.toFixed(1)}x`)],
  ["goal", (r) => (r.goal === null ? "" : `${r.goal}x`)],
  ["met", (r) => (r.met === null ? "" : r.met ? "yes" : "NO")]
]

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** Texts to the left, numbers to the right. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const lines = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, show]) => show(row)))]
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  const pad = (text: string, i: number): string => {
    const title = COLUMNS[i]![0]
    return title === "case" || title === "peer" ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)
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
