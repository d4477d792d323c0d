/** 5paisa's scrip master: one CSV of all segments. Source: 5paisa's Xstream documentation and the file itself. */
import { optionType } from "./kit/contracts.ts"
import { csvMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { indexExchanges } from "./kit/exchanges.ts"
import { orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import { listing, rowParser } from "./kit/rows.ts"

const exchanges: Exchanges = {
  NC: "NSE",
  BC: "BSE",
  ND: "NFO",
  BD: "BFO",
  NU: "CDS",
  BU: "BCD",
  MD: "MCX"
}

/** Codes of indices begin above this, among those of the cash segment. */
const LAST_STOCK = 999_900

const toRow = rowParser({
  also: ["Exch", "ExchType", "ScripType", "Series", "ISIN"],
  listing: (f) => {
    const segment = `${f.Exch}${f.ExchType}`
    const exchange = exchanges[segment]
    if (exchange === undefined) return skipped(`segment ${orNone(segment)}`)
    if (f.ExchType === "C") {
      if (Number(f.ScripCode) <= LAST_STOCK) return listing(exchange, exchange, "EQ")
      const index = indexExchanges[exchange]!
      return listing(index, index, "INDEX")
    }
    const type = f.ScripType === "XX" ? "FUT" : optionType(f.ScripType)
    return type === undefined
      ? skipped(`ScripType ${f.ScripType} of ${exchange}`)
      : listing(exchange, exchange, type)
  },
  token: "ScripCode",
  brokerSymbol: { columns: "Name", read: (text) => text.toUpperCase() },
  name: { columns: "SymbolRoot", read: (text, f, { type }) => (type === "INDEX" ? f.Name : text) },
  indexSymbol: indexSymbols({ without: /[ -]/g }),
  lotSize: "LotSize",
  tickSize: "TickSize",
  // XX fills the column where there is nothing to tell.
  security: ({ ISIN, Series, SymbolRoot }) =>
    SymbolRoot === ""
      ? rejected("SymbolRoot is empty")
      : { root: SymbolRoot, series: Series === "XX" ? "" : Series, isin: ISIN },
  expiry: "Expiry",
  strike: "StrikeRate",
  reasons: { token: (text, column) => `${column} "${text}" is no code` }
})

export const parse = csvMaster(
  {
    title: "5paisa's scrip master",
    optional: ["ISIN"],
    remedy: "Fetch ScripMaster/segment/all again; a file of your own needs the same columns."
  },
  toRow,
  { lastToken: true }
)
