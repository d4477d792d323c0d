/**
 * The instrument masters of Shoonya, Zebu and TradeSmart: a CSV with a header per exchange (`NFO_symbols.txt`), whose
 * columns differ a little. Source: the files themselves and the brokers' API documentation.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { skipped } from "./kit/row.ts"
import { rowParser } from "./kit/rows.ts"
import { addKnownIndex, isIndexKind, noFile, norenListing, norenQuirks } from "./kit/norenRows.ts"

// TradeSmart's column of strikes may be called "Strike" (UNCONFIRMED).
const optional = ["Expiry", "OptionType", "StrikePrice", "Strike"] as const

/** Tokens of the currency segment up to this are fillings. */
const CDS_DUMMIES = 100

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0)
    throw new MalformedMaster(noFile("the files NSE_symbols.txt, BSE_symbols.txt and so on"))
  const builder = new MasterBuilder()
  const seen = new Set<string>()
  for (const file of files) {
    builder.file(file.name)
    addCsvRows(
      {
        title: `${file.name} as an instrument master`,
        text: file.text,
        columns: toRow.columns,
        optional,
        remedy: "Fetch the broker's symbols file again; a file of your own needs the same columns."
      },
      builder,
      (fields) => {
        seen.add(isIndexKind(fields.Instrument) ? `${fields.Exchange} index` : fields.Exchange)
        return toRow(fields)
      }
    )
  }
  // BSE's file has no indices.
  if (seen.has("BSE") && !seen.has("BSE index")) {
    addKnownIndex(builder, "SENSEX")
    addKnownIndex(builder, "BANKEX")
  }
  return builder.finish()
}

const toRow = rowParser({
  also: ["Exchange", "Instrument", "OptionType"],
  ...norenQuirks,
  listing: (f) => {
    if (f.Symbol === "" && f.TradingSymbol === "") return skipped("a token without a symbol")
    if (f.Exchange === "CDS" && Number(f.Token) <= CDS_DUMMIES) return skipped("dummy of CDS")
    return norenListing(f.Exchange, f.OptionType, f.Instrument, "Instrument")
  },
  token: "Token",
  brokerSymbol: "TradingSymbol",
  name: "Symbol",
  indexName: "TradingSymbol",
  lotSize: "LotSize",
  tickSize: "TickSize",
  security: (f, { exchange }) => nameOfSeries(exchange, f.TradingSymbol, f.Instrument),
  expiry: "Expiry",
  strike: ["StrikePrice", "Strike"]
})
