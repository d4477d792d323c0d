/** Days in India, where the exchanges are: the zone has no summer time. */

const OFFSET_MS = 5.5 * 3_600_000

/** `YYYY-MM-DD` in India. */
export const indiaDay = (epochMs: number): string => new Date(epochMs + OFFSET_MS).toISOString().slice(0, 10)
