/** What the parsers of instrument masters share. */
import type { Exchange } from "../../market/exchange.ts"
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { MasterFileContent, MasterReject, ParsedMaster } from "../broker.ts"
import type { Security } from "./cash.ts"
import { namedSecurities, plainSeries, rootOf } from "./cash.ts"
import { checked } from "./rowChecks.ts"

/** What one row of a master is. */
export type Row =
  | { readonly tag: "instrument"; readonly instrument: Instrument }
  /** Of a cash segment: its common symbol depends on the other securities of its name. */
  | { readonly tag: "security"; readonly security: Security }
  | { readonly tag: "rejected"; readonly reason: string }
  /** Of a kind that AlgoWays does not carry. */
  | { readonly tag: "skipped"; readonly kind: string }

export const carried = (instrument: Instrument): Row => ({ tag: "instrument", instrument })
export const cash = (security: Security): Row => ({
  tag: "security",
  security: { ...security, series: plainSeries(security.series) }
})
export const rejected = (reason: string): Row => ({ tag: "rejected", reason })
export const skipped = (kind: string): Row => ({ tag: "skipped", kind })

/** A file of a master while its rows are read. */
interface OpenFile {
  readonly name: string
  rows: number
  readonly exchanges: Map<Exchange, number>
}

interface Placed<A> {
  /** Its place among all rows of all files. */
  readonly at: number
  readonly row: number
  readonly file: OpenFile | undefined
  readonly item: A
}

export interface BuilderOptions {
  /** The broker lists a contract anew under a higher token and leaves the old row: the highest token is meant. */
  readonly lastToken?: boolean
}

/** Collects rows. What comes of them does not depend on their order. */
export class MasterBuilder {
  readonly #options: BuilderOptions
  readonly #instruments: Array<Placed<Instrument>> = []
  readonly #securities = new Map<string, Array<Placed<Security>>>()
  readonly #rejects: Array<Placed<string>> = []
  readonly #skipped = new Map<string, number>()
  readonly #files: Array<OpenFile> = []
  #file: OpenFile | undefined
  #rows = 0

  constructor(options: BuilderOptions = {}) {
    this.#options = options
  }

  /** The rows that are added from now on are of this file. For masters of several. */
  file(name: string): void {
    this.#file = { name, rows: 0, exchanges: new Map() }
    this.#files.push(this.#file)
  }

  /** @param row where it stands in the file, for the report; 0 for what no row says */
  add(row: number, parsed: Row): void {
    const file = row === 0 ? undefined : this.#file
    if (file !== undefined) file.rows++
    const place = { at: this.#rows++, row, file }
    const good = checked(parsed)
    switch (good.tag) {
      case "rejected":
        this.#rejects.push({ ...place, item: good.reason })
        return
      case "skipped":
        this.#skip(good.kind)
        return
      case "instrument":
        this.#instruments.push({ ...place, item: good.instrument })
        return
      case "security": {
        const { security } = good
        const same = this.#securities.get(rootOf(security))
        const placed = { ...place, item: security }
        if (same === undefined) this.#securities.set(rootOf(security), [placed])
        else same.push(placed)
      }
    }
  }

  finish(): ParsedMaster {
    for (const same of this.#securities.values()) this.#nameSecurities(same)
    this.#instruments.sort(byPlace)
    const instruments = this.#unique()
    return {
      instruments,
      rejects: this.#rejects.sort(byPlace).map((reject) => this.#report(reject)),
      skipped: Object.fromEntries([...this.#skipped].sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(this.#files.length === 0 ? {} : { files: this.#files.map(rowsOf) })
    }
  }

  #nameSecurities(same: ReadonlyArray<Placed<Security>>): void {
    const named = namedSecurities(same.map(({ item }) => item))
    for (const [i, placed] of same.entries()) {
      const instrument = named[i]
      if (instrument === undefined)
        this.#skip(`${placed.item.exchange} security that is no share, without a series of its own`)
      else this.#instruments.push({ ...placed, item: { ...instrument, type: "EQ" } })
    }
  }

  /** Of rows that say the same one stays. Of instruments under one name none does: a wrong price is worse than none. */
  #unique(): ReadonlyArray<Instrument> {
    const byName = new Map<string, Array<Placed<Instrument>>>()
    for (const placed of this.#instruments) {
      const name = nameOf(placed.item)
      const same = byName.get(name)
      if (same === undefined) byName.set(name, [placed])
      else {
        const again = same.findIndex(({ item }) => sameOnWire(item, placed.item))
        if (again < 0) same.push(placed)
        else {
          this.#skip("repeated row")
          if (isBefore(placed.item, same[again]!.item)) same[again] = placed
        }
      }
    }
    const unique: Array<Instrument> = []
    for (const [name, all] of byName) {
      const same = this.#listedTwice(all)
      const [{ file, item }] = same as [Placed<Instrument>]
      if (same.length === 1) {
        unique.push(item)
        if (file !== undefined)
          file.exchanges.set(item.exchange, (file.exchanges.get(item.exchange) ?? 0) + 1)
        continue
      }
      const tokens = tokensOf(same.map(({ item }) => item))
      for (const placed of same) {
        const reason = `${name} is ${same.length} instruments, with the tokens ${tokens}: which is meant is not told`
        this.#rejects.push({ ...placed, item: reason })
      }
    }
    return unique
  }

  /**
   * An index that is listed under several tokens is the same index by each: the lowest stays. So is a contract at brokers
   * that leave its old row when they list it anew: the highest stays. A share's series tells it apart.
   */
  #listedTwice(same: ReadonlyArray<Placed<Instrument>>): ReadonlyArray<Placed<Instrument>> {
    const [{ item: first }, ...others] = same as [Placed<Instrument>, ...ReadonlyArray<Placed<Instrument>>]
    const wanted =
      first.type === "INDEX" ? -1 : this.#options.lastToken === true && first.expiry !== undefined ? 1 : 0
    if (others.length === 0 || wanted === 0) return same
    const kind = first.type === "INDEX" ? "index that is listed twice" : "contract that is listed anew"
    for (let i = 0; i < others.length; i++) this.#skip(kind)
    return [same.reduce((a, b) => (Math.sign(byToken(b.item, a.item)) === wanted ? b : a))]
  }

  #skip(kind: string): void {
    this.#skipped.set(kind, (this.#skipped.get(kind) ?? 0) + 1)
  }

