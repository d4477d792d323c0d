/**
 * Holds a master against what the table has, file by file and exchange by exchange: what looks cut off keeps the table's
 * instruments, because a feed with yesterday's beats one without them. Pure.
 */
import type { MasterFileContent } from "../../brokers/broker.ts"
import { counted } from "../../kit/counted.ts"
import type { Exchange } from "../../market/exchange.ts"
import { exchanges } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { Held } from "./instruments.ts"
import { wireKey } from "./masterRejects.ts"

/** An exchange may not have fewer instruments than this part of what the table holds of it, expired ones aside. */
const MIN_SHARE = 0.5
/** The same beside a file without an instrument, which may have held a part of an exchange that other files share. */
const MIN_SHARE_BESIDE_EMPTY = 0.9

/** What one file of the master gave. */
export interface FileReport {
  readonly name: string
  readonly rows: number
  readonly instruments: number
}

/** One exchange before and after; its indices are an exchange of their own. */
export interface ExchangeReport {
  readonly exchange: Exchange
  /** Instruments that the table held before. */
  readonly previous: number
  /** Those of them that had expired: neither compared nor kept. */
  readonly expired: number
  /** Instruments of the master, taken or not. */
  readonly now: number
  /** The table's instruments that stay in place of the master's; 0 where the master's were taken. */
  readonly kept: number
  /** Those that did not stay with the others, because the master gives their token or their name to something else. */
  readonly contradicted: number
  /** Files that the master's instruments of this exchange came from; empty where the parser does not tell. */
  readonly files: ReadonlyArray<string>
  /** What is wrong with the master's instruments of this exchange. They were taken all the same when forced. */
  readonly problem?: string
}

export interface Comparison {
  readonly exchanges: ReadonlyArray<ExchangeReport>
  /** Whose instruments the table keeps. */
  readonly keep: ReadonlySet<Exchange>
}

/** Of files of one name, such as the pages of one source, one report. */
export const fileReports = (files: ReadonlyArray<MasterFileContent>): ReadonlyArray<FileReport> => {
  const byName = new Map<string, FileReport>()
  for (const { exchanges, name, rows } of files) {
    const before = byName.get(name) ?? { name, rows: 0, instruments: 0 }
    const instruments = Object.values(exchanges).reduce((sum, n) => sum + n, before.instruments)
    byName.set(name, { name, rows: before.rows + rows, instruments })
  }
  return [...byName.values()]
}

/**
 * Files without an instrument beside others that have some. Which exchanges they should have had cannot be known from
 * them. A source that not every account or day has (`optional`) may be empty.
 */
export const fileProblems = (
  files: ReadonlyArray<FileReport>,
  optional: ReadonlySet<string>
): ReadonlyArray<string> =>
  files.some(({ instruments }) => instruments > 0)
    ? files
        .filter(({ instruments, name }) => instruments === 0 && !optional.has(name))
        .map(({ name, rows }) =>
          rows === 0
            ? `${name} has no row`
            : `${name} has ${counted(rows, "row")} and no instrument among them`
        )
    : []

export const isCurrent = (instrument: Instrument, today: string): boolean =>
  instrument.expiry === undefined || instrument.expiry >= today

/**
 * What expired before today counts on neither side: on the day after an expiry a derivatives exchange loses many rows
 * for good. An exchange of which the table holds nothing else has nothing to lose.
 */
export const compare = (
  held: ReadonlyArray<Held>,
  master: ReadonlyArray<Instrument>,
  files: ReadonlyArray<MasterFileContent> | undefined,
  { force, hasEmptyFile, today }: CompareOptions
): Comparison => {
  const minShare = hasEmptyFile ? MIN_SHARE_BESIDE_EMPTY : MIN_SHARE
  const now = new Map<Exchange, Counts>()
  for (const instrument of master) {
    const counts = now.get(instrument.exchange) ?? { all: 0, current: 0 }
    counts.all += 1
    if (isCurrent(instrument, today)) counts.current += 1
    now.set(instrument.exchange, counts)
  }
  const keep = new Set<Exchange>()
  const reports: Array<ExchangeReport> = []
  for (const exchange of new Set([...exchanges, ...held.map((h) => h.exchange)])) {
    const before = held.find((h) => h.exchange === exchange)
    const counts = now.get(exchange)
    if (before === undefined && counts === undefined) continue
    const from = [
      ...new Set(files?.filter((file) => (file.exchanges[exchange] ?? 0) > 0).map(({ name }) => name))
    ]
    const previous = before?.instruments ?? 0
    const current = before?.current ?? 0
    const problem = problemOf(current, counts, minShare, files === undefined ? undefined : from)
    if (problem !== undefined && !force) keep.add(exchange)
    reports.push({
      exchange,
      previous,
      expired: previous - current,
      now: counts?.all ?? 0,
      kept: 0,
      contradicted: 0,
      files: from,
      ...(problem === undefined ? {} : { problem })
    })
  }
  return { exchanges: reports, keep }
}

export interface CompareOptions {
  readonly force: boolean
  /** Some file of the master gave nothing. */
  readonly hasEmptyFile: boolean
  /** `YYYY-MM-DD` in India */
  readonly today: string
}

interface Counts {
  all: number
  /** Not expired. */
  current: number
}

/** @param from undefined where the parser does not tell which file gave what */
const problemOf = (
  held: number,
  now: Counts | undefined,
  minShare: number,
  from: ReadonlyArray<string> | undefined
): string | undefined => {
  const current = now?.current ?? 0
  if (held === 0 || (current > 0 && current >= held * minShare)) return undefined
  const where = `where the table holds ${held}`
  if (now !== undefined) {
    const source = from === undefined || from.length === 0 ? "" : ` from ${from.join(", ")}`
    return `only ${current === 0 ? "expired ones" : current}${source}, ${where}`
  }
  return `${from === undefined ? "the master has none" : "no file of this import has any"}, ${where}`
}

/**
 * The table's instruments that may stay beside today's: not one whose token the master gives to another, nor one whose
 * name the master gives another token. Tokens are reused, and a price on the wrong instrument is worse than none.
 *
 * @param master all that it has, also what is not taken: the rows that a file still has are right
 */
export const withoutContradicted = (
  stored: ReadonlyArray<Instrument>,
  master: ReadonlyArray<Instrument>
): ReadonlyArray<Instrument> => {
  if (stored.length === 0) return stored
  const namesByKey = new Map<string, string | undefined>()
  const keysByName = new Map<string, string>()
  for (const instrument of master) {
    const key = wireKey(instrument)
    const name = nameOf(instrument)
    // A token of two names contradicts whatever the table calls it.
    namesByKey.set(key, namesByKey.has(key) && namesByKey.get(key) !== name ? undefined : name)
    keysByName.set(name, key)
  }
  return stored.filter((instrument) => {
    const key = wireKey(instrument)
    const name = nameOf(instrument)
    return (!namesByKey.has(key) || namesByKey.get(key) === name) && (keysByName.get(name) ?? key) === key
  })
}
