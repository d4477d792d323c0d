/** Months and expiries as contracts write them. Pure. */

export const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
] as const

/** `JAN` to `DEC`. */
export const monthLabels: ReadonlyArray<string> = months.map((month) => month.slice(0, 3).toUpperCase())

/** `28MAR24` of `2024-03-28`: how the common symbols write an expiry. */
export const expiryLabel = (iso: string): string =>
  `${iso.slice(8, 10)}${monthLabels[Number(iso.slice(5, 7)) - 1]!}${iso.slice(2, 4)}`
