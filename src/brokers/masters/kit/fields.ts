/** Reads the fields of instrument masters: numbers, tokens, days. */
import { monthLabels } from "../../../market/expiry.ts"

/** A finite number, or undefined; an empty text is not 0. */
export const numberOf = (text: string): number | undefined => {
  if (text.trim() === "") return undefined
  const n = Number(text)
  return Number.isFinite(n) ? n : undefined
}

/** Plain digits without a leading zero: what the wire's tokens are. */
export const isToken = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text)

/** A token that the wire carries in 32 bits, or undefined. */
export const uint32Token = (text: string): string | undefined =>
  isToken(text) && Number(text) <= 0xffff_ffff ? text : undefined

/** What a report calls a field that may be empty. */
export const orNone = (text: string, none = "none"): string => (text === "" ? `(${none})` : text)

/** The first characters of a file, for an error message. */
export const beginning = (text: string): string => JSON.stringify(text.trimStart().slice(0, 60))

/** `2024-03-28`, or undefined where there is no such day. */
export const isoDate = (year: number, month: number, day: number): string | undefined => {
  const date = new Date(Date.UTC(year, month - 1, day))
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return real && year >= 1990 && year < 2100 ? date.toISOString().slice(0, 10) : undefined
}

/**
 * The date at the beginning of a text in one of the forms that masters use: `2026-08-27`, `27-Aug-2026`, `27AUG2026`,
 * `27 Aug 2026`, `27/08/2026`, each perhaps with a time behind it.
 */
export const dateOf = (text: string): string | undefined => {
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?!\d)/.exec(text)
  if (iso !== null) return isoDate(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const words = /^(\d{1,2})[- ]?([A-Za-z]{3})[- ]?(\d{4})(?!\d)/.exec(text)
  if (words !== null) return isoDate(Number(words[3]), monthOf(words[2]!), Number(words[1]))
  const digits = /^(\d{2})\/(\d{2})\/(\d{4})(?!\d)/.exec(text)
  return digits === null ? undefined : isoDate(Number(digits[3]), Number(digits[2]), Number(digits[1]))
}

/**
 * Reads days in one form alone.
 *
 * @param form with the groups `year`, `month` (digits or three letters) and `day`
 */
export const dayIn =
  (form: RegExp) =>
  (text: string): string | undefined => {
    const { day, month = "", year } = form.exec(text)?.groups ?? {}
    return year === undefined
      ? undefined
      : isoDate(Number(year), Number(month) || monthOf(month), Number(day))
  }

/** `2026-08-27`, and nothing behind it. */
export const isoDay = dayIn(/^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/)

/** The number of a month by its three letters, in any case; 0 for anything else. */
export const monthOf = (letters: string): number => monthLabels.indexOf(letters.toUpperCase()) + 1
