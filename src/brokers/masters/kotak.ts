/**
 * Kotak Neo's scrip master: a CSV per segment, new every day.
 * Source: Kotak Neo's API documentation ("Scrip Master") and the files themselves.
 */
import type { Exchange } from "../../market/exchange.ts"
import { nameInSeries } from "./kit/cash.ts"
import { contractType } from "./kit/contracts.ts"
import { addCsvRows, filesMaster } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { isoDate, numberOf, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { listing, rowParser, scaled } from "./kit/rows.ts"

/** What every file must have. */
const needed: ReadonlyArray<string> = ["pSymbol", "pGroup", "pExchSeg", "pSymbolName", "pTrdSymbol", "pISIN"]

const REMEDY =
  "Fetch the day's files of https://lapi.kotaksecurities.com/wso2-scripmaster/v1/prod/ again " +
  "(nse_cm-v1.csv, nse_fo.csv, ...); files of your own need the same columns."

/** @throws MalformedMaster */
export const parse = filesMaster(`Kotak's scrip master has no file. ${REMEDY}`, ({ name, text }, builder) => {
  const source = {
    title: `${name} of Kotak's scrip master`,
    text: withPlainHeader(text),
    columns: toRow.columns,
    optional: toRow.columns.filter((c) => !needed.includes(c)),
    remedy: REMEDY
  }
  addCsvRows(source, builder, toRow)
})

/** Names in the header have stray blanks and semicolons: `dTickSize `, `dStrikePrice;`. */
const withPlainHeader = (text: string): string =>
  text.trimStart().replace(/^[^\r\n]*/, (line) => line.replace(/[; ]/g, ""))

const derivatives: Exchanges = {
  nse_fo: "NFO",
  cde_fo: "CDS",
  bse_fo: "BFO",
  mcx_fo: "MCX",
  nse_com: "NCO",
  // Kotak publishes no file of this segment; its name is the SDK's.
  "bcs-fo": "BCD"
}

const cashSegments: Exchanges<"NSE" | "BSE"> = { nse_cm: "NSE", bse_cm: "BSE" }

/** Prices are in paise, unless the row tells its decimals. */
const scaleOf = ({ lPrecision }: Fields<"lPrecision">): number => {
  const precision = numberOf(lPrecision)
  return precision !== undefined && Number.isInteger(precision) && precision >= 0 && precision <= 9
    ? 10 ** precision
    : 100
}

const seriesOf = (f: Fields<"pGroup" | "pTrdSymbol">, exchange: Exchange): string =>
  f.pGroup === "" ? nameInSeries(exchange, f.pTrdSymbol).series : f.pGroup

/** What the feed calls the indices, by their common symbols: it knows them by name. */
const feedNames: Readonly<Record<string, string>> = {
  NIFTY: "Nifty 50",
  BANKNIFTY: "Nifty Bank",
  FINNIFTY: "Nifty Fin Service",
  INDIAVIX: "INDIA VIX",
  MIDCPNIFTY: "NIFTY MID SELECT",
  SENSEX: "SENSEX"
}

const indexSymbol = indexSymbols({ without: /[ -]/g })

const toRow = rowParser({
  also: ["pGroup", "pExchSeg", "pOptionType", "pISIN", "pDesc", "pInstType", "lPrecision"],
  listing: (f) => {
    const segment = f.pExchSeg
    if (f.pSymbolName === "") return rejected("pSymbolName is empty")
    const exchange = derivatives[segment]
    if (exchange !== undefined) {
      // Spot prices of commodities and the like never expire.
      const isUndated = (numberOf(f.lExpiryDate) ?? 1) <= 0 || /^(COM|IN|UND)/.test(f.pInstType)
      if (isUndated && expiryOf(f.lExpiryDate) === undefined) return skipped(`${f.pInstType} of ${segment}`)
      const type = contractType(f.pOptionType, f.pInstType)
      return type === undefined
        ? skipped(`${orNone(f.pInstType, "no pInstType")} of ${segment}`)
        : listing(exchange, segment, type)
    }
    const cash = cashSegments[segment]
    if (cash === undefined) return skipped(`segment ${orNone(segment)}`)
    // BSE's shares have numbers of six digits.
    const isIndex = f.pISIN === "" && seriesOf(f, cash) === "" && (cash === "NSE" || f.pSymbol.length < 6)
    return isIndex ? listing(`${cash}_INDEX`, segment, "INDEX") : listing(cash, segment, "EQ")
  },
  token: {
    columns: "pSymbol",
    // An index whose name in the feed is not known keeps its number, by which the feed serves it like a share.
    read: (text, f, { exchange, type }) => {
      if (!/^\d{1,15}$/.test(text)) return undefined
      return type === "INDEX" ? (feedNames[indexSymbol(exchange, f.pSymbolName)] ?? text) : text
    }
  },
  brokerSymbol: "pTrdSymbol",
  name: { columns: "pSymbolName", read: (text, f, { type }) => (type === "EQ" ? f.pDesc || text : text) },
  indexName: "pSymbolName",
  indexSymbol,
  lotSize: {
    columns: "lLotSize",
    read: (text, _, { type }) => (type === "EQ" ? numberOf(text) || 1 : numberOf(text))
  },
  tickSize: { columns: "dTickSize", read: (text, f) => scaled(text, scaleOf(f)) ?? 0 },
  security: (f, { exchange }) => ({ root: f.pSymbolName, series: seriesOf(f, exchange), isin: f.pISIN }),
  expiry: { columns: "lExpiryDate", read: (text) => expiryOf(text) },
  strike: { columns: "dStrikePrice", read: (text, f) => scaled(text, scaleOf(f)) }
})

/** From 1980-01-01 in India to 1970-01-01 UTC. */
const SECONDS_TO_1980 = 315_513_000
/** Less than this is counted from 1980: as seconds since 1970 it would be a day that is over. */
const YEAR_2025 = Date.UTC(2025, 0) / 1000

/**
 * The day of an expiry, in seconds since 1980 (NSE's segments) or 1970 (the others, as a rule). Some segments write the end
 * of the day as if it were UTC, others a time of the afternoon: the date in UTC is right for both.
 */
const expiryOf = (text: string): string | undefined => {
  const own = numberOf(text)
  if (own === undefined || own <= 0 || own > 4.2e9) return undefined
  const date = new Date((own < YEAR_2025 ? own + SECONDS_TO_1980 : own) * 1000)
  return isoDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}
