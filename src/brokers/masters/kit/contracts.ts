/** Futures and options: what a row's columns call them, and their common symbols. */
import { expiryLabel } from "../../../market/expiry.ts"
import type { Instrument } from "../../../market/instrument.ts"
import type { Row } from "./row.ts"
import { carried } from "./row.ts"

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

/** What an option's column says, or undefined. */
export const optionType = (text: string): "CE" | "PE" | undefined =>
  text === "CE" || text === "PE" ? text : undefined

/** What an option's trading symbol ends in. */
export const optionAtEnd = (tradingSymbol: string): "CE" | "PE" | undefined =>
  optionType(tradingSymbol.slice(-2))
