/**
 * Groww's instrument master: a public CSV of all exchanges.
 * Source: Groww's API documentation ("Instruments") and the official Python SDK.
 */
import { csvMaster } from "./kit/csv.ts"
import { cashExchanges, derivativeExchanges, indexExchanges } from "./kit/exchanges.ts"
import { isoDay, isToken, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { skipped } from "./kit/row.ts"
import { listing, rowParser } from "./kit/rows.ts"

const contractTypes = ["FUT", "CE", "PE"] as const

const toRow = rowParser({
  also: ["exchange", "instrument_type", "segment", "series", "isin"],
  listing: (f) => {
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
  },
  token: {
    columns: "exchange_token",
    // NSE's indices have their symbol for a token.
    read: (text, _, { type }) => ((type === "INDEX" ? /^\S+$/.test(text) : isToken(text)) ? text : undefined)
  },
  brokerSymbol: "trading_symbol",
  name: "name",
  // Indices of both exchanges are spelled like NSE's.
  indexSymbol: (_, name) => nseSymbol("NSE_INDEX", name),
  lotSize: "lot_size",
  tickSize: "tick_size",
  security: (f) => ({ root: f.trading_symbol, series: f.series, isin: f.isin }),
  expiry: { columns: "expiry_date", read: isoDay },
  strike: "strike_price",
  underlying: "underlying_symbol"
})

/** Groww has a name of its own for one. */
const nseSymbol = indexSymbols({ nse: { NIFTYJR: "NIFTYNXT50" } })

export const parse = csvMaster(
  {
    title: "Groww's instrument master",
    optional: ["series", "isin"],
    remedy:
      "Fetch https://growwapi-assets.groww.in/instruments/instrument.csv again; a file of your own needs the same columns."
  },
  toRow
)
