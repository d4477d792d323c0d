/** A result as a file in `bench/results/`, and its chart beside it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import os from "node:os"
import { ToolFailed } from "../scripts/tool.ts"
import { chart } from "./chart.ts"
import type { Row } from "./report.ts"

/** What a run yields; the rest of the file says where and when. */
export interface Run {
  readonly command: string
  /** The machine's load average of a minute, before and after. */
  readonly load: ReadonlyArray<number>
  readonly rows: ReadonlyArray<Row>
}

export interface Result {
  readonly machine: ReturnType<typeof machine>
  readonly versions: Readonly<Record<string, string>>
  /** ISO 8601, UTC. */
  readonly date: string
  readonly command: string
  readonly rows: ReadonlyArray<Row>
}

/** The load average of the last minute. */
export const loadNow = (): number => Number(os.loadavg()[0]!.toFixed(2))

/** What a reader must know of the machine; nothing that names it. */
const machine = (load: ReadonlyArray<number>) => ({
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  memoryGiB: Number((os.totalmem() / 2 ** 30).toFixed(1)),
  platform: `${os.platform()} ${os.arch()}`,
  load
})

const versionOf = (name: string): string => {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version
}

/** Ours that matter to the figures, and the peers. */
const PACKAGES = [
  "effect",
  "uWebSockets.js",
  "zeromq",
  "@msgpack/msgpack",
  "kiteconnect",
  "smartapi-javascript"
]

const versions = (): Result["versions"] => ({
  node: process.versions.node,
  v8: process.versions.v8,
  ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]))
})

/**
 * Replaces older files of the same day and name.
 *
 * @returns the paths in the repository, of the rows and of the chart
 */
export const write = (
  name: string,
  { command, load, rows }: Run,
  folder = new URL("./results/", import.meta.url)
): readonly [json: string, svg: string] => {
  const date = new Date().toISOString()
  const file = `${date.slice(0, 10)}-${name}`
  const result: Result = { machine: machine(load), versions: versions(), date, command, rows }
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${file}.json`, folder), `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(new URL(`${file}.svg`, folder), chart(result))
  return [`bench/results/${file}.json`, `bench/results/${file}.svg`]
}

/**
 * Draws the chart of a file that is there.
 *
 * @returns the chart's path
 * @throws ToolFailed
 */
export const drawAgain = (path: string): string => {
  if (!path.endsWith(".json")) throw new ToolFailed(`${path}: give the .json file of a result.`)
  const svg = path.replace(/json$/, "svg")
  writeFileSync(svg, chart(read(path)))
  return svg
}

const read = (path: string): Result => {
  try {
    const { rows, ...result } = JSON.parse(readFileSync(path, "utf8")) as Result
    return { ...result, rows: rows.map(ofToday) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ToolFailed(
      `${path} is no result file (${reason}): give one that \`npm run bench\` wrote to bench/results/.`
    )
  }
}

/** The first files knew one suite, and goals for the ratio of speeds only. */
const ofToday = (row: Row): Row => ({
  ...row,
  suite: row.suite ?? "micro",
  ratioOf: row.ratioOf ?? (row.ratio === null ? null : "speed"),
  goalOf: row.goalOf ?? (row.goal === null ? null : "ratio"),
  goalBound: row.goalBound ?? (row.goal === null ? null : "at least"),
  note: row.note ?? null
})
