/** Days and times in India, where the exchanges are: the zone has no summer time. */

const OFFSET_MS = 5.5 * 3_600_000

/** `YYYY-MM-DD` in India. */
export const indiaDay = (epochMs: number): string => new Date(epochMs + OFFSET_MS).toISOString().slice(0, 10)

/** `2026-11-28 09:15:00`, in India. Whoever shows it says so: `IST`. */
export const indiaTime = (epochMs: number): string =>
  new Date(epochMs + OFFSET_MS).toISOString().slice(0, 19).replace("T", " ")

/** `2026-11-28 09:15`, in India. */
export const indiaMinute = (epochMs: number): string => indiaTime(epochMs).slice(0, 16)
