/**
 * Motilal Oswal's instrument master: a CSV of scrips per exchange, and one of indices for NSE and BSE. Which file is
 * which is told by its columns, and the exchange by each row.
 * Source: Motilal Oswal's API documentation ("Scrip master", "Index data") and the files.
 */
import { plainSeries } from "./kit/cash.ts"
import { contractType } from "./kit/contracts.ts"
import { addCsvRows, filesMaster, headerOf } from "./kit/csv.ts"
import type { Exchanges } from "./kit/exchanges.ts"
import { indexExchanges, isCash } from "./kit/exchanges.ts"
import { dateOf, isToken, numberOf, orNone } from "./kit/fields.ts"
import { indexSymbols } from "./kit/indices.ts"
import { rejected, skipped } from "./kit/row.ts"
import type { Fields } from "./kit/rows.ts"
import { indexParser, listing, rowParser } from "./kit/rows.ts"

const exchanges: Exchanges = {
  NSE: "NSE",
  BSE: "BSE",
  NSEFO: "NFO",
  BSEFO: "BFO",
  NSECD: "CDS",
  MCX: "MCX",
  NCDEX: "NCDEX"
}

/** BSE's own names for its index contracts' underlyings, which stand in BSEFO in place of the index's. */
const bseUnderlyings: Readonly<Record<string, string>> = { BSX: "SENSEX", BKX: "BANKEX", SX50: "SENSEX50" }

const REMEDY = "Fetch getscripmastercsv and getindexdatacsv again; files of your own need the same columns."

export const parse = filesMaster(`There is no file. ${REMEDY}`, ({ name, text }, builder) => {
  const source = { title: `Motilal Oswal's file ${name}`, text, remedy: REMEDY }
  if (headerOf(text).includes("INDEXCODE")) {
    addCsvRows({ ...source, columns: toIndex.columns }, builder, toIndex)
  } else {
    const optional = ["ticksize", "scripisinno", "issuspended"] as const
    addCsvRows({ ...source, columns: toScrip.columns, optional }, builder, toScrip)
  }
})

const codeIn = (text: string): string | undefined =>
  isToken(text) && Number(text) <= 0x7fff_ffff ? text : undefined
const noCode = (text: string, column: string): string => `${column} "${text}" is no code`

/** The days in a scrip's long name; `expirydate` counts seconds from an epoch that differs from file to file. */
const daysIn = (scripname: string): ReadonlyArray<string> =>
  scripname.match(/\b\d{1,2}-[A-Za-z]{3}-\d{4}\b/g) ?? []

const toScrip = rowParser({
  also: ["exchangename", "instrumentname", "optiontype", "scripisinno", "issuspended"],
  listing: (f) => {
    const exchange = exchanges[f.exchangename]
    if (exchange === undefined) return skipped(`exchange ${orNone(f.exchangename)}`)
    const kind = f.instrumentname.toUpperCase()
    // Indices have files of their own, with the codes that the broadcast knows them by.
    if (isCash(exchange) && /INDEX|IDX/.test(kind)) return skipped("index among the scrips")
    const type = isCash(exchange) ? "EQ" : contractType(f.optiontype.toUpperCase(), kind)
    if (type === undefined) return skipped(`${orNone(kind, "no instrumentname")} of ${f.exchangename}`)
    if (/^[yt1]/i.test(f.issuspended)) return skipped(`suspended in ${f.exchangename}`)
    if (type !== "EQ" && daysIn(f.scripname).length > 1) return skipped(`spread of ${f.exchangename}`)
    return listing(exchange, f.exchangename, type)
  },
  token: { columns: "scripcode", read: codeIn },
  brokerSymbol: ["scripname", "scripshortname"],
  name: {
    columns: "scripshortname",
    read: (text, _, { exchange }) => (exchange === "BFO" ? (bseUnderlyings[text] ?? text) : text)
  },
  lotSize: "marketlot",
  tickSize: { columns: "ticksize", read: (text) => (text === "" ? 0 : numberOf(text)) },
  security: (f) =>
    f.scripshortname === ""
      ? rejected("scripshortname is empty")
      : { root: f.scripshortname, series: seriesOf(f), isin: f.scripisinno },
  expiry: { columns: "scripname", read: (text) => dateOf(daysIn(text)[0] ?? "") },
  strike: "strikeprice",
  reasons: {
    token: noCode,
    symbol: () => "scripshortname is empty",
    expiry: (text) => `scripname "${text}" has no expiry date`
  }
})

/**
 * Series or group: in the column of option types, where a share has none, or behind the short name at the end of the long one
 * (`INFY EQ`, `7.74% TAX FREE NCD-IREDA N7`).
 */
const seriesOf = ({
  optiontype,
  scripname,
  scripshortname
}: Fields<"optiontype" | "scripname" | "scripshortname">): string => {
  const series = plainSeries(optiontype)
  if (series !== "" && series !== "NA") return series
  const at = scripname.lastIndexOf(`${scripshortname} `)
  const behind = at < 0 ? "" : scripname.slice(at + scripshortname.length + 1)
  return (at === 0 || /[ -]/.test(scripname[at - 1]!)) && /^[A-Z0-9]{1,2}$/.test(behind) ? behind : ""
}

/** Those that are known without the prefix which the file gives them. */
const ownBseIndices: Readonly<Record<string, string>> = {
  BSESENSEX: "SENSEX",
  BSEBANKEX: "BANKEX",
  BSESENSEX50: "SENSEX50",
  BSESNSX50: "SENSEX50"
}

const toIndex = indexParser({
  also: ["exchangename"],
  listing: ({ exchangename }) => {
    const exchange = indexExchanges[exchangename]
    return exchange === undefined
      ? skipped(`index of ${orNone(exchangename)}`)
      : listing(exchange, exchangename, "INDEX")
  },
  token: { columns: "indexcode", read: codeIn },
  brokerSymbol: "indexname",
  indexSymbol: indexSymbols({ bse: ownBseIndices }),
  reasons: { token: noCode }
})
