/**
 * The instrument masters of Shoonya, Zebu and TradeSmart: a CSV with a header per exchange (`NFO_symbols.txt`), whose
 * columns differ a little. Source: the files themselves and the brokers' API documentation.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contractType } from "./kit/contracts.ts"
import { dateOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { skipped } from "./kit/row.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
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

// TradeSmart's column of strikes may be called "Strike" (UNCONFIRMED).
const optional = ["Expiry", "OptionType", "StrikePrice", "Strike"] as const
const columns = [
  "Exchange",
  "Token",
  "LotSize",
  "Symbol",
  "TradingSymbol",
  "Instrument",
  "TickSize",
  ...optional
] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

/** Tokens of the currency segment up to this are fillings. */
const CDS_DUMMIES = 100

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  atLeastOne(files, "the files NSE_symbols.txt, BSE_symbols.txt and so on")
  const builder = new MasterBuilder()
  const seen = new Set<string>()
  for (const file of files) {
    builder.file(file.name)
    addCsvRows(
      {
        title: `${file.name} as an instrument master`,
        text: file.text,
        columns,
        optional,
        remedy: "Fetch the broker's symbols file again; a file of your own needs the same columns."
      },
      builder,
      (fields) => {
        seen.add(isIndex(fields) ? `${fields.Exchange} index` : fields.Exchange)
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

const isIndex = ({ Instrument }: Fields): boolean => Instrument === "INDEX" || Instrument === "UNDIND"

const toRow = (f: Fields): Row => {
  const exchange = f.Exchange
  if (f.Symbol === "" && f.TradingSymbol === "") return skipped("a token without a symbol")
  const scrip = {
    brokerExchange: exchange,
    token: f.Token,
    brokerSymbol: f.TradingSymbol,
    name: f.Symbol,
    lotSize: f.LotSize,
    tickSize: numberOf(f.TickSize)
  }
  const cash = cashExchanges[exchange]
  if (cash !== undefined) {
    return isIndex(f)
      ? indexRow(indexExchanges[exchange]!, scrip)
      : cashRow(cash, scrip, nameOfSeries(cash, f.TradingSymbol, f.Instrument))
  }
  const place = contractExchanges[exchange]
  if (place === undefined) return skipped(`exchange ${exchange === "" ? "(none)" : exchange}`)
  if (exchange === "CDS" && Number(scrip.token) <= CDS_DUMMIES) return skipped("dummy of CDS")
  const type = contractType(f.OptionType, f.Instrument)
  if (type === undefined) return skipped(`${f.Instrument || "(no Instrument)"} of ${exchange}`)
  const strike = f.StrikePrice === "" ? f.Strike : f.StrikePrice
  return contractRow(place, scrip, type, dateOf(f.Expiry), strike)
}
