/**
 * A result as an SVG chart: a panel for each suite.
 *
 * Rows with a goal are bars measured by it: the goal is one line for all, and longer is better whichever way the goal
 * is bound. The others are bars on a logarithmic scale, one for each unit, with a mark where the peer is. The chart
 * brings its own light ground, since a page shows it as an image, in a light or a dark theme.
 */
import { countText, goalText, ratioText, shown } from "./format.ts"
import type { Row } from "./report.ts"
import { SUITES } from "./report.ts"
import type { Result } from "./resultFile.ts"
import { element, line, polygon, rect, text } from "./svg.ts"

/** Okabe and Ito's, which the colour-blind tell apart. */
const MET = "#0072b2"
const MISSED = "#d55e00"
const OURS = "#8796a5"
const INK = "#1f2328"
const FAINT = "#59636e"
const GRID = "#d1d9e0"
const GROUND = "#ffffff"
const TRACK = "#f0f3f6"

const MARGIN = 24
const BARS = { left: 370, width: 300 }
const FIGURES_LEFT = BARS.left + BARS.width + 12
const WIDTH = 1080
/** Characters that fit, in the widest of the usual fonts. */
const FIT = { name: 50, figures: 57, title: 150 }

const GOAL_ROW = 20
const PLAIN_ROW = 15

/** A part of the chart: its elements from `y` on, and where the next one begins. */
interface Part {
  readonly elements: ReadonlyArray<string>
  readonly end: number
}

const trim = (content: string, most: number): string =>
  content.length <= most ? content : `${content.slice(0, most - 1)}…`

const small = { "font-size": 10, fill: FAINT } as const
const bold = { "font-weight": "bold" } as const

/** Name and note, which the pointer shows in full. */
const nameOf = (row: Row, y: number): string =>
  text(MARGIN, y, trim(row.name, FIT.name), {}, row.note === null ? row.name : `${row.name}: ${row.note}`)

const figuresOf = (content: string, y: number): string =>
  text(FIGURES_LEFT, y, trim(content, FIT.figures), { fill: FAINT }, content)