  #report({ file, item, row }: Placed<string>): MasterReject {
    return { row, reason: file === undefined || this.#files.length < 2 ? item : `${file.name}: ${item}` }
  }
}

const rowsOf = ({ exchanges, name, rows }: OpenFile): MasterFileContent => ({
  name,
  rows,
  exchanges: Object.fromEntries(exchanges)
})

/** Numbers by their size, other tokens as texts behind them. */
const byToken = (a: Instrument, b: Instrument): number => {
  const [x, y] = [Number(a.token), Number(b.token)]
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1
  return x - y || (a.token < b.token ? -1 : a.token > b.token ? 1 : 0)
}

/** Of two rows with one name and token, which may say other things: any order that is not that of the file. */
const isBefore = (a: Instrument, b: Instrument): boolean => JSON.stringify(a) < JSON.stringify(b)

const NAMED_TOKENS = 5

const tokensOf = (instruments: ReadonlyArray<Instrument>): string => {
  const named = instruments.map(({ brokerSymbol, token }) => `${token} (${brokerSymbol})`).sort()
  const more = named.length - NAMED_TOKENS
  return more > 0 ? `${named.slice(0, NAMED_TOKENS).join(", ")} and ${more} more` : named.join(" and ")
}

const byPlace = (a: { readonly at: number }, b: { readonly at: number }): number => a.at - b.at

const sameOnWire = (a: Instrument, b: Instrument): boolean =>
  a.token === b.token && a.brokerExchange === b.brokerExchange

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

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

/** The number of a month by its three letters, in any case; 0 for anything else. */
export const monthOf = (letters: string): number => MONTHS.indexOf(letters.toUpperCase()) + 1

/** `28MAR24` of `2024-03-28`: how the common symbols write an expiry. */
export const expiryLabel = (iso: string): string =>
  `${iso.slice(8, 10)}${MONTHS[Number(iso.slice(5, 7)) - 1]!}${iso.slice(2, 4)}`

/** `FUT`, or strike and type in the shortest form: a whole strike has no decimals, another keeps its own. */
export const contractTail = (type: "FUT" | "CE" | "PE", strike: number | undefined): string =>
  strike === undefined ? type : `${strike}${type}`

/** A future or an option under its common symbol: underlying, expiry as `28MAR24`, then `FUT` or strike and type. */
export const contract = (
  base: Omit<Instrument, "symbol" | "type" | "expiry" | "strike">,
  type: "FUT" | "CE" | "PE",
  expiry: string,
  strike: number | undefined
): Row =>
  carried({
    ...base,
    symbol: `${base.name}${expiryLabel(expiry)}${contractTail(type, strike)}`,
    expiry,
    ...(strike === undefined ? {} : { strike }),
    type
  })

/**
 * The underlying of a contract out of its trading symbol: what is left without the ending, which expiry, strike and type
 * determine. Monthly contracts end in `24MAR20800CE`, weekly ones in `2432820800CE`, where October to December are O, N
 * and D.
 *
 * @param tail `FUT`, or strike and type
 */
export const underlyingOf = (tradingSymbol: string, expiry: string, tail: string): string | undefined => {
  const label = expiryLabel(expiry)
  const year = label.slice(5)
  const month = Number(expiry.slice(5, 7))
  const endings = [
    `${year}${label.slice(2, 5)}${tail}`,
    `${year}${month < 10 ? month : "OND"[month - 10]}${label.slice(0, 2)}${tail}`
  ]
  const ending = endings.find((e) => tradingSymbol.endsWith(e) && tradingSymbol.length > e.length)
  return ending === undefined ? undefined : tradingSymbol.slice(0, -ending.length)
}

/** The exchanges' names of kinds of futures: `FUTIDX`, `FUTSTK`, `FUTCUR`, `FUTCOM` and so on, at BSE `IF` and `SF`. */
const FUTURE = /^(?:FUT(?:[A-Z]{3})?|IF|SF)$/

/**
 * What the columns of a contract name it, the kind and the option type (`XX` of a future) together; undefined for what
 * they do not name: a spread, a spot price, a kind that is new. Where a row has no kind, the option type alone counts.
 */
export const contractType = (optionType: string, kind: string): "FUT" | "CE" | "PE" | undefined => {
  if (optionType === "CE" || optionType === "PE") return FUTURE.test(kind) ? undefined : optionType
  return FUTURE.test(kind) || (kind === "" && optionType === "XX") ? "FUT" : undefined
}

/** A finite number, or undefined; an empty text is not 0. */
export const numberOf = (text: string): number | undefined => {
  if (text.trim() === "") return undefined
  const n = Number(text)
  return Number.isFinite(n) ? n : undefined
}

/** Plain digits without a leading zero: what the wire's tokens are. */
export const isToken = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text)

/** The first characters of a file, for an error message. */
export const beginning = (text: string): string => JSON.stringify(text.trimStart().slice(0, 60))
