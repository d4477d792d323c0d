/** How brokers spell contracts, as far as several spell alike. */
import { monthName } from "../expiries.ts"
import type { Listing } from "../listing.ts"

/** `FUT`, or strike and type: what follows the underlying's name and the expiry. */
export const contractTail = (l: Listing): string => (l.type === "FUT" ? "FUT" : `${l.strike}${l.type}`)

/** `24MAR` */
export const yearMonth = (date: string): string => `${date.slice(2, 4)}${monthName(date)}`

/** `24328`: a weekly contract's day, its month as 1 to 9, then O, N, D. */
export const weeklyDay = (date: string): string =>
  `${date.slice(2, 4)}${"123456789OND"[Number(date.slice(5, 7)) - 1] ?? ""}${date.slice(8, 10)}`

/** CSV quoting where a field needs it. */
export const csvField = (field: string): string =>
  /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field

/** @param rows of fields, the first one the header where there is one */
export const csvText = (rows: ReadonlyArray<ReadonlyArray<string | number>>): string =>
  `${rows.map((row) => row.map((field) => csvField(String(field))).join(",")).join("\n")}\n`
