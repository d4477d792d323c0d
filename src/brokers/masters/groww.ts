/**
 * Groww's instrument master: a public CSV of all exchanges.
 * Source: Groww's API documentation ("Instruments") and the official Python SDK.
 */
import { csvMaster } from "./kit/csv.ts"
import { cashExchanges, derivativeExchanges, indexExchanges } from "./kit/exchanges.ts"
import { isoDay, isToken, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import type { Row } from "./kit/row.ts"
import { skipped } from "./kit/row.ts"
import type { Fields, Listing } from "./kit/rows.ts"
import { listing, rowParser } from "./kit/rows.ts"

const columns = [
  "exchange",
  "exchange_token",
  "trading_symbol",
  "name",
  "instrument_type",
  "segment",
  "underlying_symbol",
  "expiry_date",
  "strike_price",
  "lot_size",
  "tick_size",
  "series",
  "isin"
] as const
type Column = (typeof columns)[number]

const contractTypes = ["FUT", "CE", "PE"] as const

const listingOf = (f: Fields<Column>): Listing | Row => {
  const kind = f.instrument_type
  const isShare = kind === "EQ" || kind === "ETF"
  const cash = isShare ? "EQ" : kind === "IDX" ? "INDEX" : undefined
  const type =
    f.segment === "CASH" ? cash : f.segment === "FNO" ? contractTypes.find((t) => t === kind) : undefined
  if (type === undefined) return skipped(`${orNone(kind, "no type")} of ${orNone(f.segment)}`)
  const places = type === "INDEX" ? indexExchanges : type === "EQ" ? cashExchanges : derivativeExchanges
  const exchange = places[f.exchange]
  return exchange === undefined
    ? skipped(`exchange ${orNone(f.exchange)}`)
    : listing(exchange, f.exchange, type)
}

const toRow = rowParser<Column>({
  listing: listingOf,
  token: {
    columns: "exchange_token",
    // NSE's indices have their symbol for a token.
    read: (text, _, { type }) => ((type === "INDEX" ? /^\S+$/.test(text) : isToken(text)) ? text : undefined)
  },
  brokerSymbol: "trading_symbol",
  name: "name",
  // Both exchanges' indices go by NSE's names; Groww has its own for the first.
  indexSymbol: (_, name) => nseSymbol("NSE_INDEX", name),
  lotSize: "lot_size",
  tickSize: "tick_size",
  security: (f) => ({ root: f.trading_symbol, series: f.series, isin: f.isin }),
  expiry: { columns: "expiry_date", read: isoDay },
  strike: "strike_price",
  underlying: "underlying_symbol"
})

const nseSymbol = indexSymbols({ nse: { NIFTYJR: "NIFTYNXT50" } })

export const parse = csvMaster(
  {
    title: "Groww's instrument master",
    columns,
    optional: ["series", "isin"],
    remedy:
      "Fetch https://growwapi-assets.groww.in/instruments/instrument.csv again; a file of your own needs the same columns."
  },
  toRow
)