export const chart = (result: Result): string => {
  const elements: Array<string> = []
  let y = MARGIN
  const add = (part: Part): void => {
    elements.push(...part.elements)
    y = part.end
  }
  add(header(result, y))
  for (const suite of SUITES) {
    const rows = result.rows.filter((row) => row.suite === suite)
    if (rows.length > 0) add(panel(suite, rows, y))
  }
  const height = y + MARGIN / 2
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`,
    width: WIDTH,
    height: Math.ceil(height),
    "font-family": "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif",
    "font-size": 11,
    fill: INK
  }
  return `${element("svg", attributes, [rect(0, 0, WIDTH, height, GROUND, 6), ...elements])}\n`
}

const header = ({ command, date, machine, rows, versions }: Result, top: number): Part => {
  const { cores, cpu, load, memoryGiB, platform } = machine
  const title = `AlgoWays bench, ${date.slice(0, 10)}: ${countText(rows)}`
  const where = `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}; Node ${versions["node"]}; load ${load.join(" to ")}`
  const key = top + 66
  return {
    elements: [
      text(MARGIN, top + 14, title, { "font-size": 18, ...bold }),
      text(MARGIN, top + 34, trim(command, FIT.title), { fill: FAINT, "font-family": "monospace" }, command),
      text(MARGIN, top + 50, trim(where, FIT.title), { fill: FAINT }, where),
      ...keys(key)
    ],
    end: top + 80
  }
}

const keys = (y: number): ReadonlyArray<string> => [
  rect(MARGIN, y - 8, 18, 9, MET),
  text(MARGIN + 24, y, "goal met"),
  rect(MARGIN + 90, y - 8, 18, 9, MISSED),
  text(MARGIN + 114, y, "goal missed"),
  rect(MARGIN + 200, y - 6, 18, 6, OURS),
  text(MARGIN + 224, y, "without a goal, logarithmic"),
  line(MARGIN + 400, y - 9, MARGIN + 400, y + 1, INK, 2),
  text(MARGIN + 408, y, "its peer")
]

const panel = (suite: string, rows: ReadonlyArray<Row>, top: number): Part => {
  const goals = rows.filter(({ goal }) => goal !== null)
  const others = rows.filter(({ goal }) => goal === null)
  const elements = [
    line(MARGIN, top + 8, WIDTH - MARGIN, top + 8, GRID),
    text(MARGIN, top + 30, suite, { "font-size": 15, ...bold }),
    text(MARGIN + 90, top + 30, goals.length === 0 ? "" : countText(goals), { fill: FAINT })
  ]
  let y = top + 46
  const parts = [
    ...(goals.length === 0 ? [] : [(from: number) => goalBars(goals, from)]),
    ...[...Map.groupBy(others, ({ unit }) => unit)].map(
      ([unit, its]) =>
        (from: number) =>
          plainBars(unit, its, from)
    )
  ]
  for (const part of parts) {
    const { elements: more, end } = part(y)
    elements.push(...more)
    y = end
  }
  return { elements, end: y }
}

/** The scale of goal bars ends here, in goals. */
const FULL = 2

/** How many times the goal is reached: above one it is met, whichever way it is bound. */
export const scoreOf = ({ goal, goalBound, goalOf, ratio, value }: Row): number => {
  const judged = goalOf === "ratio" ? ratio : value
  if (goal === null || judged === null) return 0
  if (goalBound === "at least") return judged / goal
  return judged <= 0 ? Number.POSITIVE_INFINITY : goal / judged
}

const goalBars = (rows: ReadonlyArray<Row>, top: number): Part => {
  const first = top + 10
  const end = first + rows.length * GOAL_ROW
  const at = (score: number): number => BARS.left + (BARS.width * score) / FULL
  const axis = [
    text(at(0), top + 4, "0", { ...small, "text-anchor": "middle" }),
    text(at(1), top + 4, "goal", { ...small, "text-anchor": "middle", ...bold }),
    text(at(FULL), top + 4, `${FULL} times as good`, { ...small, "text-anchor": "middle" })
  ]
  const bars = rows.flatMap((row, i) => goalBar(row, first + i * GOAL_ROW))
  return { elements: [...axis, ...bars, line(at(1), first - 2, at(1), end, INK, 1.5)], end: end + 10 }
}

const goalBar = (row: Row, y: number): ReadonlyArray<string> => {
  const score = scoreOf(row)
  const isOff = score > FULL
  const length = (BARS.width * Math.min(Math.max(score, 0), FULL)) / FULL
  const right = BARS.left + length
  const [word, colour] =
    row.met === null
      ? (["unknown", FAINT] as const)
      : row.met
        ? (["met", MET] as const)
        : (["MISSED", MISSED] as const)
  const value = `${shown(row.value)} ${row.unit}`
  const judged = row.goalOf === "ratio" ? `${ratioText(row)} ${row.ratioOf ?? "no peer"}`.trim() : value
  const rest = row.goalOf === "ratio" ? `; ${value}` : ""
  const figures = `${judged}, goal ${goalText(row, ["≥", "≤"])}${rest}`
  const base = y + 13
  return [
    nameOf(row, base),
    rect(BARS.left, y + 3, BARS.width, 13, TRACK),
    rect(BARS.left, y + 3, isOff ? length - 8 : length, 13, colour),
    // An arrow says that the bar would go on.
    ...(isOff
      ? [
          polygon(
            [
              [right - 6, y + 3],
              [right, y + 9.5],
              [right - 6, y + 16]
            ],
            colour
          )
        ]
      : []),
    text(FIGURES_LEFT, base, word, { fill: colour, ...bold }),
    text(FIGURES_LEFT + 62, base, trim(figures, FIT.figures - 8), {}, figures)
  ]
}

const plainBars = (unit: string, rows: ReadonlyArray<Row>, top: number): Part => {
  const first = top + 10
  const end = first + rows.length * PLAIN_ROW
  const scale = logarithmic(rows)
  const grid = scale.decades.flatMap((decade) => {
    const x = scale.at(decade)
    return [
      text(x, top + 4, short(decade), { ...small, "text-anchor": "middle" }),
      line(x, first - 2, x, end, GRID)
    ]
  })
  const bars = rows.flatMap((row, i) => plainBar(row, first + i * PLAIN_ROW, scale.at))
  return { elements: [text(MARGIN, top + 4, unit, small), ...grid, ...bars], end: end + 10 }
}

const plainBar = (row: Row, y: number, at: (value: number) => number): ReadonlyArray<string> => {
  const { peer, peerValue, ratioOf } = row
  const base = y + 11
  const against =
    peer === null || peerValue === null
      ? []
      : [`${trim(peer, 28)} ${shown(peerValue)}`, `${ratioText(row)} ${ratioOf ?? ""}`]
  return [
    nameOf(row, base),
    rect(BARS.left, y + 4, Math.max(1, at(row.value) - BARS.left), 7, OURS),
    ...(peerValue === null ? [] : [line(at(peerValue), y + 2, at(peerValue), y + 13, INK, 2)]),
    figuresOf([shown(row.value), ...against].join("; "), base)
  ]
}

/** Whole decades around all values and peers; what is not above zero is at the left end. */
const logarithmic = (rows: ReadonlyArray<Row>) => {
  const values = rows.flatMap(({ peerValue, value }) => [value, peerValue ?? 0]).filter((value) => value > 0)
  const low = values.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...values)))
  const high = values.length === 0 ? 1 : Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const at = (value: number): number =>
    value <= 0 ? BARS.left : BARS.left + (BARS.width * (Math.log10(value) - low)) / (high - low)
  return { at, decades: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) }
}

const short = (decade: number): string =>
  decade >= 1e9
    ? `${decade / 1e9} G`
    : decade >= 1e6
      ? `${decade / 1e6} M`
      : decade >= 1e3
        ? `${decade / 1e3} k`
        : String(Number(decade.toPrecision(1)))
