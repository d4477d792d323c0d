/**
 * What a person looks for, as FTS5's questions. Every word becomes a quoted string of letters and digits: whatever was
 * typed, it cannot be read as FTS5's syntax.
 */
import { isExchange } from "../../../market/exchange.ts"
import type { Exchange } from "../../../market/exchange.ts"
import { monthLabels } from "../../../market/expiry.ts"
import type { InstrumentType } from "../../../market/instrument.ts"
import type { Chunk } from "./words.ts"
import { LEAST_INSIDE, chunksOf, dateInNumbers, isNumber, monthOf, monthWord } from "./words.ts"

/** Longer texts are refused: no real query is so long, and every word costs time. */
export const MOST_LETTERS = 200
export const MOST_WORDS = 10
/** Of letters or digits in one word; a whole option symbol has 6. Each is a question of its own. */
const MOST_RUNS = 12
/** Different ones: a day, a year, a strike and what is in two names. Each begins thousands of strikes. */
const MOST_NUMBERS = 5

/** How closely the words have to fit, the closest first. */
export type Closeness = "whole" | "beginning" | "inside"

export interface SearchText {
  /** As typed, without the exchange and blanks around: what a symbol may be. */
  readonly typed: string
  /** Out of `NSE:RELIANCE`. */
  readonly exchange?: Exchange
  readonly chunks: ReadonlyArray<Chunk>
  /** The words of contracts: types are taken out, numbers that may be strikes are listed. */
  readonly words: ReadonlyArray<Chunk>
  readonly numbers: ReadonlyArray<string>
  /** CE, PE and FUT by any of their names; several are alternatives. */
  readonly types: ReadonlyArray<InstrumentType>
}

/** Why these words are not worth what finding them costs; undefined: they are. */
export const whyNoSearch = (chunks: ReadonlyArray<Chunk>): string | undefined => {
  const long = chunks.find(({ runs }) => runs.length > MOST_RUNS)
  if (long !== undefined) {
    return `a word may have at most ${MOST_RUNS} parts (runs of letters or digits)`
  }
  const numbers = new Set(chunks.flatMap(({ runs }) => runs.filter(isNumber)))
  return numbers.size > MOST_NUMBERS
    ? `a search may have at most ${MOST_NUMBERS} different numbers`
    : undefined
}

const typeWords: Readonly<Record<string, ReadonlyArray<InstrumentType>>> = {
  ce: ["CE"],
  call: ["CE"],
  calls: ["CE"],
  pe: ["PE"],
  put: ["PE"],
  puts: ["PE"],
  fut: ["FUT"],
  future: ["FUT"],
  futures: ["FUT"],
  opt: ["CE", "PE"],
  option: ["CE", "PE"],
  options: ["CE", "PE"]
}

const wordOf = (word: string): Chunk => ({ joined: word, runs: [word] })

/** A date in numbers as words of the index, the month by its name; undefined for anything else. */
const writtenDate = (chunk: Chunk): ReadonlyArray<Chunk> | undefined => {
  const date = dateInNumbers(chunk)
  if (date === undefined) return undefined
  const day = date.day === undefined ? [] : [String(date.day).padStart(2, "0")]
  return [...day, monthWord(date.month), String(date.year)].map(wordOf)
}

/** `BAJAJ-AUTO` and `M&M` are one word of a contract; `25000ce` and `nifty-fut` are two. */
const contractWords = (chunk: Chunk): ReadonlyArray<Chunk> => {
  const oneName = chunk.runs.every((run) => !isNumber(run) && !Object.hasOwn(typeWords, run))
  if (oneName) return [chunk]
  return (
    writtenDate(chunk) ??
    // As strikes are written in the index.
    chunk.runs.map((run) => wordOf(run.includes(".") ? String(Number(run)) : run))
  )
}

