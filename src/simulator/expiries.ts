/**
 * Expiry dates, computed from a day. Exchange holidays are not known here: a date may fall on one, which no
 * reader of the simulator can tell.
 */
import { indiaDayNumber } from "../kit/indiaTime.ts"
const DAY_MS = 86_400_000
/** 15:30 IST, in milliseconds since midnight UTC. */
const CLOSE_MS = 36_000_000

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] as const

export interface Expiry {
  /** `YYYY-MM-DD` */
  readonly date: string
  /** Epoch ms of 15:30 IST on that day. */
  readonly at: number
  readonly weekly: boolean
}

const make = (day: number, weekly: boolean): Expiry => ({
  date: new Date(day * DAY_MS).toISOString().slice(0, 10),
  at: day * DAY_MS + CLOSE_MS,
  weekly
})

/** 0 Sunday to 6 Saturday. 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7

const dayNumber = (year: number, month: number, date: number): number => Date.UTC(year, month, date) / DAY_MS

/** The last such weekday of the month that `offset` months after the day's own. */
const lastWeekday = (today: number, offset: number, weekday: number): number => {
  const t = new Date(today * DAY_MS)
  const last = dayNumber(t.getUTCFullYear(), t.getUTCMonth() + offset + 1, 0)
  return last - ((weekdayOf(last) - weekday + 7) % 7)
}

/** The next `count` monthly expiries, today's included. */
export const monthlyExpiries = (now: number, weekday: number, count: number): ReadonlyArray<Expiry> => {
  const today = indiaDayNumber(now)
  const found: Array<Expiry> = []
  for (let offset = 0; found.length < count; offset++) {
    const day = lastWeekday(today, offset, weekday)
    if (day >= today) found.push(make(day, false))
  }
  return found
}

/** The next such weekday, today included; `weekly` unless it is the month's last one. */
export const weeklyExpiry = (now: number, weekday: number): Expiry => {
  const today = indiaDayNumber(now)
  const day = today + ((weekday - weekdayOf(today) + 7) % 7)
  return make(day, day !== lastWeekday(day, 0, weekday))
}

/** The next such day of a month, moved to Friday from a weekend (commodities). */
export const dateExpiry = (now: number, date: number): Expiry => {
  const today = indiaDayNumber(now)
  const t = new Date(today * DAY_MS)
  for (let offset = 0; ; offset++) {
    const plain = dayNumber(t.getUTCFullYear(), t.getUTCMonth() + offset, date)
    const weekday = weekdayOf(plain)
    const day = weekday === 6 ? plain - 1 : weekday === 0 ? plain - 2 : plain
    if (day >= today) return make(day, false)
  }
}

/** `28MAR24`: how common symbols spell an expiry. */
export const ddmmmyy = (date: string): string => `${date.slice(8, 10)}${monthName(date)}${date.slice(2, 4)}`

/** `MAR`. */
export const monthName = (date: string): string => months[Number(date.slice(5, 7)) - 1] ?? "JAN"
