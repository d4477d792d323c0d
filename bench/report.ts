/** Results as a table and as a file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import os from "node:os"
import type { Group } from "./cases/tickPath.ts"
import type { Measured } from "./harness.ts"

export interface Row {
  readonly name: string
  /** Median of the rounds. */
  readonly value: number
  readonly unit: "ns/op"
  /** Half the interquartile range, as a share of the median. */
  readonly spread: number
  readonly peer: string | null
  readonly peerValue: number | null
  /** The peer's time over ours. */
  readonly ratio: number | null
  readonly goal: number | null
  readonly met: boolean | null
}

const round = (n: number, digits: number): number => Number(n.toFixed(digits))

export const toRow = (group: Group, ours: Measured, peer: Measured | undefined): Row => {
  const ratio = peer === undefined ? null : round(peer.ns / ours.ns, 2)
  const goal = group.goal ?? null
  return {
    name: group.name,
    value: round(ours.ns, 1),
    unit: "ns/op",
    spread: round(ours.spread, 3),
    peer: group.peer?.name ?? null,
    peerValue: peer === undefined ? null : round(peer.ns, 1),
    ratio,
    goal,
    met: goal === null || ratio === null ? null : ratio >= goal
  }
}

const cell = (n: number | null, suffix = ""): string => (n === null ? "" : `${n}${suffix}`)

export const table = (rows: ReadonlyArray<Row>): string => {
  const cells = [
    ["case", "ns/op", "spread", "peer", "peer ns/op", "ratio", "goal", "met"],
    ...rows.map((r) => [
      r.name,
      cell(r.value),
      `${Math.round(r.spread * 100)} %`,
      r.peer ?? "",
      cell(r.peerValue),
      cell(r.ratio, "x"),
      cell(r.goal, "x"),
      r.met === null ? "" : r.met ? "yes" : "NO"
    ])
  ]
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)))
  const pad = (text: string, i: number) =>
    i === 0 || i === 3 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)
  return cells.map((row) => row.map(pad).join("  ").trimEnd()).join("\n")
}

const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")) as {
      version: string
    }
  ).version

/** What a reader must know of the machine; nothing that names it. */
const machine = () => ({
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  platform: `${os.platform()} ${os.arch()}`,
  load1: round(os.loadavg()[0]!, 2)
})

export const write = (name: string, command: string, rows: ReadonlyArray<Row>): string => {
  const date = new Date().toISOString()
  const folder = new URL("./results/", import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = `${date.slice(0, 10)}-${name}.json`
  const versions = {
    node: process.version,
    effect: versionOf("effect"),
    kiteconnect: versionOf("kiteconnect"),
    "smartapi-javascript": versionOf("smartapi-javascript")
  }
  writeFileSync(
    new URL(file, folder),
    `${JSON.stringify({ machine: machine(), versions, date, command, rows }, null, 2)}\n`
  )
  return `bench/results/${file}`
}
