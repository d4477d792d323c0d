/**
 * What the masters of the brokers on Noren back ends share, however their files are laid out: common symbols of indices
 * and contracts, and what rejects say.
 */
import { expiryLabel } from "../../../market/expiry.ts"
import type { MasterBuilder } from "./builder.ts"
import { contractTail, contractType } from "./contracts.ts"
import type { Exchanges } from "./exchanges.ts"
import { cashExchanges, indexExchanges, sameNames } from "./exchanges.ts"
import { orNone } from "./fields.ts"
import { indexSymbols } from "./indices.ts"
import type { Row } from "./row.ts"
import { rejected, skipped } from "./row.ts"
import type { Fields, Listing, RowTable, Terms } from "./rows.ts"
import { indexRow, listing } from "./rows.ts"

export const allIndices: Exchanges = { ...indexExchanges, MCX: "MCX_INDEX" }

const contractExchanges = sameNames("NFO", "BFO", "CDS", "BCD", "MCX")

/** Further names of indices in these files, without blanks and hyphens. */
const ownNames: Readonly<Record<string, string>> = {
  NIFTYINDEX: "NIFTY",
  NIFTYFIN: "FINNIFTY",
  NIFTYMIDCAPSELECT: "MIDCPNIFTY",
  BSESENSEX: "SENSEX",
  "S&PBSESENSEX": "SENSEX",
  BSESENSEX50: "SENSEX50",
  "S&PBSESENSEX50": "SENSEX50",
  BSEBANKEX: "BANKEX",
  "S&PBSEBANKEX": "BANKEX"
}

export const indexSymbol = indexSymbols({ without: /[ -]/g, nse: ownNames, bse: ownNames })

/** Where a row trades. @param optionType and kind, as the columns have them */
export const norenListing = (
  exchange: string,
  optionType: string,
  kind: string,
  column: string
): Listing | Row => {
  const cash = cashExchanges[exchange]
  if (cash !== undefined) {
    return isIndexKind(kind)
      ? listing(indexExchanges[exchange]!, exchange, "INDEX")
      : listing(cash, exchange, "EQ")
  }
  const place = contractExchanges[exchange]
  if (place === undefined) return skipped(`exchange ${orNone(exchange)}`)
  const type = contractType(optionType, kind)
  return type === undefined
    ? skipped(`${orNone(kind, `no ${column}`)} of ${exchange}`)
    : listing(place, exchange, type)
}

/** What marks an index among the shares. */
export const isIndexKind = (kind: string): boolean => kind === "INDEX" || kind === "UNDIND"

/** The part of a table that does not depend on its columns. */
export const norenQuirks: Required<Pick<RowTable<never>, "indexSymbol" | "underlying" | "reasons">> = {
  indexSymbol,
  underlying: (_: Fields<never>, terms: Terms) =>
    (terms.exchange === "BFO" ? bseUnderlying(terms) : terms.name) ||
    rejected(`${terms.brokerSymbol}: the underlying is not told`),
  reasons: {
    token: (text) => `token "${text}" is no plain number`,
    symbol: (token) => `token ${token} has no trading symbol`,
    lotSize: (text) => `lot size "${text}" is no size`,
    tickSize: (_, __, { brokerSymbol }) => `${brokerSymbol}: the tick size is no size`,
    expiry: (_, __, { brokerSymbol }) => `${brokerSymbol}: the expiry is no date`,
    strike: (text, _, { brokerSymbol }) => `${brokerSymbol}: strike "${text}" is no price`
  }
}

/**
 * The underlying of a BSE contract, which the files call by a code of BSE's own (`BSXOPT` for SENSEX): its trading symbol
 * without the ending that expiry, strike and type determine. Monthly contracts end in `26SEP91000PE`, weekly ones in
 * `2692491000PE`, where October to December are O, N and D.
 */
const bseUnderlying = ({ brokerSymbol: tradingSymbol, expiry, name, strike, type }: Terms): string => {
  const label = expiryLabel(expiry)
  const [day, month, year] = [label.slice(0, 2), label.slice(2, 5), label.slice(5)]
  const letter = "123456789OND"[Number(expiry.slice(5, 7)) - 1]!
  const tails = type === "FUT" ? ["FUT", "F"] : [contractTail(type, strike), `${type[0]!}${strike}`]
  const labels = [`${year}${month}`, `${year}${letter}${day}`, label]
  const ending = labels
    .flatMap((l) => tails.map((tail) => `${l}${tail}`))
    .find((e) => tradingSymbol.endsWith(e) && tradingSymbol.length > e.length)
  if (ending !== undefined) return tradingSymbol.slice(0, -ending.length)
  return /^[A-Za-z]+(?=\d)/.exec(tradingSymbol)?.[0] ?? name
}

/** Indices that some masters do not list, with the tokens of the feed: in brokers' documentation and in practice. */
export const knownIndices = {
  NIFTY: { brokerExchange: "NSE", token: "26000", brokerSymbol: "NIFTY 50" },
  BANKNIFTY: { brokerExchange: "NSE", token: "26009", brokerSymbol: "NIFTY BANK" },
  SENSEX: { brokerExchange: "BSE", token: "1", brokerSymbol: "SENSEX" },
  BANKEX: { brokerExchange: "BSE", token: "12", brokerSymbol: "BANKEX" }
} as const

export const addKnownIndex = (builder: MasterBuilder, symbol: keyof typeof knownIndices): void => {
  const known = knownIndices[symbol]
  const exchange = indexExchanges[known.brokerExchange]!
  builder.add(0, indexRow({ ...known, exchange, symbol, name: known.brokerSymbol }))
}

/** For `filesMaster`. */
export const noFile = (what: string): string => `There is no file. Give ${what}, or a zip archive of them.`
