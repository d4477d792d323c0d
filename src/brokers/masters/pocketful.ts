/**
 * Pocketful's instrument master: a zip archive with a CSV per exchange, all with the same columns. Every row names its
 * exchange, so the files' names do not matter.
 * Source: the files themselves.
 */
import { nameInGroup, nameInSeries, nameOfSeries } from "./kit/cash.ts"
import { contractType } from "./kit/contracts.ts"
import { addCsvRows, filesMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isCash, sameNames } from "./kit/exchanges.ts"
import { orNone, uint32Token } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import { listing, rowParser } from "./kit/rows.ts"

const exchanges = sameNames("NSE", "BSE", "NFO", "BFO", "CDS", "MCX")

/** Segments of rows that are indices. */
const indexSegments: Exchanges = { INDICES: "NSE_INDEX", IDX: "BSE_INDEX" }

const REMEDY = "Fetch the archive of contracts again; files of your own need the same columns."

export const parse = filesMaster(`There is no file. ${REMEDY}`, ({ name, text }, builder) =>
  addCsvRows(
    { title: `Pocketful's file ${name}`, text, columns: toRow.columns, remedy: REMEDY },
    builder,
    toRow
  )
)

const toRow = rowParser({
  also: ["instrument_name", "option_type", "segment", "exchange"],
  listing: (f) => {
    const exchange = exchanges[f.exchange]
    if (exchange === undefined) return skipped(`exchange ${orNone(f.exchange)}`)
    if (isCash(exchange)) {
      const index = indexSegments[f.segment]
      return listing(index ?? exchange, f.exchange, index === undefined ? "EQ" : "INDEX")
    }
    const type = contractType(f.option_type, f.instrument_name)
    return type === undefined
      ? skipped(`${orNone(f.instrument_name, "no instrument_name")} of ${f.exchange}`)
      : listing(exchange, f.exchange, type)
  },
  token: { columns: "exchange_token", read: uint32Token },
  brokerSymbol: "trading_symbol",
  name: ["company_name", "trading_symbol"],
  indexName: "trading_symbol",
  indexSymbol: indexSymbols(),
  lotSize: "lot_size",
  tickSize: "tick_size",
  // Behind the last hyphen: NSE's series, which is the kind of the row as well, or BSE's group.
  security: ({ instrument_name, trading_symbol }, { exchange }) => {
    if (exchange !== "NSE") return nameInGroup(trading_symbol)
    const named = nameInSeries(exchange, trading_symbol)
    return named.series === "" ? nameOfSeries(exchange, trading_symbol, instrument_name) : named
  },
  expiry: "expiry",
  strike: "strike",
  // MCX's companies are descriptions; its symbols begin with the underlying. So for currency (UNCONFIRMED).
  underlying: ({ company_name, trading_symbol }, { exchange }) => {
    const isDescribed = exchange === "MCX" || exchange === "CDS"
    const name = isDescribed ? /^[A-Z]+/.exec(trading_symbol.toUpperCase())?.[0] : company_name
    return name || rejected(`the underlying of "${trading_symbol}" is not told`)
  }
})
