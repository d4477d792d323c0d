/**
 * Nubra's instrument master: JSON of each exchange behind the login, and a public CSV of the indices. Strikes and tick
 * sizes are in paise. Source: Nubra's API documentation and the official Python SDK.
 */
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { cashExchanges, derivativeExchanges, indexExchanges } from "./kit/exchanges.ts"
import { dayIn, orNone } from "./kit/fields.ts"
import { indexSymbols, zerodhaBseIndices } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"
import type { Row } from "./kit/row.ts"
import { skipped } from "./kit/row.ts"
import type { Listing } from "./kit/rows.ts"
import { inPaise, indexParser, listing, rowParser } from "./kit/rows.ts"

/** What shares need not have. */
const optional = ["asset", "option_type", "expiry", "strike_price", "isin"] as const

const contracts: Exchanges = { ...derivativeExchanges, MCX: "MCX" }

const REMEDY =
  "Fetch the instruments of the day (refdata) of NSE, BSE and MCX and the public list of indices again; files of your own need the same fields."

/**
 * Files of JSON are told from the CSV by their first character, whatever their names.
 *
 * @throws MalformedMaster
 */
export const parse = (files: ReadonlyArray<MasterFile>): ParsedMaster => {
  const isJson = ({ text }: MasterFile): boolean => /^\s*[[{]/.test(text.slice(0, 100))
  const instruments = files.filter(isJson)
  const lists = files.filter((file) => !isJson(file))
  if (instruments.length === 0 || lists.length === 0) {
    const missing = instruments.length === 0 ? "a file of instruments (JSON)" : "the list of indices (CSV)"
    throw new MalformedMaster(`Nubra's instrument master lacks ${missing}. ${REMEDY}`)
  }
  const builder = new MasterBuilder()
  for (const { name, text } of lists) {
    builder.file(name)
    addCsvRows(
      { title: `Nubra's list of indices (${name})`, text, columns: toIndex.columns, remedy: REMEDY },
      builder,
      toIndex
    )
  }
  for (const { name, text } of instruments) {
    builder.file(name)
    const title = `Nubra's instruments (${name})`
    addJsonRows(
      { title, text, keys: toRow.columns, optional, list: "refdata", remedy: REMEDY },
      builder,
      toRow
    )
  }
  return builder.finish()
}

const kinds: Readonly<Record<string, "EQ" | "FUT" | "OPT">> = { STOCK: "EQ", FUT: "FUT", OPT: "OPT" }

const toRow = rowParser({
  also: ["derivative_type", "exchange", "isin"],
  listing: (f) => {
    const kind = f.derivative_type
    const type = kinds[kind]
    if (type === undefined) return skipped(`${orNone(kind, "no type")} of ${f.exchange}`)
    const exchange = (type === "EQ" ? cashExchanges : contracts)[f.exchange]
    return exchange === undefined
      ? skipped(`${kind} of ${orNone(f.exchange, "no exchange")}`)
      : listing(exchange, f.exchange, type)
  },
  token: "ref_id",
  brokerSymbol: "stock_name",
  name: "asset",
  lotSize: "lot_size",
  tickSize: { columns: "tick_size", read: inPaise },
  // Its numbers are its own.
  security: (f, { exchange }) => ({ ...nameInSeries(exchange, f.stock_name), isin: f.isin, bseNumber: "" }),
  expiry: { columns: "expiry", read: dayIn(/^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$/) },
  option: "option_type",
  strike: { columns: "strike_price", read: inPaise },
  reasons: { token: (text) => `ref_id "${text}" is no number` }
})

/** Nubra's own short names of NSE's indices; after OpenAlgo, as no source of the broker lists them. */
const nubraIndices: Readonly<Record<string, string>> = {
  INDIA_VIX: "INDIAVIX",
  NIFTYALPHA: "NIFTYALPHA50",
  NIFTYCDTY: "NIFTYCOMMODITIES",
  NIFTYCONSUMP: "NIFTYCONSUMPTION",
  NIFTYDIVOPPT: "NIFTYDIVOPPS50",
  NIFTYGSCOMP: "NIFTYGSCOMPSITE",
  NIFTYINFRAST: "NIFTYINFRA",
  LIX15MIDCAP: "NIFTYMIDLIQ15",
  NIFTYMIDCAP: "NIFTYMIDCAP100",
  NIFTYSMALL: "NIFTYSMLCAP100",
  NIFTYSMALLCAP250: "NIFTYSMLCAP250",
  NIFTYSMALLCAP50: "NIFTYSMLCAP50",
  NIFTYMIDSMALL400: "NIFTYMIDSML400",
  NIFTYEQWGT: "NIFTY50EQLWGT",
  NIFTY100WEIGHT: "NIFTY100EQLWGT",
  LIQ15: "NIFTY100LIQ15",
  NIFTYLOWVOL: "NIFTY100LOWVOL30",
  NSEQ30: "NIFTY100QUALTY30",
  NIFTY200QLTY30: "NIFTY200QUALTY30",
  NIFTYPR1X: "NIFTY50PR1XINV",
  NIFTYPR2X: "NIFTY50PR2XLEV",
  NIFTYTR1X: "NIFTY50TR1XINV",
  NIFTYTR2X: "NIFTY50TR2XLEV",
  NIFTYV20: "NIFTY50VALUE20",
  NIFTYSERVICE: "NIFTYSERVSECTOR",
  NIFTYPTBNK: "NIFTYPVTBANK"
}

/** BSE's short names, which Zerodha writes with spaces. */
const bseShort: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(zerodhaBseIndices).map(([name, symbol]) => [name.replaceAll(" ", ""), symbol])
)

const indexSymbol = indexSymbols({ without: /\s+/g, nse: nubraIndices, bse: bseShort })

const toIndex = indexParser({
  also: ["EXCHANGE"],
  listing: (f): Listing | Row => {
    const exchange = indexExchanges[f.EXCHANGE]
    return exchange === undefined
      ? skipped(`index of ${orNone(f.EXCHANGE)}`)
      : listing(exchange, f.EXCHANGE, "INDEX")
  },
  // An index has no number; the feed calls it by this name.
  token: {
    columns: ["ZANSKAR_INDEX_SYMBOL", "INDEX_SYMBOL"],
    read: (text) => (text === "" ? undefined : text)
  },
  brokerSymbol: ["ZANSKAR_INDEX_SYMBOL", "INDEX_SYMBOL"],
  name: "INDEX_NAME",
  indexName: ["INDEX_SYMBOL", "ZANSKAR_INDEX_SYMBOL"],
  indexSymbol,
  reasons: { token: (_, column) => `${column} is empty` }
})
