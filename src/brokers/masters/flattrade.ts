/**
 * Flattrade's instrument master: CSV files with a header, one per exchange and kind. They tell no tick size.
 * Source: the files themselves and Flattrade's API documentation.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows, headerOf } from "./kit/csv.ts"
import { skipped } from "./kit/row.ts"
import { rowParser } from "./kit/rows.ts"
import { addKnownIndex, isIndexKind, noFile, norenListing, norenQuirks } from "./kit/norenRows.ts"

const optional = ["Exchange", "Expiry", "Strike", "Optiontype"] as const

/** Where a file has no column for it, its name tells the exchange. */
const byName: ReadonlyArray<readonly [RegExp, string]> = [
  [/^nse/i, "NSE"],
  [/^bse/i, "BSE"],
  [/^nfo/i, "NFO"],
  [/^bfo/i, "BFO"],
  [/^currency/i, "CDS"],
  [/^commodity/i, "MCX"]
]

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) {
    throw new MalformedMaster(noFile("Flattrade's files NSE_Equity.csv, Nfo_Index_Derivatives.csv and so on"))
  }
  const builder = new MasterBuilder()
  const seen = new Set<string>()
  for (const file of files) {
    builder.file(file.name)
    const isNamed = headerOf(file.text).includes("EXCHANGE")
    const named = isNamed ? undefined : byName.find(([pattern]) => pattern.test(file.name))?.[1]
    addCsvRows(
      {
        title: `${file.name} as Flattrade's instrument master`,
        text: file.text,
        columns: toRow.columns,
        optional,
        remedy: "Fetch Flattrade's file again; a file of your own needs the same columns."
      },
      builder,
      (fields) => {
        const exchange = isNamed ? fields.Exchange : named
        // Rows that are left of what was delisted.
        if (exchange === "" || exchange === "NULL") return skipped("a row without an exchange")
        if (exchange === undefined) {
          throw new MalformedMaster(
            `Neither ${file.name} nor its name tells the exchange. Give the file its name from Flattrade, like NSE_Equity.csv.`
          )
        }
        seen.add(isIndexKind(fields.Instrument) ? `${exchange} index` : exchange)
        return toRow({ ...fields, Exchange: exchange })
      }
    )
  }
  if (seen.has("BSE") && !seen.has("BSE index")) {
    addKnownIndex(builder, "SENSEX")
    addKnownIndex(builder, "BANKEX")
  }
  return builder.finish()
}

const toRow = rowParser({
  also: ["Instrument", "Exchange", "Optiontype"],
  ...norenQuirks,
  listing: (f) =>
    f.Symbol === "" && f.Tradingsymbol === ""
      ? skipped("a token without a symbol")
      : norenListing(f.Exchange, f.Optiontype, f.Instrument, "Instrument"),
  token: "Token",
  brokerSymbol: "Tradingsymbol",
  name: "Symbol",
  indexName: "Tradingsymbol",
  lotSize: "Lotsize",
  security: (f, { exchange }) => nameOfSeries(exchange, f.Tradingsymbol, f.Instrument),
  expiry: "Expiry",
  strike: "Strike"
})
