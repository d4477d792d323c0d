/**
 * The words by which instruments are found: what the search index holds, and what a person's text is taken apart into.
 * Pure; both sides use the same functions, so that what is written on one is found on the other.
 *
 * A plain word is found whole and by its beginning. Two marks, which no text can hold, make words of their own:
 * `^` before what a symbol is, whole, and `~` before what is left of a symbol without its first letters, by which
 * BANK finds HDFCBANK.
 */
import { months } from "../../../market/expiry.ts"
import type { Instrument, InstrumentType } from "../../../market/instrument.ts"

/** A part of a text between blanks: `BAJAJ-AUTO` is one, `NIFTY28MAR24` is one. */
export interface Chunk {
  /** Its letters and digits, without what stands between them: `bajajauto`. */
  readonly joined: string
  /** Letters and numbers apart: `bajaj`, `auto`; `nifty`, `28`, `mar`, `24`. */
  readonly runs: ReadonlyArray<string>
}

/** 1 to 12 for three or more letters that a month's name begins with, in lower case; undefined for anything else. */
export const monthOf = (word: string): number | undefined => {
  if (word.length < 3) return undefined
  const at = months.findIndex((month) => month.startsWith(word))
  return at === -1 ? undefined : at + 1
}

/** `sept` and `december` as contracts have them, `sep` and `dec`. */
export const monthWord = (month: number): string => months[month - 1]!.slice(0, 3)

export const isNumber = (run: string): boolean => /^\d/.test(run)

/**
 * Symbols write year and strike together, as in `28MAR2420800CE`; people write the year whole, as in `DEC2026`, or leave it
 * out, as in `DEC25000CE`: no strike begins with a zero, unless it is less than a rupee.
 */
const apart = (runs: ReadonlyArray<string>): ReadonlyArray<string> =>
  runs.flatMap((run, i) => {
    const behindMonth = i > 0 && monthOf(runs[i - 1]!) !== undefined
    const glued = /^\d\d(?:[1-9]|0\.)/.test(run) && !/^20\d\d$/.test(run)
    return behindMonth && glued ? [run.slice(0, 2), run.slice(2)] : [run]
  })

/** Most texts have plain letters only, and an import reads some 50 000 of them. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)
const plainRuns = /\d+(?:\.\d+)?|[a-z]+/g
const anyRuns = /\d+(?:\.\d+)?|\p{L}+/gu
const hasBoth = /\d/

const chunkOf = (part: string, plain: boolean, glued: boolean): Chunk | undefined => {
  const runs = part.match(plain ? plainRuns : anyRuns)
  if (runs === null) return undefined
  return runs.length === 1
    ? { joined: runs[0], runs }
    : { joined: runs.join(""), runs: hasBoth.test(part) && !glued ? apart(runs) : runs }
}

/**
 * The chunks of a text: lower case, without accents, `25,000` as 25000. Empty where there is no letter or digit.
 *
 * @param glued of `DEC26500` the number is whole, not a year and a strike
 */
export const chunksOf = (text: string, glued = false): ReadonlyArray<Chunk> => {
  const plain = isPlain(text)
  const bare = (plain ? text : text.normalize("NFKD").replace(/\p{M}/gu, "")).toLowerCase()
  const whole = bare.includes(",") ? bare.replace(/(?<=\d),(?=\d)/g, "") : bare
  const chunks: Array<Chunk> = []
  for (const part of plain ? whole.split(" ") : whole.split(/\s+/)) {
    const chunk = part === "" ? undefined : chunkOf(part, plain, glued)
    if (chunk !== undefined) chunks.push(chunk)
  }
  return chunks
}

/** A day, or a whole month. */
export interface WrittenDate {
  readonly year: number
  readonly month: number
  readonly day?: number
}

