/** Results as tables, for a terminal. */
import { countText, goalText, percent, ratioText, shown } from "./format.ts"
import type { Row } from "./report.ts"

interface Column {
  readonly title: string
  readonly show: (row: Row) => string
  /** Texts to the left, numbers to the right. */
  readonly isNumber?: boolean
}

const CASE: Column = { title: "case", show: (r) => r.name }
const VALUE: Column = { title: "value", show: (r) => shown(r.value), isNumber: true }
const UNIT: Column = { title: "unit", show: (r) => r.unit }
const RATIO: Column = { title: "ratio", show: ratioText, isNumber: true }
const RATIO_OF: Column = { title: "of", show: (r) => r.ratioOf ?? "" }
const GOAL: Column = { title: "goal", show: (r) => goalText(r), isNumber: true }
const MET: Column = {
  title: "met",
  show: (r) => (r.goal === null ? "" : r.met === null ? "?" : r.met ? "yes" : "NO")
}

const COLUMNS: ReadonlyArray<Column> = [
  CASE,
  VALUE,
  UNIT,
  { title: "spread", show: (r) => percent(r.spread), isNumber: true },
  { title: "peer", show: (r) => r.peer ?? "" },
  {
    title: "value",
    show: (r) => (r.peerValue === null ? "" : shown(r.peerValue)),
    isNumber: true
  },
  { title: "spread", show: (r) => percent(r.peerSpread), isNumber: true },
  RATIO,
  RATIO_OF,
  GOAL,
  MET
]

/** Of the rows with a goal; first what the eye looks for. */
const GOAL_COLUMNS: ReadonlyArray<Column> = [
  MET,
  { title: "suite", show: (r) => r.suite },
  CASE,
  VALUE,
  UNIT,
  RATIO,
  RATIO_OF,
  GOAL
]

/** A line for each row, and one below it for its note. Columns that say nothing are left out. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const [head, ...lines] = align(rows, COLUMNS)
  return [head, ...rows.flatMap(({ note }, i) => [lines[i], ...(note === null ? [] : [`    ${note}`])])].join(
    "\n"
  )
}

/** The rows with a goal once more, all suites together, and how many are met. */
export const goalTable = (rows: ReadonlyArray<Row>): string => {
  const goals = rows.filter(({ goal }) => goal !== null)
  const lines = goals.length === 0 ? [] : ["goals", "", ...align(goals, GOAL_COLUMNS), ""]
  return [...lines, countText(rows)].join("\n")
}

const align = (rows: ReadonlyArray<Row>, all: ReadonlyArray<Column>): ReadonlyArray<string> => {
  const columns = all.filter(({ show }) => rows.some((row) => show(row) !== ""))
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ show }) => show(row)))
  ]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  const pad = (text: string, i: number): string =>
    columns[i]!.isNumber === true ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)
  return lines.map((line) => line.map(pad).join("  ").trimEnd())
}