const readSearchText = (text: string, glued: boolean): SearchText => {
  const named = /^\s*([A-Za-z_]+):(.*)$/s.exec(text)
  const exchange = named?.[1]!.toUpperCase()
  const known = exchange !== undefined && isExchange(exchange)
  const typed = (known ? named![2]! : text).trim().slice(0, MOST_LETTERS)
  const chunks = chunksOf(typed, glued).slice(0, MOST_WORDS)
  const all = chunks.flatMap(contractWords)
  const words = all.filter(({ joined }) => !Object.hasOwn(typeWords, joined))
  return {
    typed,
    ...(known ? { exchange } : {}),
    chunks,
    words,
    numbers: words.map(({ joined }) => joined).filter(isNumber),
    types: [...new Set(all.flatMap(({ joined }) => typeWords[joined] ?? []))]
  }
}

/** A month behind a name: `NIFTYDEC26`. */
const monthInName = new RegExp(`([a-z])(${monthLabels.join("|")})(?=\\d)`, "gi")

/**
 * What the text may mean, the likeliest first: `DEC26500` is year 26 and strike 500, or else the strike 26500; KUMAR is a name,
 * or else KU in March.
 */
export const readingsOf = (text: string): ReadonlyArray<SearchText> => {
  const readings = new Map<string, SearchText>()
  for (const spaced of [text, text.slice(0, 2 * MOST_LETTERS).replace(monthInName, "$1 $2")]) {
    for (const glued of [false, true]) {
      const reading = readSearchText(spaced, glued)
      const words = reading.words.map(({ joined }) => joined).join(" ")
      if (!readings.has(words)) readings.set(words, reading)
    }
  }
  return [...readings.values()]
}

const whole = (word: string): string => `"${word}"`
const beginning = (word: string): string => `"${word}"*`
const anyOf = (...questions: ReadonlyArray<string>): string =>
  questions.length === 1 ? questions[0]! : `(${questions.join(" OR ")})`
const allOf = (questions: ReadonlyArray<string>): string => questions.join(" AND ")

/** Of several runs the last is the one that may be cut off. */
const begins = ({ joined, runs }: Chunk): ReadonlyArray<string> =>
  runs.length === 1
    ? [beginning(joined)]
    : [beginning(joined), `(${allOf([...runs.slice(0, -1).map(whole), beginning(runs.at(-1)!)])})`]

const isInside = ({ joined }: Chunk): ReadonlyArray<string> =>
  joined.length < LEAST_INSIDE ? [] : [beginning(`~${joined}`)]

/** Shares and indices whose symbol is the text, or begins with it: `hdfc ba` is the beginning of HDFCBANK. */
export const symbolQuestion = ({ chunks }: SearchText, closeness: "whole" | "beginning"): string => {
  const word = `^${chunks.map(({ joined }) => joined).join("")}`
  return closeness === "whole" ? whole(word) : beginning(word)
}

/** Shares and indices in which all words are. */
export const nameQuestion = ({ chunks }: SearchText, closeness: "beginning" | "inside"): string =>
  allOf(chunks.map((chunk) => anyOf(...begins(chunk), ...(closeness === "inside" ? isInside(chunk) : []))))

/** Of a number the beginning counts from here on, after all that has it whole: 25 may become 25000. */
const LEAST_OF_NUMBER = 2

/** Whether the beginning of a number is enough. */
export const isOpen = (number: string, closeness: Closeness): boolean =>
  closeness !== "whole" && number.length >= LEAST_OF_NUMBER

const contractWord = (chunk: Chunk, closeness: Closeness): string => {
  const { joined } = chunk
  if (isNumber(joined)) {
    return isOpen(joined, closeness) ? beginning(joined) : whole(joined)
  }
  const month = monthOf(joined)
  const date = month === undefined ? [] : [whole(monthWord(month))]
  if (closeness !== "whole") {
    return anyOf(...date, ...begins(chunk), ...(closeness === "inside" ? isInside(chunk) : []))
  }
  return anyOf(...date, whole(`^${joined}`))
}

/** Groups of contracts in which all words and one of the types are; undefined where there is no word at all. */
export const groupQuestion = (
  { types, words }: Pick<SearchText, "types" | "words">,
  closeness: Closeness
): string | undefined => {
  const questions = words.map((word) => contractWord(word, closeness))
  if (types.length > 0) questions.push(anyOf(...types.map((type) => whole(type.toLowerCase()))))
  return questions.length === 0 ? undefined : allOf(questions)
}
