/**
 * Alice Blue's instrument master: a CSV with a header per exchange, and one of the indices.
 * Source: Alice Blue's API documentation and the files themselves.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contractType } from "./kit/contracts.ts"
import { dateOf, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows, headerOf } from "./kit/csv.ts"
import {
  atLeastOne,
  cashExchanges,
  cashRow,
  contractExchanges,
  contractRow,
  indexExchanges,
  indexRow
} from "./kit/norenRows.ts"

const optional = [
  "Exchange Segment",
  "Instrument Type",
  "Option Type",
  "Strike Price",
  "Instrument Name",
  "Formatted Ins Name",
  "Expiry Date",
  "Group Name"
] as const
const columns = ["Exch", "Symbol", "Token", "Trading Symbol", "Lot Size", "Tick Size", ...optional] as const
type Fields = Readonly<Record<(typeof columns)[number], string>>

const indexColumns = ["exch", "symbol", "token"] as const

const REMEDY = "Fetch Alice Blue's file again; a file of your own needs the same columns."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  atLeastOne(files, "Alice Blue's files NSE.csv, NFO.csv, INDICES.csv and so on")
  const builder = new MasterBuilder()
  for (const file of files) {
    builder.file(file.name)
    const source = {
      title: `${file.name} as Alice Blue's instrument master`,
      text: file.text,
      remedy: REMEDY
    }
    // Only the file of the indices has no trading symbols.
    const header = headerOf(file.text)
    if (header.includes("EXCH") && !header.includes("TRADING SYMBOL")) {
      addCsvRows({ ...source, columns: indexColumns }, builder, toIndex)
    } else {
      addCsvRows({ ...source, columns, optional }, builder, toRow)
    }
  }
  return builder.finish()
}

/** Tools that edit CSV files write `2885.0`. */
const plainToken = (text: string): string => text.replace(/\.0+$/, "")

/** An index token may have 999 in front (`99926000`), which the feed does not know. */
const toIndex = (f: Readonly<Record<(typeof indexColumns)[number], string>>): Row => {
  const exchange = indexExchanges[f.exch]
  return exchange === undefined
    ? skipped(`index of ${f.exch === "" ? "(none)" : f.exch}`)
    : indexRow(exchange, {
        brokerExchange: f.exch,
        token: plainToken(f.token).replace(/^999(?=\d{5}$)/, ""),
        brokerSymbol: f.symbol,
        name: f.symbol
      })
}

const toRow = (f: Fields): Row => {
  const exchange = f.Exch
  const kind = f["Instrument Type"]
  if (f["Trading Symbol"] === "") return skipped("no trading symbol")
  const scrip = {
    brokerExchange: exchange,
    token: plainToken(f.Token),
    brokerSymbol: f["Trading Symbol"],
    name: f.Symbol,
    lotSize: f["Lot Size"],
    tickSize: numberOf(f["Tick Size"])
  }
  const cash = cashExchanges[exchange]
  if (cash !== undefined) {
    const name = f["Instrument Name"] === "" ? f.Symbol : f["Instrument Name"]
    return cashRow(cash, { ...scrip, name }, nameOfSeries(cash, f["Trading Symbol"], f["Group Name"]))
  }
  const place = contractExchanges[exchange]
  if (place === undefined) return skipped(`exchange ${exchange === "" ? "(none)" : exchange}`)
  if (f["Exchange Segment"].endsWith("_idx")) return skipped(`index of ${exchange}`)
  const type = contractType(f["Option Type"], kind)
  if (type === undefined) return skipped(`${kind || "(no Instrument Type)"} of ${exchange}`)
  if (f["Expiry Date"] === "") return rejected(`${scrip.brokerSymbol}: there is no expiry`)
  // BSE's own codes stand in for its underlyings; the name for people begins with the real one.
  const name = exchange === "BFO" ? (f["Formatted Ins Name"].split(" ")[0] ?? "") : f.Symbol
  return contractRow(
    place,
    { ...scrip, name: name === "" ? f.Symbol : name },
    type,
    dateOf(f["Expiry Date"]),
    f["Strike Price"]
  )
}
