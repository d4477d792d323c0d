/** Figures as texts, the same in tables and charts. */
import type { Row } from "./report.ts"
import { countGoals } from "./report.ts"

export const shown = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : String(value)

export const percent = (share: number | null): string =>
  share === null ? "" : `${Math.round(share * 100)} %`

export const ratioText = ({ ratio }: Row): string =>
  ratio === null ? "" : `${ratio.toFixed(Math.abs(ratio) < 10 ? 2 : 1)}x`

/** @param signs of "at least" and "at most" */
export const goalText = (
  { goal, goalBound, goalOf }: Row,
  signs: readonly [string, string] = [">=", "<="]
): string =>
  goal === null
    ? ""
    : `${signs[goalBound === "at least" ? 0 : 1]} ${shown(goal)}${goalOf === "ratio" ? "x" : ""}`

export const countText = (rows: ReadonlyArray<Row>): string => {
  const { met, missed, unknown } = countGoals(rows)
  return `${met} ${met === 1 ? "goal" : "goals"} met, ${missed} missed${unknown === 0 ? "" : `, ${unknown} not measured`}`
}
