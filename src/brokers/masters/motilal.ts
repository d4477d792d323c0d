/**
 * Motilal Oswal's instrument master: a CSV of scrips per exchange, and one of indices for NSE and BSE. Which file is
 * which is told by its columns, and the exchange by each row.
 * Source: Motilal Oswal's API documentation ("Scrip master", "Index data") and the files.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterParser } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract, contractType } from "./kit/contracts.ts"
import { dateOf, isToken, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { plainSeries } from "./kit/cash.ts"
import { addCsvRows, headerOf } from "./kit/csv.ts"
import { bseIndices, nseIndices } from "./kit/indices.ts"

const scripColumns = [
  "exchangename",
  "scripcode",
  "scripname",
  "scripshortname",
  "marketlot",
  "instrumentname",
  "strikeprice",
  "optiontype",
  "ticksize",
  "scripisinno",
  "issuspended"
] as const
type Scrip = Readonly<Record<(typeof scripColumns)[number], string>>

const indexColumns = ["exchangename", "indexcode", "indexname"] as const
type Index = Readonly<Record<(typeof indexColumns)[number], string>>

const exchanges: Readonly<Record<string, Exchange>> = {
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

export const parse: MasterParser = (files) => {
  const builder = new MasterBuilder()
  if (files.length === 0) throw new MalformedMaster(`There is no file. ${REMEDY}`)
  for (const { name, text } of files) {
    builder.file(name)
    const source = { title: `Motilal Oswal's file ${name}`, text, remedy: REMEDY }
    if (headerOf(text).includes("INDEXCODE")) {
      addCsvRows({ ...source, columns: indexColumns }, builder, toIndex)
    } else {
      addCsvRows(
        { ...source, columns: scripColumns, optional: ["ticksize", "scripisinno", "issuspended"] },
        builder,
        toScrip
      )
    }
  }
  return builder.finish()
}

const isCode = (text: string): boolean => isToken(text) && Number(text) <= 0x7fff_ffff

const toScrip = (f: Scrip): Row => {
  const exchange = exchanges[f.exchangename]
  if (exchange === undefined) {
    return skipped(`exchange ${f.exchangename === "" ? "(none)" : f.exchangename}`)
  }
  const kind = f.instrumentname.toUpperCase()
  const isCash = exchange === "NSE" || exchange === "BSE"
  // Indices have files of their own, with the codes that the broadcast knows them by.
  if (isCash && /INDEX|IDX/.test(kind)) return skipped("index among the scrips")
  const type = isCash ? "EQ" : contractType(f.optiontype.toUpperCase(), kind)
  if (type === undefined) return skipped(`${kind === "" ? "(no instrumentname)" : kind} of ${f.exchangename}`)
  if (/^[yt1]/i.test(f.issuspended)) return skipped(`suspended in ${f.exchangename}`)
  if (!isCode(f.scripcode)) return rejected(`scripcode "${f.scripcode}" is no code`)
  if (f.scripshortname === "") return rejected("scripshortname is empty")
  const lotSize = numberOf(f.marketlot)
  if (lotSize === undefined || lotSize <= 0) return rejected(`marketlot "${f.marketlot}" is no size`)
  const tickSize = f.ticksize === "" ? 0 : numberOf(f.ticksize)
  if (tickSize === undefined || tickSize < 0) return rejected(`ticksize "${f.ticksize}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.scripname === "" ? f.scripshortname : f.scripname,
    brokerExchange: f.exchangename,
    token: f.scripcode,
    name: exchange === "BFO" ? (bseUnderlyings[f.scripshortname] ?? f.scripshortname) : f.scripshortname,
    lotSize,
    tickSize
  }
  if (type === "EQ") {
    return cash({ ...base, root: f.scripshortname, series: seriesOf(f), isin: f.scripisinno })
  }
  // expirydate counts seconds from an epoch that differs from file to file; the name says the day.
  const [day, ...further] = f.scripname.match(/\b\d{1,2}-[A-Za-z]{3}-\d{4}\b/g) ?? []
  if (further.length > 0) return skipped(`spread of ${f.exchangename}`)
  const expiry = day === undefined ? undefined : dateOf(day)
  if (expiry === undefined) return rejected(`scripname "${f.scripname}" has no expiry date`)
  const strike = type === "FUT" ? undefined : numberOf(f.strikeprice)
  if (type !== "FUT" && (strike === undefined || strike <= 0)) {
    return rejected(`strikeprice "${f.strikeprice}" is no price`)
  }
  return contract(base, type, expiry, strike)
}

/**
 * Series or group: in the column of option types, where a share has none, or behind the short name at the end of the long one
 * (`INFY EQ`, `7.74% TAX FREE NCD-IREDA N7`).
 */
const seriesOf = ({ optiontype, scripname, scripshortname }: Scrip): string => {
  const series = plainSeries(optiontype)
  if (series !== "" && series !== "NA") return series
  const at = scripname.lastIndexOf(`${scripshortname} `)
  const behind = at < 0 ? "" : scripname.slice(at + scripshortname.length + 1)
  return (at === 0 || /[ -]/.test(scripname[at - 1]!)) && /^[A-Z0-9]{1,2}$/.test(behind) ? behind : ""
}

const toIndex = (f: Index): Row => {
  const { exchangename, indexcode, indexname } = f
  if (exchangename !== "NSE" && exchangename !== "BSE") {
    return skipped(`index of ${exchangename === "" ? "(none)" : exchangename}`)
  }
  if (!isCode(indexcode)) return rejected(`indexcode "${indexcode}" is no code`)
  const plain = indexname.toUpperCase().replaceAll(" ", "")
  if (plain === "") return rejected("indexname is empty")
  const isNse = exchangename === "NSE"
  return carried({
    symbol: isNse ? (nseIndices[plain] ?? plain) : (ownBseIndices[plain] ?? bseIndices[plain] ?? plain),
    exchange: isNse ? "NSE_INDEX" : "BSE_INDEX",
    brokerSymbol: indexname,
    brokerExchange: exchangename,
    token: indexcode,
    name: indexname,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

/** Those that are known without the prefix which the file gives them. */
const ownBseIndices: Readonly<Record<string, string>> = {
  BSESENSEX: "SENSEX",
  BSEBANKEX: "BANKEX",
  BSESENSEX50: "SENSEX50",
  BSESNSX50: "SENSEX50"
}
