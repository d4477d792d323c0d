/** The shape of an exchange calendar: the built-in one, and `calendar.json`, which a user can put in its place. */
import * as Schema from "effect/Schema"
import { Exchange } from "./exchange.ts"

const TimeOfDay = Schema.String.check(Schema.isPattern(/^(?:[01]\d|2[0-3]):[0-5]\d$/))
const Day = Schema.String.check(Schema.isPattern(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/))

/** From and to, in Indian time. `close` is the end of that day's regular session. */
export const Hours = Schema.Tuple([TimeOfDay, Schema.Union([TimeOfDay, Schema.Literal("close")])])
export type Hours = typeof Hours.Type

export const SpecialDay = Schema.Struct({ why: Schema.NonEmptyString, hours: Schema.Array(Hours) })

/** Exchanges that keep the same hours and holidays. */
export const CalendarGroup = Schema.Struct({
  exchanges: Schema.Array(Exchange).check(Schema.isMinLength(1)),
  /** Never closed: nothing below counts. */
  always: Schema.optionalKey(Schema.Boolean),
  /** Of a regular day, Monday to Friday. */
  hours: Schema.Array(Hours),
  /** In place of them while New York is on standard time (commodities follow it). */
  winterHours: Schema.optionalKey(Schema.Array(Hours)),
  /** Years of which the holidays are known. */
  years: Schema.Array(Schema.Int),
  /** Days without a session, with their names. */
  holidays: Schema.Record(Day, Schema.NonEmptyString),
  /** Days with other hours than usual, whichever weekday they are. */
  special: Schema.Record(Day, SpecialDay)
})
export type CalendarGroup = typeof CalendarGroup.Type

export const CalendarFile = Schema.Struct({ groups: Schema.Array(CalendarGroup) })
export type CalendarFile = typeof CalendarFile.Type
