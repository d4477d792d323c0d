/** The filters of a search as people and programs write them, for the command line and for HTTP. Pure. */
import * as Result from "effect/Result"
import { exchanges, isExchange } from "../../../market/exchange.ts"
import type { Exchange } from "../../../market/exchange.ts"
import { InstrumentType } from "../../../market/instrument.ts"
import type { ExpiryRange, InstrumentSearch } from "./query.ts"
import { MOST_LETTERS, MOST_WORDS, whyNoSearch } from "./text.ts"
import { chunksOf, dateInNumbers, monthOf } from "./words.ts"

/** Each as written; absent or empty is none. */
export interface WrittenFilters {
  /** `NFO`, or several with commas between. */
  readonly exchange?: string | undefined
  /** `CE`, or several with commas between. */
  readonly type?: string | undefined
  /** `2026-12-29`, `29-12-2026`, `2026-12`, `DEC`, `next`. */
  readonly expiry?: string | undefined
  readonly strikeMin?: string | undefined
  readonly strikeMax?: string | undefined
}

export type Filters = Pick<InstrumentSearch, "exchanges" | "types" | "expiry" | "strikeMin" | "strikeMax">

/** What is wrong, and what would be right. */
type Read<A> = Result.Result<A, string>

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)

const several = (text: string): ReadonlyArray<string> =>
  text
    .toUpperCase()
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")

const isType = (name: string): name is InstrumentType =>
  (InstrumentType.literals as ReadonlyArray<string>).includes(name)

const readNames = <A extends string>(
  text: string,
  known: (name: string) => name is A,
  what: string,
  all: ReadonlyArray<string>
): Read<ReadonlyArray<A>> => {
  const names = several(text)
  const strange = names.length === 0 ? text : names.find((name) => !known(name))
  return strange === undefined
    ? Result.succeed(names.filter(known))
    : Result.fail(`${quoted(strange)} is not ${what}; known: ${all.join(", ")}`)
}

const twoDigits = (n: number): string => String(n).padStart(2, "0")

/** Whether the calendar has such a day. */
const isDay = (iso: string): boolean => {
  const ms = Date.parse(`${iso}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(iso)
}

const dayRange = (year: number, month: number, day: number): ExpiryRange | undefined => {
  const iso = `${year}-${twoDigits(month)}-${twoDigits(day)}`
  return isDay(iso) ? { from: iso, to: iso } : undefined
}

/** Dates are compared as texts, so that the 31st ends every month. */
const monthRange = (year: number, month: number): ExpiryRange | undefined => {
  const start = `${year}-${twoDigits(month)}`
  return month >= 1 && month <= 12 ? { from: `${start}-01`, to: `${start}-31` } : undefined
}

const yearOf = (text: string): number => (text.length === 2 ? 2000 + Number(text) : Number(text))

const expiryRange = (text: string, today: string): ExpiryRange | undefined => {
  const numbers = /^\d+(?:[-./]\d+){1,2}$/.test(text) ? dateInNumbers(chunksOf(text)[0]!) : undefined
  if (numbers !== undefined) {
    const { year, month } = numbers
    return numbers.day === undefined ? monthRange(year, month) : dayRange(year, month, numbers.day)
  }
  const words = /^(?:(\d{1,2})[- ]?)?([a-z]{3,9})(?:[- ]?(\d{4}|\d{2}))?$/.exec(text)
  const month = words === null ? undefined : monthOf(words[2]!)
  if (words === null || month === undefined) return undefined
  const [, dayText, , yearText] = words
  if (dayText !== undefined) {
    return yearText === undefined ? undefined : dayRange(yearOf(yearText), month, Number(dayText))
  }
  if (yearText !== undefined) return monthRange(yearOf(yearText), month)
  const [year, now] = today.split("-").map(Number) as [number, number]
  return monthRange(month >= now ? year : year + 1, month)
}

/** @param today `YYYY-MM-DD` in India: a month without a year is the next of its name, this one included */
export const readExpiry = (text: string, today: string): Read<ExpiryRange | "next"> => {
  const bare = text.trim().toLowerCase()
  if (bare === "next") return Result.succeed("next")
  const range = expiryRange(bare, today)
  return range === undefined
    ? Result.fail(
        `${quoted(text)} is not an expiry; write a date (2026-12-29, 29-12-2026, 29DEC26), a month (2026-12, DEC, DEC2026), or next`
      )
    : Result.succeed(range)
}

const readStrike = (text: string): Read<number> => {
  const bare = text.trim().replaceAll(",", "")
  const strike = bare === "" ? Number.NaN : Number(bare)
  return Number.isFinite(strike) && strike >= 0
    ? Result.succeed(strike)
    : Result.fail(`${quoted(text)} is not a strike; write rupees, such as 25000 or 83.25`)
}

/** `24000..26000`, `24000..`, `..26000`, or one strike alone. */
export const readStrikes = (text: string): Read<Pick<Filters, "strikeMin" | "strikeMax">> => {
  const parts = text.split("..")
  const [low, high = low] = parts
  const empty = low!.trim() === "" && high!.trim() === ""
  if (parts.length > 2 || empty) {
    return Result.fail(
      `${quoted(text)} is not a range of strikes; write 24000..26000, 24000.., ..26000, or one strike`
    )
  }
  const [, from, to] = /^\s*([\d,.]+)\s*(?:-|–|:|to)\s*([\d,.]+)\s*$/i.exec(text) ?? []
  return from === undefined
    ? strikes(low, high)
    : Result.fail(`${quoted(text)} is not a strike; write a range as ${from}..${to}`)
}

const strikes = (
  low: string | undefined,
  high: string | undefined
): Read<Pick<Filters, "strikeMin" | "strikeMax">> =>
  Result.gen(function* () {
    const strikeMin = isGiven(low) ? yield* readStrike(low) : undefined
    const strikeMax = isGiven(high) ? yield* readStrike(high) : undefined
    if (strikeMin !== undefined && strikeMax !== undefined && strikeMin > strikeMax) {
      return yield* Result.fail(`the lowest strike, ${strikeMin}, is above the highest, ${strikeMax}`)
    }
    return {
      ...(strikeMin === undefined ? {} : { strikeMin }),
      ...(strikeMax === undefined ? {} : { strikeMax })
    }
  })

const isGiven = (text: string | undefined): text is string => text !== undefined && text.trim() !== ""

export const readFilters = (written: WrittenFilters, today: string): Read<Filters> =>
  Result.gen(function* () {
    const { exchange, expiry, strikeMax, strikeMin, type } = written
    return {
      ...(isGiven(exchange)
        ? { exchanges: yield* readNames<Exchange>(exchange, isExchange, "an exchange", exchanges) }
        : {}),
      ...(isGiven(type)
        ? { types: yield* readNames<InstrumentType>(type, isType, "a type", InstrumentType.literals) }
        : {}),
      ...(isGiven(expiry) ? { expiry: yield* readExpiry(expiry, today) } : {}),
      ...(yield* strikes(strikeMin, strikeMax))
    }
  })

/** A text that is looked for whole: longer ones are refused instead of cut. */
export const readText = (text: string): Read<string> => {
  if (text.length > MOST_LETTERS) {
    return Result.fail(`the search text has ${text.length} characters; at most ${MOST_LETTERS} are allowed`)
  }
  const chunks = chunksOf(text)
  if (chunks.length > MOST_WORDS) return Result.fail(`a search may have at most ${MOST_WORDS} words`)
  const why = whyNoSearch(chunks)
  return why === undefined ? Result.succeed(text) : Result.fail(why)
}
