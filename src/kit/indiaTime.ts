/** Days and times in India, where the exchanges are: the zone has no summer time. */

/** India's clocks are ahead of UTC by five and a half hours. */
export const INDIA_OFFSET_SECONDS = 19_800
export const INDIA_OFFSET_MS = INDIA_OFFSET_SECONDS * 1000

const DAY_MS = 86_400_000

/** Days since 1970-01-01 in India: one more at each midnight there. */
export const indiaDayNumber = (epochMs: number): number => Math.floor((epochMs + INDIA_OFFSET_MS) / DAY_MS)

/** The last midnight in India, as epoch milliseconds. */
export const indiaMidnight = (epochMs: number): number => indiaDayNumber(epochMs) * DAY_MS - INDIA_OFFSET_MS

/** What a clock in India shows at this moment, by the UTC methods of the Date. */
export const indiaClock = (epochMs: number): Date => new Date(epochMs + INDIA_OFFSET_MS)

/** `YYYY-MM-DD` in India. */
export const indiaDay = (epochMs: number): string => indiaClock(epochMs).toISOString().slice(0, 10)

/** `2026-11-28 09:15:00`, in India. Whoever shows it says so: `IST`. */
export const indiaTime = (epochMs: number): string =>
  indiaClock(epochMs).toISOString().slice(0, 19).replace("T", " ")

/** `2026-11-28 09:15`, in India. */
export const indiaMinute = (epochMs: number): string => indiaTime(epochMs).slice(0, 16)
