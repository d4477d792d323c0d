/**
 * Alice Blue's instrument master: a CSV with a header per exchange, and one of the indices.
 * Source: Alice Blue's API documentation and the files themselves.
 */
import { nameOfSeries } from "./kit/cash.ts"
import { addCsvRows, filesMaster, headerOf } from "./kit/csv.ts"
import { cashExchanges } from "./kit/exchanges.ts"
import { isToken, orNone } from "./kit/fields.ts"
import { rejected, skipped } from "./kit/row.ts"
import { indexParser, listing, rowParser } from "./kit/rows.ts"
import { allIndices, noFile, norenListing, norenQuirks } from "./kit/norenRows.ts"

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

const REMEDY = "Fetch Alice Blue's file again; a file of your own needs the same columns."

const NO_FILE = noFile("Alice Blue's files NSE.csv, NFO.csv, INDICES.csv and so on")

export const parse = filesMaster(NO_FILE, ({ name, text }, builder) => {
  const source = { title: `${name} as Alice Blue's instrument master`, text, remedy: REMEDY }
  // Only the file of the indices has no trading symbols.
  const header = headerOf(text)
  if (header.includes("EXCH") && !header.includes("TRADING SYMBOL")) {
    addCsvRows({ ...source, columns: toIndex.columns }, builder, toIndex)
  } else {
    addCsvRows({ ...source, columns: toRow.columns, optional }, builder, toRow)
  }
})

/** Tools that edit CSV files write `2885.0`. */
const plainToken = (text: string): string => text.replace(/\.0+$/, "")

const tokenIn = (text: string): string | undefined => {
  const token = plainToken(text)
  return isToken(token) ? token : undefined
}

const toIndex = indexParser({
  also: ["exch"],
  ...norenQuirks,
  listing: (f) => {
    const exchange = allIndices[f.exch]
    return exchange === undefined ? skipped(`index of ${orNone(f.exch)}`) : listing(exchange, f.exch, "INDEX")
  },
  // An index token may have 999 in front (`99926000`), which the feed does not know.
  token: { columns: "token", read: (text) => tokenIn(plainToken(text).replace(/^999(?=\d{5}$)/, "")) },
  brokerSymbol: "symbol"
})

const toRow = rowParser({
  also: [
    "Exch",
    "Exchange Segment",
    "Instrument Type",
    "Option Type",
    "Instrument Name",
    "Formatted Ins Name",
    "Group Name"
  ],
  ...norenQuirks,
  listing: (f) => {
    if (f["Trading Symbol"] === "") return skipped("no trading symbol")
    if (cashExchanges[f.Exch] !== undefined) return norenListing(f.Exch, "", "", "Instrument Type")
    const isIndex = f["Exchange Segment"].endsWith("_idx")
    const at = norenListing(f.Exch, f["Option Type"], f["Instrument Type"], "Instrument Type")
    if (isIndex && !("tag" in at)) return skipped(`index of ${f.Exch}`)
    return "tag" in at || f["Expiry Date"] !== ""
      ? at
      : rejected(`${f["Trading Symbol"]}: there is no expiry`)
  },
  token: { columns: "Token", read: tokenIn },
  brokerSymbol: "Trading Symbol",
  name: {
    columns: "Symbol",
    read: (text, f, { exchange, type }) => {
      if (type === "EQ") return f["Instrument Name"] || text
      // BSE's own codes stand in for its underlyings; the name for people begins with the real one.
      return (exchange === "BFO" && f["Formatted Ins Name"].split(" ")[0]) || text
    }
  },
  lotSize: "Lot Size",
  tickSize: "Tick Size",
  security: (f, { exchange }) => nameOfSeries(exchange, f["Trading Symbol"], f["Group Name"]),
  expiry: "Expiry Date",
  strike: "Strike Price"
})
