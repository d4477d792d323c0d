/**
 * Firstock's instrument master: a CSV with a header per exchange, and a JSON list of the indices, which is behind the
 * login. Source: Firstock's API documentation and the files themselves.
 */
import { isObject } from "../../kit/isObject.ts"
import { parseObject } from "../../protocols/kit/text.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { cashExchanges, indexExchanges } from "./kit/exchanges.ts"
import { beginning, numberOf, orNone } from "./kit/fields.ts"
import type { Row } from "./kit/row.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { indexParser, listing, rowParser } from "./kit/rows.ts"
import { addKnownIndex, noFile, norenListing, norenQuirks } from "./kit/norenRows.ts"

const optional = [
  "CompanyName",
  "ISIN",
  "FreezeQty",
  "Symbol",
  "Expiry",
  "Instrument",
  "OptionType",
  "StrikePrice"
] as const

const REMEDY = "Fetch Firstock's file again; a file of your own needs the same columns."

export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  if (files.length === 0) throw new MalformedMaster(noFile("Firstock's files of NSE, BSE, NFO and BFO"))
  const builder = new MasterBuilder()
  const seen = new Set<string>()
  for (const file of files) {
    builder.file(file.name)
    if (/^\uFEFF?\s*[[{]/.test(file.text)) {
      const entries = readIndices(file)
      if (entries === undefined) {
        // An answer to a login that has ended, for one: no reason to lose the other files.
        builder.add(1, rejected(`${file.name} is no list of indices: it begins with ${beginning(file.text)}`))
      }
      for (const [i, entry] of (entries ?? []).entries()) {
        seen.add(`${String(entry["exchange"])} index`)
        builder.add(i + 1, toIndex(entry))
      }
      continue
    }
    addCsvRows(
      {
        title: `${file.name} as Firstock's instrument master`,
        text: file.text,
        columns: toRow.columns,
        optional,
        remedy: REMEDY
      },
      builder,
      (fields) => {
        seen.add(isIndex(fields) ? `${fields.Exchange} index` : fields.Exchange)
        return toRow(fields)
      }
    )
  }
  // Without a login there is no list. These are in the documentation of the feed.
  if (seen.has("NSE") && !seen.has("NSE index")) {
    addKnownIndex(builder, "NIFTY")
    addKnownIndex(builder, "BANKNIFTY")
  }
  if (seen.has("BSE") && !seen.has("BSE index")) addKnownIndex(builder, "SENSEX")
  return builder.finish()
}

type SymbolRow = Readonly<Record<string, unknown>>

/** `undefined` for anything else. */
const readIndices = ({ text }: MasterFile): ReadonlyArray<SymbolRow> | undefined => {
  const data = parseObject(text.replace(/^\uFEFF/, ""))?.["data"]
  return Array.isArray(data)
    ? data.map((entry: unknown) => (isObject(entry) ? (entry as SymbolRow) : {}))
    : undefined
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : ""

/** An index by the list, whose entries are more than texts. */
const toIndex = (entry: SymbolRow): Row =>
  toListedIndex({
    exchange: textOf(entry["exchange"]),
    token: textOf(entry["token"]),
    tradingSymbol: textOf(entry["tradingSymbol"]),
    idxname: textOf(entry["idxname"])
  })

const toListedIndex = indexParser<"exchange" | "token" | "tradingSymbol" | "idxname">({
  ...norenQuirks,
  listing: (f) => {
    const exchange = indexExchanges[f.exchange]
    return exchange === undefined
      ? skipped(`index of ${orNone(f.exchange)}`)
      : listing(exchange, f.exchange, "INDEX")
  },
  token: "token",
  brokerSymbol: ["tradingSymbol", "idxname"],
  name: ["idxname", "tradingSymbol"]
})

/** How older files mark an index among the shares. */
const isIndex = ({
  Exchange,
  FreezeQty,
  ISIN,
  TickSize,
  TradingSymbol
}: Fields<"Exchange" | "FreezeQty" | "ISIN" | "TickSize" | "TradingSymbol">): boolean =>
  nameInSeries(Exchange === "NSE" ? "NSE" : "BSE", TradingSymbol).series === "" &&
  ISIN === "" &&
  numberOf(TickSize) === 0 &&
  numberOf(FreezeQty) === 0

const segments: ReadonlySet<string> = new Set(["NSE", "BSE", "NFO", "BFO"])

const toRow = rowParser({
  also: ["Exchange", "ISIN", "FreezeQty", "Symbol", "Instrument", "OptionType"],
  ...norenQuirks,
  listing: (f) => {
    if (!segments.has(f.Exchange)) return skipped(`exchange ${orNone(f.Exchange)}`)
    if (cashExchanges[f.Exchange] !== undefined) {
      return norenListing(f.Exchange, "", isIndex(f) ? "INDEX" : "", "Instrument")
    }
    const at = norenListing(f.Exchange, f.OptionType, f.Instrument, "Instrument")
    return "tag" in at || f.Symbol !== "" ? at : rejected(`${f.TradingSymbol}: Symbol is empty`)
  },
  token: "Token",
  brokerSymbol: "TradingSymbol",
  name: {
    columns: "CompanyName",
    read: (text, f, { type }) => (text === "" || (type !== "EQ" && type !== "INDEX") ? f.Symbol : text)
  },
  indexName: "TradingSymbol",
  lotSize: "LotSize",
  tickSize: "TickSize",
  security: (f, { exchange }) => ({ ...nameInSeries(exchange, f.TradingSymbol), isin: f.ISIN }),
  expiry: "Expiry",
  strike: "StrikePrice"
})
