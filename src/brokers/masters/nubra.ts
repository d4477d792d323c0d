/**
 * Nubra's instrument master: JSON of each exchange behind the login, and a public CSV of the indices. Strikes and tick
 * sizes are in paise. Source: Nubra's API documentation and the official Python SDK.
 */
import type { Exchange } from "../../market/exchange.ts"
import type { MasterFile, ParsedMaster } from "../broker.ts"
import { MalformedMaster } from "../broker.ts"
import { MasterBuilder } from "./kit/builder.ts"
import { contract } from "./kit/contracts.ts"
import { isToken, isoDate, numberOf } from "./kit/fields.ts"
import type { Row } from "./kit/rows.ts"
import { carried, cash, rejected, skipped } from "./kit/rows.ts"
import { nameInSeries } from "./kit/cash.ts"
import { addCsvRows } from "./kit/csv.ts"
import { bseIndices, nseIndices, zerodhaBseIndices } from "./kit/indices.ts"
import { addJsonRows } from "./kit/json.ts"

const keys = [
  "ref_id",
  "stock_name",
  "asset",
  "derivative_type",
  "option_type",
  "expiry",
  "strike_price",
  "tick_size",
  "lot_size",
  "exchange",
  // UNCONFIRMED: no documentation lists it.
  "isin"
] as const
type Fields = Readonly<Record<(typeof keys)[number], string>>

/** What shares need not have. */
const optional = ["asset", "option_type", "expiry", "strike_price", "isin"] as const

const columns = ["EXCHANGE", "INDEX_SYMBOL", "ZANSKAR_INDEX_SYMBOL", "INDEX_NAME"] as const
type IndexFields = Readonly<Record<(typeof columns)[number], string>>

const cashExchanges: Readonly<Record<string, Exchange>> = { NSE: "NSE", BSE: "BSE" }
const contracts: Readonly<Record<string, Exchange>> = { NSE: "NFO", BSE: "BFO", MCX: "MCX" }
const indices: Readonly<Record<string, Exchange>> = { NSE: "NSE_INDEX", BSE: "BSE_INDEX" }

const PAISE = 100

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
      { title: `Nubra's list of indices (${name})`, text, columns, remedy: REMEDY },
      builder,
      toIndex
    )
  }
  for (const { name, text } of instruments) {
    builder.file(name)
    const title = `Nubra's instruments (${name})`
    addJsonRows({ title, text, keys, optional, list: "refdata", remedy: REMEDY }, builder, toRow)
  }
  return builder.finish()
}

const toRow = (f: Fields): Row => {
  const type = f.derivative_type
  const isCash = type === "STOCK"
  if (!isCash && type !== "FUT" && type !== "OPT") return skipped(`${type || "(no type)"} of ${f.exchange}`)
  const exchange = (isCash ? cashExchanges : contracts)[f.exchange]
  if (exchange === undefined) return skipped(`${type} of ${f.exchange || "(no exchange)"}`)
  if (!isToken(f.ref_id)) return rejected(`ref_id "${f.ref_id}" is no number`)
  if (f.stock_name === "") return rejected("stock_name is empty")
  const tickSize = numberOf(f.tick_size)
  if (tickSize === undefined || tickSize < 0) return rejected(`tick_size "${f.tick_size}" is no size`)
  const lotSize = numberOf(f.lot_size)
  if (lotSize === undefined || lotSize <= 0) return rejected(`lot_size "${f.lot_size}" is no size`)
  const base = {
    exchange,
    brokerSymbol: f.stock_name,
    brokerExchange: f.exchange,
    token: f.ref_id,
    name: f.asset,
    lotSize,
    tickSize: tickSize / PAISE
  }
  return isCash
    ? // Its numbers are its own.
      cash({ ...base, ...nameInSeries(exchange, f.stock_name), isin: f.isin, bseNumber: "" })
    : toContract(f, base)
}

const toContract = (f: Fields, base: Parameters<typeof contract>[0]): Row => {
  if (f.asset === "") return rejected("asset is empty")
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(f.expiry)
  const expiry = parts === null ? undefined : isoDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
  if (expiry === undefined) return rejected(`expiry "${f.expiry}" is no date`)
  if (f.derivative_type === "FUT") return contract(base, "FUT", expiry, undefined)
  const type = f.option_type
  if (type !== "CE" && type !== "PE") return rejected(`option_type "${type}" is neither CE nor PE`)
  const strike = numberOf(f.strike_price)
  return strike === undefined || strike <= 0
    ? rejected(`strike_price "${f.strike_price}" is no price`)
    : contract(base, type, expiry, strike / PAISE)
}

const toIndex = (f: IndexFields): Row => {
  const exchange = indices[f.EXCHANGE]
  if (exchange === undefined) return skipped(`index of ${f.EXCHANGE || "(none)"}`)
  const name = f.ZANSKAR_INDEX_SYMBOL || f.INDEX_SYMBOL
  if (name === "") return rejected("ZANSKAR_INDEX_SYMBOL is empty")
  return carried({
    symbol: indexSymbol(exchange, f.INDEX_SYMBOL || name),
    exchange,
    brokerSymbol: name,
    brokerExchange: f.EXCHANGE,
    // An index has no number; the feed calls it by this name.
    token: name,
    name: f.INDEX_NAME,
    lotSize: 1,
    tickSize: 0,
    type: "INDEX"
  })
}

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

const indexSymbol = (exchange: Exchange, name: string): string => {
  const plain = name.toUpperCase().replace(/\s+/g, "")
  if (exchange === "NSE_INDEX") return nubraIndices[plain] ?? nseIndices[plain] ?? plain
  return bseShort[plain] ?? bseIndices[plain] ?? plain
}
