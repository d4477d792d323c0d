/** Looks a moment up in an exchange calendar. Pure; days are those of India, which has one time zone and no summer time. */
import { INDIA_OFFSET_MS, indiaClock, indiaMidnight } from "../kit/indiaTime.ts"
import { builtInCalendar } from "./calendarData.ts"
import type { CalendarFile, CalendarGroup, Hours } from "./calendarFile.ts"
import type { Exchange } from "./exchange.ts"
import type { HoursAnswer, MarketHours } from "./hours.ts"

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

interface Session {
  readonly from: number
  readonly to: number
}

interface Day {
  readonly sessions: ReadonlyArray<Session>
  /** What the day is, for a moment within its sessions and for one outside them. */
  readonly open: string
  readonly closed: string
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

const nthSunday = (year: number, month: number, n: number): number => {
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay()
  return Date.UTC(year, month, 1 + ((7 - first) % 7) + 7 * (n - 1))
}

/** New York is on summer time from the second Sunday of March to the first one of November. */
const isNewYorkSummer = (midnight: number): boolean => {
  const day = midnight + INDIA_OFFSET_MS
  const year = new Date(day).getUTCFullYear()
  return day >= nthSunday(year, 2, 2) && day < nthSunday(year, 10, 1)
}

const dayOf = (group: CalendarGroup, midnight: number): Day => {
  const date = indiaClock(midnight)
  const name = date.toISOString().slice(0, 10)
  const weekday = date.getUTCDay()
  const regular =
    group.winterHours === undefined || isNewYorkSummer(midnight) ? group.hours : group.winterHours
  const closing = regular.at(-1)?.[1] ?? "23:59"
  const sessionsOf = (hours: ReadonlyArray<Hours>): ReadonlyArray<Session> =>
    hours.map(([from, to]) => ({
      from: midnight + minutesOf(from) * MINUTE_MS,
      to: midnight + minutesOf(to === "close" ? closing : to) * MINUTE_MS
    }))
  const special = group.special[name]
  if (special !== undefined) {
    return { sessions: sessionsOf(special.hours), open: special.why, closed: `outside ${special.why}` }
  }
  const holiday = group.holidays[name]
  if (holiday !== undefined) return { sessions: [], open: "", closed: `a holiday: ${holiday}` }
  if (weekday === 0 || weekday === 6) return { sessions: [], open: "", closed: "a weekend" }
  const year = date.getUTCFullYear()
  const guess = group.years.includes(year) ? "" : ` (this calendar has no holidays of ${year})`
  const spans = regular.map(([from, to]) => `${from} to ${to}`).join(" and ")
  return {
    sessions: sessionsOf(regular),
    open: `the regular session${guess}`,
    closed: `outside the regular session, ${spans}${guess}`
  }
}

/** As far as a next session is looked for: longer than any row of holidays. */
const LOOK_AHEAD_DAYS = 15

const answer = (at: number, midnight: number, day: (midnight: number) => Day): HoursAnswer => {
  const { closed, open, sessions } = day(midnight)
  const running = sessions.find(({ from, to }) => at >= from && at < to)
  if (running !== undefined) return { open: true, why: open, until: running.to }
  for (let ahead = 0; ahead <= LOOK_AHEAD_DAYS; ahead++) {
    const next = day(midnight + ahead * DAY_MS).sessions.find(({ from }) => from > at)
    if (next !== undefined) return { open: false, why: closed, until: next.from }
  }
  return { open: false, why: closed }
}

/**
 * Exchanges that the calendar does not name keep the built-in hours.
 *
 * @param calendar of a user; the built-in one by default
 */
export const makeCalendar = (calendar: CalendarFile = builtInCalendar): MarketHours => {
  const groups = new Map<Exchange, CalendarGroup>()
  for (const group of [...builtInCalendar.groups, ...calendar.groups]) {
    for (const exchange of group.exchanges) groups.set(exchange, group)
  }
  const days = new Map<CalendarGroup, Map<number, Day>>()
  const cached = (group: CalendarGroup, midnight: number): Day => {
    let known = days.get(group)
    if (known === undefined || known.size > 4 * LOOK_AHEAD_DAYS) days.set(group, (known = new Map()))
    let day = known.get(midnight)
    if (day === undefined) known.set(midnight, (day = dayOf(group, midnight)))
    return day
  }
  return {
    at: (exchange, at) => {
      const group = groups.get(exchange)!
      if (group.always === true) return { open: true, why: "it never closes" }
      return answer(at, indiaMidnight(at), (midnight) => cached(group, midnight))
    }
  }
}
