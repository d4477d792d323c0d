/** What the parsers of instrument masters share. */
import type { Instrument } from "../../market/instrument.ts"
import { nameOf } from "../../market/instrument.ts"
import type { MasterReject, ParsedMaster } from "../broker.ts"

/** What one row of a master is. */
export type Row =
  | { readonly tag: "instrument"; readonly instrument: Instrument }
  | { readonly tag: "rejected"; readonly reason: string }
  /** Of a kind that AlgoWays does not carry. */
  | { readonly tag: "skipped"; readonly kind: string }

export const carried = (instrument: Instrument): Row => ({ tag: "instrument", instrument })
export const rejected = (reason: string): Row => ({ tag: "rejected", reason })
export const skipped = (kind: string): Row => ({ tag: "skipped", kind })

/** Collects rows. Of two with the same symbol on one exchange the first stays. */
export class MasterBuilder {
  readonly #instruments: Array<Instrument> = []
  readonly #rejects: Array<MasterReject> = []
  readonly #skipped = new Map<string, number>()
  readonly #rows = new Map<string, number>()

  /** @param row where it stands in the file, for the report */
  add(row: number, parsed: Row): void {
    switch (parsed.tag) {
      case "rejected":
        this.#rejects.push({ row, reason: parsed.reason })
        return
      case "skipped":
        this.#skipped.set(parsed.kind, (this.#skipped.get(parsed.kind) ?? 0) + 1)
        return
      case "instrument": {
        const name = nameOf(parsed.instrument)
        const first = this.#rows.get(name)
        if (first !== undefined) {
          this.#rejects.push({ row, reason: `${name} is there already, from row ${first}` })
          return
        }
        this.#rows.set(name, row)
        this.#instruments.push(parsed.instrument)
      }
    }
  }

  finish(): ParsedMaster {
    return {
      instruments: this.#instruments,
      rejects: this.#rejects,
      skipped: Object.fromEntries([...this.#skipped].sort(([a], [b]) => (a < b ? -1 : 1)))
    }
  }
}

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