/** `2026-12-29`, `29-12-2026`, `29.12.2026` and `2026-12`; undefined for anything else. The calendar may have no such day. */
export const dateInNumbers = ({ runs }: Chunk): WrittenDate | undefined => {
  const text = runs.join("-")
  const iso = /^(20\d\d)-(0[1-9]|1[0-2])(?:-(\d\d?))?$/.exec(text)
  const indian = /^(\d\d?)[-.](0?[1-9]|1[0-2])-(20\d\d)$/.exec(text)
  const [year, month, day] = iso?.slice(1) ?? indian?.slice(1).reverse() ?? []
  if (year === undefined || month === undefined) return undefined
  return { year: Number(year), month: Number(month), ...(day === undefined ? {} : { day: Number(day) }) }
}

const joinedOf = (text: string): string => {
  let joined = ""
  for (const chunk of chunksOf(text)) joined += chunk.joined
  return joined
}

const addPlain = (words: Set<string>, text: string, mark = ""): void => {
  for (const { joined, runs } of chunksOf(text)) {
    words.add(mark + joined)
    if (runs.length > 1) for (const run of runs) words.add(mark + run)
  }
}

/** The least that is looked for inside a symbol: two letters are inside of too many. */
export const LEAST_INSIDE = 3

const addInsides = (words: Set<string>, joined: string): void => {
  for (let at = 1; at <= joined.length - LEAST_INSIDE; at++) words.add(`~${joined.slice(at)}`)
}

const addWhole = (words: Set<string>, joined: string): void => {
  if (joined !== "") words.add(`^${joined}`)
}

/** What the index holds of a share or an index. */
export const wordsOfInstrument = ({
  brokerSymbol,
  name,
  symbol,
  type
}: Pick<Instrument, "symbol" | "brokerSymbol" | "name" | "type">): string => {
  const words = new Set([type.toLowerCase()])
  const joined = joinedOf(symbol)
  addWhole(words, joined)
  // An index is asked for by its exchange's name too: "nifty bank" is BANKNIFTY.
  if (type === "INDEX") {
    addWhole(words, joinedOf(name))
    addWhole(words, joinedOf(brokerSymbol))
  }
  addPlain(words, symbol)
  if (brokerSymbol !== symbol) addPlain(words, brokerSymbol)
  if (name !== symbol) addPlain(words, name)
  addInsides(words, joined)
  return [...words].join(" ")
}

/** The contracts of one underlying that expire on one day: found together, since they differ by strike and type only. */
export interface ContractGroup {
  readonly underlying: string
  /** `YYYY-MM-DD`; absent for perpetual futures. */
  readonly expiry?: string
  readonly types: Iterable<InstrumentType>
  /** In rupees. */
  readonly strikes: Iterable<number>
  /** What shares and indices of the underlying's symbol are called. */
  readonly names: ReadonlyArray<string>
}

/**
 * Day, month and year of an expiry as people write them: `2026-08-05` is 05, 5, aug, 26 and 2026. None of what is no date:
 * a table of an earlier version may hold such a text.
 */
const datesOf = (expiry: string): ReadonlyArray<string> => {
  const date = /^(\d{4})-(0[1-9]|1[0-2])-(\d{2})$/.exec(expiry)
  if (date === null) return []
  const [, year, month, day] = date as unknown as [string, string, string, string]
  return [day, String(Number(day)), monthWord(Number(month)), year.slice(2), year]
}

/** What the index holds of the contracts of a group. */
export const wordsOfGroup = ({ expiry, names, strikes, types, underlying }: ContractGroup): string => {
  const joined = joinedOf(underlying)
  const words = new Set<string>()
  for (const type of types) words.add(type.toLowerCase())
  addWhole(words, joined)
  addPlain(words, underlying, "^")
  addPlain(words, underlying)
  for (const name of names) addPlain(words, name)
  if (expiry !== undefined) for (const word of datesOf(expiry)) words.add(word)
  for (const strike of strikes) words.add(String(strike))
  addInsides(words, joined)
  return [...words].join(" ")
}

/** The numbers among a group's words that are no strikes: where one of these was meant, all its contracts are. */
export const numbersOfGroup = ({ expiry, names, underlying }: ContractGroup): ReadonlyArray<string> => {
  const words = new Set(expiry === undefined ? [] : datesOf(expiry))
  addPlain(words, underlying)
  for (const name of names) addPlain(words, name)
  return [...words].filter(isNumber)
}
