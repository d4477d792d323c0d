/** The shape of an exchange calendar: the built-in one, and `calendar.json`, which a user can put in its place. */
import * as Schema from "effect/Schema"
import { Exchange } from "./exchange.ts"

const TimeOfDay = Schema.String.check(Schema.isPattern(/^(?:[01]\d|2[0-3]):[0-5]\d$/))
const isDay = (name: string): boolean => {
  const at = /^\d{4}-\d\d-\d\d$/.test(name) ? Date.parse(`${name}T00:00:00Z`) : Number.NaN
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(name)
}

/** A key that is no day would pass unseen, and its holiday with it. */
const byDay = <A extends Schema.Top>(value: A) =>
  Schema.Record(Schema.String, value).check(
    Schema.makeFilter((days) => {
      const wrong = Object.keys(days).find((name) => !isDay(name))
      return wrong === undefined ? undefined : `${wrong} is no day: write it as 2026-11-28`
    })
  )

/** What would never be open, or open twice, is a slip of the pen. */
const inOrder = (hours: ReadonlyArray<readonly [from: string, to: string]>): string | undefined => {
  for (const [i, [from, to]] of hours.entries()) {
    if (from >= to) return `${from} to ${to} ends before it begins`
    if (i > 0 && from < hours[i - 1]![1]) return `${from} to ${to} begins before the session before it ends`
  }
  return undefined
}

/** From and to, in Indian time. `close` is the end of that day's regular session: letters sort after digits. */
export const Hours = Schema.Tuple([TimeOfDay, Schema.Union([TimeOfDay, Schema.Literal("close")])])
export type Hours = typeof Hours.Type

const RegularHours = Schema.Array(Schema.Tuple([TimeOfDay, TimeOfDay])).check(Schema.makeFilter(inOrder))

export const SpecialDay = Schema.Struct({
  why: Schema.NonEmptyString,
  hours: Schema.Array(Hours).check(Schema.makeFilter(inOrder))
})

/** Exchanges that keep the same hours and holidays. */
export const CalendarGroup = Schema.Struct({
  exchanges: Schema.Array(Exchange).check(Schema.isMinLength(1)),
  /** Never closed: nothing below counts. */
  always: Schema.optionalKey(Schema.Boolean),
  /** Of a regular day, Monday to Friday. */
  hours: RegularHours,
  /** In place of them while New York is on standard time (commodities follow it). */
  winterHours: Schema.optionalKey(RegularHours),
  /** Years of which the holidays are known. */
  years: Schema.Array(Schema.Int),
  /** Days without a session, with their names. */
  holidays: byDay(Schema.NonEmptyString),
  /** Days with other hours than usual, whichever weekday they are. */
  special: byDay(SpecialDay)
})
export type CalendarGroup = typeof CalendarGroup.Type

const namedTwice = (groups: ReadonlyArray<CalendarGroup>): string | undefined => {
  const seen = new Set<Exchange>()
  for (const exchange of groups.flatMap(({ exchanges }) => exchanges)) {
    if (seen.has(exchange)) return `${exchange} stands in two groups, or twice in one`
    seen.add(exchange)
  }
  return undefined
}

export const CalendarFile = Schema.Struct({
  groups: Schema.Array(CalendarGroup).check(Schema.makeFilter(namedTwice))
})
export type CalendarFile = typeof CalendarFile.Type
