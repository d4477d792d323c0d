/**
 * The exchanges' hours and holidays as they are shipped.
 *
 * Holidays and special sessions are those of the exchanges' circulars for 2025 and 2026 as brokers and newspapers
 * reprinted them. The circulars themselves were not read: what only follows from other facts, or was told by nobody yet,
 * is marked UNCONFIRMED beside it, and `calendar.json` replaces all of it. The moon moves a day now and then, and
 * elections add one.
 */
import type { CalendarFile, CalendarGroup } from "./calendarFile.ts"

const YEARS = [2025, 2026]

const holidays = {
  "2025-02-26": "Mahashivratri",
  "2025-03-14": "Holi",
  "2025-03-31": "Id-ul-Fitr",
  "2025-04-10": "Mahavir Jayanti",
  "2025-04-14": "Ambedkar Jayanti",
  "2025-04-18": "Good Friday",
  "2025-05-01": "Maharashtra Day",
  "2025-08-15": "Independence Day",
  "2025-08-27": "Ganesh Chaturthi",
  "2025-10-02": "Gandhi Jayanti",
  "2025-10-22": "Diwali Balipratipada",
  "2025-11-05": "Guru Nanak Jayanti",
  "2025-12-25": "Christmas",
  "2026-01-15": "municipal elections in Maharashtra",
  "2026-01-26": "Republic Day",
  "2026-03-03": "Holi",
  "2026-03-26": "Ram Navami",
  "2026-03-31": "Mahavir Jayanti",
  "2026-04-03": "Good Friday",
  "2026-04-14": "Ambedkar Jayanti",
  "2026-05-01": "Maharashtra Day",
  "2026-05-28": "Bakri Id",
  "2026-06-26": "Muharram",
  "2026-09-14": "Ganesh Chaturthi",
  "2026-10-02": "Gandhi Jayanti",
  "2026-10-20": "Dussehra",
  "2026-11-10": "Diwali Balipratipada",
  "2026-11-24": "Guru Nanak Jayanti",
  "2026-12-25": "Christmas"
}

/** Commodity exchanges are closed all day on these; on the others they open in the evening. */
const closedAllDay = new Set([
  "2025-04-18",
  "2025-08-15",
  "2025-10-02",
  "2025-12-25",
  "2026-01-26",
  "2026-04-03",
  "2026-10-02",
  "2026-12-25"
])

/**
 * Currencies rest on the money market's holidays, too. UNCONFIRMED: all but 2025-05-12 are known as days without
 * settlement or without a foreign exchange market, and currency derivatives kept to those in earlier years.
 */
const moneyMarketHolidays = {
  "2025-02-19": "Shivaji Maharaj Jayanti",
  "2025-04-01": "annual bank closing",
  "2025-05-12": "Buddha Purnima",
  // Moved from 2025-09-05 three days before.
  "2025-09-08": "Id-E-Milad",
  "2026-02-19": "Shivaji Maharaj Jayanti",
  "2026-03-19": "Gudi Padwa",
  "2026-04-01": "annual bank closing",
  "2026-08-26": "Id-E-Milad"
}

const days = Object.entries(holidays)
const eveningsOnly = Object.fromEntries(
  days
    .filter(([day]) => !closedAllDay.has(day))
    .map(([day, why]) => [
      day,
      { why: `the evening session of ${why}`, hours: [["17:00", "close"] as const] }
    ])
)

/** From the pre-open on. UNCONFIRMED: the day of 2026 is known, its hours are those of earlier years. */
const muhurat = {
  "2025-10-21": { why: "Muhurat trading on Diwali", hours: [["13:30", "14:45"] as const] },
  "2026-11-08": { why: "Muhurat trading on Diwali", hours: [["17:45", "19:15"] as const] }
}
const budgets = {
  "2025-02-01": { why: "the session on budget day", hours: [["09:00", "15:30"] as const] },
  "2026-02-01": { why: "the session on budget day", hours: [["09:00", "15:30"] as const] }
}

const equity: CalendarGroup = {
  exchanges: ["NSE", "BSE", "NFO", "BFO", "NSE_INDEX", "BSE_INDEX"],
  // Ticks flow from the pre-open session on; derivatives begin at 09:15, and a quarter of an hour's silence is no fault.
  hours: [["09:15", "15:30"]],
  years: YEARS,
  holidays,
  special: { ...muhurat, ...budgets }
}

const currency: CalendarGroup = {
  exchanges: ["CDS", "BCD", "CDS_INDEX"],
  hours: [["09:00", "17:00"]],
  years: YEARS,
  holidays: { ...holidays, ...moneyMarketHolidays },
  special: muhurat
}

const commodity: CalendarGroup = {
  exchanges: ["MCX", "MCX_INDEX", "NCO"],
  hours: [["09:00", "23:30"]],
  winterHours: [["09:00", "23:55"]],
  years: YEARS,
  holidays: Object.fromEntries(days.filter(([day]) => closedAllDay.has(day))),
  special: {
    ...eveningsOnly,
    // On 2025-10-21 there was nothing else. UNCONFIRMED: that its evening was closed; nobody wrote of one.
    ...muhurat,
    "2025-02-01": { why: "the session on budget day", hours: [["09:00", "17:00"]] },
    "2026-02-01": { why: "the session on budget day", hours: [["09:00", "17:00"]] },
    "2025-01-01": { why: "the morning session of New Year's Day", hours: [["09:00", "17:00"]] },
    "2026-01-01": { why: "the morning session of New Year's Day", hours: [["09:00", "17:00"]] }
  }
}

/** Most of its contracts end at 17:00, a few at 21:00: what is silent in the evening is not judged. */
const agriculture: CalendarGroup = {
  exchanges: ["NCDEX"],
  hours: [["10:00", "17:00"]],
  years: YEARS,
  // UNCONFIRMED: the evenings that it opens on some of these are left out.
  holidays,
  special: { "2025-10-21": muhurat["2025-10-21"] }
}

const always: CalendarGroup = {
  exchanges: ["CRYPTO", "GLOBAL_INDEX"],
  always: true,
  hours: [],
  years: YEARS,
  holidays: {},
  special: {}
}

export const builtInCalendar: CalendarFile = { groups: [equity, currency, commodity, agriculture, always] }
