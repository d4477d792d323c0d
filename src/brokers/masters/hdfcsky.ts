/**
 * HDFC Sky's instrument master: one CSV of all exchanges in a zip archive. Prices and tick sizes are in rupees.
 * Source: the file's columns and their use in OpenAlgo, HDFC Sky's developer documentation.
 */
import { nameInGroup, nameInSeries, nameOfSeries } from "./kit/cash.ts"
import { contractTail, contractType, underlyingOf } from "./kit/contracts.ts"
import { csvMaster } from "./kit/csv.ts"
import { indexExchanges, isCash, sameNames } from "./kit/exchanges.ts"
import { orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { listing, rowParser } from "./kit/rows.ts"

const exchanges = sameNames("NSE", "BSE", "NFO", "BFO", "CDS", "MCX")

/** Shared by both of HDFC's masters. */
export const indexSymbol = indexSymbols({ without: /\s+/g })

/** Where the column of kinds is missing, a future is known by its symbol's ending. */
const typeOf = (
  f: Fields<"instrument_name" | "trading_symbol" | "option_type">
): "FUT" | "CE" | "PE" | undefined => {
  if (f.instrument_name === "" && f.trading_symbol.endsWith("FUT")) return "FUT"
  return contractType(f.option_type.toUpperCase(), f.instrument_name.toUpperCase())
}

const toRow = rowParser({
  listing: (f) => {
    const exchange = exchanges[f.exchange.toUpperCase()]
    if (exchange === undefined) return skipped(`exchange ${orNone(f.exchange)}`)
    if (isCash(exchange)) {
      // Indices are rows of their cash exchange.
      return f.segment === (exchange === "NSE" ? "INDICES" : "IDX")
        ? listing(indexExchanges[exchange]!, f.exchange, "INDEX")
        : listing(exchange, f.exchange, "EQ")
    }
    const type = typeOf(f)
    // The commodities that MCX's contracts are on.
    return type === undefined
      ? skipped(`${orNone(f.segment, "no segment")} of ${f.exchange}`)
      : listing(exchange, f.exchange, type)
  },
  token: "exchange_token",
  also: ["option_type", "segment", "exchange", "instrument_name", "isin"],
  brokerSymbol: "trading_symbol",
  name: "company_name",
  indexSymbol,
  lotSize: "lot_size",
  tickSize: "tick_size",
  // NSE's series stands behind the symbol. BSE's group is the row's segment, and stands there too.
  security: ({ isin, segment, trading_symbol }, { exchange }) => {
    if (exchange === "NSE") return { ...nameInSeries(exchange, trading_symbol), isin }
    const named = nameInGroup(trading_symbol)
    return { ...(named.series === "" ? nameOfSeries(exchange, trading_symbol, segment) : named), isin }
  },
  // What does not expire has the year 1, which is no date.
  expiry: "expiry",
  strike: "strike",
  // The company's name is empty on MCX, and on CDS it repeats the trading symbol.
  underlying: ({ company_name, trading_symbol }, { expiry, strike, type }) => {
    const name = underlyingOf(trading_symbol, expiry, contractTail(type, strike)) ?? company_name
    return name === "" || name === trading_symbol
      ? rejected(`"${trading_symbol}" does not tell its underlying`)
      : name
  }
})

/** @throws MalformedMaster */
export const parse = csvMaster(
  {
    title: "HDFC Sky's instrument master",
    optional: ["instrument_name", "isin"],
    remedy:
      "Fetch https://hdfcsky.com/api/v1/contract/Compact?info=download again; a file of your own needs the same columns."
  },
  toRow
)
