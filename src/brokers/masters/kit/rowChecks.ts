/** What no row of any master may become, whatever its columns say. */
import type { Row } from "./row.ts"
import { rejected, skipped } from "./row.ts"

/** Shares and contracts with which the exchanges try their systems: `011NSETEST`. */
const TEST = /(?:^|[\d\W])(?:NSE|BSE|MCX)TEST/i

const MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
/**
 * A trading symbol of two expiries (`GAIL25DEC26JANFUT`, `GAIL30DEC25-27JAN26`), or a name that says what it is
 * (`GAIL 30DEC27JAN SPD`).
 */
const SPREAD = new RegExp(
  String.raw`\d{1,2} ?${MONTH}(?:[- ]?\d{2,4}(?=[-_/ ]))?[-_/ ]*\d{1,2} ?${MONTH}|\bSPD\b|SPREAD`,
  "i"
)
export const isSpread = (text: string): boolean => SPREAD.test(text)

/** Names of indices are free texts (`NIFTY500MULTICAP50:25:25`). */
const INDEX_SYMBOL = /^[^\s|]+$/
const SYMBOL = /^[A-Za-z0-9][^\s:;,|"]*$/

/**
 * The row itself; or what it is in truth: a test, a spread whose kind is that of a future, or a row whose columns have
 * shifted (a separator or a blank inside a name), so that its symbol cannot be one and its token is another field.
 */
export const checked = (row: Row): Row => {
  if (row.tag !== "instrument" && row.tag !== "security") return row
  const { brokerSymbol, exchange, name } = row.tag === "instrument" ? row.instrument : row.security
  const symbol = row.tag === "instrument" ? row.instrument.symbol : row.security.root
  if (TEST.test(symbol) || TEST.test(brokerSymbol) || TEST.test(name)) return skipped(`test of ${exchange}`)
  const type = row.tag === "instrument" ? row.instrument.type : "EQ"
  if (type === "FUT" && isSpread(brokerSymbol)) return skipped(`spread of ${exchange}`)
  const isSymbol = (type === "INDEX" ? INDEX_SYMBOL : SYMBOL).test(symbol) && /[A-Za-z]/.test(symbol)
  return isSymbol
    ? row
    : rejected(`"${symbol}" is not a symbol; a blank or a separator in a name may have shifted the columns`)
}
