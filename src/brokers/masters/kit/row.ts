/** What parsers of instrument masters make of a row. */
import type { Instrument } from "../../../market/instrument.ts"
import type { Security } from "./cash.ts"
import { plainSeries } from "./cash.ts"

/** What one row of a master is. */
export type Row =
  | { readonly tag: "instrument"; readonly instrument: Instrument }
  /** Of a cash segment: its common symbol depends on the other securities of its name. */
  | { readonly tag: "security"; readonly security: Security }
  | { readonly tag: "rejected"; readonly reason: string }
  /** Of a kind that AlgoWays does not carry. */
  | { readonly tag: "skipped"; readonly kind: string }

export const carried = (instrument: Instrument): Row => ({ tag: "instrument", instrument })
export const cash = (security: Security): Row => ({
  tag: "security",
  security: { ...security, series: plainSeries(security.series) }
})
export const rejected = (reason: string): Row => ({ tag: "rejected", reason })
export const skipped = (kind: string): Row => ({ tag: "skipped", kind })
