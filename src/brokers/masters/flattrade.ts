/**
 * Flattrade's instrument master: CSV files with a header, one per exchange and kind. They tell no tick size.
 * Source: the files themselves and Flattrade's API documentation.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contractType } from "./kit/contracts.ts"
import { dateOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { skipped } from "./kit/row.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows, headerOf } from "./kit/csv.ts"
import {
  addKnownIndex,
  atLeastOne,
  cashExchanges,
  cashRow,
  contractExchanges,
  contractRow,
  indexExchanges,
  indexRow
} from "./kit/norenRows.ts"

const optional = ["Exchange", "Expiry", "Strike", "Optiontype"] as const
const columns = ["Token", "Lotsize", "Symbol", "Tradingsymbol", "Instrument", ...optional] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** Where a file has no column for it, its name tells the exchange. */
const byName: ReadonlyArray<readonly [RegExp, string]> = [
  [/^nse/i, "NSE"],
  [/^bse/i, "BSE"],
  [/^nfo/i, "NFO"],
  [/^bfo/i, "BFO"],
  [/^currency/i, "CDS"],
  [/^commodity/i, "MCX"]
]

const isIndex = ({ Instrument }: Fields): boolean => Instrument === "INDEX" || Instrument === "UNDIND"

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  atLeastOne(files, "Flattrade's files NSE_Equity.csv, Nfo_Index_Derivatives.csv and so on")
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
        columns,
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
        seen.add(isIndex(fields) ? `${exchange} index` : exchange)
        return toRow(exchange, fields)
      }
    )
  }
  if (seen.has("BSE") && !seen.has("BSE index")) {
    addKnownIndex(builder, "SENSEX")
    addKnownIndex(builder, "BANKEX")
  }
  return builder.finish()
}

const toRow = (exchange: string, f: Fields): Row => {
  if (f.Symbol === "" && f.Tradingsymbol === "") return skipped("a token without a symbol")
  const scrip = {
    brokerExchange: exchange,
    token: f.Token,
    brokerSymbol: f.Tradingsymbol,
    name: f.Symbol,
    lotSize: f.Lotsize,
    tickSize: 0
  }
  const cash = cashExchanges[exchange]
  if (cash !== undefined)
    return isIndex(f)
      ? indexRow(indexExchanges[exchange]!, scrip)
      : cashRow(cash, scrip, nameOfSeries(cash, f.Tradingsymbol, f.Instrument))
  const place = contractExchanges[exchange]
  if (place === undefined) return skipped(`exchange ${exchange}`)
  const type = contractType(f.Optiontype, f.Instrument)
  if (type === undefined)
    return skipped(`${f.Instrument === "" ? "(no Instrument)" : f.Instrument} of ${exchange}`)
  return contractRow(place, scrip, type, dateOf(f.Expiry), f.Strike)
}
