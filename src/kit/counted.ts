/** A number with the name of what it counts: `1 row`, `0 rows`, `2 rows`. */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`
